/**
 * INV-01: the one Decimal of the engine. Money, price and quantity are Decimal inside and plain decimal text at every border;
 * a JavaScript number appears only where `toNumberLossy` is called, for charts and indicators.
 *
 * Sums, differences and products of venue amounts are exact (they have far fewer than 60 digits); quotients carry 60 digits.
 */
import { Decimal as Base } from 'decimal.js'
import type { DecimalText } from '../contract/decimal-text.ts'
import { isDecimalText } from '../contract/decimal-text.ts'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'

export const Decimal = Base.clone({
  precision: 60,
  rounding: Base.ROUND_HALF_UP,
  toExpNeg: -80,
  toExpPos: 80,
  modulo: Base.ROUND_DOWN,
})
export type Decimal = Base

/** Rounding directions of decimal.js by name. */
export const Rounding = {
  up: Base.ROUND_UP,
  down: Base.ROUND_DOWN,
  ceil: Base.ROUND_CEIL,
  floor: Base.ROUND_FLOOR,
  halfUp: Base.ROUND_HALF_UP,
} as const
export type Rounding = (typeof Rounding)[keyof typeof Rounding]

/** Quote currency per unit of base. */
export type Price = Decimal & { readonly __unit: 'price' }
/** Units of the base asset; negative = short where a sign makes sense. */
export type Qty = Decimal & { readonly __unit: 'quantity' }
/** An amount of USDT. */
export type Usdt = Decimal & { readonly __unit: 'usdt' }

/**
 * Text (or a Decimal, returned as it is) to Decimal. The text has passed a border schema already, so anything else than plain
 * decimal text is our own bug: InvariantError. Numbers are not accepted: a float that becomes money is read as `String(x)` by
 * the caller, knowingly.
 */
export function decimal(value: DecimalText | Decimal): Decimal {
  if (typeof value !== 'string') return value
  if (!isDecimalText(value)) throw new InvariantError(`Invariant: not plain decimal text: ${JSON.stringify(value)}`)
  return new Decimal(value)
}

export const ZERO: Decimal = new Decimal(0)
export const ONE: Decimal = new Decimal(1)

export const price = (value: DecimalText | Decimal): Price => decimal(value) as Price
export const qty = (value: DecimalText | Decimal): Qty => decimal(value) as Qty
export const usdt = (value: DecimalText | Decimal): Usdt => decimal(value) as Usdt

/** Plain text: no exponent, no trailing zeros, no "-0". Throws InvariantError for NaN and ±Infinity. */
export function toText(value: Decimal): DecimalText {
  if (!value.isFinite()) throw new InvariantError(`Invariant: ${value.toString()} is no amount`)
  return (value.isZero() ? '0' : value.toFixed()) as DecimalText
}

/** Plain text with exactly `places` decimals (display, venue print), rounded half up. */
export function toTextPlaces(value: Decimal, places: number): DecimalText {
  if (!value.isFinite()) throw new InvariantError(`Invariant: ${value.toString()} is no amount`)
  const text = value.toFixed(places, Rounding.halfUp)
  return (Number(text) === 0 && text.startsWith('-') ? text.slice(1) : text) as DecimalText
}

/** For charts and indicators only (INV-01). */
export const toNumberLossy = (value: DecimalText | Decimal): number => (typeof value === 'string' ? Number(value) : value.toNumber())

/** Decimals the venue books USDT with: realised profit, commission and funding are rounded to them. */
export const MONEY_PLACES = 8
export const toMoney = (value: Decimal): Usdt => value.toDecimalPlaces(MONEY_PLACES, Rounding.halfUp) as Usdt

/**
 * Decimal notation from outside to plain decimal text. Accepted: an optional minus, digits, an optional fraction and an optional
 * exponent ("1e-7"); refused: everything else ("+5", " 3", ".5", "NaN"), text beyond 64 characters, a result beyond them.
 */
export function parseDecimalText(input: string): Result<DecimalText, Failure<'not-decimal'>> {
  if (input.length === 0 || input.length > 64 || !/^-?\d+(?:\.\d+)?(?:[eE][-+]?\d{1,3})?$/.test(input)) {
    return fail('not-decimal', `"${input.slice(0, 70)}" is not a decimal number`)
  }
  const text = toText(new Decimal(input))
  return isDecimalText(text) ? ok(text) : fail('not-decimal', `"${input}" has too many digits`)
}
