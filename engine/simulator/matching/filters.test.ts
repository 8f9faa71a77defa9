import { describe, expect, it } from 'vitest'
import type { Params } from '../exchange.ts'
import { barsOf, bench, limit, market, spec, text } from '../exchange.fixture.ts'

const flat = () => {
  const b = bench({ bars: barsOf(Array.from({ length: 30 }, () => 50_000)) })
  b.minutes(1)
  return b
}

describe('order filters: each refusal has the venue’s code', () => {
  const cases: readonly (readonly [string, number, Params])[] = [
    ['unknown symbol', -1121, limit('BUY', '49900', '0.010', { symbol: 'NOSUCH' })],
    ['no symbol', -1102, limit('BUY', '49900', '0.010', { symbol: '' })],
    ['no side', -1102, { ...limit('BUY', '49900', '0.010'), side: '' }],
    ['bad side', -1117, { ...limit('BUY', '49900', '0.010'), side: 'HOLD' }],
    ['no type', -1102, { ...limit('BUY', '49900', '0.010'), type: '' }],
    ['bad type', -1116, { ...limit('BUY', '49900', '0.010'), type: 'ICEBERG' }],
    ['conditional type on the regular endpoint', -4120, { ...limit('BUY', '49900', '0.010'), type: 'STOP_MARKET', stopPrice: '51000' }],
    ['no timeInForce', -1102, limit('BUY', '49900', '0.010', { timeInForce: '' })],
    ['bad timeInForce', -1115, limit('BUY', '49900', '0.010', { timeInForce: 'DAY' })],
    ['no quantity', -1102, limit('BUY', '49900', '')],
    ['quantity is no number', -1102, limit('BUY', '49900', 'NaN')],
    ['quantity in exponent form', -1102, limit('BUY', '49900', '1e-2')],
    ['quantity zero', -4003, limit('BUY', '49900', '0')],
    ['quantity negative', -4003, limit('BUY', '49900', '-1')],
    ['quantity too precise', -1111, limit('BUY', '49900', '0.0101')],
    ['quantity above the maximum', -4005, limit('BUY', '49900', '1000.001')],
    ['market quantity above its own maximum', -4005, market('BUY', '120.001')],
    ['no price', -1102, limit('BUY', '', '0.010')],
    ['price zero', -4001, limit('BUY', '0', '0.010')],
    ['price negative', -4001, limit('BUY', '-1', '0.010')],
    ['price below the minimum', -4013, limit('BUY', '556.70', '0.100')],
    ['price above the maximum', -4002, limit('BUY', '4529764.10', '0.010')],
    ['price off the tick', -4014, limit('BUY', '49900.05', '0.010')],
    ['price too precise', -1111, limit('BUY', '49900.001', '0.010')],
    ['buy above the price band', -4016, limit('BUY', '52500.10', '0.010')],
    ['sell below the price band', -4024, limit('SELL', '47499.90', '0.010')],
    ['notional too small', -4164, limit('BUY', '49900', '0.001')],
    ['market with a price', -1106, market('BUY', '0.010', { price: '50000' })],
    ['market with a time in force', -1106, market('BUY', '0.010', { timeInForce: 'GTC' })],
    ['position side in one-way mode', -4061, market('BUY', '0.010', { positionSide: 'LONG' })],
    ['reduce-only without a position', -2022, market('BUY', '0.010', { reduceOnly: 'true' })],
    ['post-only that would take', -5022, limit('BUY', '50100', '0.010', { timeInForce: 'GTX' })],
    ['fill-or-kill beyond the book', -5021, limit('BUY', '50000.10', '900', { timeInForce: 'FOK' })],
    ['margin', -2019, limit('BUY', '49900', '900')],
    ['client id with a blank', -4015, limit('BUY', '49900', '0.010', { newClientOrderId: 'a b' })],
    ['client id too long', -4015, limit('BUY', '49900', '0.010', { newClientOrderId: 'a'.repeat(37) })],
    ['good-till-date too soon', -1130, limit('BUY', '49900', '0.010', { timeInForce: 'GTD', goodTillDate: '1704164700000' })],
    ['good-till-date missing', -1102, limit('BUY', '49900', '0.010', { timeInForce: 'GTD' })],
    ['closePosition on a limit order', -4136, limit('BUY', '49900', '0.010', { closePosition: 'true' })],
  ]
  it.each(cases)('%s → %i', (_, code, params) => {
    const b = bench({
      bars: barsOf([50_000, 50_000, 50_000]),
      accounts: [{ key: 'test-key', secret: 's', balance: text(code === -5021 ? '100000000' : '100000') }],
    })
    b.minutes(1)
    if (code === -5021) b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '5' })
    if (code === -2019) b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '5' })
    expect(b.code('POST /fapi/v1/order', params)).toBe(code)
    expect(b.exchange.account('test-key').orders).toBe(0)
  })

  it('-4004 and -4023 for symbols whose step is coarser than their precision', () => {
    const coarse = {
      ...spec('BTCUSDT'),
      minQty: text('0.010'),
      stepSize: text('0.005'),
      marketMinQty: text('0.010'),
      marketStepSize: text('0.005'),
    }
    const b = bench({ symbols: [coarse], bars: barsOf([50_000, 50_000, 50_000]) })
    b.minutes(1)
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900', '0.009'))).toBe(-4004)
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900', '0.012'))).toBe(-4023)
    expect(b.body('POST /fapi/v1/order', limit('BUY', '49900', '0.015'))['status']).toBe('NEW')
  })

  it('names the limit price and the notional in the text', () => {
    const b = flat()
    expect(b.call('POST /fapi/v1/order', limit('BUY', '60000', '0.010'))).toMatchObject({
      msg: "Limit price can't be higher than 52500.00.",
    })
    expect(b.call('POST /fapi/v1/order', limit('BUY', '49900', '0.001'))).toMatchObject({
      msg: "Order's notional must be no smaller than 50 (unless you choose reduce only).",
    })
  })

  it('-4116 for a client id that is open, and takes it again once it is not', () => {
    const b = flat()
    const params = limit('BUY', '49900', '0.010', { newClientOrderId: 'same' })
    b.body('POST /fapi/v1/order', params)
    expect(b.code('POST /fapi/v1/order', params)).toBe(-4116)
    b.body('DELETE /fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: 'same' })
    expect(b.body('POST /fapi/v1/order', params)['status']).toBe('NEW')
  })

  it('-2025 beyond 200 open orders', () => {
    const b = flat()
    for (let i = 0; i < 200; i++) b.body('POST /fapi/v1/order', limit('BUY', '49900', '0.002'))
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900', '0.002'))).toBe(-2025)
  })

  it('-2027 beyond the largest position of the leverage', () => {
    const b = bench({ bars: barsOf([50_000, 50_000]), accounts: [{ key: 'test-key', secret: 's', balance: text('10000000') }] })
    b.minutes(1)
    b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '125' })
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900', '2'))).toBe(-2027)
    expect(b.body('POST /fapi/v1/order', limit('BUY', '49900', '1'))['status']).toBe('NEW')
  })

  it('-4141 when the symbol is halted, -4140 when only cancels are taken; cancels still work', () => {
    const b = flat()
    const order = b.body('POST /fapi/v1/order', limit('BUY', '49900', '0.010'))
    b.exchange.fault({ kind: 'status', symbol: 'BTCUSDT', status: 'TRADING_HALT' })
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900', '0.010'))).toBe(-4141)
    b.exchange.fault({ kind: 'status', symbol: 'BTCUSDT', status: 'TRADING_CANCEL_ONLY' })
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900', '0.010'))).toBe(-4140)
    expect(b.body('DELETE /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(order['orderId']) })['status']).toBe('CANCELED')
  })

  it('-4131 when the best opposite price is outside the band around mark', () => {
    const b = flat()
    b.exchange.fault({ kind: 'jump', symbol: 'BTCUSDT', fraction: '2' })
    b.exchange.advanceTo(b.exchange.now + 29_000)
    expect(b.code('POST /fapi/v1/order', market('BUY', '0.010'))).toBe(-4131)
  })

  it('amendments: -5024 on a halted symbol, -5047 for another reduceOnly, -2013 once it is done', () => {
    const b = flat()
    const placed = b.body('POST /fapi/v1/order', limit('BUY', '49900', '0.010'))
    const change = { symbol: 'BTCUSDT', side: 'BUY', orderId: String(placed['orderId']), price: '49800', quantity: '0.010' }
    expect(b.code('PUT /fapi/v1/order', { ...change, reduceOnly: 'true' })).toBe(-5047)
    b.exchange.fault({ kind: 'status', symbol: 'BTCUSDT', status: 'TRADING_HALT' })
    expect(b.code('PUT /fapi/v1/order', change)).toBe(-5024)
    b.exchange.fault({ kind: 'status', symbol: 'BTCUSDT', status: 'TRADING' })
    b.body('DELETE /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(placed['orderId']) })
    expect(b.code('PUT /fapi/v1/order', change)).toBe(-2013)
  })

  it('-2011 and -2013 for unknown orders', () => {
    const b = flat()
    expect(b.code('DELETE /fapi/v1/order', { symbol: 'BTCUSDT', orderId: '7' })).toBe(-2011)
    expect(b.code('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: '7' })).toBe(-2013)
    expect(b.code('DELETE /fapi/v1/order', { symbol: 'BTCUSDT' })).toBe(-1102)
  })

  it('follows filters that change in mid-run', () => {
    const b = flat()
    expect(b.exchange.fault({ kind: 'filters', symbol: 'BTCUSDT', change: { tickSize: text('1.00'), minNotional: text('100') } })).toBe(
      true,
    )
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900.10', '0.010'))).toBe(-4014)
    expect(b.code('POST /fapi/v1/order', limit('BUY', '49900.80', '0.002'))).toBe(-4164)
    // The book is on the new grid at once: what it shows are multiples of the new tick near the same price.
    const top = b.body('GET /fapi/v1/ticker/bookTicker', { symbol: 'BTCUSDT' })
    expect(Number(top['bidPrice'])).toBe(49_999)
    expect(Number(top['askPrice'])).toBe(50_000)
    b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    b.minutes(3)
    expect(b.exchange.account('test-key').positions).toHaveLength(1)
  })

  it('batch: one answer an order, -4082 beyond five', () => {
    const b = flat()
    const orders = [limit('BUY', '49900', '0.010'), limit('BUY', '49900.05', '0.010')]
    const answers = b.body('POST /fapi/v1/batchOrders', { batchOrders: JSON.stringify(orders) })
    expect(answers).toMatchObject([{ status: 'NEW' }, { code: -4014 }])
    const six = JSON.stringify(Array.from({ length: 6 }, () => orders[0]))
    expect(b.code('POST /fapi/v1/batchOrders', { batchOrders: six })).toBe(-4082)
  })
})
