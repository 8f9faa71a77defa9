/**
 * High and low of an earlier period and whether they were exceeded (design/smc.md §1, including the reference's labels: the
 * first bar of a 4h or 1D period still looks at the period before the previous one, and weeks end on Sunday).
 */
import { at, emptyColumn, type Bars } from './bars.ts'

export type Period = '4h' | '1D' | 'W'

export interface PreviousHighLow {
  readonly previousHigh: Float64Array
  readonly previousLow: Float64Array
  /** 0 or 1. */
  readonly brokenHigh: Float64Array
  readonly brokenLow: Float64Array
}

const HOUR = 3_600_000
const DAY = 24 * HOUR

/** Label (ms) of the period a time belongs to: its start, or for weeks the Sunday that ends it. */
export function periodLabel(time: number, period: Period): number {
  switch (period) {
    case '4h':
      return Math.floor(time / (4 * HOUR)) * 4 * HOUR
    case '1D':
      return Math.floor(time / DAY) * DAY
    case 'W': {
      const day = Math.floor(time / DAY)
      // 1970-01-01 was a Thursday: day 3 is the first Sunday.
      return (day + ((((3 - day) % 7) + 7) % 7)) * DAY
    }
  }
}

export function previousHighLow(bars: Bars, period: Period): PreviousHighLow {
  const n = bars.length
  const labels: number[] = []
  const highs: number[] = []
  const lows: number[] = []
  for (let i = 0; i < n; i++) {
    const label = periodLabel(at(bars.time, i), period)
    if (labels.at(-1) !== label) {
      labels.push(label)
      highs.push(Number.NEGATIVE_INFINITY)
      lows.push(Number.POSITIVE_INFINITY)
    }
    const last = labels.length - 1
    highs[last] = Math.max(highs[last] ?? 0, at(bars.high, i))
    lows[last] = Math.min(lows[last] ?? 0, at(bars.low, i))
  }
  const out: PreviousHighLow = {
    previousHigh: emptyColumn(n),
    previousLow: emptyColumn(n),
    brokenHigh: new Float64Array(n),
    brokenLow: new Float64Array(n),
  }
  let before = 0
  let reference = -1
  let runningHigh = 0
  let runningLow = 0
  for (let i = 0; i < n; i++) {
    while (before < labels.length && (labels[before] ?? 0) < at(bars.time, i)) before++
    const wanted = before - 2
    if (wanted < 0) continue
    if (wanted !== reference) {
      reference = wanted
      runningHigh = Number.NEGATIVE_INFINITY
      runningLow = Number.POSITIVE_INFINITY
    }
    runningHigh = Math.max(runningHigh, at(bars.high, i))
    runningLow = Math.min(runningLow, at(bars.low, i))
    const high = highs[wanted] ?? 0
    const low = lows[wanted] ?? 0
    out.previousHigh[i] = high
    out.previousLow[i] = low
    out.brokenHigh[i] = runningHigh > high ? 1 : 0
    out.brokenLow[i] = runningLow < low ? 1 : 0
  }
  return out
}
