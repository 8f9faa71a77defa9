/**
 * Exact fixed-point decimals on BigInt for the ledger's inner loop: an amount is an integer count of 10^-18, a product of two
 * amounts an integer count of 10^-36. Sums and products have no rounding at all; it is proved equal to Decimal by property test.
 * Texts with more than 18 decimals are refused (`null`), never cut.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { MONEY_PLACES } from './decimal.ts'

export const AMOUNT_PLACES = 18
export const PRODUCT_PLACES = 36

const POWERS: readonly bigint[] = Array.from({ length: PRODUCT_PLACES + 1 }, (_, n) => 10n ** BigInt(n))
const power = (n: number): bigint => POWERS[n] ?? 10n ** BigInt(n)
const SCALE = power(AMOUNT_PLACES)
const MONEY_UNIT = power(PRODUCT_PLACES - MONEY_PLACES)
const MONEY_TO_AMOUNT = power(AMOUNT_PLACES - MONEY_PLACES)
const MAX_NUMBER_DIGITS = 15

/** Plain decimal text to a count of 10^-18; null when it has more decimals than that. */
export function toFixedAmount(text: DecimalText): bigint | null {
  const length = text.length
  if (length > MAX_NUMBER_DIGITS + 1) return longAmount(text)
  let index = 0
  let negative = false
  if (text.charCodeAt(0) === 45) {
    negative = true
    index = 1
  }
  let value = 0
  let places = 0
  let fraction = false
  for (; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code === 46) fraction = true
    else {
      value = value * 10 + (code - 48)
      if (fraction) places++
    }
  }
  return BigInt(negative ? -value : value) * power(AMOUNT_PLACES - places)
}

function longAmount(text: DecimalText): bigint | null {
  const dot = text.indexOf('.')
  if (dot < 0) return BigInt(text) * SCALE
  const fraction = text.slice(dot + 1).replace(/0+$/, '')
  if (fraction.length > AMOUNT_PLACES) return null
  return BigInt(text.slice(0, dot) + fraction) * power(AMOUNT_PLACES - fraction.length)
}

/** An integer count of 10^-`places` as plain decimal text without trailing zeros. */
export function fixedText(value: bigint, places: number): DecimalText {
  if (value === 0n) return '0' as DecimalText
  const negative = value < 0n
  const digits = (negative ? -value : value).toString().padStart(places + 1, '0')
  let end = digits.length
  const point = end - places
  while (end > point && digits.charCodeAt(end - 1) === 48) end--
  const text = end === point ? digits.slice(0, point) : `${digits.slice(0, point)}.${digits.slice(point, end)}`
  return (negative ? `-${text}` : text) as DecimalText
}

export const amountText = (value: bigint): DecimalText => fixedText(value, AMOUNT_PLACES)

/** A product (10^-36) rounded half away from zero to the venue's money places, as an amount (10^-18). */
export function productToMoney(product: bigint): bigint {
  const half = MONEY_UNIT / 2n
  const rounded = product < 0n ? -((-product + half) / MONEY_UNIT) : (product + half) / MONEY_UNIT
  return rounded * MONEY_TO_AMOUNT
}

export const absolute = (value: bigint): bigint => (value < 0n ? -value : value)
