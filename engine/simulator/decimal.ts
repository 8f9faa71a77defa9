/** Decimal of the embedded exchange: exact for every sum and product here; quotients carry 40 digits. */
import { Decimal as Base } from 'decimal.js'
import type { DecimalText } from '../contract/decimal-text.ts'

export const Decimal = Base.clone({ precision: 40, rounding: Base.ROUND_HALF_UP, toExpNeg: -40, toExpPos: 40 })
export type Decimal = Base

export const dec = (value: string | number | bigint | Decimal): Decimal => new Decimal(typeof value === 'bigint' ? value.toString() : value)
export const ZERO = dec(0)
export const ONE = dec(1)

/** USDT amounts have eight decimals at the venue: realised profit, commission and funding are booked rounded to them. */
export const toMoney = (value: Decimal): Decimal => value.toDecimalPlaces(8, Base.ROUND_HALF_UP)

/** Plain text without exponent and without trailing zeros. */
export const plain = (value: Decimal): DecimalText => (value.isZero() ? '0' : value.toFixed()) as DecimalText
/** Eight decimals, as the venue prints USDT. */
export const money = (value: Decimal): string => value.toFixed(8)
