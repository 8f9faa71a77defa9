/**
 * The cockpit's state and its subscribers: snapshot first, then deltas whose seq is exactly +1, coalesced.
 * - A slice is replaced, never changed in place, so a delta may carry it as it is.
 * - Small slices go out at most every FAST_MS (20 a second); long lists at most every SLOW_MS.
 */
import type { CockpitState, StateMessage } from '../contract/cockpit.ts'

export const FAST_MS = 50
export const SLOW_MS = 250

type Slice = keyof CockpitState
const SLOW: ReadonlySet<Slice> = new Set<Slice>(['fills', 'signals', 'log', 'processes', 'audit', 'chaos'])

export interface StateStore {
  readonly state: CockpitState
  set<S extends Slice>(slice: S, value: CockpitState[S]): void
  /** Changes from the current value. */
  update<S extends Slice>(slice: S, change: (value: CockpitState[S]) => CockpitState[S]): void
  /** Sends the snapshot at once. @returns unsubscribe */
  subscribe(listener: (message: StateMessage) => void): () => void
  close(): void
}

export function stateStore(initial: CockpitState, now: () => number = Date.now): StateStore {
  let state = initial
  let seq = 0
  const changed = new Set<Slice>()
  const listeners = new Set<(message: StateMessage) => void>()
  let slowAt = 0
  let timer: ReturnType<typeof setTimeout> | null = null

  const flush = (everything: boolean): void => {
    const slow = everything || now() - slowAt >= SLOW_MS
    const delta: Partial<Record<Slice, unknown>> = {}
    let any = false
    for (const slice of changed) {
      if (!slow && SLOW.has(slice)) continue
      delta[slice] = state[slice]
      changed.delete(slice)
      any = true
    }
    if (slow) slowAt = now()
    if (!any) return
    seq += 1
    const message: StateMessage = { type: 'delta', seq, time: now(), changed: delta as Partial<CockpitState> }
    for (const listener of listeners) listener(message)
  }
  const tick = (): void => {
    timer = null
    flush(false)
    arm()
  }
  const arm = (): void => {
    if (timer === null && changed.size > 0) timer = setTimeout(tick, FAST_MS)
  }

  return {
    get state() {
      return state
    },
    set(slice, value) {
      state = { ...state, [slice]: value }
      changed.add(slice)
      arm()
    },
    update(slice, change) {
      state = { ...state, [slice]: change(state[slice]) }
      changed.add(slice)
      arm()
    },
    subscribe(listener) {
      /* what is pending belongs to the others' past and to this one's snapshot */
      flush(true)
      listener({ type: 'snapshot', seq, time: now(), state })
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close() {
      if (timer !== null) clearTimeout(timer)
      timer = null
      changed.clear()
      listeners.clear()
    },
  }
}
