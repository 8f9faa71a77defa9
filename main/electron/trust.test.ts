import { describe, expect, it } from 'vitest'
import { isExternalAllowed, isOurFrame, isOurUrl } from './trust.ts'

describe('our page', () => {
  it.each(['app://cockpit/', 'app://cockpit/index.html', 'app://cockpit/#x', 'APP://cockpit/'])('%s is ours', (url) =>
    expect(isOurUrl(url)).toBe(true),
  )
  it.each([
    '',
    'about:blank',
    'app://cockpit.evil.example/',
    'app://evil/?app://cockpit/',
    'app://cockpit:80/',
    'app://user@cockpit/',
    'app:cockpit/',
    'https://cockpit/',
    'file:///app://cockpit/',
    'data:text/html,app://cockpit/',
    'javascript:alert(1)',
    'devtools://devtools/bundled/inspector.html',
  ])('%s is not', (url) => expect(isOurUrl(url)).toBe(false))
})
describe('senders', () => {
  it('only the main frame of our page may speak', () => {
    expect(isOurFrame({ url: 'app://cockpit/', parent: null })).toBe(true)
    expect(isOurFrame({ url: 'app://cockpit/', parent: {} })).toBe(false)
    expect(isOurFrame({ url: 'about:blank', parent: null })).toBe(false)
    expect(isOurFrame(null)).toBe(false)
    expect(isOurFrame(undefined)).toBe(false)
  })
})
describe('links out', () => {
  it.each(['https://www.tradingview.com/', 'https://www.tradingview.com/x?y#z'])('%s may open in the system browser', (url) =>
    expect(isExternalAllowed(url)).toBe(true),
  )
  it.each([
    'http://www.tradingview.com/',
    'https://www.tradingview.com.evil.example/',
    'https://evil.example/https://www.tradingview.com/',
    'https://www.tradingview.com@evil.example/',
    'https://user:pw@www.tradingview.com/',
    'https://www.tradingview.com:8443/',
    'file:///etc/passwd',
    'javascript:alert(1)',
    'smb://www.tradingview.com/',
    'not a url',
  ])('%s may not', (url) => expect(isExternalAllowed(url)).toBe(false))
})
