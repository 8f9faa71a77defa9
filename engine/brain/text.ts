/** A double from the ring as the venue's own decimal text: the shortest form that reads back as the same double (INV-01). */
import type { DecimalText } from '../contract/decimal-text.ts'
import { decimal, parseDecimalText, ZERO, type Decimal } from '../money/decimal.ts'

/** null for what is no amount (NaN, ±Infinity). */
export function textOf(value: number): DecimalText | null {
  const parsed = parseDecimalText(String(value))
  return parsed.ok ? parsed.value : null
}

/** 0 for what is no amount. */
export function amountOf(value: number): Decimal {
  const text = textOf(value)
  return text === null ? ZERO : decimal(text)
}
