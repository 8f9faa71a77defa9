/**
 * Venue values at the border: decimal text without exponent (INV-01), ids as text (they may pass 2^53), times in ms.
 * Input is the output of parseLossless: numbers are exact, inexact ones arrive as text already.
 */
import * as v from 'valibot'
import { isDecimalText, type DecimalText } from '../../contract/decimal-text.ts'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'

const SCIENTIFIC = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/

/** "0E-8", "1e-7", "+1.50", "007.10" as plain decimal text; undefined when it is no number. */
export function plainDecimal(text: string): DecimalText | undefined {
  if (isDecimalText(text)) return text
  if (text.length > 64) return undefined
  const found = SCIENTIFIC.exec(text)
  if (found === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponentText = '0'] = found
  const exponent = Number(exponentText)
  const digits = whole + fraction
  const point = whole.length + exponent
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0')
  const at = Math.max(point, 1)
  const integer = padded.slice(0, at).replace(/^0+(?=\d)/, '')
  const rest = padded.slice(at)
  const plain = `${sign === '-' && /[1-9]/.test(digits) ? '-' : ''}${integer}${rest === '' ? '' : `.${rest}`}`
  return isDecimalText(plain) ? plain : undefined
}

const toDecimal = (value: string | number): DecimalText | undefined => plainDecimal(typeof value === 'number' ? String(value) : value)

/** A decimal as text or as an exact JSON number. */
export const decimal = v.pipe(
  v.union([v.string(), v.number()]),
  v.rawTransform(({ dataset, addIssue, NEVER }): DecimalText => {
    const plain = toDecimal(dataset.value)
    if (plain !== undefined) return plain
    addIssue({ message: 'expected a decimal number' })
    return NEVER
  }),
)

export const ZERO = '0' as DecimalText

/** Absent, null and "" mean zero. */
export const decimalOrZero = v.pipe(
  v.nullish(v.union([v.string(), v.number()]), '0'),
  v.rawTransform(({ dataset, addIssue, NEVER }): DecimalText => {
    const plain = dataset.value === '' ? ZERO : toDecimal(dataset.value)
    if (plain !== undefined) return plain
    addIssue({ message: 'expected a decimal number' })
    return NEVER
  }),
)

const isNotNegative = (text: DecimalText): boolean => !text.startsWith('-') || !/[1-9]/.test(text)
/** A price or quantity. */
export const amount = v.pipe(decimal, v.check(isNotNegative, 'must not be negative'))
export const amountOrZero = v.pipe(decimalOrZero, v.check(isNotNegative, 'must not be negative'))

/** An id: digits as text, or an exact integer. */
export const id = v.pipe(
  v.union([v.pipe(v.string(), v.regex(/^\d{1,30}$/, 'expected an id')), v.pipe(v.number(), v.safeInteger(), v.minValue(0))]),
  v.transform(String),
)

export const time = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
export const timeOrZero = v.optional(time, 0)
/** Binance writes booleans as true, "true" or "TRUE". */
export const flag = v.pipe(
  v.nullish(v.union([v.boolean(), v.string()]), false),
  v.transform((value) => value === true || value === 'true' || value === 'TRUE'),
)
export const name = v.pipe(v.string(), v.minLength(1), v.maxLength(64))

/** Reads `value` by `schema`; the failure names the field, never the content. */
export function decode<S extends v.GenericSchema>(schema: S, value: unknown): Result<v.InferOutput<S>, Failure<'malformed'>> {
  const parsed = v.safeParse(schema, value, { abortEarly: true })
  if (parsed.success) return ok(parsed.output)
  const [issue] = parsed.issues
  return fail('malformed', `${v.getDotPath(issue) ?? 'document'}: ${issue.message}`)
}
