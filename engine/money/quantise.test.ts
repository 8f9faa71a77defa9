/** Quantising and validating: P5 (precision, lot size, dust), C1.2, C1.3, C5.3. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { OrderRequest, OrderType, Side, SymbolFilters } from '../contract/venue.ts'
import { decimal, Decimal, price, qty, toText, usdt, ZERO, type Price, type Qty } from './decimal.ts'
import { changedFilters } from './filters.ts'
import { affordableQuantity, quantisePrice, quantiseQuantity, quantiseTrigger, sliceQuantity } from './quantise.ts'
import { validateOrder, type OrderContext } from './validate.ts'

const text = (value: string | number): DecimalText => String(value) as DecimalText
const filters = (symbol: string, tick: string, step: string, notional: string, more: Partial<SymbolFilters> = {}): SymbolFilters => ({
  symbol,
  baseAsset: symbol.replace('USDT', ''),
  quoteAsset: 'USDT',
  status: 'TRADING',
  tickSize: text(tick),
  minPrice: text(tick),
  maxPrice: text('4529764'),
  stepSize: text(step),
  minQuantity: text(step),
  maxQuantity: text('1000'),
  marketStepSize: text(step),
  marketMinQuantity: text(step),
  marketMaxQuantity: text('120'),
  minNotional: text(notional),
  multiplierUp: text('1.0500'),
  multiplierDown: text('0.9500'),
  pricePrecision: 8,
  quantityPrecision: 8,
  maxOrders: 200,
  triggerProtect: text('0.0500'),
  liquidationFee: text('0.012500'),
  marketTakeBound: text('0.05'),
  orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'],
  ...more,
})
/** Capture of 2026-09 (exchange.md §3.4). */
const BTC = filters('BTCUSDT', '0.10', '0.001', '50', { minPrice: text('556.80'), pricePrecision: 2, quantityPrecision: 3 })
const SYMBOLS: readonly SymbolFilters[] = [
  BTC,
  filters('ETHUSDT', '0.01', '0.001', '20', {
    minPrice: text('39.86'),
    maxPrice: text('306177'),
    maxQuantity: text('10000'),
    marketMaxQuantity: text('2000'),
  }),
  filters('SOLUSDT', '0.0010', '1', '5', {
    minPrice: text('0.4200'),
    maxPrice: text('6857'),
    maxQuantity: text('1000000'),
    marketMaxQuantity: text('5000'),
  }),
  filters('XRPUSDT', '0.0001', '0.1', '5', { minPrice: text('0.0143'), maxQuantity: text('10000000'), marketMaxQuantity: text('2000000') }),
  filters('TRXUSDT', '0.00001', '1', '5', {
    minPrice: text('0.00132'),
    maxPrice: text('20000'),
    maxQuantity: text('10000000'),
    marketMaxQuantity: text('5000000'),
  }),
  filters('BCHUSDT', '0.01', '0.001', '20', { minPrice: text('13.93') }),
]
const request = (part: Partial<OrderRequest> = {}): OrderRequest => ({
  clientId: 'a1',
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  quantity: text('0.010'),
  price: text('60000.0'),
  timeInForce: 'GTC',
  ...part,
})
/** Request without the named fields. */
function without(base: OrderRequest, ...keys: readonly ('price' | 'quantity' | 'timeInForce' | 'triggerPrice')[]): OrderRequest {
  const copy: { -readonly [K in keyof OrderRequest]: OrderRequest[K] } = { ...base }
  for (const key of keys) delete copy[key]
  return copy
}

