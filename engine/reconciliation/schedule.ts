/**
 * When which look is due. Pure: local monotonic milliseconds in, the next look out.
 *
 * Three speeds (peers.md §6.1): in-flight orders every 2 s (by targeted query, when older than 5 s), open orders every 10 s,
 * positions and balances every 30 s, the deep audit (trades since the last one, fees, funding, filters) every 15 min.
 * A look that failed is tried again every 5 s (INV-05) until it succeeds, without touching trading. Asked-for looks come first.
 */
import type { ReconciliationReport } from '../contract/mismatch.ts'

export const IN_FLIGHT_EVERY_MS = 2_000
export const IN_FLIGHT_THRESHOLD_MS = 5_000
export const ORDERS_EVERY_MS = 10_000
export const POSITIONS_EVERY_MS = 30_000
export const DEEP_EVERY_MS = 900_000
export const RETRY_MS = 5_000

/** Each look includes the ones before it. */
export type Depth = 'in-flight' | 'orders' | 'positions' | 'deep'
const DEPTHS: readonly Depth[] = ['in-flight', 'orders', 'positions', 'deep']
const EVERY: Readonly<Record<Depth, number>> = {
  'in-flight': IN_FLIGHT_EVERY_MS,
  orders: ORDERS_EVERY_MS,
  positions: POSITIONS_EVERY_MS,
  deep: DEEP_EVERY_MS,
}

export interface Schedule {
  readonly due: Readonly<Record<Depth, number>>
}

/** Everything was just read (the look at the start). */
export function scheduleFrom(now: number): Schedule {
  return {
    due: { 'in-flight': now + EVERY['in-flight'], orders: now + EVERY.orders, positions: now + EVERY.positions, deep: now + EVERY.deep },
  }
}

/** The deepest look that is due, or null. */
export function dueLook(schedule: Schedule, now: number): Depth | null {
  let deepest: Depth | null = null
  for (const depth of DEPTHS) if (schedule.due[depth] <= now) deepest = depth
  return deepest
}

/** After a look: what it included is due again after its period; after a failure, in 5 s (never sooner than it already was due). */
export function afterLook(schedule: Schedule, depth: Depth, succeeded: boolean, now: number): Schedule {
  const due = { ...schedule.due }
  for (const one of DEPTHS) {
    due[one] = succeeded ? now + EVERY[one] : one === depth ? now + RETRY_MS : Math.max(due[one], now + RETRY_MS)
    if (one === depth) break
  }
  return { due }
}

export const nextDue = (schedule: Schedule): number => Math.min(...DEPTHS.map((depth) => schedule.due[depth]))

/** How deep a look its reason asks for. */
export const depthOf = (reason: ReconciliationReport['reason']): Depth =>
  reason === 'start' || reason === 'deep' || reason === 'manual' || reason === 'kill' ? 'deep' : 'positions'
