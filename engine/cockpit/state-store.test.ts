import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CockpitState, LogRow, StateMessage } from '../contract/cockpit.ts'
import { EMPTY_RECONCILIATION, EMPTY_STATUS } from './engine-slices.ts'
import { modeView, NOT_READY } from './modes.ts'
import { emptyProof } from './proofs.ts'
import { FAST_MS, SLOW_MS, stateStore } from './state-store.ts'

const initial = (): CockpitState => ({
  engine: {
    version: '0',
    build: '0',
    host: 'node',
    session: 'abcdefgh',
    startedAt: 0,
    ringBackend: 'unknown',
    symbols: [],
    speed: 1,
    seed: 1,
    tape: 'demo',
    dataDir: '/',
  },
  mode: modeView('simulated', false, NOT_READY),
  market: [],
  account: null,
  risk: null,
  learning: null,
  fills: [],
  signals: [],
  reconciliation: EMPTY_RECONCILIATION,
  processes: [],
  kill: { latch: null, running: false, items: [], stillOpen: null },
  log: [],
  audit: emptyProof(undefined),
  chaos: emptyProof(undefined),
  status: EMPTY_STATUS,
})
const row = (id: number): LogRow => ({ id, time: 0, level: 'info', source: 'test', text: '' })

describe('state store', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('sends a snapshot at once, then deltas whose seq is exactly +1', () => {
    const store = stateStore(initial())
    const seen: StateMessage[] = []
    store.subscribe((message) => seen.push(message))
    expect(seen.map((one) => one.type)).toEqual(['snapshot'])
    for (let i = 0; i < 5; i += 1) {
      store.set('status', { ...EMPTY_STATUS, bannedUntil: i })
      vi.advanceTimersByTime(FAST_MS)
    }
    expect(seen.slice(1).map((one) => one.type)).toEqual(['delta', 'delta', 'delta', 'delta', 'delta'])
    expect(seen.map((one) => one.seq)).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('coalesces: a thousand changes a second are at most twenty deltas, the last value wins', () => {
    const store = stateStore(initial())
    const seen: StateMessage[] = []
    store.subscribe((message) => seen.push(message))
    for (let ms = 0; ms < 1_000; ms += 1) {
      store.set('status', { ...EMPTY_STATUS, bannedUntil: ms })
      vi.advanceTimersByTime(1)
    }
    vi.advanceTimersByTime(FAST_MS)
    expect(seen.length - 1).toBeLessThanOrEqual(21)
    expect(seen.length - 1).toBeGreaterThanOrEqual(19)
    const last = seen.at(-1)
    expect(last?.type === 'delta' ? last.changed.status?.bannedUntil : null).toBe(999)
  })

  it('holds long lists back to four times a second, but never loses their last value', () => {
    const store = stateStore(initial())
    vi.advanceTimersByTime(SLOW_MS)
    const seen: StateMessage[] = []
    store.subscribe((message) => seen.push(message))
    for (let ms = 0; ms < 1_000; ms += 10) {
      store.update('log', (rows) => [...rows, row(ms)])
      vi.advanceTimersByTime(10)
    }
    vi.advanceTimersByTime(SLOW_MS * 2)
    const logs = seen.flatMap((one) => (one.type === 'delta' && one.changed.log !== undefined ? [one.changed.log] : []))
    expect(logs.length).toBeLessThanOrEqual(6)
    expect(logs.at(-1)?.length).toBe(100)
  })

  it('a late subscriber joins at the seq of its snapshot without a gap', () => {
    const store = stateStore(initial())
    const early: StateMessage[] = []
    store.subscribe((message) => early.push(message))
    store.set('status', { ...EMPTY_STATUS, bannedUntil: 7 })
    const late: StateMessage[] = []
    store.subscribe((message) => late.push(message))
    store.set('status', { ...EMPTY_STATUS, bannedUntil: 8 })
    vi.advanceTimersByTime(FAST_MS)
    expect(late.map((one) => one.seq)).toEqual([1, 2])
    expect(early.map((one) => one.seq)).toEqual([0, 1, 2])
    expect(late[0]?.type === 'snapshot' ? late[0].state.status.bannedUntil : null).toBe(7)
  })

  it('stops telling who left', () => {
    const store = stateStore(initial())
    const seen: StateMessage[] = []
    const leave = store.subscribe((message) => seen.push(message))
    leave()
    store.set('status', EMPTY_STATUS)
    vi.advanceTimersByTime(1_000)
    expect(seen.length).toBe(1)
  })
})
