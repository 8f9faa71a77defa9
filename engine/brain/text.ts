/** A double from the ring as the venue's own decimal text: the shortest form that reads back as the same double (INV-01). */
import { isDecimalText, type DecimalText } from '../contract/decimal-text.ts'
import { Decimal, parseDecimalText, ZERO } from '../money/decimal.ts'

/** Below it a double's text has no exponent of its own size. */
const PLAIN = 1e20

/** null for what is no amount (NaN, ±Infinity). */
export function textOf(value: number): DecimalText | null {
  const text = String(value)
  if (isDecimalText(text)) return text
  const parsed = parseDecimalText(text)
  return parsed.ok ? parsed.value : null
}

/** 0 for what is no amount. */
export function amountOf(value: number): Decimal {
  // What decimal.js reads of a number is String(value), too.
  if (Math.abs(value) < PLAIN) return new Decimal(value)
  const text = textOf(value)
  return text === null ? ZERO : new Decimal(text)
}
