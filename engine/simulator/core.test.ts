import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dec, type Decimal } from './decimal.ts'
import { bench, KEY, spec, START, text, type Doc } from './exchange.fixture.ts'
import type { Params, Route } from './exchange.ts'
import { Rng } from './random.ts'
import { present } from './present.ts'

const SYMBOLS = ['BTCUSDT', 'XRPUSDT', 'SOLUSDT']

/** Random trading for `minutes`: everything a client does, drawn from one seed. */
function trade(seed: number, minutes: number, options: { hedge?: boolean; listen?: boolean; fundingEvery?: number } = {}) {
  const b = bench({
    seed,
    symbols: SYMBOLS.map((symbol) => ({ ...spec(symbol), fundingIntervalHours: options.fundingEvery ?? 8 })),
    accounts: [{ key: KEY, secret: 's', balance: text('100000') }],
    latency: { eventOut: { min: 0, max: 200 } },
    tapes: { SOLUSDT: { kind: 'synthetic', regimes: ['crash', 'gap'] } },
  })
  if (options.listen === true) for (const symbol of SYMBOLS) b.exchange.subscribe(`${symbol.toLowerCase()}@depth@100ms`)
  const rng = new Rng(seed * 31 + 7)
  if (options.hedge === true) b.body('POST /fapi/v1/positionSide/dual', { dualSidePosition: 'true' })
  if (seed % 2 === 0) b.body('POST /fapi/v1/marginType', { symbol: 'XRPUSDT', marginType: 'ISOLATED' })
  let client = 0
  for (let i = 0; i < minutes * 4; i++) {
    b.exchange.advanceTo(b.exchange.now + rng.int(1, 30_000))
    const symbol = present(SYMBOLS[rng.int(0, 2)])
    const market = spec(symbol)
    const top = b.body('GET /fapi/v1/ticker/bookTicker', { symbol })
    const side = rng.next() < 0.5 ? 'BUY' : 'SELL'
    const bid = Number(top['bidPrice'])
    const notional = 50 + rng.next() * 20_000
    const quantity = (Math.ceil(notional / bid / Number(market.stepSize)) * Number(market.stepSize)).toFixed(market.quantityPrecision)
    const offset = 1 + (rng.next() - 0.5) * 0.004
    const tick = Number(market.tickSize)
    const price = (Math.round((bid * offset) / tick) * tick).toFixed(market.pricePrecision)
    const hedge: Params = options.hedge === true ? { positionSide: rng.next() < 0.5 ? 'LONG' : 'SHORT' } : {}
    const common = { symbol, side, quantity, newClientOrderId: `c${client++}`, ...hedge }
    const draw = rng.next()
    const request: readonly [Route, Params] =
      draw < 0.35
        ? ['POST /fapi/v1/order', { ...common, type: 'MARKET' }]
        : draw < 0.7
          ? ['POST /fapi/v1/order', { ...common, type: 'LIMIT', timeInForce: present(['GTC', 'IOC', 'GTX', 'FOK'][rng.int(0, 3)]), price }]
          : draw < 0.8
            ? [
                'POST /fapi/v1/algoOrder',
                { ...common, algoType: 'CONDITIONAL', type: 'STOP_MARKET', triggerPrice: price, clientAlgoId: `a${client}` },
              ]
            : draw < 0.9
              ? ['DELETE /fapi/v1/allOpenOrders', { symbol }]
              : ['POST /fapi/v1/order', { ...common, type: 'MARKET', ...(options.hedge === true ? {} : { reduceOnly: 'true' }) }]
    b.call(...request)
  }
  return b
}

type Run = ReturnType<typeof trade>

const sum = (values: readonly string[]): Decimal => values.reduce((total, value) => total.plus(value), dec(0))
const income = (b: Run): Doc[] => {
  const rows: Doc[] = []
  for (let from = 0; ;) {
    const page = b.rows('GET /fapi/v1/income', { startTime: String(from), limit: '1000' })
    const fresh = page.filter((row) => !rows.some((seen) => seen['tranId'] === row['tranId']))
    if (fresh.length === 0) return rows
    rows.push(...fresh)
    from = Number(present(fresh.at(-1))['time'])
  }
}
const fills = (b: Run, symbol: string): Doc[] => {
  const rows: Doc[] = []
  for (;;) {
    const fromId = rows.length === 0 ? '0' : String(Number(present(rows.at(-1))['id']) + 1)
    const page = b.rows('GET /fapi/v1/userTrades', { symbol, fromId, limit: '1000' })
    if (page.length === 0) return rows
    rows.push(...page)
  }
}

