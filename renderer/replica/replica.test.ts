import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CockpitState, StateMessage } from '../../engine/contract/cockpit.ts'
import { sampleState } from '../fixture/sample-state.ts'
import { BLANK_AFTER_MS, panelState, STALE_LIMIT_MS } from './freshness.ts'
import { applyLink, applyMessage, emptyReplica, engineNow, type Replica } from './replica.ts'

const state: CockpitState = sampleState(1_000_000)
const snapshot = (seq: number): StateMessage => ({ type: 'snapshot', seq, time: 1_000_000, state })
const delta = (seq: number, changed: Partial<CockpitState> = {}): StateMessage => ({ type: 'delta', seq, time: 1_000_100, changed })
const started = (): Replica => applyMessage(applyLink(emptyReplica(0), { kind: 'open' }, 0), snapshot(7), 100).replica

describe('sequence', () => {
  it('applies exactly the next delta', () => {
    const { replica, resubscribe } = applyMessage(started(), delta(8, { log: [] }), 200)
    expect({ seq: replica.seq, log: replica.state?.log, resubscribe, sync: replica.sync }).toEqual({
      seq: 8,
      log: [],
      resubscribe: false,
      sync: { kind: 'live' },
    })
    expect(replica.state?.account).toBe(state.account)
  })
  it.each([7, 9, 6, 1, 0, 10_000])('a delta with seq %i after 7 asks for a new snapshot and applies nothing', (seq) => {
    const { replica, resubscribe } = applyMessage(started(), delta(seq, { log: [] }), 200)
    expect(resubscribe).toBe(true)
    expect(replica.state).toBe(state)
    expect(replica.sync.kind).toBe('resync')
    expect(applyMessage(replica, snapshot(90), 300).replica.sync).toEqual({ kind: 'live' })
  })
  it('ignores deltas until the snapshot came, asking only once', () => {
    const gap = applyMessage(started(), delta(20), 200)
    const again = applyMessage(gap.replica, delta(21), 201)
    expect([gap.resubscribe, again.resubscribe]).toEqual([true, false])
    expect(applyMessage(emptyReplica(0), delta(1), 1).replica.state).toBeNull()
  })
  it('whatever arrives, state is the last snapshot plus an unbroken run of deltas', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ snap: fc.boolean(), seq: fc.integer({ min: 0, max: 12 }) }), { maxLength: 40 }), (arrivals) => {
        let replica = applyLink(emptyReplica(0), { kind: 'open' }, 0)
        let expected: number | null = null
        let live = false
        for (const { snap, seq } of arrivals) {
          replica = applyMessage(replica, snap ? snapshot(seq) : delta(seq), 1).replica
          if (snap) [expected, live] = [seq, true]
          else if (live && expected !== null && seq === expected + 1) expected = seq
          else live = false
          expect(replica.seq).toBe(expected ?? 0)
          if (expected !== null) expect(replica.sync.kind === 'live').toBe(live)
        }
      }),
    )
  })
})

describe('ages (INV-10)', () => {
  const source = (replica: Replica) => ({ awaiting: 'ticks', receivedAt: replica.receipt.ticks['BTCUSDT'] ?? null })
  it('are measured from receipt, not from the times in the message', () => {
    const replica = started()
    expect(panelState(replica, source(replica), 400)).toEqual({ kind: 'live', ageMs: 300 })
    expect(panelState(replica, source(replica), 1_600)).toEqual({ kind: 'late', ageMs: 1_500 })
    expect(panelState(replica, source(replica), 100 + STALE_LIMIT_MS + 1).kind).toBe('stale')
  })
  it('a feed whose tick count stands still goes stale although the engine talks on', () => {
    let replica = started()
    for (let i = 1; i <= 40; i++) {
      replica = applyMessage(
        replica,
        delta(7 + i, { market: state.market.map((row) => ({ ...row, venueTime: row.venueTime + i })) }),
        100 + i * 100,
      ).replica
    }
    expect(panelState(replica, source(replica), 4_100).kind).toBe('stale')
    const ticked = applyMessage(
      replica,
      delta(48, { market: state.market.map((row) => ({ ...row, ticks: row.ticks + 1 })) }),
      4_200,
    ).replica
    expect(panelState(ticked, source(ticked), 4_250).kind).toBe('live')
  })
  it('a frozen engine turns every panel stale, also one whose own limit is long', () => {
    const replica = started()
    expect(panelState(replica, { awaiting: 'report', receivedAt: 100, intervalMs: 30_000, limitMs: 90_000 }, 3_200)).toMatchObject({
      kind: 'stale',
      why: 'the engine is silent',
    })
  })
  it('a lost line strikes values out after a while', () => {
    const lost = applyLink(started(), { kind: 'closed', attempt: 2, retryInMs: 500, reason: 'connection refused' }, 200)
    expect(panelState(lost, source(lost), 300)).toMatchObject({ kind: 'disconnected', blank: false, attempt: 2 })
    expect(panelState(lost, source(lost), 101 + BLANK_AFTER_MS)).toMatchObject({ kind: 'disconnected', blank: true })
    const back = applyLink(lost, { kind: 'open' }, 900)
    expect(panelState(back, source(back), 901).kind).toBe('resync')
  })
  it('an engine that never answers does not load for ever', () => {
    const replica = applyLink(emptyReplica(0), { kind: 'open' }, 0)
    expect(panelState(replica, { awaiting: 'x', receivedAt: null }, 500).kind).toBe('loading')
    expect(panelState(replica, { awaiting: 'x', receivedAt: null }, 20_000).kind).toBe('stale')
  })
  it('knows the engine clock between messages', () => {
    expect(engineNow(started(), 350)).toBe(1_000_250)
  })
})
