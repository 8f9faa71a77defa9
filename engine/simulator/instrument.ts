/**
 * A symbol in integers: prices in price units (PU, 10^-(pricePrecision+1)) and quantities in quantity units (QU,
 * 10^-(quantityPrecision+2)), so that matching is exact and fast, and steps may become finer mid-run without rounding anything.
 * Invariant: every PU/QU amount is a safe integer.
 */
import { invariant } from '../contract/result.ts'
import { dec, type Decimal } from './decimal.ts'
import type { SymbolSpec } from './symbols.ts'

const EXTRA_PRICE_DIGITS = 1
const EXTRA_QTY_DIGITS = 2

/** `units` / 10^`scale` as text with `digits` decimals (digits ≥ what the value needs, or lower digits are cut off). */
export function fixedText(units: number, scale: number, digits: number): string {
  const negative = units < 0
  let body = String(Math.abs(units))
  if (body.length <= scale) body = '0'.repeat(scale - body.length + 1) + body
  const whole = scale === 0 ? body : body.slice(0, -scale)
  const part = scale === 0 ? '' : body.slice(-scale)
  const shown = digits <= part.length ? part.slice(0, digits) : part + '0'.repeat(digits - part.length)
  return (negative ? '-' : '') + (digits === 0 ? whole : `${whole}.${shown}`)
}

export interface ParsedNumber {
  readonly negative: boolean
  readonly zero: boolean
  /** Digits after the point once trailing zeros are gone. */
  readonly decimals: number
  /** Value × 10^scale, or null when it needs more digits than `scale` or is too large to be exact. */
  units(scale: number): number | null
}

/** Plain decimal text ("12.50"); null for anything else (exponents, NaN, blanks). */
export function parseNumber(value: string): ParsedNumber | null {
  if (value.length > 40 || !/^-?(\d+\.?\d*|\.\d+)$/.test(value)) return null
  const negative = value.startsWith('-')
  const [whole = '', fraction = ''] = (negative ? value.slice(1) : value).split('.')
  const part = fraction.replace(/0+$/, '')
  return {
    negative,
    zero: /^0*$/.test(whole) && part === '',
    decimals: part.length,
    units(scale) {
      if (part.length > scale) return null
      const units = Number(whole + part.padEnd(scale, '0'))
      return Number.isSafeInteger(units) ? (negative ? -units : units) : null
    },
  }
}

export class Instrument {
  readonly symbol: string
  readonly priceDigits: number
  readonly qtyDigits: number
  readonly priceScale: number
  readonly qtyScale: number
  /** One PU × one QU in USDT. */
  readonly quoteUnit: Decimal
  readonly priceUnit: Decimal
  readonly qtyUnit: Decimal
  spec: SymbolSpec
  tick = 1
  minPrice = 0
  maxPrice = 0
  step = 1
  minQty = 0
  maxQty = 0
  marketStep = 1
  marketMinQty = 0
  marketMaxQty = 0
  /** MIN_NOTIONAL in PU × QU. */
  minNotional = 0
  /** Fee rates in 10^-8. */
  makerRate = 0n
  takerRate = 0n
  liquidationRate = 0n
  fundingCap = 0

  constructor(spec: SymbolSpec) {
    this.symbol = spec.symbol
    this.priceDigits = spec.pricePrecision + EXTRA_PRICE_DIGITS
    this.qtyDigits = spec.quantityPrecision + EXTRA_QTY_DIGITS
    this.priceScale = 10 ** this.priceDigits
    this.qtyScale = 10 ** this.qtyDigits
    this.priceUnit = dec(10).pow(-this.priceDigits)
    this.qtyUnit = dec(10).pow(-this.qtyDigits)
    this.quoteUnit = this.priceUnit.times(this.qtyUnit)
    this.spec = spec
    invariant(this.#load(spec), `${spec.symbol}: filters fit the symbol's precision`)
  }

  /** Takes changed filters; false (and nothing changes) when they need more digits than this symbol carries. */
  change(change: Partial<SymbolSpec>): boolean {
    const next = { ...this.spec, ...change, symbol: this.symbol }
    if (!this.#load(next)) return false
    this.spec = next
    return true
  }

  #load(spec: SymbolSpec): boolean {
    const price = (value: string): number | null => parseNumber(value)?.units(this.priceDigits) ?? null
    const qty = (value: string): number | null => parseNumber(value)?.units(this.qtyDigits) ?? null
    const values = [
      price(spec.tickSize),
      price(spec.minPrice),
      price(spec.maxPrice),
      qty(spec.stepSize),
      qty(spec.minQty),
      qty(spec.maxQty),
    ]
    const market = [qty(spec.marketStepSize), qty(spec.marketMinQty), qty(spec.marketMaxQty)]
    const [tick, minPrice, maxPrice, step, minQty, maxQty] = values
    const [marketStep, marketMinQty, marketMaxQty] = market
    if (!tick || minPrice === null || minPrice === undefined || !maxPrice) return false
    if (!step || minQty === null || minQty === undefined || !maxQty) return false
    if (!marketStep || marketMinQty === null || marketMinQty === undefined || !marketMaxQty) return false
    this.minNotional = parseNumber(spec.minNotional)?.units(this.priceDigits + this.qtyDigits) ?? 0
    const rate = (value: string): number => parseNumber(value)?.units(8) ?? 0
    this.makerRate = BigInt(rate(spec.makerFee))
    this.takerRate = BigInt(rate(spec.takerFee))
    this.liquidationRate = BigInt(rate(spec.liquidationFee))
    this.fundingCap = Number(spec.fundingCap)
    Object.assign(this, { tick, minPrice, maxPrice, step, minQty, maxQty, marketStep, marketMinQty, marketMaxQty })
    return true
  }

  priceText(units: number): string {
    return fixedText(units, this.priceDigits, this.spec.pricePrecision)
  }

  /** Eight decimals, as mark and index prices are printed. */
  markText(units: number): string {
    return fixedText(units, this.priceDigits, 8)
  }

  qtyText(units: number): string {
    return fixedText(units, this.qtyDigits, this.spec.quantityPrecision)
  }

  /** PU×QU, a statistic (exact below 2^53), with `digits` decimals. */
  quoteText(units: number, digits: number): string {
    return (units / (this.priceScale * this.qtyScale)).toFixed(digits)
  }

  price(units: number): Decimal {
    return this.priceUnit.times(units)
  }

  qty(units: number): Decimal {
    return this.qtyUnit.times(units)
  }

  /** Nearest tick to a price in USDT (a float: for tapes and ladders only). */
  tickOf(price: number): number {
    return Math.max(1, Math.round((price * this.priceScale) / this.tick)) * this.tick
  }
}
