import { describe, expect, it } from 'vitest'
import type { Mismatch, ReconciliationReport } from '../contract/mismatch.ts'
import { ok } from '../contract/result.ts'
import { HOLD_LIMIT_MS, tradingGate, type GateParties } from './trading-gate.ts'

const report = (severity: 'crit' | 'warn' | null, conclusive = true, state: Mismatch['state'] = 'open'): ReconciliationReport => ({
  reason: 'timer',
  startedAt: 0,
  durationMs: 1,
  conclusive,
  compared: { positions: 0, orders: 0, fills: 0, balances: 0 },
  mismatches:
    severity === null
      ? []
      : [
          {
            id: 'm',
            kind: 'quantity',
            severity,
            symbol: 'BTCUSDT',
            summary: 'local 1, venue 2',
            local: '1',
            venue: '2',
            atRisk: '1' as never,
            evidence: {},
            firstSeenAt: 0,
            lastSeenAt: 0,
            actions: [],
            state,
          },
        ],
})

const MAY_TRADE = { use: 'trade', warnings: [] } as const
const MAY_READ = { use: 'read-only', warnings: ['may only read'] } as const
const REFUSED = { use: 'refused', warnings: ['may withdraw'] } as const

const setUp = () => {
  let now = 0
  let next = report(null)
  const told: string[] = []
  const latched: string[] = []
  const link = {
    call: async (method: string, arg: unknown) => {
      told.push(method === 'tradingState' ? (arg as { state: string }).state : method)
      return ok(method === 'reconcile' ? next : null)
    },
  }
  const parties: GateParties = {
    latched: () => ({ state: 'active', reason: '' }),
    latch: (reason) => latched.push(reason),
    brain: () => link as never,
    reconciler: () => link as never,
    pause: async () => {},
    monotonic: () => now,
    log: () => {},
    emit: () => {},
  }
  return {
    gate: tradingGate(parties),
    told,
    latched,
    at: (ms: number) => (now = ms),
    answers: (one: ReconciliationReport) => (next = one),
    parties,
  }
}

describe('trading gate', () => {
  it('a critical finding holds entries at once; a clean report lifts it', async () => {
    const { gate, told } = setUp()
    gate.onKey(MAY_TRADE)
    await gate.admit()
    gate.hold('quantity')
    expect(gate.wanted()).toEqual({ state: 'reduceOnly', reason: 'critical mismatch: quantity' })
    gate.onReport(report(null))
    expect(gate.wanted().state).toBe('active')
    expect(told).toEqual(['reconcile', 'release', 'reduceOnly', 'active'])
  })

  it('an inconclusive report lifts nothing (INV-05), nor does one whose finding is still open', () => {
    const { gate } = setUp()
    gate.hold('quantity')
    gate.onReport(report(null, false))
    expect(gate.wanted().state).toBe('reduceOnly')
    gate.onReport(report('crit'))
    expect(gate.wanted().state).toBe('reduceOnly')
    gate.onReport(report('crit', true, 'fixed'))
    expect(gate.wanted().state).toBe('active')
  })

  it('a hold that outlasts its limit becomes a latch, not before', () => {
    const { gate, latched, at } = setUp()
    gate.hold('quantity')
    at(HOLD_LIMIT_MS)
    gate.onReport(report('crit'))
    expect(latched).toEqual([])
    at(HOLD_LIMIT_MS + 1)
    gate.onReport(report('crit', false))
    expect(latched).toEqual([])
    gate.onReport(report('crit'))
    expect(latched).toEqual(['a critical mismatch stays: local 1, venue 2'])
  })

  it('a warning does not keep the brain from being released, a critical finding does', async () => {
    const first = setUp()
    first.answers(report('warn'))
    first.gate.onKey(MAY_TRADE)
    await first.gate.admit()
    expect(first.gate.released).toBe(true)
    const second = setUp()
    second.answers(report('crit'))
    second.gate.onKey(MAY_TRADE)
    await second.gate.admit()
    expect([second.gate.released, second.gate.judged]).toEqual([false, true])
  })

  it('a brain that came back must be released again', async () => {
    const { gate } = setUp()
    gate.onKey(MAY_TRADE)
    await gate.admit()
    gate.brainDown()
    expect([gate.released, gate.judged]).toEqual([false, false])
    await gate.brainRuns()
    expect(gate.released).toBe(true)
  })

  it('nothing is released before the venue has told what the key may do', async () => {
    const { gate, told } = setUp()
    await gate.admit()
    gate.onKey({ use: 'unchecked', warnings: ['no answer'] })
    await gate.admit()
    expect([told, gate.released, gate.judged]).toEqual([[], false, false])
    gate.onKey(MAY_TRADE)
    await gate.admit()
    expect([told, gate.released]).toEqual([['reconcile', 'release'], true])
  })

  it('a reading key: reconciled, judged, halted, never released', async () => {
    const { gate, told } = setUp()
    gate.onKey(MAY_READ)
    await gate.admit()
    expect([told, gate.released, gate.judged]).toEqual([['halted', 'reconcile'], false, true])
    expect(gate.wanted()).toEqual({ state: 'halted', reason: 'may only read' })
    expect(await gate.settled).toEqual({ ok: true, value: null })
    gate.onReport(report(null))
    await gate.admit()
    expect(told).toEqual(['halted', 'reconcile'])
    gate.onKey(MAY_TRADE)
    await gate.admit()
    expect([told.slice(2), gate.released]).toEqual([['active', 'reconcile', 'release'], true])
  })

  it('a refused key ends the start with its reason, and stops a brain that was trading with it', async () => {
    const first = setUp()
    first.gate.onKey(REFUSED)
    expect(await first.gate.settled).toMatchObject({ ok: false, error: { code: 'key-refused', message: 'may withdraw' } })
    expect([first.gate.released, first.gate.judged]).toEqual([false, true])
    await first.gate.admit()
    first.gate.onReport(report(null))
    await first.gate.admit()
    expect(first.told).toEqual(['halted', 'reconcile'])
    const second = setUp()
    second.gate.onKey(MAY_TRADE)
    await second.gate.admit()
    second.gate.onKey(REFUSED)
    expect(second.told).toEqual(['reconcile', 'release', 'halted'])
    second.gate.onKey(MAY_TRADE)
    expect(second.told.at(-1)).toBe('active')
  })

  it('a brain on its way up is told what changed meanwhile, once it runs', async () => {
    const { parties, told } = setUp()
    let up = false
    const gate = tradingGate({ ...parties, brain: () => (up ? parties.brain() : null) })
    expect(gate.stateForInit()).toBe('active')
    gate.onKey(MAY_READ)
    expect(told).toEqual([])
    up = true
    await gate.brainRuns()
    expect(told[0]).toBe('halted')
  })

  it('the latch outranks the hold, and a reading key both', () => {
    const { parties } = setUp()
    const gate = tradingGate({ ...parties, latched: () => ({ state: 'halted', reason: 'person' }) })
    gate.hold('quantity')
    expect(gate.wanted()).toEqual({ state: 'halted', reason: 'person' })
    const reduced = tradingGate({ ...parties, latched: () => ({ state: 'reduceOnly', reason: 'person' }) })
    reduced.onKey(MAY_READ)
    expect(reduced.wanted()).toEqual({ state: 'halted', reason: 'may only read' })
  })
})
