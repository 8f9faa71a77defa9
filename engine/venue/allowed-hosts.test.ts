import { describe, expect, it } from 'vitest'
import { allowedHosts } from './allowed-hosts.ts'

const real = { rest: 'https://fapi.binance.com', ws: 'wss://fstream.binance.com', rate: 1, real: true }
const local = { rest: 'http://127.0.0.1:4000/', ws: 'ws://127.0.0.1:4000', rate: 60, real: false }

describe('allowed hosts', () => {
  it.each([
    ['http', { ...real, rest: 'http://fapi.binance.com' }],
    ['ws', { ...real, ws: 'ws://fstream.binance.com' }],
    ['a look-alike', { ...real, rest: 'https://fapi.binance.com.evil.example' }],
    ['a port', { ...real, rest: 'https://fapi.binance.com:8443' }],
    ['credentials in the address', { ...real, rest: 'https://user:pass@fapi.binance.com' }],
    ['spot', { ...real, rest: 'https://api.binance.com' }],
    ['loopback as a real venue', { ...local, real: true }],
    ['a public host as a simulator', { ...real, real: false }],
    ['no URL', { ...local, rest: '127.0.0.1' }],
    ['another scheme', { ...local, rest: 'ftp://127.0.0.1:4000' }],
  ])('refuses %s', (_name, endpoints) => {
    expect(allowedHosts(endpoints).ok).toBe(false)
  })

  it('a real venue reaches its two hosts, and the account API for the key check alone', () => {
    const hosts = allowedHosts(real)
    if (!hosts.ok) throw new Error(hosts.error.message)
    const allowed = (url: string): boolean => hosts.value.check(url).ok
    expect(allowed('https://fapi.binance.com/fapi/v1/time')).toBe(true)
    expect(allowed('wss://fstream.binance.com/private/ws')).toBe(true)
    expect(allowed('https://api.binance.com/sapi/v1/account/apiRestrictions?timestamp=1')).toBe(true)
    expect(allowed('https://api.binance.com/sapi/v1/capital/withdraw/apply')).toBe(false)
    expect(allowed('https://api.binance.com/sapi/v1/account/apiRestrictions/../../../api/v3/order')).toBe(false)
    expect(allowed('http://fapi.binance.com/fapi/v1/time')).toBe(false)
    expect(allowed('https://fapi.binance.com@evil.example/fapi/v1/time')).toBe(false)
    expect(allowed('https://dapi.binance.com/dapi/v1/time')).toBe(false)
    expect(allowed('nonsense')).toBe(false)
  })

  it('a simulator is reached at its own port only', () => {
    const hosts = allowedHosts(local)
    if (!hosts.ok) throw new Error(hosts.error.message)
    expect(hosts.value.rest).toBe('http://127.0.0.1:4000')
    expect(hosts.value.check('http://127.0.0.1:4000/fapi/v1/time').ok).toBe(true)
    expect(hosts.value.check('http://127.0.0.1:4001/fapi/v1/time').ok).toBe(false)
    expect(hosts.value.check('https://fapi.binance.com/fapi/v1/time').ok).toBe(false)
    expect(hosts.value.keyApi).toBe('http://127.0.0.1:4000')
  })
})