describe('conservation', () => {
  it.each([
    [1, false],
    [2, false],
    [3, true],
    [4, true],
  ])('seed %i, hedge %s: wallet = start + Σ realised − Σ commission + Σ funding (+ insurance), to the last digit', (seed, hedge) => {
    const b = trade(seed, 150, { hedge, fundingEvery: 1 })
    const account = b.exchange.account(KEY)
    expect(account.fills).toBeGreaterThan(100)
    const rows = income(b)
    const of = (type: string): Decimal => sum(rows.filter((row) => row['incomeType'] === type).map((row) => String(row['income'])))
    expect(of('FUNDING_FEE').isZero()).toBe(false)
    const total = of('TRANSFER').plus(of('REALIZED_PNL')).plus(of('COMMISSION')).plus(of('FUNDING_FEE')).plus(of('INSURANCE_CLEAR'))
    expect(total.toFixed()).toBe(dec(account.wallet).toFixed())
    expect(of('TRANSFER').toFixed()).toBe('100000')
    expect(of('REALIZED_PNL').toFixed()).toBe(dec(account.realizedPnl).toFixed())
    expect(of('COMMISSION').negated().toFixed()).toBe(dec(account.fees).toFixed())
    expect(of('FUNDING_FEE').toFixed()).toBe(dec(account.funding).toFixed())
  })

  it.each([5, 6])('seed %i: the position is the sum of its fills, the cash flow explains realised and unrealised profit', (seed) => {
    const b = trade(seed, 120)
    for (const symbol of SYMBOLS) {
      const rows = fills(b, symbol)
      const signed = sum(rows.map((row) => (row['side'] === 'BUY' ? String(row['qty']) : `-${String(row['qty'])}`)))
      const position = b.exchange.account(KEY).positions.find((one) => one.symbol === symbol)
      expect(signed.toFixed()).toBe(dec(position?.quantity ?? '0').toFixed())
      // Σ cash + mark × position = realised + unrealised: whatever the averaging does, no profit appears or vanishes.
      const cash = sum(
        rows.map((row) =>
          dec(String(row['qty']))
            .times(String(row['price']))
            .times(row['side'] === 'BUY' ? -1 : 1)
            .toFixed(),
        ),
      )
      const realized = sum(rows.map((row) => String(row['realizedPnl'])))
      const open = dec(position?.quantity ?? '0').times(dec(position?.entryPrice ?? '0'))
      expect(cash.plus(open).minus(realized).abs().lt(1e-6)).toBe(true)
    }
  })

  it('raw user events alone rebuild the wallet and every position', () => {
    const b = trade(7, 100)
    b.exchange.advanceTo(b.exchange.now + 1_000)
    const wallet = b.user.filter((event) => event.type === 'ACCOUNT_UPDATE').at(-1)
    const balances = (present(wallet).data['a'] as Doc)['B'] as Doc[]

    expect(dec(String(present(balances[0])['wb'])).toFixed()).toBe(dec(b.exchange.account(KEY).wallet).toFixed())
    const traded = new Map<string, Decimal>()
    for (const event of b.user) {
      if (event.type !== 'ORDER_TRADE_UPDATE') continue
      const o = event.data['o'] as Doc
      const symbol = String(o['s'])
      traded.set(symbol, (traded.get(symbol) ?? dec(0)).plus(dec(String(o['l'])).times(o['S'] === 'BUY' ? 1 : -1)))
    }
    for (const symbol of SYMBOLS) {
      const position = b.exchange.account(KEY).positions.find((one) => one.symbol === symbol)
      expect((traded.get(symbol) ?? dec(0)).toFixed()).toBe(dec(position?.quantity ?? '0').toFixed())
    }
  })
})

