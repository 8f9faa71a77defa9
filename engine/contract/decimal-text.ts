/**
 * INV-01: money, price and quantity cross every border as plain decimal text ("-12.50"), never as a number
 * and never in exponent form. The Decimal type itself lives in engine/money.
 */
import * as v from 'valibot'

export type DecimalText = string & { readonly __brand: 'DecimalText' }

const PATTERN = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/

export const isDecimalText = (value: unknown): value is DecimalText =>
  typeof value === 'string' && value.length <= 64 && PATTERN.test(value)

/** Schema for a decimal string at a border; ≤ 64 characters, no exponent, no sign but minus. */
export const decimalText = v.custom<DecimalText>(isDecimalText, 'expected plain decimal text such as "12.50"')