describe('quantise', () => {
  it('P5 C1.2 10000 × 0.98 / 65432.5 leaves as 0.149, and the raw one would have been refused with -1111', () => {
    const raw = new Decimal('10000').mul('0.98').div('65432.5')
    expect(raw.toFixed(17)).toBe('0.14977266648836587')
    expect(toText(quantiseQuantity(qty(raw), BTC, { market: false }))).toBe('0.149')
    expect(validateOrder(request({ quantity: text(raw.toFixed(17)) }), BTC, {})).toMatchObject({ error: { venueCode: -1111 } })
    expect(validateOrder(request({ quantity: text('0.149') }), BTC, {}).ok).toBe(true)
  })

  it('a limit buy floors, a limit sell ceils; a stop moves towards the market, a take-profit too', () => {
    const p = price(text('65432.57'))
    expect([quantisePrice(p, 'BUY', BTC), quantisePrice(p, 'SELL', BTC)].map(toText)).toEqual(['65432.5', '65432.6'])
    expect(
      (
        [
          ['SELL', 'STOP_MARKET'],
          ['BUY', 'STOP_MARKET'],
          ['SELL', 'TAKE_PROFIT_MARKET'],
          ['BUY', 'TAKE_PROFIT'],
        ] as const
      ).map(([side, type]) => toText(quantiseTrigger(p, side, type, BTC))),
    ).toEqual(['65432.6', '65432.5', '65432.5', '65432.6'])
  })

  it('P5 quantity rounds toward zero, dust becomes zero, an exact multiple stays', () => {
    const q = (value: string, market = false) => toText(quantiseQuantity(qty(text(value)), BTC, { market }))
    expect([q('0.1499'), q('-0.1499'), q('0.0009'), q('-0.0009'), q('0.149'), q('0')]).toEqual(['0.149', '-0.149', '0', '0', '0.149', '0'])
    const coarse = { ...BTC, marketStepSize: text('0.01'), marketMinQuantity: text('0.05') }
    expect(
      [quantiseQuantity(qty(text('0.149')), coarse, { market: true }), quantiseQuantity(qty(text('0.049')), coarse, { market: true })].map(
        toText,
      ),
    ).toEqual(['0.14', '0'])
  })

  const anyFilters = fc.constantFrom(...SYMBOLS)
  const amount = fc
    .tuple(fc.bigInt({ min: 1n, max: 10n ** 16n }), fc.integer({ min: 0, max: 12 }))
    .map(([n, p]) => new Decimal(n.toString()).div(new Decimal(10).pow(p)))

  it('property: price and quantity land on the venue grid, on the safe side, within one step, and stay put when quantised again', () => {
    fc.assert(
      fc.property(anyFilters, amount, fc.constantFrom<Side>('BUY', 'SELL'), fc.boolean(), (f, value, side, market) => {
        const p = quantisePrice(value as Price, side, f)
        expect(p.minus(f.minPrice).mod(f.tickSize).isZero()).toBe(true)
        expect(side === 'BUY' ? p.lte(value) : p.gte(value)).toBe(true)
        expect(p.minus(value).abs().lt(f.tickSize)).toBe(true)
        expect(quantisePrice(p, side, f).eq(p)).toBe(true)
        const q = quantiseQuantity(value as Qty, f, { market })
        expect(q.mod(f.stepSize).isZero() && q.lte(value) && q.gte(0)).toBe(true)
        expect(q.isZero() || value.minus(q).lt(f.stepSize)).toBe(true)
        expect(toText(quantiseQuantity(decimal(toText(q)) as Qty, f, { market }))).toBe(toText(q))
      }),
      { numRuns: 1_000 },
    )
  })

  it('C1.3 property: slices are each legal and together exactly the quantity rounded toward zero, never more', () => {
    fc.assert(
      fc.property(
        anyFilters,
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.integer({ min: 0, max: 9 }),
        (f, steps, most, dust) => {
          const total = new Decimal(f.stepSize).mul(steps).plus(new Decimal(f.stepSize).mul(dust).div(10)) as Qty
          const cap = new Decimal(f.stepSize).mul(Math.max(most, Math.ceil(steps / 500))) as Qty
          const slices = sliceQuantity(total, cap, f, { market: false })
          const sum = slices.reduce<Decimal>((s, q) => s.plus(q), ZERO)
          expect(sum.eq(quantiseQuantity(total, f, { market: false }))).toBe(true)
          expect(sum.lte(total)).toBe(true)
          expect(slices.every((q) => q.gt(0) && q.lte(cap) && q.mod(f.stepSize).isZero())).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('slices keep the minimum: the remainder takes from the slice before it', () => {
    const f = { ...BTC, minQuantity: text('0.005'), marketMinQuantity: text('0.005') }
    const slices = sliceQuantity(qty(text('0.022')), qty(text('0.010')), f, { market: false })
    expect(slices.map(toText)).toEqual(['0.01', '0.006', '0.006'])
  })

  it('P5 property: what is affordable never costs more than the balance, fee included, and one step more would', () => {
    fc.assert(
      fc.property(
        anyFilters,
        amount,
        amount,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('0', '0.0002', '0.0005'),
        (f, balance, at, leverage, fee) => {
          const q = affordableQuantity(usdt(balance), at as Price, leverage, new Decimal(fee), f, { market: true })
          const cost = (size: Decimal) => size.mul(at).div(leverage).plus(size.mul(at).mul(fee))
          expect(cost(q).lte(balance)).toBe(true)
          const more = q.plus(f.stepSize)
          if (q.gt(0) && more.lte(f.marketMaxQuantity)) expect(cost(more).gt(balance)).toBe(true)
        },
      ),
      { numRuns: 1_000 },
    )
  })
})

describe('validateOrder answers with the venue codes of exchange.md §3.4', () => {
  const mark = decimal(text('60000'))
  const stop = without(request({ type: 'STOP_MARKET', side: 'SELL', triggerPrice: text('59000') }), 'price', 'timeInForce')
  const marketOrder = without(request({ type: 'MARKET' }), 'price', 'timeInForce')
  const cases: readonly [name: string, order: OrderRequest, context: OrderContext, code: number, change?: Partial<SymbolFilters>][] = [
    ['tick', request({ price: text('60000.05') }), {}, -4014],
    ['too many decimals', request({ price: text('60000.123') }), {}, -1111],
    ['quantity decimals', request({ quantity: text('0.0101') }), {}, -1111],
    ['quantity 0', request({ quantity: text('0') }), {}, -4003],
    ['quantity negative', request({ quantity: text('-1') }), {}, -4003],
    ['below minimum', request({ quantity: text('0.004') }), {}, -4004, { minQuantity: text('0.005') }],
    ['above maximum', request({ quantity: text('1001') }), {}, -4005],
    ['market maximum', { ...marketOrder, quantity: text('121') }, {}, -4005],
    ['step', request({ quantity: text('0.015') }), {}, -4023, { stepSize: text('0.010') }],
    ['price 0', request({ price: text('0') }), {}, -4001],
    ['price too low', request({ price: text('500') }), {}, -4013],
    ['price too high', request({ price: text('4529764.8') }), {}, -4002],
    ['buy above the band', request({ price: text('63000.1') }), { mark }, -4016],
    ['sell below the band', request({ side: 'SELL', price: text('56999.9') }), { mark }, -4024],
    ['market out of band', marketOrder, { mark, bestAsk: decimal(text('63001')) }, -4131],
    ['notional', request({ quantity: text('0.001'), price: text('40000') }), {}, -4164],
    ['market notional at the mark', { ...marketOrder, quantity: text('0.001') }, { mark: decimal(text('49999')) }, -4164],
    ['open orders', request(), { openOrders: 200 }, -2025],
    ['conditionals', stop, { openConditionals: 200 }, -4045],
    ['margin', request({ quantity: text('1') }), { available: decimal(text('19999')), leverage: 3 }, -2019],
    ['leverage cap', request({ quantity: text('1') }), { maxNotional: decimal(text('50000')) }, -2027],
    ['reduce-only without a position', request({ side: 'SELL', reduceOnly: true }), { position: ZERO }, -2022],
    ['reduce-only on the wrong side', request({ side: 'BUY', reduceOnly: true }), { position: decimal(text('1')) }, -2022],
    ['stop fires at once', stop, { last: decimal(text('58999')) }, -2021],
    ['stop on the mark fires at once', { ...stop, workingType: 'MARK_PRICE' }, { mark: decimal(text('59000')) }, -2021],
    ['take-profit fires at once', { ...stop, type: 'TAKE_PROFIT_MARKET' }, { last: mark }, -2021],
    ['post-only takes', request({ timeInForce: 'GTX' }), { mark, bestAsk: mark }, -5022],
    ['client id', request({ clientId: 'ü' }), {}, -4015],
    ['client id length', request({ clientId: 'x'.repeat(37) }), {}, -4015],
    ['client id open', request(), { openClientIds: new Set(['a1']) }, -4116],
    ['position side in hedge mode', request(), { hedge: true }, -4061],
    ['position side in one-way mode', request({ positionSide: 'LONG' }), { hedge: false }, -4061],
    ['reduceOnly in hedge mode', request({ positionSide: 'LONG', reduceOnly: true }), { hedge: true }, -1106],
    ['closePosition with quantity', { ...stop, closePosition: true }, {}, -4137],
    ['closePosition with reduceOnly', without({ ...stop, closePosition: true, reduceOnly: true }, 'quantity'), {}, -1106],
    ['closePosition with STOP', without({ ...stop, type: 'STOP', price: text('58900'), closePosition: true }, 'quantity'), {}, -4136],
    ['no time in force', without(request(), 'timeInForce'), {}, -1102],
    ['no price', without(request(), 'price'), {}, -1102],
    ['no quantity', without(request(), 'quantity'), {}, -1102],
    ['no trigger', without(stop, 'triggerPrice'), {}, -1102],
    ['market with a price', { ...marketOrder, price: text('60000') }, {}, -1106],
    ['callback rate', without({ ...stop, type: 'TRAILING_STOP_MARKET', callbackRate: text('11') }, 'triggerPrice'), {}, -1130],
    ['symbol', request({ symbol: 'NOPEUSDT' }), {}, -1121],
    ['halted', request(), {}, -4140, { status: 'TRADING_HALT' }],
    ['settling', request(), {}, -4141, { status: 'SETTLING' }],
    ['type', request(), {}, -1116, { orderTypes: ['MARKET'] }],
    ['good till date', request({ timeInForce: 'GTD', goodTillDate: 1_000_000 }), { now: 500_000 }, -1130],
  ]
  it.each(cases)('%s', (_, order, context, code, change) => {
    expect(validateOrder(order, { ...BTC, ...change }, context)).toMatchObject({ ok: false, error: { venueCode: code } })
  })

  it('passes good orders through unchanged', () => {
    const full: OrderContext = {
      mark,
      last: mark,
      bestBid: mark,
      bestAsk: mark,
      hedge: false,
      position: ZERO,
      openOrders: 199,
      available: decimal(text('200')),
      leverage: 3,
    }
    for (const order of [request(), marketOrder, stop, without({ ...stop, closePosition: true }, 'quantity')]) {
      const result = validateOrder(order, BTC, full)
      expect(result).toEqual({ ok: true, value: order })
    }
    // Exits are exempt from the minimum notional and from margin.
    const exit = { ...marketOrder, side: 'SELL', quantity: text('0.001'), reduceOnly: true } as const
    expect(validateOrder(exit, BTC, { ...full, mark: decimal(text('40000')), position: decimal(text('0.5')), available: ZERO }).ok).toBe(
      true,
    )
  })

  it('unlisted symbol: refused locally', () => {
    expect(validateOrder(request(), undefined, {})).toMatchObject({ error: { code: 'symbol-unknown' } })
  })

  it('P5 property: what quantising makes of any wish is accepted, or is zero', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SYMBOLS),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 1, max: 1_000_000_000 }),
        fc.constantFrom<Side>('BUY', 'SELL'),
        (f, priceUnits, sizeUnits, side) => {
          const wished = new Decimal(f.minPrice).plus(new Decimal(f.tickSize).mul(priceUnits).div(7)) as Price
          const p = quantisePrice(wished, side, f)
          const q = quantiseQuantity(new Decimal(f.stepSize).mul(sizeUnits).div(9_999) as Qty, f, { market: false })
          if (q.isZero() || p.mul(q).lt(f.minNotional) || q.gt(f.maxQuantity) || p.gt(f.maxPrice)) return
          const order = request({ symbol: f.symbol, side, price: toText(p), quantity: toText(q) })
          expect(validateOrder(order, f, {})).toEqual({ ok: true, value: order })
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('filters that change mid-run are named, equal amounts in other notation are not', () => {
    expect(changedFilters(BTC, { ...BTC, tickSize: text('0.1'), stepSize: text('0.01'), minNotional: text('100') })).toEqual([
      { field: 'stepSize', before: '0.001', after: '0.01' },
      { field: 'minNotional', before: '50', after: '100' },
    ])
    const types: readonly OrderType[] = ['LIMIT']
    expect(changedFilters(BTC, { ...BTC, orderTypes: types, status: 'TRADING_HALT' })).toEqual([
      { field: 'status', before: 'TRADING', after: 'TRADING_HALT' },
    ])
  })
})
