/**
 * One symbol's chart bars, ascending by open time, bounded (INV-11: 5,000, the oldest go). A hole is a whitespace bar, never
 * interpolated; a bar that arrives later fills it.
 */
import { LIMITS, type ChartBar } from '../contract/cockpit.ts'

const MINUTE_S = 60

export interface BarSeries {
  /** Adds or replaces by time. */
  put(bar: ChartBar): void
  /** Marks every minute from `first` to `last` (seconds) that is not known as a hole. */
  hole(first: number, last: number): void
  /** A copy: what was handed out never changes. */
  readonly bars: readonly ChartBar[]
  /** Open of the first known bar within `seconds` before the newest. */
  openSince(seconds: number): number
  /** What changed since the last call: bars at the end, or 'all' when something before the last known bar moved. */
  takeChanges(): readonly ChartBar[] | 'all' | null
}

export function barSeries(limit: number = LIMITS.bars): BarSeries {
  let bars: ChartBar[] = []
  /** Time from which on bars changed; null = nothing. */
  let changedFrom: number | null = null
  let all = false
  /** Last time that subscribers know. */
  let known = -Infinity

  const position = (time: number): number => {
    let low = 0
    let high = bars.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((bars[middle]?.time ?? Infinity) < time) low = middle + 1
      else high = middle
    }
    return low
  }
  const put = (bar: ChartBar): void => {
    const last = bars.at(-1)
    if (last === undefined || bar.time > last.time) bars.push(bar)
    else {
      const at = position(bar.time)
      if (bars[at]?.time === bar.time) bars[at] = bar
      else if (at === 0 && bars.length >= limit) return
      else bars.splice(at, 0, bar)
    }
    /* trimmed in chunks: a shift per bar of a long series would copy it each time */
    if (bars.length > limit * 1.1) bars = bars.slice(-limit)
    changedFrom = Math.min(changedFrom ?? Infinity, bar.time)
    if (bar.time < known) all = true
  }

  return {
    put,
    hole(first, last) {
      const from = Math.max(first, last - (limit - 1) * MINUTE_S)
      for (let time = from; time <= last; time += MINUTE_S) {
        if (bars[position(time)]?.time !== time) put({ time, open: 0, high: 0, low: 0, close: 0, volume: 0, present: false })
      }
    },
    get bars() {
      return bars.slice(-limit)
    },
    openSince(seconds) {
      const newest = bars.at(-1)?.time ?? 0
      for (let i = position(newest - seconds + 1); i < bars.length; i += 1) {
        const bar = bars[i]
        if (bar?.present === true) return bar.open
      }
      return 0
    },
    takeChanges() {
      if (changedFrom === null) return null
      const tail = bars.slice(position(changedFrom))
      const everything = all || tail.length > limit / 4
      changedFrom = null
      all = false
      known = bars.at(-1)?.time ?? known
      return everything ? 'all' : tail
    },
  }
}
