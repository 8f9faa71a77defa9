/** The renderer's own monotonic clock, and one shared heartbeat for everything that shows an age (4 a second). */
import { createStore, type StoreApi } from 'zustand/vanilla'

export const nowMs = (): number => performance.now()
export const AGE_TICK_MS = 250

export interface ClockStore extends StoreApi<number> {
  stop(): void
}

/** A store whose value is `nowMs()` at the last beat. */
export function startClock(): ClockStore {
  const store = createStore<number>(() => nowMs())
  const timer = setInterval(() => store.setState(nowMs(), true), AGE_TICK_MS)
  return Object.assign(store, { stop: () => clearInterval(timer) })
}
