import { describe, expect, it } from 'vitest'
import { bench, KEY, limit, market, START, text } from '../exchange.fixture.ts'
import { present } from '../present.ts'

const live = () => {
  const b = bench({ tapes: { BTCUSDT: { kind: 'live' } }, accounts: [{ key: KEY, secret: 's', balance: text('100000') }] })
  const top = (bid: string, ask: string, bidQty = '3.000', askQty = '2.000'): void =>
    b.exchange.pushLive({ e: 'bookTicker', s: 'BTCUSDT', b: bid, B: bidQty, a: ask, A: askQty, E: b.exchange.now, T: b.exchange.now, u: 1 })
  const trade = (price: string, qty: string, sellerTakes: boolean): void =>
    b.exchange.pushLive({
      e: 'aggTrade',
      E: b.exchange.now,
      s: 'BTCUSDT',
      a: 1,
      p: price,
      q: qty,
      f: 1,
      l: 1,
      T: b.exchange.now,
      m: sellerTakes,
    })
  const bar = { openTime: START - 60_000, open: '60000', high: '60010', low: '59990', close: '60000', volume: '10' }
  b.exchange.pushHistory('BTCUSDT', [bar])
  top('60000.00', '60000.10')
  return { ...b, top, trade }
}

describe('live tape', () => {
  it('shows the upstream’s top and history and invents nothing beside it', () => {
    const b = live()
    expect(b.body('GET /fapi/v1/ticker/bookTicker', { symbol: 'BTCUSDT' })).toMatchObject({
      bidPrice: '60000.00',
      bidQty: '3.000',
      askPrice: '60000.10',
      askQty: '2.000',
    })
    expect(b.body('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval: '1m' })).toHaveLength(1)
    expect(b.body('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval: '1h' })).toHaveLength(1)
  })

  it('takers pay the real ask, and the displayed size is not used twice', () => {
    const b = live()
    b.body('POST /fapi/v1/order', market('BUY', '2'))
    b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    const fills = b.rows('GET /fapi/v1/userTrades', { symbol: 'BTCUSDT' })
    expect(fills[0]).toMatchObject({ price: '60000.10', qty: '2.000' })
    expect(Number(present(fills[1])['price'])).toBeGreaterThan(60_000.1)
  })

  it('makers wait behind the displayed size and fill by trades, or when the ask falls to them', () => {
    const b = live()
    const order = b.body('POST /fapi/v1/order', limit('BUY', '60000', '0.500', { timeInForce: 'GTX' }))
    const executed = (): string =>
      String(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(order['orderId']) })['executedQty'])
    b.trade('60000.00', '4.000', true)
    expect(executed()).toBe('0.000')
    b.trade('60000.00', '9.600', true)
    expect(executed()).toBe('0.400')
    b.top('59999.00', '59999.50')
    expect(executed()).toBe('0.500')
  })

  it('an amendment that raises the quantity goes to the end of the queue, one that lowers it keeps its place', () => {
    for (const [quantity, expected] of [
      ['0.600', '0.000'],
      ['0.400', '0.100'],
    ] as const) {
      const b = live()
      const order = b.body('POST /fapi/v1/order', limit('BUY', '60000', '0.500', { timeInForce: 'GTX' }))
      const id = { symbol: 'BTCUSDT', orderId: String(order['orderId']) }
      b.trade('60000.00', '8.000', true)
      b.body('PUT /fapi/v1/order', { ...id, side: 'BUY', price: '60000', quantity })
      b.trade('60000.00', '4.400', true)
      expect(b.body('GET /fapi/v1/order', id)['executedQty'], quantity).toBe(expected)
    }
  })

  it('mark comes from the upstream and triggers mark-price stops', () => {
    const b = live()
    b.exchange.pushLive({ e: 'markPriceUpdate', E: 1, s: 'BTCUSDT', p: '60001.23000000', i: '60000.00000000', r: '0.00012000', T: 2 })
    expect(b.body('GET /fapi/v1/premiumIndex', { symbol: 'BTCUSDT' })).toMatchObject({
      markPrice: '60001.23000000',
      lastFundingRate: '0.00012000',
    })
    b.body('POST /fapi/v1/order', market('BUY', '0.100'))
    b.body('POST /fapi/v1/algoOrder', {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      triggerPrice: '59900',
      workingType: 'MARK_PRICE',
      closePosition: 'true',
    })
    b.exchange.pushLive({ e: 'markPriceUpdate', E: 1, s: 'BTCUSDT', p: '59899.00', i: '59900', T: 2 })
    expect(b.exchange.account(KEY).positions).toEqual([])
  })

  it('ignores poison', () => {
    const b = live()
    const before = b.exchange.eventLog()
    for (const data of [
      null,
      'x',
      [],
      {},
      { e: 'aggTrade' },
      { e: 'aggTrade', s: 'BTCUSDT', p: 'NaN', q: '1', T: 1 },
      { e: 'aggTrade', s: 'NOPE', p: '1', q: '1', T: 1 },
    ]) {
      b.exchange.pushLive(data)
    }
    expect(b.exchange.eventLog()).toEqual(before)
  })
})
