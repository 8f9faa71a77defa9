/** The published test tables of ccxt's decimalToPrecision and Precise, through our Decimal and our one rounding function. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import { decimal, Decimal, parseDecimalText, Rounding, toText, toTextPlaces, ZERO } from './decimal.ts'
import { roundToStep } from './quantise.ts'

const folder = new URL('./fixtures/', import.meta.url)
const load = <T>(file: string): T => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as T

interface PrecisionCase {
  readonly input: string
  readonly rounding: 'ROUND' | 'TRUNCATE'
  readonly precision: string
  readonly mode: 'DECIMAL_PLACES' | 'SIGNIFICANT_DIGITS' | 'TICK_SIZE'
  readonly padding: 'NO_PADDING' | 'PAD_WITH_ZERO'
  readonly expected: string
}

/** Every mode is a step: 10^−places, 10^(exponent − digits + 1), or the tick itself. */
function toPrecision({ input, rounding, precision, mode, padding }: PrecisionCase): string {
  const value = new Decimal(input)
  const count = Number(precision)
  let step: Decimal
  if (mode === 'TICK_SIZE') step = new Decimal(precision)
  else if (mode === 'DECIMAL_PLACES') step = new Decimal(10).pow(-count)
  else if (count === 0) return '0'
  // A negative number of significant digits names a power of ten to cut to.
  else if (count < 0) return toText(roundToStep(value, new Decimal(10).pow(-count), Rounding.down))
  else step = new Decimal(10).pow((value.isZero() ? 0 : value.e) - count + 1)
  const rounded = roundToStep(value, step, rounding === 'ROUND' ? Rounding.halfUp : Rounding.down)
  if (padding === 'NO_PADDING') return toText(rounded)
  // Significant digits are counted again after rounding: 0.098765 to one digit is 0.1, not 0.10.
  const places = mode === 'SIGNIFICANT_DIGITS' ? count - 1 - rounded.e : step.decimalPlaces()
  return toTextPlaces(rounded, Math.max(0, places))
}

describe('ccxt decimalToPrecision', () => {
  const { cases } = load<{ cases: PrecisionCase[] }>('decimal_to_precision.json')
  it('has all 156 cases', () => expect(cases.length).toBe(156))
  it.each(cases.map((one, index) => [index, one] as const))('%i %j', (_, one) => {
    expect(toPrecision(one)).toBe(one.expected)
  })
})

interface PreciseCase {
  readonly op: string
  readonly args: readonly string[]
  readonly precision: number | null
  readonly expected: string | boolean
}

function arithmetic({ op, args, precision }: PreciseCase): string | boolean {
  const a = new Decimal(args[0] ?? 'NaN')
  const b = args[1] === undefined ? ZERO : new Decimal(args[1])
  switch (op) {
    case 'Mul':
      return toText(a.mul(b))
    case 'Add':
      return toText(a.plus(b))
    case 'Sub':
      return toText(a.minus(b))
    case 'Div':
      return toText(roundToStep(a.div(b), new Decimal(10).pow(-(precision ?? 18)), Rounding.down))
    case 'Mod':
      return toText(a.mod(b))
    case 'Abs':
      return toText(a.abs())
    case 'Neg':
      return toText(a.neg())
    case 'Min':
      return toText(Decimal.min(a, b))
    case 'Max':
      return toText(Decimal.max(a, b))
    case 'Equals':
      return a.eq(b)
    case 'Gt':
      return a.gt(b)
    case 'Ge':
      return a.gte(b)
    case 'Lt':
      return a.lt(b)
    case 'Le':
      return a.lte(b)
    default:
      throw new Error(`unknown operation ${op}`)
  }
}

describe('ccxt Precise', () => {
  const { cases } = load<{ cases: PreciseCase[] }>('precise_arithmetic.json')
  it('has all 94 cases', () => expect(cases.length).toBe(94))
  it.each(cases.map((one, index) => [index, one] as const))('%i %j', (_, one) => {
    expect(arithmetic(one)).toBe(one.expected)
  })
})

describe('ccxt numberToString', () => {
  const cases = load<{ input: string; expected: string }[]>('number_to_string.json')
  it.each(cases.map((one) => [one.input, one.expected] as const))('%s', (input, expected) => {
    expect(parseDecimalText(input)).toEqual({ ok: true, value: expected })
  })
})

describe('border', () => {
  it.each(['', '+5', ' 3', '.5', '5.', 'NaN', 'Infinity', '0x10', '1e9999', '1_000', '١', '9'.repeat(70), '1e-100'])(
    'refuses %j',
    (input) => {
      expect(parseDecimalText(input)).toMatchObject({ ok: false, error: { code: 'not-decimal' } })
    },
  )
  it('no exponent, no trailing zero, no minus zero', () => {
    expect([
      toText(new Decimal('-0')),
      toText(new Decimal('1e-30')),
      toText(decimal('1.500' as DecimalText)),
      toTextPlaces(new Decimal('-0.001'), 2),
    ]).toEqual(['0', '0.000000000000000000000000000001', '1.5', '0.00'])
  })
})
