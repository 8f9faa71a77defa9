/**
 * The dead-man's switch: while everything is healthy the venue's countdown is wound up again and again; when we vanish it runs out
 * and the venue cancels our orders by itself. Only symbols with something open are wound up (weight 10 each), in thirds of the time;
 * one that has just got something open is wound up at once.
 */
import type { ReconcilerEvents } from '../../contract/processes.ts'
import type { PrivateVenue } from '../../contract/venue.ts'

export interface DeadManDeps {
  readonly venue: Pick<PrivateVenue, 'countdownCancelAll'>
  /** Local ms of silence after which the venue cancels; 0 = off. */
  readonly periodMs: number
  /** Venue ms per local ms. */
  readonly rate: number
  /** Monotonic local ms. */
  monotonic(): number
  now(): number
  emit(state: ReconcilerEvents['deadMan']): void
}

export interface DeadMan {
  /** @param symbols with open orders or positions; null = not known right now @param healthy whether to wind up again @param bar why it cannot be */
  tick(symbols: ReadonlySet<string> | null, healthy: boolean, bar?: string | null): Promise<void>
  /** A clean stop: the venue forgets the countdown. */
  disarm(): Promise<void>
}

/** Attempts for a new symbol are at least this far apart. */
const NEW_SYMBOL_MS = 1_000

export function createDeadMan(deps: DeadManDeps): DeadMan {
  const armed = new Set<string>()
  const period = Math.round(deps.periodMs * Math.max(1, deps.rate))
  let lastAttempt = -Infinity
  let lastRefreshAt = 0
  let busy = false
  let shown = ''

  const emit = (text: string): void => {
    const state = { armed: armed.size > 0, lastRefreshAt, text }
    const key = JSON.stringify(state)
    if (key === shown) return
    shown = key
    deps.emit(state)
  }
  const list = (): string => [...armed].sort().join(', ')

  return {
    async tick(symbols, healthy, bar = null) {
      if (deps.periodMs === 0) return emit('off')
      if (bar !== null) return emit(`off: ${bar}`)
      const waited = deps.monotonic() - lastAttempt
      const isNew = symbols !== null && [...symbols].some((symbol) => !armed.has(symbol))
      if (busy || waited < (isNew ? NEW_SYMBOL_MS : deps.periodMs / 3)) return
      if (!healthy)
        return emit(
          armed.size > 0 ? `not refreshed: the engine is not healthy; the venue cancels ${list()}` : 'not armed: the engine is not healthy',
        )
      if (symbols === null) return
      busy = true
      lastAttempt = deps.monotonic()
      const failures: string[] = []
      for (const symbol of new Set([...symbols, ...armed])) {
        const wanted = symbols.has(symbol)
        const result = await deps.venue.countdownCancelAll(symbol, wanted ? period : 0)
        if (!result.ok) failures.push(`${symbol}: ${result.error.message}`)
        else if (wanted) armed.add(symbol)
        else armed.delete(symbol)
      }
      busy = false
      if (failures.length === 0) lastRefreshAt = deps.now()
      if (failures.length > 0) emit(`refresh failed: ${failures.join('; ')}`)
      else if (armed.size === 0) emit('nothing open to protect')
      else emit(`the venue cancels ${list()} after ${Math.round(deps.periodMs / 1_000)} s of silence`)
    },
    async disarm() {
      for (const symbol of armed) {
        const result = await deps.venue.countdownCancelAll(symbol, 0)
        if (result.ok) armed.delete(symbol)
      }
      emit('off')
    },
  }
}
