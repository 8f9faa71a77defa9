/**
 * Venue decimals as doubles, for charts and indicators only (INV-01), strictly and in one pass.
 *
 * Lossless both ways: text is accepted only when its digits fit 2^53, so `digits / 10^places` is the correctly rounded double and
 * `String(double)` gives the same number back. A price that becomes an order is re-read from that text and quantised.
 */
import type { Refusal } from './refusals.ts'

/** Results below zero are refusals; accepted numbers are never negative here. */
export const READ_REFUSAL = {
  missing: -1,
  notANumber: -2,
  notFinite: -3,
  negative: -4,
  tooPrecise: -5,
} as const

const REASONS: readonly Refusal[] = ['missing', 'not-a-number', 'not-finite', 'negative', 'too-precise']

/** The reason behind a negative result of `readDecimal`. */
export const readRefusal = (result: number): Refusal => REASONS[-result - 1] ?? 'not-a-number'

const MAX_DIGITS = 2 ** 53
const MAX_LENGTH = 40
const POWERS = Array.from({ length: MAX_LENGTH }, (_, n) => Number(`1e${n}`))
/** Powers of ten are exact doubles up to here. */
const MAX_PLACES = 22

const refuse = (text: string): number => {
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return READ_REFUSAL.notFinite
  if (/^-\d+(?:\.\d+)?$/.test(text)) return READ_REFUSAL.negative
  return READ_REFUSAL.notANumber
}

/** Digits beyond 2^53 are accepted when they are trailing zeros of the fraction. */
const shorten = (text: string): number => {
  const trimmed = text.includes('.') ? text.replace(/\.?0+$/, '') : text
  return trimmed.length < text.length ? readDecimal(trimmed) : READ_REFUSAL.tooPrecise
}

/** A plain decimal such as "58710.20" as a double ≥ 0, or one of READ_REFUSAL. JSON numbers are not how the venue writes prices. */
export function readDecimal(value: unknown): number {
  if (typeof value !== 'string') return value === undefined || value === null ? READ_REFUSAL.missing : READ_REFUSAL.notANumber
  const { length } = value
  if (length === 0 || length > MAX_LENGTH) return READ_REFUSAL.notANumber
  let digits = 0
  let places = 0
  let fraction = 0
  for (let at = 0; at < length; at += 1) {
    const code = value.charCodeAt(at)
    if (code >= 48 && code <= 57) {
      digits = digits * 10 + (code - 48)
      places += fraction
    } else if (code === 46 && fraction === 0 && at > 0 && at < length - 1) fraction = 1
    else return refuse(value)
  }
  if (digits > MAX_DIGITS || places > MAX_PLACES) return shorten(value)
  return places === 0 ? digits : digits / (POWERS[places] ?? 1)
}

/** A rate that may be negative ("-0.00012"); NaN when it is no number. */
export function readSigned(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN
  const negative = value.charCodeAt(0) === 45
  const size = readDecimal(negative ? value.slice(1) : value)
  return size < 0 ? Number.NaN : negative ? -size : size
}
