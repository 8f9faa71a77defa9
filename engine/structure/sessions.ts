/** Trading sessions by UTC minute of day, both ends inclusive, wrapping over midnight (design/smc.md §1). */
import { at, type Bars } from './bars.ts'

export const SESSIONS: Readonly<Record<string, { readonly start: string; readonly end: string }>> = {
  Sydney: { start: '21:00', end: '06:00' },
  Tokyo: { start: '00:00', end: '09:00' },
  London: { start: '07:00', end: '16:00' },
  'New York': { start: '13:00', end: '22:00' },
  'Asian kill zone': { start: '00:00', end: '04:00' },
  'London open kill zone': { start: '06:00', end: '09:00' },
  'New York kill zone': { start: '11:00', end: '14:00' },
  'London close kill zone': { start: '14:00', end: '16:00' },
}

export interface SessionColumns {
  /** 0 or 1. */
  readonly active: Float64Array
  /** Running extremes of the session; 0 outside. */
  readonly high: Float64Array
  readonly low: Float64Array
}

const minutes = (clock: string): number => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5))

export function sessions(bars: Bars, session: { readonly start: string; readonly end: string }): SessionColumns {
  const n = bars.length
  const out: SessionColumns = { active: new Float64Array(n), high: new Float64Array(n), low: new Float64Array(n) }
  const start = minutes(session.start)
  const end = minutes(session.end)
  for (let i = 0; i < n; i++) {
    const minute = Math.floor(at(bars.time, i) / 60_000) % 1440
    const inside = start < end ? minute >= start && minute <= end : minute >= start || minute <= end
    if (!inside) continue
    const previousHigh = i > 0 ? at(out.high, i - 1) : 0
    const previousLow = i > 0 ? at(out.low, i - 1) : 0
    out.active[i] = 1
    out.high[i] = Math.max(at(bars.high, i), previousHigh)
    out.low[i] = Math.min(at(bars.low, i), previousLow === 0 ? Number.POSITIVE_INFINITY : previousLow)
  }
  return out
}
