import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { barsOf, bench, KEY, limit, market, START, text, type Doc } from '../exchange.fixture.ts'

const ONE_HOUR_FLAT = Array.from({ length: 60 }, () => 50_000)

function bestOf(b: ReturnType<typeof bench>): { bid: number; bidQty: number; ask: number; askQty: number } {
  const top = b.body('GET /fapi/v1/ticker/bookTicker', { symbol: 'BTCUSDT' })
  return { bid: Number(top['bidPrice']), bidQty: Number(top['bidQty']), ask: Number(top['askPrice']), askQty: Number(top['askQty']) }
}

describe('takers', () => {
  it('fill at the best opposite price, charge the taker fee, report NEW then TRADE', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    const { ask } = bestOf(b)
    const ack = b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    expect(ack).toMatchObject({ status: 'FILLED', executedQty: '0.010' })
    expect(ack).not.toHaveProperty('avgPrice')
    const order = b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(ack['orderId']) })
    expect(Number(order['avgPrice'])).toBe(ask)
    const [trade] = b.rows('GET /fapi/v1/userTrades', { symbol: 'BTCUSDT' })
    expect(trade).toMatchObject({ maker: false, commission: (ask * 0.01 * 0.0005).toFixed(8), side: 'BUY' })
    expect(b.heard().filter((name) => name.startsWith('ORDER'))).toEqual(['ORDER_TRADE_UPDATE:NEW:NEW', 'ORDER_TRADE_UPDATE:TRADE:FILLED'])
  })

  it('are told as taken in, not as filled, when no result was asked for: the venue’s default', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    const { newOrderRespType: _, ...order } = market('BUY', '0.010')
    for (const params of [order, { ...order, newOrderRespType: 'ACK' }]) {
      const ack = b.body('POST /fapi/v1/order', params)
      expect(ack).toMatchObject({ status: 'NEW', executedQty: '0.000', cumQty: '0.000', origQty: '0.010' })
      expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(ack['orderId']) })['status']).toBe('FILLED')
    }
  })

  it('answer with avgPrice and cumQuote when acks are as before 2026-07-15', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT), legacyAcks: true })
    b.minutes(1)
    expect(b.body('POST /fapi/v1/order', market('BUY', '0.010'))).toHaveProperty('avgPrice')
  })

  it('walk the book level by level, and what they took is gone until it flows back', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    const before = b.body('GET /fapi/v1/depth', { symbol: 'BTCUSDT', limit: '50' })['asks'] as [string, string][]
    b.body('POST /fapi/v1/order', market('BUY', '12'))
    const fills = b.rows('GET /fapi/v1/userTrades', { symbol: 'BTCUSDT' })
    let left = 12
    const expected = before.flatMap(([price, qty]) => {
      const take = Math.min(left, Number(qty))
      left -= take
      return take > 0 ? [[price, take.toFixed(3)]] : []
    })
    expect(left).toBe(0)
    expect(expected.length).toBeGreaterThan(2)
    expect(fills.map((fill) => [fill['price'], Number(fill['qty']).toFixed(3)])).toEqual(expected)
    const { ask } = bestOf(b)
    expect(ask).toBeGreaterThanOrEqual(Number(expected.at(-1)?.[0]))
    b.exchange.advanceTo(b.exchange.now + 30_000)
    expect(bestOf(b).ask).toBeLessThan(ask)
  })

  it('MARKET stops at the take bound and expires the rest with reason 9', () => {
    const b = bench({
      bars: barsOf(ONE_HOUR_FLAT, '0.400'),
      preludeBars: 0,
      accounts: [{ key: KEY, secret: 's', balance: text('100000000') }],
    })
    b.minutes(1)
    b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '5' })
    const ack = b.body('POST /fapi/v1/order', market('BUY', '120'))
    expect(ack['status']).toBe('EXPIRED')
    b.exchange.advanceTo(b.exchange.now + 40)
    expect(b.user.filter((event) => event.type === 'ORDER_TRADE_UPDATE').at(-1)?.data['o']).toMatchObject({ x: 'EXPIRED', er: 9 })
    const fills = b.rows('GET /fapi/v1/userTrades', { symbol: 'BTCUSDT', limit: '1000' })
    for (const fill of fills) expect(Number(fill['price'])).toBeLessThanOrEqual(50_000 * 1.05)
  })

  it('IOC expires its rest with reason 2; FOK fills whole or is refused', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    const { ask, askQty } = bestOf(b)
    const more = (askQty + 0.5).toFixed(3)
    expect(b.body('POST /fapi/v1/order', limit('BUY', ask.toFixed(1), more, { timeInForce: 'IOC' }))).toMatchObject({
      status: 'EXPIRED',
      executedQty: askQty.toFixed(3),
    })
    b.exchange.advanceTo(b.exchange.now + 40)
    const last = b.user.filter((event) => event.type === 'ORDER_TRADE_UPDATE').at(-1)?.data['o'] as Doc
    expect(last).toMatchObject({ x: 'EXPIRED', X: 'EXPIRED', er: 2 })
    b.minutes(1)
    const fresh = bestOf(b)
    expect(
      b.code('POST /fapi/v1/order', limit('BUY', fresh.ask.toFixed(1), (fresh.askQty + 0.001).toFixed(3), { timeInForce: 'FOK' })),
    ).toBe(-5021)
    const whole = limit('BUY', fresh.ask.toFixed(1), fresh.askQty.toFixed(3), { timeInForce: 'FOK' })
    expect(b.body('POST /fapi/v1/order', whole)['status']).toBe('FILLED')
  })
})

