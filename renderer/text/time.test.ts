import { expect, it } from 'vitest'
import { formatAge, formatDateTime, formatDuration, formatTime } from './time.ts'

it.each([
  [0, '0.0 s'],
  [449, '0.4 s'],
  [14_200, '14.2 s'],
  [59_999, '59.9 s'],
  [192_000, '3 min 12 s'],
  [7_500_000, '2 h 05 min'],
  [273_600_000, '3 d 4 h'],
  [-5, '0.0 s'],
  [Number.NaN, '—'],
])('%i ms of age read %s', (ms, text) => expect(formatAge(ms)).toBe(text))
it.each([
  [0.34, '340 µs'],
  [3.25, '3.3 ms'],
  [38, '38 ms'],
  [1200, '1.20 s'],
])('%d ms read %s', (ms, text) => expect(formatDuration(ms)).toBe(text))
it('times are UTC', () => {
  expect(formatTime(Date.UTC(2021, 1, 19, 12, 55, 3, 412))).toBe('12:55:03.412')
  expect(formatDateTime(Date.UTC(2021, 1, 19, 0, 0, 0, 7))).toBe('2021-02-19 00:00:00.007')
  expect(formatTime(Number.POSITIVE_INFINITY)).toBe('—')
})
