/** Equity as seen by this window since it opened: one point per second of account time, at most 5,000 (INV-11). For the chart only. */
import { createStore, type StoreApi } from 'zustand/vanilla'
import { toNumberLossy } from '../text/decimal.ts'
import type { Replica } from './replica.ts'

const LIMIT = 5_000
export interface EquityPoint {
  /** Seconds, as the chart wants it. */
  readonly time: number
  readonly value: number
  /** The figure itself. */
  readonly text: string
}
export type EquityCurve = StoreApi<readonly EquityPoint[]>

/** Adds one reading; an older time than the newest starts the curve afresh (another session, another mode). */
export function appendEquity(points: readonly EquityPoint[], timeMs: number, text: string): readonly EquityPoint[] {
  const time = Math.floor(timeMs / 1000)
  const last = points.at(-1)
  const point: EquityPoint = { time, value: toNumberLossy(text), text }
  if (last === undefined || time > last.time) return [...points.slice(-(LIMIT - 1)), point]
  if (time === last.time) return last.text === text ? points : [...points.slice(0, -1), point]
  return last.time - time > 120 ? [point] : points
}

export function followEquity(replica: StoreApi<Replica>): EquityCurve {
  const curve = createStore<readonly EquityPoint[]>(() => [])
  let session = ''
  const read = (now: Replica): void => {
    const state = now.state
    if (state?.account === null || state === null) return
    const fresh = state.engine.session === session ? curve.getState() : []
    session = state.engine.session
    const next = appendEquity(fresh, state.account.time, state.account.equity)
    if (next !== curve.getState()) curve.setState(next, true)
  }
  replica.subscribe((now, before) => {
    if (now.state?.account !== before.state?.account || now.state?.engine !== before.state?.engine) read(now)
  })
  return curve
}