describe('makers', () => {
  it('order events tell the notional of the open orders on each side', () => {
    const b = bench({ bars: barsOf([50_000, 50_000, 50_000]) })
    b.minutes(1)
    b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.010'))
    b.body('POST /fapi/v1/order', limit('SELL', '51000.5', '0.020'))
    b.exchange.advanceTo(b.exchange.now + 40)
    expect(b.user.filter((event) => event.type === 'ORDER_TRADE_UPDATE').map((event) => event.data['o'])).toMatchObject([
      { S: 'BUY', b: '490', a: '0' },
      { S: 'SELL', b: '490', a: '1020.01' },
    ])
  })

  it('touch is not a fill: the queue ahead trades first', () => {
    // Tiny volume trades at our price: it must not reach us behind the displayed size.
    const b = bench({ bars: barsOf([[50_000, 50_001, 49_999, 50_000], [50_000, 50_000, 49_990, 49_995], 49_995], '0.020') })
    const order = b.body('POST /fapi/v1/order', limit('BUY', '49990', '0.010'))
    b.exchange.advanceTo(START + 2 * 60_000 + 5_000)
    const traded = b.rows('GET /fapi/v1/trades', { symbol: 'BTCUSDT', limit: '50' })
    expect(traded.some((trade) => Number(trade['price']) === 49_990)).toBe(true)
    expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(order['orderId']) })).toMatchObject({
      status: 'NEW',
      executedQty: '0.000',
    })
  })

  it('fill when price trades through, at their own price, with the maker fee', () => {
    const b = bench({ bars: barsOf([50_000, [50_000, 50_000, 49_900, 49_900], 49_900]) })
    b.minutes(1)
    const order = b.body('POST /fapi/v1/order', limit('BUY', '49950', '0.010', { timeInForce: 'GTX' }))
    b.minutes(1)
    expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(order['orderId']) })).toMatchObject({
      status: 'FILLED',
      avgPrice: '49950.00000',
    })
    const [trade] = b.rows('GET /fapi/v1/userTrades', { symbol: 'BTCUSDT' })
    expect(trade).toMatchObject({ maker: true, commission: '0.09990000' })
  })

  it('fill in parts when the queue lets only parts through', () => {
    const b = bench({ bars: barsOf([50_000, [50_000, 50_000, 49_990, 49_990], 49_990, 49_990, 49_990], '20') })
    const order = b.body('POST /fapi/v1/order', limit('BUY', '49990', '30'), KEY)
    const id = { symbol: 'BTCUSDT', orderId: String(order['orderId']) }
    const seen = new Set<string>()
    for (let i = 0; i < 20; i++) {
      b.exchange.advanceTo(b.exchange.now + 15_000)
      seen.add(String(b.body('GET /fapi/v1/order', id)['status']))
    }
    expect(seen).toContain('PARTIALLY_FILLED')
  })

  it('never get more than traded at or through their price (property)', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 400 }),
        fc.integer({ min: 1, max: 3_000 }),
        (seed, depth, size) => {
          const b = bench({ seed, preludeBars: 5, accounts: [{ key: KEY, secret: 's', balance: text('100000000') }] })
          b.minutes(1)
          b.body('POST /fapi/v1/leverage', { symbol: 'BTCUSDT', leverage: '5' })
          const { bid } = bestOf(b)
          const price = (bid - depth / 10).toFixed(1)
          const order = b.body('POST /fapi/v1/order', limit('BUY', price, (size / 1_000).toFixed(3), { timeInForce: 'GTX' }))
          const from = b.exchange.now
          let low = Infinity
          b.exchange.subscribe('btcusdt@bookTicker')
          b.minutes(3)
          for (const event of b.market) low = Math.min(low, Number((event.data as Doc)['a']))
          const after = b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(order['orderId']) })
          const trades = b
            .rows('GET /fapi/v1/trades', { symbol: 'BTCUSDT', limit: '1000' })
            .filter((trade) => Number(trade['time']) >= from && Number(trade['price']) <= Number(price))
          if (trades.length === 0 && low > Number(price)) expect(Number(after['executedQty'])).toBe(0)
          expect(Number(after['executedQty'])).toBeLessThanOrEqual(size / 1_000)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('reduce-only, self-trade prevention, amendment', () => {
  const long = () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    b.body('POST /fapi/v1/order', market('BUY', '0.100'))
    b.heard()
    return b
  }

  it('a reduce-only order never passes the position', () => {
    const b = long()
    expect(b.body('POST /fapi/v1/order', market('SELL', '0.500', { reduceOnly: 'true' }))).toMatchObject({
      status: 'EXPIRED',
      executedQty: '0.100',
    })
    expect(b.exchange.account(KEY).positions).toEqual([])
  })

  it('a better-priced reduce-only order knocks out the one behind it (er 4), a worse one is refused', () => {
    const b = long()
    b.body('POST /fapi/v1/order', limit('SELL', '50200', '0.100', { reduceOnly: 'true' }))
    expect(b.code('POST /fapi/v1/order', limit('SELL', '50300', '0.100', { reduceOnly: 'true' }))).toBe(-4118)
    b.body('POST /fapi/v1/order', limit('SELL', '50100', '0.100', { reduceOnly: 'true' }))
    b.exchange.advanceTo(b.exchange.now + 40)
    const expired = b.user.filter((event) => (event.data['o'] as Doc | undefined)?.['X'] === 'EXPIRED')
    expect(expired.map((event) => (event.data['o'] as Doc)['er'])).toEqual([4])
    expect(b.exchange.account(KEY).openOrders).toBe(1)
  })

  it('resting reduce-only orders go when the position does', () => {
    const b = long()
    b.body('POST /fapi/v1/order', limit('SELL', '50200', '0.100', { reduceOnly: 'true' }))
    b.body('POST /fapi/v1/order', market('SELL', '0.100'))
    expect(b.exchange.account(KEY)).toMatchObject({ openOrders: 0, positions: [] })
  })

  it('self-trade prevention expires the maker by default, the taker when asked', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT), accounts: [{ key: KEY, secret: 's', balance: text('10000000') }] })
    b.minutes(1)
    const { ask } = bestOf(b)
    const mine = b.body('POST /fapi/v1/order', limit('SELL', (ask - 0.0).toFixed(1), '0.050', { timeInForce: 'GTX' }))
    const better = limit('BUY', (ask + 20).toFixed(1), '10', { timeInForce: 'IOC' })
    b.body('POST /fapi/v1/order', better)
    expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(mine['orderId']) })['status']).toBe('EXPIRED_IN_MATCH')
    const other = b.body('POST /fapi/v1/order', limit('SELL', '50500', '0.050'))
    b.minutes(1)
    const taker = b.body('POST /fapi/v1/order', limit('BUY', '50500', '110', { selfTradePreventionMode: 'EXPIRE_TAKER' }))
    expect(['EXPIRED_IN_MATCH', 'FILLED']).toContain(taker['status'])
    expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: String(other['orderId']) })['status']).toBe('NEW')
  })

  it('amends price and quantity, loses its queue place, refuses a no-op and a taker price of a post-only order', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    const order = b.body('POST /fapi/v1/order', limit('BUY', '49900', '0.010', { timeInForce: 'GTX' }))
    const id = { symbol: 'BTCUSDT', side: 'BUY', orderId: String(order['orderId']) }
    expect(b.code('PUT /fapi/v1/order', { ...id, price: '49900', quantity: '0.010' })).toBe(-5027)
    expect(b.code('PUT /fapi/v1/order', { ...id, price: '50100', quantity: '0.010' })).toBe(-5022)
    expect(b.body('PUT /fapi/v1/order', { ...id, price: '49950', quantity: '0.020' })).toMatchObject({
      price: '49950.00',
      origQty: '0.020',
    })
    expect(b.heard()).toContain('ORDER_TRADE_UPDATE:AMENDMENT:NEW')
    const amendments = b.body('GET /fapi/v1/orderAmendment', id)
    expect(amendments).toMatchObject([{ amendment: { price: { before: '49900.00', after: '49950.00' }, count: 1 } }])
  })
})

