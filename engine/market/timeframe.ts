/** Timeframes that are whole multiples of a minute, aligned as the venue aligns them: to the epoch, weeks to Monday. */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'

/** One minute: the bar everything longer is folded from. */
export const BAR_MS = 60_000

/** A hole of more minutes is marked on the chart and said in the log. */
export const LONG_GAP_MIN = 5

export interface Timeframe {
  readonly name: string
  readonly ms: number
  /** First boundary at or after the epoch, ms. */
  readonly offsetMs: number
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
/** 1970-01-01 was a Thursday; the first Monday was the 5th. */
const MONDAY_MS = 4 * 86_400_000

/** "1m", "15m", "4h", "1d", "1w" … from one minute to four weeks; 'bad-timeframe' otherwise. */
export function parseTimeframe(name: string): Result<Timeframe, Failure<'bad-timeframe'>> {
  const found = /^([1-9]\d{0,4})([mhdw])$/.exec(name)
  const unit = UNITS[found?.[2] ?? '']
  const ms = Number(found?.[1]) * (unit ?? Number.NaN)
  if (!Number.isFinite(ms) || ms > 4 * 604_800_000) return fail('bad-timeframe', `expected a timeframe such as 1m, 4h or 1d, not "${name}"`)
  return ok({ name, ms, offsetMs: found?.[2] === 'w' ? MONDAY_MS : 0 })
}

/** Open time of the bar that holds `timeMs`. */
export const openOf = (timeMs: number, { ms, offsetMs }: Timeframe): number => Math.floor((timeMs - offsetMs) / ms) * ms + offsetMs
