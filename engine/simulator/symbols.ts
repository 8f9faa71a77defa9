/**
 * Contract specifications as the venue's exchangeInfo states them, plus what it states elsewhere: leverage tiers, fees, funding.
 * Amounts are decimal text.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { invariant } from '../contract/result.ts'
import { dec, Decimal, plain } from './decimal.ts'
import { SYMBOL_ROWS, TIER_ROWS } from './symbols-data.ts'
import { MORE_SYMBOL_ROWS } from './symbols-more.ts'

export interface TierSpec {
  /** Largest notional of the tier, USDT. */
  readonly cap: DecimalText
  /** Maintenance margin rate, a fraction. */
  readonly rate: DecimalText
  readonly leverage: number
  /** Maintenance amount: cum_i = cum_{i-1} + floor_i × (rate_i − rate_{i-1}). */
  readonly cum: DecimalText
}

export interface SymbolSpec {
  readonly symbol: string
  readonly baseAsset: string
  readonly quoteAsset: string
  readonly status: string
  readonly pricePrecision: number
  readonly quantityPrecision: number
  readonly tickSize: DecimalText
  readonly minPrice: DecimalText
  readonly maxPrice: DecimalText
  readonly stepSize: DecimalText
  readonly minQty: DecimalText
  readonly maxQty: DecimalText
  readonly marketStepSize: DecimalText
  readonly marketMinQty: DecimalText
  readonly marketMaxQty: DecimalText
  readonly minNotional: DecimalText
  readonly multiplierUp: DecimalText
  readonly multiplierDown: DecimalText
  readonly maxOrders: number
  readonly triggerProtect: DecimalText
  readonly liquidationFee: DecimalText
  readonly marketTakeBound: DecimalText
  readonly makerFee: DecimalText
  readonly takerFee: DecimalText
  /** Cap of the funding rate, a fraction. */
  readonly fundingCap: DecimalText
  readonly fundingIntervalHours: number
  /** Price used by synthetic tapes and preludes when none is given. */
  readonly referencePrice: DecimalText
  readonly tiers: readonly TierSpec[]
}

const text = (value: string): DecimalText => value as DecimalText

/** Tiers from "cap@ratexleverage …", with the cumulative amounts computed. */
export function parseTiers(row: string): readonly TierSpec[] {
  let floor = dec(0)
  let previousRate = dec(0)
  let cum = dec(0)
  return row.split(' ').map((part) => {
    const [cap = '', rest = ''] = part.split('@')
    const [rate = '', leverage = ''] = rest.split('x')
    if (!floor.isZero()) cum = cum.plus(floor.times(dec(rate).minus(previousRate)))
    floor = dec(cap)
    previousRate = dec(rate)
    return { cap: text(cap), rate: text(rate), leverage: Number(leverage), cum: plain(cum) }
  })
}

function parseRow(row: string): SymbolSpec {
  const [symbol = '', pp, qp, tick, minP, maxP, step, minQ, maxQ, mktMax, notional, liqFee, reference, tierSet = ''] = row.split('|')
  const field = (value: string | undefined): DecimalText => text(value ?? '')
  const tiers = TIER_ROWS[tierSet]
  invariant(tiers !== undefined && reference !== undefined, `contract row of ${symbol} is complete`)
  return {
    symbol,
    baseAsset: symbol.slice(0, -4),
    quoteAsset: 'USDT',
    status: 'TRADING',
    pricePrecision: Number(pp),
    quantityPrecision: Number(qp),
    tickSize: field(tick),
    minPrice: field(minP),
    maxPrice: field(maxP),
    stepSize: field(step),
    minQty: field(minQ),
    maxQty: field(maxQ),
    marketStepSize: field(step),
    marketMinQty: field(minQ),
    marketMaxQty: field(mktMax),
    minNotional: field(notional),
    multiplierUp: text('1.0500'),
    multiplierDown: text('0.9500'),
    maxOrders: 200,
    triggerProtect: text('0.0500'),
    liquidationFee: field(liqFee),
    marketTakeBound: text('0.05'),
    makerFee: text('0.0002'),
    takerFee: text('0.0005'),
    fundingCap: text(symbol === 'BTCUSDT' ? '0.003' : '0.02'),
    fundingIntervalHours: 8,
    referencePrice: field(reference),
    tiers: parseTiers(tiers),
  }
}

const decimalsOf = (value: string): number => value.split('.')[1]?.length ?? 0

/** A full row from what is known of a further contract: a price of 10,000 ticks, sizes of about 30 M USDT. */
function deriveRow(base: string, tick: string, step: string): string {
  const reference = dec(tick).times(10_000)
  const lots = dec(10).pow(Math.max(0, Math.floor(Math.log10(30_000_000 / reference.toNumber()))))
  const largest = Decimal.max(lots, dec(step).times(10_000))
  const fields = [
    `${base}USDT`,
    Math.min(8, decimalsOf(tick) + 1),
    decimalsOf(step),
    tick,
    tick,
    plain(reference.times(1_000)),
    step,
    step,
    plain(largest),
    plain(Decimal.max(largest.div(5), step).toDecimalPlaces(decimalsOf(step))),
    '5',
    '0.0150',
    plain(reference),
    'SOL',
  ]
  return fields.join('|')
}

const ROWS: ReadonlyMap<string, string> = new Map([
  ...MORE_SYMBOL_ROWS.flatMap((row) => {
    const [tick = '', step = '', bases = ''] = row.split('|')
    return bases.split(' ').map((base) => [`${base}USDT`, deriveRow(base, tick, step)] as const)
  }),
  ...SYMBOL_ROWS.map((row) => [row.slice(0, row.indexOf('|')), row] as const),
])
const parsed = new Map<string, SymbolSpec>()

/** Every symbol with built-in contract data; those with the venue's own figures first. */
export const KNOWN_SYMBOLS: readonly string[] = [...new Set([...SYMBOL_ROWS.map((row) => row.slice(0, row.indexOf('|'))), ...ROWS.keys()])]

/** Built-in specification of a symbol; undefined when there is none. */
export function symbolSpec(symbol: string): SymbolSpec | undefined {
  const row = ROWS.get(symbol)
  if (row === undefined) return undefined
  const spec = parsed.get(symbol) ?? parseRow(row)
  parsed.set(symbol, spec)
  return spec
}