describe('timers', () => {
  it('GTD expires at its second; the countdown cancels unless refreshed', () => {
    const b = bench({ bars: barsOf(ONE_HOUR_FLAT) })
    b.minutes(1)
    b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.010', { timeInForce: 'GTD', goodTillDate: String(b.exchange.now + 700_500) }))
    b.exchange.advanceTo(b.exchange.now + 699_000)
    expect(b.exchange.account(KEY).openOrders).toBe(1)
    b.exchange.advanceTo(b.exchange.now + 1_500)
    expect(b.exchange.account(KEY).openOrders).toBe(0)
    b.body('POST /fapi/v1/order', limit('BUY', '49000', '0.010'))
    b.body('POST /fapi/v1/countdownCancelAll', { symbol: 'BTCUSDT', countdownTime: '5000' })
    b.exchange.advanceTo(b.exchange.now + 4_000)
    b.body('POST /fapi/v1/countdownCancelAll', { symbol: 'BTCUSDT', countdownTime: '5000' })
    b.exchange.advanceTo(b.exchange.now + 4_000)
    expect(b.exchange.account(KEY).openOrders).toBe(1)
    b.exchange.advanceTo(b.exchange.now + 1_500)
    expect(b.exchange.account(KEY).openOrders).toBe(0)
  })
})
