import { describe, expect, it } from 'vitest'
import { barsOf, bench, KEY, limit, market, rowsOf, spec, text } from '../exchange.fixture.ts'
import { present } from '../present.ts'

const start = () => {
  const b = bench({ bars: barsOf([50_000, 50_000, 50_000, 50_000]), symbols: [spec('BTCUSDT'), spec('ETHUSDT')] })
  b.minutes(1)
  return b
}

describe('leverage', () => {
  it('is set, announced, listed; -4028 outside 1…125', () => {
    const b = start()
    expect(b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '10' })).toEqual({
      symbol: 'BTCUSDT',
      leverage: 10,
      maxNotionalValue: '230000000',
    })
    b.exchange.advanceTo(b.exchange.now + 40)
    expect(b.user.map((event) => event.data)).toMatchObject([{ e: 'ACCOUNT_CONFIG_UPDATE', ac: { s: 'BTCUSDT', l: 10 } }])
    expect(b.body('GET /fapi/v1/symbolConfig', { symbol: 'BTCUSDT' })).toMatchObject([{ leverage: 10, marginType: 'CROSSED' }])
    for (const leverage of ['0', '126', '-1', '1.5', 'x']) {
      expect(b.code('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage }), leverage).toBe(-4028)
    }
  })

  it('-4161 when lowered on an isolated position', () => {
    const b = start()
    b.body('POST /fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })
    b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    expect(b.code('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '5' })).toBe(-4161)
  })
})

describe('margin type', () => {
  it('-4046 when it is so already, -4047 with orders, -4048 with a position', () => {
    const b = start()
    const isolated = { symbol: 'BTCUSDT', marginType: 'ISOLATED' }
    expect(b.code('POST /fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'CROSSED' })).toBe(-4046)
    b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.010'))
    expect(b.code('POST /fapi/v1/marginType', isolated)).toBe(-4047)
    b.body('DELETE /fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' })
    b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    expect(b.code('POST /fapi/v1/marginType', isolated)).toBe(-4048)
    b.heard()
    expect(b.body('POST /fapi/v1/marginType', { symbol: 'ETHUSDT', marginType: 'ISOLATED' })).toEqual({ code: 200, msg: 'success' })
    b.exchange.advanceTo(b.exchange.now + 40)
    expect(b.user.map((event) => event.data)).toMatchObject([
      { e: 'ACCOUNT_UPDATE', a: { m: 'MARGIN_TYPE_CHANGE', P: [{ s: 'ETHUSDT', pa: '0', mt: 'isolated', ps: 'BOTH' }] } },
    ])
  })

  it('isolated: margin moves into the position’s wallet and back, by hand too', () => {
    const b = start()
    b.body('POST /fapi/v1/marginType', { symbol: 'BTCUSDT', marginType: 'ISOLATED' })
    b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '10' })
    b.body('POST /fapi/v1/order', market('BUY', '0.100'))
    const held = (): number => Number(present(b.rows('GET /fapi/v3/positionRisk', {})[0])['isolatedWallet'])
    expect(held()).toBeCloseTo(500, 0)
    const add = { symbol: 'BTCUSDT', amount: '100', type: '1' }
    const before = held()
    b.body('POST /fapi/v1/positionMargin', add)
    expect(held() - before).toBeCloseTo(100, 8)
    expect(b.code('POST /fapi/v1/positionMargin', { ...add, amount: '1000000' })).toBe(-4051)
    const account = b.body('GET /fapi/v3/account', {})
    const total = Number(account['totalWalletBalance']) - held()
    expect(Number(account['totalCrossWalletBalance'])).toBeCloseTo(total, 8)
    b.body('POST /fapi/v1/order', market('SELL', '0.100'))
    expect(b.body('GET /fapi/v3/account', {})['totalCrossWalletBalance']).toBe(b.body('GET /fapi/v3/account', {})['totalWalletBalance'])
  })
})

describe('position mode', () => {
  it('-4059, -4067, -4068; hedge mode wants LONG or SHORT and keeps them apart', () => {
    const b = start()
    const hedge = { dualSidePosition: 'true' }
    expect(b.code('POST /fapi/v1/positionSide/dual', { dualSidePosition: 'false' })).toBe(-4059)
    b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.010'))
    expect(b.code('POST /fapi/v1/positionSide/dual', hedge)).toBe(-4067)
    b.body('DELETE /fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' })
    b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    expect(b.code('POST /fapi/v1/positionSide/dual', hedge)).toBe(-4068)
    b.body('POST /fapi/v1/order', market('SELL', '0.010'))
    b.body('POST /fapi/v1/positionSide/dual', hedge)
    expect(b.code('POST /fapi/v1/order', market('BUY', '0.010'))).toBe(-4061)
    b.body('POST /fapi/v1/order', market('BUY', '0.020', { positionSide: 'LONG' }))
    b.body('POST /fapi/v1/order', market('SELL', '0.030', { positionSide: 'SHORT' }))
    expect(b.exchange.account(KEY).positions).toMatchObject([
      { positionSide: 'LONG', quantity: '0.02' },
      { positionSide: 'SHORT', quantity: '-0.03' },
    ])
    expect(b.code('POST /fapi/v1/order', market('SELL', '0.050', { positionSide: 'LONG' }))).toBe(-2022)
    expect(b.code('POST /fapi/v1/order', market('SELL', '0.010', { positionSide: 'LONG', reduceOnly: 'true' }))).toBe(-1106)
    b.body('POST /fapi/v1/order', market('SELL', '0.020', { positionSide: 'LONG' }))
    expect(b.exchange.account(KEY).positions).toHaveLength(1)
  })
})

describe('documents', () => {
  it('v3 lists only symbols with a position or an open order, v2 all', () => {
    const b = start()
    expect(b.body('GET /fapi/v3/positionRisk', {})).toEqual([])
    expect(b.body('GET /fapi/v2/positionRisk', {})).toHaveLength(2)
    b.body('POST /fapi/v1/order', { ...limit('BUY', '3000', '0.100'), symbol: 'ETHUSDT' })
    expect(b.body('GET /fapi/v3/positionRisk', {})).toMatchObject([{ symbol: 'ETHUSDT', positionAmt: '0.000' }])
    expect(b.body('GET /fapi/v3/account', {})['positions']).toHaveLength(1)
    expect(b.body('GET /fapi/v2/account', {})['positions']).toHaveLength(2)
  })

  it('margins add up: available = cross wallet + cross profit − initial margins', () => {
    const b = start()
    b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '10' })
    b.body('POST /fapi/v1/order', market('BUY', '0.200'))
    b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.100'))
    const account = b.body('GET /fapi/v3/account', {})
    const of = (name: string): number => Number(account[name])
    expect(of('availableBalance')).toBeCloseTo(of('totalCrossWalletBalance') + of('totalCrossUnPnl') - of('totalInitialMargin'), 7)
    expect(of('totalOpenOrderInitialMargin')).toBeCloseTo(490, 6)
    expect(of('totalPositionInitialMargin')).toBeCloseTo(1_000, -1)
    expect(present(rowsOf(account['assets'])[0])['updateTime']).not.toBe(0)
    const [brackets] = b.rows('GET /fapi/v1/leverageBracket', { symbol: 'BTCUSDT' })
    expect(rowsOf(brackets?.['brackets'])[1]).toEqual({
      bracket: 2,
      initialLeverage: 100,
      notionalCap: 600000,
      notionalFloor: 50000,
      maintMarginRatio: 0.005,
      cum: 50,
    })
    expect(Number(present(b.rows('GET /fapi/v2/balance', {})[0])['balance'])).toBe(of('totalWalletBalance'))
  })

  it('spends no margin on what only reduces, and refuses what the balance cannot carry', () => {
    const b = bench({ bars: barsOf([50_000, 50_000, 50_000]), accounts: [{ key: KEY, secret: 's', balance: text('1000') }] })
    b.minutes(1)
    b.body('POST /fapi/v1/order', market('BUY', '0.390'))
    expect(b.code('POST /fapi/v1/order', market('BUY', '0.100'))).toBe(-2019)
    expect(b.body('POST /fapi/v1/order', limit('SELL', '50100', '0.390'))['status']).toBe('NEW')
    expect(b.body('POST /fapi/v1/order', market('SELL', '0.390'))['status']).toBe('FILLED')
  })
})
