import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LIMITS, type ChartBar } from '../../engine/contract/cockpit.ts'
import { CHART_TIMEFRAMES, incompleteness, LongBars, type ChartTimeframe } from './long-bars.ts'

const bar = (minute: number, close = 1, present = true): ChartBar => ({
  time: minute * 60,
  open: close,
  high: close + 1,
  low: close - 1,
  close,
  volume: 1,
  present,
})
const fold = (timeframe: ChartTimeframe, minutes: readonly ChartBar[]): LongBars => {
  const long = new LongBars(timeframe)
  long.replace(minutes)
  return long
}
const WHOLE = { '1m': 1, '5m': 5, '15m': 15, '1h': 60, '4h': 240, '1d': 1_440 } as const

describe('long bars', () => {
  it('fold open, high, low, close and volume; the one with the newest minute runs', () => {
    const long = fold('5m', [bar(0, 10), bar(1, 12), bar(2, 9), bar(3, 11), bar(4, 8), bar(5, 7)])
    expect(long.bars).toEqual([
      { time: 0, open: 10, high: 13, low: 7, close: 8, volume: 5, present: true, minutes: 5, of: 5, running: false },
      { time: 300, open: 7, high: 8, low: 6, close: 7, volume: 1, present: true, minutes: 1, of: 5, running: true },
    ])
    expect(long.bars.map(incompleteness)).toEqual([null, 'running, 1 of 5 min'])
  })

  it('a bar with minutes missing says so and invents nothing; one without any stays a hole', () => {
    const hole = (minute: number): ChartBar => ({ ...bar(minute, 0, false), open: 0, high: 0, low: 0 })
    const minutes = [bar(0, 10), hole(1), hole(2), bar(3, 9), bar(4, 9), ...[5, 6, 7, 8, 9].map(hole), hole(10), bar(11, 7), bar(15, 5)]
    const long = fold('5m', minutes)
    expect(long.bars.map((one) => [one.time / 60, one.present, one.minutes, one.open, one.close])).toEqual([
      [0, true, 3, 10, 9],
      [5, false, 0, 0, 0],
      [10, true, 1, 7, 7],
      [15, true, 1, 5, 5],
    ])
    expect(long.bars.map(incompleteness)).toEqual(['incomplete, 3 of 5 min', null, 'incomplete, 1 of 5 min', 'running, 1 of 5 min'])
  })

  it('the last minute of a bar running: the bar runs too, and is whole once a later minute came', () => {
    const long = fold(
      '5m',
      [0, 1, 2, 3, 4].map((minute) => bar(minute)),
    )
    expect(long.bars.map(incompleteness)).toEqual(['running, 5 of 5 min'])
    long.update([bar(4, 3), bar(5)])
    expect(long.bars[0]).toMatchObject({ close: 3, running: false })
    expect(long.bars.map(incompleteness)).toEqual([null, 'running, 1 of 5 min'])
  })

  it('updates one by one give what the whole series gives, for every timeframe', () => {
    const minutes = fc.array(
      fc.record({ step: fc.integer({ min: 0, max: 40 }), close: fc.integer({ min: 5, max: 99 }), present: fc.boolean() }),
      {
        minLength: 1,
        maxLength: 120,
      },
    )
    fc.assert(
      fc.property(minutes, fc.constantFrom(...CHART_TIMEFRAMES), (steps, timeframe) => {
        let minute = 1_000
        const arriving = steps.map(({ step, close, present }) => bar((minute += step), close, present))
        /* a repeated minute is a revision: the series holds the last one, and never takes a hole for a bar */
        const series = new Map<number, ChartBar>()
        const live = new LongBars(timeframe)
        for (const one of arriving) {
          if (!one.present && series.get(one.time)?.present === true) continue
          series.set(one.time, one)
          live.update([one])
        }
        const whole = fold(timeframe, [...series.values()])
        expect(live.bars).toEqual(whole.bars)
        const present = [...series.values()].filter((one) => one.present)
        expect(whole.bars.reduce((sum, one) => sum + one.minutes, 0)).toBe(present.length)
        expect(whole.bars.every((one) => one.of === WHOLE[timeframe] && one.minutes <= one.of)).toBe(true)
        expect(whole.bars.every((one) => (one.time / 60) % one.of === 0)).toBe(true)
      }),
    )
  })

  it('never holds more than the minutes do (INV-11)', () => {
    const long = fold(
      '5m',
      Array.from({ length: LIMITS.bars + 500 }, (_, minute) => bar(minute)),
    )
    expect(long.bars.length).toBeLessThanOrEqual(LIMITS.bars / 5 + 1)
    for (let minute = LIMITS.bars + 500; minute < LIMITS.bars + 900; minute += 1) long.update([bar(minute)])
    expect(long.bars.length).toBeLessThanOrEqual(LIMITS.bars / 5 + 1)
    expect(long.bars.at(-1)?.time).toBe((LIMITS.bars + 895) * 60)
  })
})
