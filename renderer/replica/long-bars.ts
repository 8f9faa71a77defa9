/**
 * The chart's bars of one timeframe, folded from one-minute bars (engine/market/conflation) and kept up to date as these arrive.
 *
 * - Nothing is interpolated: a longer bar is made of the minutes that are there and says how many; one without any stays a hole.
 * - The newest minute runs, and so does every longer bar that holds it, until its last minute is over.
 */
import type { ChartBar } from '../../engine/contract/cockpit.ts'
import { LIMITS } from '../../engine/contract/cockpit.ts'
import { BarConflation } from '../../engine/market/conflation.ts'
import { BAR_MS, openOf, parseTimeframe, type Timeframe } from '../../engine/market/timeframe.ts'

export const CHART_TIMEFRAMES = ['1m', '5m', '15m', '1h', '4h', '1d'] as const
export type ChartTimeframe = (typeof CHART_TIMEFRAMES)[number]

export interface LongBar extends ChartBar {
  /** Minutes it is made of, and of how many it is made when whole. */
  readonly minutes: number
  readonly of: number
  /** Its time is not over yet. */
  readonly running: boolean
}

const HOLE = { open: 0, high: 0, low: 0, close: 0, volume: 0, present: false, minutes: 0 } as const

const timeframeOf = (name: ChartTimeframe): Timeframe => {
  const parsed = parseTimeframe(name)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

export class LongBars {
  readonly timeframe: ChartTimeframe
  readonly #rule: Timeframe
  readonly #of: number
  #conflation: BarConflation
  #bars: LongBar[] = []
  #newest: ChartBar | undefined

  constructor(timeframe: ChartTimeframe) {
    this.timeframe = timeframe
    this.#rule = timeframeOf(timeframe)
    this.#of = this.#rule.ms / BAR_MS
    this.#conflation = this.#fresh()
  }

  get bars(): readonly LongBar[] {
    return this.#bars
  }

  /** Starts over with one-minute bars, ascending. */
  replace(minutes: readonly ChartBar[]): void {
    this.#conflation = this.#fresh()
    this.#bars = []
    this.#newest = undefined
    this.update(minutes)
  }

  /** One-minute bars, ascending, none older than the newest so far. */
  update(minutes: readonly ChartBar[]): void {
    const bars = [...this.#bars]
    for (const minute of minutes) {
      const before = this.#newest
      /* the minute that was running is over once there is a later one */
      if (before !== undefined && before.time < minute.time) this.#fold(bars, before, true)
      this.#fold(bars, minute, false)
      this.#newest = minute
    }
    this.#bars = bars.slice(-this.#limit())
  }

  #fold(bars: LongBar[], minute: ChartBar, final: boolean): void {
    const timeMs = minute.time * 1_000
    const openMs = openOf(timeMs, this.#rule)
    const time = openMs / 1_000
    let last = bars.at(-1)
    if (last?.running === true && last.time < time) {
      /* over, even if its last minute never came */
      last = { ...last, running: false }
      bars[bars.length - 1] = last
    }
    const folded = minute.present ? this.#conflation.take({ ...minute, time: timeMs, final }) : undefined
    const running = !final || timeMs + BAR_MS < openMs + this.#rule.ms
    if (folded === undefined) {
      if (last === undefined || last.time < time) bars.push({ ...HOLE, time, of: this.#of, running })
      else if (last.time === time) bars[bars.length - 1] = { ...last, running }
      return
    }
    const { open, high, low, close, volume } = folded
    const minutes = this.#conflation.minutes(openMs)
    const bar: LongBar = { time, open, high, low, close, volume, present: true, minutes, of: this.#of, running }
    if (last?.time === time) bars[bars.length - 1] = bar
    else bars.push(bar)
  }

  #limit(): number {
    return Math.ceil(LIMITS.bars / this.#of) + 1
  }

  #fresh(): BarConflation {
    return new BarConflation(this.#rule, this.#limit())
  }
}

/** What to say of a bar that is not whole; null when it is. */
export function incompleteness(bar: LongBar): string | null {
  if (!bar.present) return null
  if (bar.running) return bar.of === 1 ? 'running' : `running, ${bar.minutes} of ${bar.of} min`
  return bar.minutes < bar.of ? `incomplete, ${bar.minutes} of ${bar.of} min` : null
}
