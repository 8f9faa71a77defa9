import { describe, expect, it } from 'vitest'
import { checkTimestamp, parseParams, sign, signatureMatches, signedPayload } from './signature.ts'
import { VENUE_ERRORS } from './venue-errors.ts'

/** Published vectors: futures F1, F2 and spot S1, S2. */
const FUTURES = '2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9'
const SPOT = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j'
const F1 = 'symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943'
const F1_SIGNATURE = '3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9'

describe('signature', () => {
  it('equals the published vectors, in query, body or both', () => {
    expect(sign(FUTURES, F1)).toBe(F1_SIGNATURE)
    expect(signatureMatches(FUTURES, { query: `${F1}&signature=${F1_SIGNATURE}`, body: '' }, F1_SIGNATURE)).toBe(true)
    expect(signatureMatches(FUTURES, { query: '', body: `${F1}&signature=${F1_SIGNATURE}` }, F1_SIGNATURE.toUpperCase())).toBe(true)
    const query = 'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC'
    const body = 'quantity=1&price=9000&recvWindow=5000&timestamp=1591702613943'
    const mixed = '30baaf0fab549bbeda7f5ef201898b34122da25fd23c646cac2c529aebe670a4'
    expect(signatureMatches(FUTURES, { query, body: `${body}&signature=${mixed}` }, mixed)).toBe(true)
    expect(signatureMatches(FUTURES, { query: `${query}&signature=${mixed}`, body }, mixed)).toBe(true)
    expect(
      sign(SPOT, 'symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559'),
    ).toBe('c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71')
  })

  it('covers the text as sent: another encoding of the same parameters does not match', () => {
    const raw = 'newClientOrderId=a%3Ab&timestamp=1'
    const signature = sign('s', raw)
    expect(signatureMatches('s', { query: `${raw}&signature=${signature}`, body: '' }, signature)).toBe(true)
    expect(signatureMatches('s', { query: `newClientOrderId=a:b&timestamp=1&signature=${signature}`, body: '' }, signature)).toBe(false)
    expect(signatureMatches('s', { query: `${raw}0&signature=${signature}`, body: '' }, signature)).toBe(false)
    expect(signatureMatches('s', { query: raw, body: '' }, 'zz')).toBe(false)
  })

  it('puts nothing between query and body', () => {
    expect(signedPayload({ query: 'a=1&signature=f', body: 'b=2' })).toBe('a=1b=2')
  })
})

describe('parameters', () => {
  it('come from query and body, the query winning, decoded', () => {
    expect({ ...parseParams({ query: 'a=1&b=x%20y+z', body: 'a=2&c=' }) }).toEqual({ a: '1', b: 'x y z', c: '' })
  })
  it('with broken percent-encoding are refused', () => {
    expect(parseParams({ query: 'a=%E0%A4%A', body: '' })).toBeUndefined()
  })
  it('cannot reach the prototype', () => {
    const params = parseParams({ query: '__proto__=1&constructor=2', body: '' })
    expect(params?.['__proto__']).toBe('1')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('recvWindow rule', () => {
  const server = 1_000_000
  const check = (timestamp: number, recvWindow?: string, scale = 1) =>
    checkTimestamp({ timestamp: String(timestamp), ...(recvWindow === undefined ? {} : { recvWindow }) }, server, scale)

  it('accepts exactly timestamp < server + 1000 and server - timestamp <= recvWindow', () => {
    expect(check(server + 999)).toBeUndefined()
    expect(check(server + 1_000)).toBe(VENUE_ERRORS.aheadOfServer)
    expect(check(server - 5_000)).toBeUndefined()
    expect(check(server - 5_001)).toBe(VENUE_ERRORS.outsideWindow)
    expect(check(server - 101, '100')).toBe(VENUE_ERRORS.outsideWindow)
    expect(check(server - 60_000, '60000')).toBeUndefined()
    expect(check(server, '60001')).toBe(VENUE_ERRORS.recvWindowRange)
  })
  it('stretches both sides with the speed', () => {
    expect(check(server + 59_999, undefined, 60)).toBeUndefined()
    expect(check(server + 60_000, undefined, 60)).toBe(VENUE_ERRORS.aheadOfServer)
    expect(check(server - 300_000, undefined, 60)).toBeUndefined()
    expect(check(server - 300_001, undefined, 60)).toBe(VENUE_ERRORS.outsideWindow)
  })
})
