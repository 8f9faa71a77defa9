import fc from 'fast-check'
import { expect, it } from 'vitest'
import { changePercent, formatDecimal, signOf, UNKNOWN } from './decimal.ts'

it.each([
  ['1234567.5', 2, '1,234,567.50'],
  ['-58.5', 2, '\u221258.50'],
  ['0', 2, '0.00'],
  ['-0.001', 2, '0.00'],
  ['0.005', 2, '0.01'],
  ['-0.005', 2, '\u22120.01'],
  ['999.995', 2, '1,000.00'],
  ['999.4', 0, '999'],
  ['0.5', 0, '1'],
  ['9007199254740993.1', 1, '9,007,199,254,740,993.1'],
  ['0.1', 8, '0.10000000'],
])('%s with %i decimals is %s', (text, decimals, shown) => {
  expect(formatDecimal(text, { decimals })).toBe(shown)
})

it('keeps the text own decimals when none are asked for, and marks gains on request', () => {
  expect(formatDecimal('1000.120')).toBe('1,000.120')
  expect(formatDecimal('20.55', { sign: 'always' })).toBe('+20.55')
  expect(formatDecimal('0.00', { sign: 'always' })).toBe('0.00')
})

it.each(['', 'NaN', '1e5', 'Infinity', '1,000', ' 1', '.5', '1.', '0x10', null, undefined])('%s is unknown, never a number', (text) => {
  expect(formatDecimal(text, { decimals: 2 })).toBe(UNKNOWN)
  expect(signOf(text)).toBe(0)
})

it('loses no digit of any decimal text', () => {
  const digits = (min: number, max: number) =>
    fc.string({ unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'), minLength: min, maxLength: max })
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), digits(1, 12), (whole, fraction) => {
      const text = `${whole}.${fraction}`
      const shown = formatDecimal(text).replaceAll(',', '').replace('\u2212', '-')
      const zero = /^-?0\.0*$/.test(text)
      expect(shown).toBe(zero ? text.replace('-', '') : text)
    }),
  )
})

it.each([
  ['110', '100', '10.00'],
  ['98.76', '100', '-1.24'],
  ['100', '100', '0.00'],
  ['100.004', '100', '0.00'],
  ['99.996', '100', '0.00'],
  ['100.005', '100', '0.01'],
  ['68412.50', '69271.5', '-1.24'],
])('from %2$s to %1$s', (last, open, expected) => {
  expect(changePercent(last, open)).toBe(expected)
})
it('says nothing about a change from zero or from nothing', () => {
  expect(changePercent('1', '0')).toBeNull()
  expect(changePercent('', '1')).toBeNull()
})
