/** What checks feed the engine with: filters of every symbol the embedded exchange lists, seeded randomness, fills. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { PositionSide, Side, SymbolFilters, VenueFill } from '../contract/venue.ts'
import { KNOWN_SYMBOLS, symbolSpec, type SymbolSpec } from '../simulator/symbols.ts'

export const text = (value: string): DecimalText => value as DecimalText

const ORDER_TYPES = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']

export const filtersOf = (spec: SymbolSpec): SymbolFilters => ({
  symbol: spec.symbol,
  baseAsset: spec.baseAsset,
  quoteAsset: spec.quoteAsset,
  status: spec.status,
  tickSize: spec.tickSize,
  minPrice: spec.minPrice,
  maxPrice: spec.maxPrice,
  stepSize: spec.stepSize,
  minQuantity: spec.minQty,
  maxQuantity: spec.maxQty,
  marketStepSize: spec.marketStepSize,
  marketMinQuantity: spec.marketMinQty,
  marketMaxQuantity: spec.marketMaxQty,
  minNotional: spec.minNotional,
  multiplierUp: spec.multiplierUp,
  multiplierDown: spec.multiplierDown,
  pricePrecision: spec.pricePrecision,
  quantityPrecision: spec.quantityPrecision,
  maxOrders: spec.maxOrders,
  triggerProtect: spec.triggerProtect,
  liquidationFee: spec.liquidationFee,
  marketTakeBound: spec.marketTakeBound,
  orderTypes: ORDER_TYPES,
})

export interface Listing {
  readonly filters: SymbolFilters
  readonly referencePrice: DecimalText
}

/** Every symbol with its filters and a price to think in. */
export const listings = (): readonly Listing[] =>
  KNOWN_SYMBOLS.flatMap((symbol) => symbolSpec(symbol) ?? []).map((spec) => ({
    filters: filtersOf(spec),
    referencePrice: spec.referencePrice,
  }))

export function listing(symbol: string): Listing {
  const found = listings().find((one) => one.filters.symbol === symbol)
  if (found === undefined) throw new RangeError(`no listing ${symbol}`)
  return found
}

/** Uniform in [0, 1), the same sequence for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A shuffled copy. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const out = [...items]
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [out[i], out[j]]
    if (a === undefined || b === undefined) continue
    out[i] = b
    out[j] = a
  }
  return out
}

/** A taker fill; realised profit "0" means that the ledger's own figure stands. */
export function fill(id: number, side: Side, quantity: string, price: string, extra: Partial<VenueFill> = {}): VenueFill {
  return {
    symbol: 'BTCUSDT',
    tradeId: String(id),
    orderId: String(1_000 + id),
    side,
    positionSide: 'BOTH' satisfies PositionSide,
    price: text(price),
    quantity: text(quantity),
    realizedPnl: text('0'),
    commission: text('0'),
    commissionAsset: 'USDT',
    maker: false,
    time: 1_700_000_000_000 + id,
    ...extra,
  }
}
