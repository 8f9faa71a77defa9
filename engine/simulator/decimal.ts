/**
 * Amounts of the embedded exchange. Balances are `Money`: whole counts of 10^-8 USDT, as the venue books them, exact by nature.
 * Decimal serves documents and margins: exact for sums and products, quotients carry 60 digits.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { Decimal, ONE, Rounding, toText, ZERO } from '../money/decimal.ts'

export { Decimal, ONE, ZERO }

export const dec = (value: string | number | bigint | Decimal): Decimal => new Decimal(typeof value === 'bigint' ? value.toString() : value)

/** Counts of 10^-8 USDT. */
export type Money = bigint
export const MONEY_PLACES = 8

/** Quotient rounded half away from zero. */
export function roundedDiv(value: bigint, divisor: bigint): bigint {
  const half = divisor / 2n
  return value < 0n ? -((-value + half) / divisor) : (value + half) / divisor
}

/** Realised profit, commission and funding are booked rounded half up to eight decimals. */
export const toMoney = (value: Decimal): Money => BigInt(value.times('1e8').toDecimalPlaces(0, Rounding.halfUp).toFixed())
export const fromMoney = (value: Money): Decimal => new Decimal(value.toString()).times('1e-8')
export const moneyOf = (text: DecimalText): Money => toMoney(new Decimal(text))

/** A count of 10^-`places` as text with all its places. */
export function countText(value: bigint, places: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(places + 1, '0')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`
}

/** Without trailing zeros. */
export const countPlain = (value: bigint, places: number): DecimalText =>
  (value === 0n ? '0' : countText(value, places).replace(/\.?0+$/, '')) as DecimalText

/** Eight decimals, as the venue prints USDT. */
export const moneyText = (value: Money): string => countText(value, MONEY_PLACES)
/** Without trailing zeros. */
export const moneyPlain = (value: Money): DecimalText => countPlain(value, MONEY_PLACES)

/** Plain text without exponent and without trailing zeros. */
export const plain = (value: Decimal): DecimalText => toText(value)
export const money = (value: Decimal): string => value.toFixed(MONEY_PLACES)