describe('determinism', () => {
  it('same seed and calls: same event log and the very same user events; another seed: another log', () => {
    const [a, b, c] = [trade(11, 60), trade(11, 60), trade(12, 60)]
    expect(a.exchange.eventLog()).toEqual(b.exchange.eventLog())
    expect(JSON.stringify(a.user)).toBe(JSON.stringify(b.user))
    expect(a.exchange.eventLog().sha256).not.toBe(c.exchange.eventLog().sha256)
  })

  it('neither listeners nor the size of time steps change what happens', () => {
    const quiet = trade(13, 40)
    const watched = trade(13, 40, { listen: true })
    expect(watched.market.length).toBeGreaterThan(100)
    expect(watched.exchange.eventLog()).toEqual(quiet.exchange.eventLog())
    const [fine, coarse] = [bench({ seed: 5 }), bench({ seed: 5 })]
    coarse.exchange.advanceTo(START + 600_000)
    while (fine.exchange.now < START + 600_000) fine.exchange.advanceTo(Math.min(START + 600_000, fine.exchange.now + 777))
    expect(fine.exchange.eventLog()).toEqual(coarse.exchange.eventLog())
  })

  it('orders user events within a type by time, and shuffles across types', () => {
    const b = trade(14, 60)
    b.exchange.advanceTo(b.exchange.now + 1_000)
    const orders = new Set<string>()
    const last = new Map<string, { T: number; E: number }>()
    for (const event of b.user) {
      const [T, E] = [Number(event.data['T']), Number(event.data['E'])]
      expect([T, E].every(Number.isSafeInteger)).toBe(true)
      const before = last.get(event.type)
      if (before !== undefined) {
        expect(T).toBeGreaterThanOrEqual(before.T)
        expect(E).toBeGreaterThanOrEqual(before.E)
      }
      last.set(event.type, { T, E })
      expect(E).toBeGreaterThanOrEqual(T)
    }
    // Which of a fill's two events comes first differs from fill to fill.
    const first = new Map<unknown, string>()
    for (const event of b.user) {
      const o = event.data['o'] as Doc | undefined
      const fill = event.type === 'ACCOUNT_UPDATE' || (event.type === 'ORDER_TRADE_UPDATE' && o?.['x'] === 'TRADE')
      if (fill && !first.has(event.data['T'])) first.set(event.data['T'], event.type)
    }
    for (const type of first.values()) orders.add(type)
    expect(orders).toEqual(new Set(['ACCOUNT_UPDATE', 'ORDER_TRADE_UPDATE']))
  })

  it('fast-check: any seed twice gives one hash', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 - 1 }), (seed) => {
        const run = (): string => {
          const b = bench({ seed })
          b.minutes(20)
          return b.exchange.eventLog().sha256
        }
        expect(run()).toBe(run())
      }),
      { numRuns: 10 },
    )
  })
})

describe('latency and faults', () => {
  it('submit waits for the order-in and ack latency in virtual time', () => {
    const b = bench({ latency: { orderIn: { min: 20, max: 20 }, ack: { min: 30, max: 30 } } })
    b.minutes(1)
    const t0 = b.exchange.now
    const answered: number[] = []
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' }
    b.exchange.submit('POST /fapi/v1/order', KEY, order, (outcome) => {
      expect(outcome.ok).toBe(true)
      answered.push(b.exchange.now)
    })
    expect(b.exchange.account(KEY).orders).toBe(0)
    b.exchange.advanceTo(t0 + 49)
    expect(b.exchange.account(KEY).orders).toBe(1)
    expect(answered).toEqual([])
    b.exchange.advanceTo(t0 + 50)
    expect(answered).toEqual([t0 + 50])
  })

  it('user events are duplicated, held back or lost on demand', () => {
    const b = bench({})
    b.minutes(1)
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.010' }
    const heard = (how: 'duplicate' | 'late' | 'drop'): number => {
      b.user.length = 0
      b.exchange.fault({ kind: 'user', account: KEY, how, count: 1, ms: 5_000 })
      b.call('POST /fapi/v1/order', order)
      b.exchange.advanceTo(b.exchange.now + 100)
      return b.user.length
    }
    b.call('POST /fapi/v1/order', order)
    b.exchange.advanceTo(b.exchange.now + 100)
    const usual = b.user.length
    expect(heard('drop')).toBe(usual - 1)
    expect(heard('late')).toBe(usual - 1)
    b.exchange.advanceTo(b.exchange.now + 6_000)
    expect(b.user.length).toBe(usual)
    heard('duplicate')
    b.exchange.advanceTo(b.exchange.now + 6_000)
    expect(b.user.length).toBe(usual + 1)
  })

  it('ids pass 2^53 on demand and orders are still found by them', () => {
    const b = bench({})
    b.minutes(1)
    b.exchange.fault({ kind: 'ids', from: '9007199254740993' })
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.010', price: '60000' }
    const body = b.body('POST /fapi/v1/order', order)
    expect(body['orderId']).toBe(9007199254740993n)
    expect(b.body('GET /fapi/v1/order', { symbol: 'BTCUSDT', orderId: '9007199254740993' })['status']).toBe('NEW')
  })

  it('a price jump stays and gaps stops', () => {
    const b = bench({})
    b.minutes(1)
    const price = (): number => Number(b.body('GET /fapi/v2/ticker/price', { symbol: 'BTCUSDT' })['price'])
    const before = price()
    b.exchange.fault({ kind: 'jump', symbol: 'BTCUSDT', fraction: '-0.08' })
    b.minutes(2)
    expect(price() / before).toBeCloseTo(0.92, 1)
  })
})
