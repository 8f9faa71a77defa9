/** Decimal of the embedded exchange: exact for every sum and product here; quotients carry 60 digits. */
import type { DecimalText } from '../contract/decimal-text.ts'
import { Decimal, ONE, Rounding, toText, ZERO } from '../money/decimal.ts'

export { Decimal, ONE, ZERO }

export const dec = (value: string | number | bigint | Decimal): Decimal => new Decimal(typeof value === 'bigint' ? value.toString() : value)

/** USDT amounts have eight decimals at the venue: realised profit, commission and funding are booked rounded to them. */
export const toMoney = (value: Decimal): Decimal => value.toDecimalPlaces(8, Rounding.halfUp)

/** Plain text without exponent and without trailing zeros. */
export const plain = (value: Decimal): DecimalText => toText(value)
/** Eight decimals, as the venue prints USDT. */
export const money = (value: Decimal): string => value.toFixed(8)
