/** Steps that reach nobody are played late and together: nothing of what happens, is told or is recorded may show it. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { bench, KEY, spec, text, type Bench } from '../exchange.fixture.ts'
import type { Params, Route } from '../exchange.ts'
import { present } from '../present.ts'
import { Rng } from '../random.ts'

const SYMBOLS = ['BTCUSDT', 'SOLUSDT']

interface Plan {
  readonly seed: number
  readonly hedge: boolean
  readonly isolated: boolean
  readonly balance: string
  readonly pause: number
}

/** Orders of every kind, close to the market and far from it, with long and short pauses. */
function trade(plan: Plan, listen: boolean): Bench {
  const { seed, hedge, isolated, balance, pause } = plan
  const b = bench({
    seed,
    symbols: SYMBOLS.map((symbol) => ({ ...spec(symbol), fundingIntervalHours: 1 })),
    accounts: [{ key: KEY, secret: 's', balance: text(balance) }],
    latency: { eventOut: { min: 0, max: 90 } },
    stepsPerMinute: 12,
    tapes: { SOLUSDT: { kind: 'synthetic', regimes: ['crash', 'gap', 'range'] } },
  })
  if (listen) for (const symbol of SYMBOLS) b.exchange.subscribe(`${symbol.toLowerCase()}@bookTicker`)
  if (hedge) b.body('POST /fapi/v1/positionSide/dual', { dualSidePosition: 'true' })
  if (isolated) b.body('POST /fapi/v1/marginType', { symbol: 'SOLUSDT', marginType: 'ISOLATED' })
  const rng = new Rng(seed + 1)
  for (let i = 0; i < 60; i++) {
    b.exchange.advanceTo(b.exchange.now + rng.int(1, pause))
    const symbol = present(SYMBOLS[rng.int(0, 1)])
    const market = spec(symbol)
    const last = Number(b.body('GET /fapi/v2/ticker/price', { symbol })['price'])
    const quantity = (Math.ceil((200 + rng.next() * 4_000) / last / Number(market.stepSize)) * Number(market.stepSize)).toFixed(
      market.quantityPrecision,
    )
    const tick = Number(market.tickSize)
    const near = (width: number): string =>
      (Math.round((last * (1 + (rng.next() - 0.5) * width)) / tick) * tick).toFixed(market.pricePrecision)
    const side = rng.next() < 0.5 ? 'BUY' : 'SELL'
    const common: Params = { symbol, side, quantity, ...(hedge ? { positionSide: rng.next() < 0.5 ? 'LONG' : 'SHORT' } : {}) }
    const conditional: Params = {
      ...common,
      algoType: 'CONDITIONAL',
      workingType: rng.next() < 0.5 ? 'MARK_PRICE' : 'CONTRACT_PRICE',
      clientAlgoId: `a${i}`,
    }
    const till = String(Math.ceil((b.exchange.now + 700_000) / 1_000) * 1_000)
    const draw = rng.int(0, 9)
    const request: readonly [Route, Params] =
      draw < 2
        ? ['POST /fapi/v1/order', { ...common, type: 'MARKET', newClientOrderId: `c${i}` }]
        : draw < 5
          ? [
              'POST /fapi/v1/order',
              { ...common, type: 'LIMIT', timeInForce: 'GTC', price: near(rng.next() < 0.7 ? 0.0003 : 0.004), newClientOrderId: `c${i}` },
            ]
          : draw === 5
            ? ['POST /fapi/v1/order', { ...common, type: 'LIMIT', timeInForce: 'GTD', goodTillDate: till, price: near(0.01) }]
            : draw === 6
              ? ['POST /fapi/v1/algoOrder', { ...conditional, type: 'STOP_MARKET', triggerPrice: near(0.01) }]
              : draw === 7
                ? ['POST /fapi/v1/algoOrder', { ...conditional, type: 'TAKE_PROFIT_MARKET', triggerPrice: near(0.01) }]
                : draw === 8
                  ? ['POST /fapi/v1/algoOrder', { ...conditional, type: 'TRAILING_STOP_MARKET', callbackRate: '0.3' }]
                  : ['DELETE /fapi/v1/allOpenOrders', { symbol }]
    b.call(...request)
    if (i % 20 === 19) b.exchange.fault({ kind: 'jump', symbol, fraction: '-0.004' })
  }
  b.exchange.advanceTo(b.exchange.now + 300_000)
  return b
}

const records = (b: Bench): unknown =>
  SYMBOLS.map((symbol) => [
    b.bars('GET /fapi/v1/klines', { symbol, interval: '5m', limit: '500' }),
    b.rows('GET /fapi/v1/trades', { symbol, limit: '1000' }),
    b.body('GET /fapi/v1/premiumIndex', { symbol }),
    b.body('GET /fapi/v1/ticker/24hr', { symbol }),
    b.rows('GET /fapi/v1/userTrades', { symbol, limit: '1000' }),
  ])

let fills = 0

it('fast-check: with a listener, who has every step played at its time, and without one', () => {
  const plan = fc.record({
    seed: fc.integer({ min: 1, max: 1_000_000 }),
    hedge: fc.boolean(),
    isolated: fc.boolean(),
    balance: fc.constantFrom('300', '3000', '100000'),
    pause: fc.constantFrom(20_000, 120_000, 600_000),
  })
  fc.assert(
    fc.property(plan, (one) => {
      const [owed, played] = [trade(one, false), trade(one, true)]
      expect(JSON.stringify(owed.user)).toBe(JSON.stringify(played.user))
      expect(owed.exchange.eventLog()).toEqual(played.exchange.eventLog())
      expect(owed.exchange.account(KEY)).toEqual(played.exchange.account(KEY))
      expect(records(owed)).toEqual(records(played))
      fills += owed.exchange.account(KEY).fills
    }),
    { numRuns: 40 },
  )
  expect(fills).toBeGreaterThan(500)
})

it('plays a quiet hour in few moments, and tells the last mark of each', () => {
  const marks: number[] = []
  let bars = 0
  const numbers = { mark: (_: number, time: number) => void marks.push(time), bar: () => void bars++ }
  const b = bench({ stepsPerMinute: 12, sinks: { numbers } })
  let moments = 0
  const end = b.exchange.now + 3_600_000
  while (b.exchange.now < end) {
    b.exchange.step()
    moments++
  }
  expect(bars).toBe(60)
  expect(moments).toBeLessThan(70)
  expect(marks).toHaveLength(60)
  // Watched, every mark outside is told at its time.
  b.exchange.watchMark('BTCUSDT', 1, 0)
  marks.length = 0
  b.exchange.advanceTo(b.exchange.now + 60_000)
  expect(marks).toHaveLength(12)
})
