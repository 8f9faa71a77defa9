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
    await first.gate.admit()
    expect(first.gate.released).toBe(true)
    const second = setUp()
    second.answers(report('crit'))
    await second.gate.admit()
    expect([second.gate.released, second.gate.judged]).toEqual([false, true])
  })

  it('a brain that came back must be released again', async () => {
    const { gate } = setUp()
    await gate.admit()
    gate.brainDown()
    expect([gate.released, gate.judged]).toEqual([false, false])
    await gate.brainRuns()
    expect(gate.released).toBe(true)
  })

  it('the latch outranks the hold', () => {
    const { parties } = setUp()
    const gate = tradingGate({ ...parties, latched: () => ({ state: 'halted', reason: 'person' }) })
    gate.hold('quantity')
    expect(gate.wanted()).toEqual({ state: 'halted', reason: 'person' })
  })
})
