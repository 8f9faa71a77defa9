import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS, type ChartBar } from '../contract/cockpit.ts'
import { barSeries } from './bars.ts'

const bar = (minute: number, close = 1): ChartBar => ({ time: minute * 60, open: 1, high: 2, low: 1, close, volume: 1, present: true })

describe('bar series', () => {
  it('stays sorted, unique and bounded whatever order bars and holes come in', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.boolean()), { maxLength: 400 }), (events) => {
        const series = barSeries(100)
        for (const [minute, hole] of events) {
          if (hole) series.hole(minute * 60, (minute + 5) * 60)
          else series.put(bar(minute))
        }
        const times = series.bars.map((one) => one.time)
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
        expect(times.length).toBeLessThanOrEqual(100)
      }),
    )
  })

  it('keeps the newest 5,000', () => {
    const series = barSeries()
    for (let minute = 0; minute < 12_000; minute += 1) series.put(bar(minute))
    expect(series.bars.length).toBe(LIMITS.bars)
    expect(series.bars[0]?.time).toBe(7_000 * 60)
  })

  it('a hole never hides a bar, and a late bar fills its hole', () => {
    const series = barSeries()
    series.put(bar(1, 11))
    series.put(bar(4, 14))
    series.hole(60, 240)
    expect(series.bars.map((one) => [one.time / 60, one.present])).toEqual([
      [1, true],
      [2, false],
      [3, false],
      [4, true],
    ])
    series.put(bar(2, 12))
    expect(series.bars[1]).toEqual(bar(2, 12))
  })

  it('a huge hole is bounded', () => {
    const series = barSeries(50)
    series.put(bar(1_000_000))
    series.hole(0, 999_999 * 60)
    expect(series.bars.length).toBe(50)
  })

  it('tells the tail while it moves, everything when the past moved', () => {
    const series = barSeries()
    for (let minute = 0; minute < 10; minute += 1) series.put(bar(minute))
    expect(series.takeChanges()).toEqual(series.bars)
    expect(series.takeChanges()).toBeNull()
    series.put(bar(9, 5))
    expect(series.takeChanges()).toEqual([bar(9, 5)])
    series.put(bar(10))
    series.put(bar(11))
    expect(series.takeChanges()).toEqual([bar(10), bar(11)])
    series.put(bar(3, 7))
    expect(series.takeChanges()).toBe('all')
  })
})
