/**
 * Whether the brain may trade, as the host decides it: latch, hold and release, and the reconciliations they need.
 *
 * - The brain trades only after a conclusive reconciliation of this incarnation without a critical finding; every restart repeats that.
 * - A critical mismatch holds entries at once and is lifted by a clean report; one that stays for HOLD_LIMIT_MS becomes a latch.
 * - A key that may not trade, or that is refused, halts: the brain is never released with it. Until the venue has told what the key
 *   may do, nothing is released either.
 * - The strictest of latch, key and hold is what the brain is told.
 */
import type { TradingState } from '../contract/kill.ts'
import type { ReconciliationReport } from '../contract/mismatch.ts'
import type { BrainMethods, KeyVerdict, LogLine, ReconcilerMethods } from '../contract/processes.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { Peer } from '../contract/rpc.ts'
import type { EngineEvent } from './engine-handle.ts'

export const HOLD_LIMIT_MS = 60_000
const RECONCILE_MS = 30_000
const ADMIT_RETRY_MS = 500

/** Open findings that forbid entries. */
export const criticalOpen = (report: ReconciliationReport): readonly string[] =>
  report.mismatches.filter((m) => m.state === 'open' && m.severity === 'crit').map((m) => m.summary)

export interface GateParties {
  latched(): { readonly state: TradingState; readonly reason: string }
  /** Latches reduceOnly: the hold lasted too long. */
  latch(reason: string): void
  /** Links of running processes. */
  brain(): Pick<Peer<BrainMethods, object>, 'call'> | null
  reconciler(): Pick<Peer<ReconcilerMethods, object>, 'call'> | null
  pause(ms: number): Promise<void>
  monotonic(): number
  log(level: LogLine['level'], text: string): void
  emit(event: EngineEvent): void
}

export interface TradingGate {
  wanted(): { readonly state: TradingState; readonly reason: string }
  /** The state for BrainInit; remembered as told. */
  stateForInit(): TradingState
  tellBrain(): Promise<void>
  readonly released: boolean
  /** The start-up reconciliation of this incarnation of the brain came to a conclusion, whatever it was. */
  readonly judged: boolean
  /** Resolves once, when the first start-up reconciliation came to a conclusion. */
  readonly settled: Promise<Result<null, Failure>>
  /** The reconciler's latest word; null before the first. */
  readonly key: KeyVerdict | null
  reconcile(reason: ReconciliationReport['reason']): Promise<Result<ReconciliationReport>>
  /** Reconciles until conclusive, then releases the brain if clean. One at a time; does nothing while either process is down. */
  admit(): Promise<void>
  hold(reason: string): void
  onKey(verdict: KeyVerdict): void
  onReport(report: ReconciliationReport): void
  brainRuns(): Promise<void>
  brainDown(): void
  stop(): void
}

export function tradingGate(parties: GateParties): TradingGate {
  let held: { readonly reason: string; readonly since: number } | null = null
  let key: KeyVerdict | null = null
  let told: TradingState = 'active'
  let released = false
  let judged = false
  let stopped = false
  let admitting: Promise<void> | null = null
  let settle: (result: Result<null, Failure>) => void = () => {}
  const settled = new Promise<Result<null, Failure>>((resolve) => {
    settle = resolve
  })

  /** Why this key forbids trading; null when it does not, or is not known yet. */
  const barred = (): string | null => (key?.use === 'refused' || key?.use === 'read-only' ? (key.warnings[0] ?? key.use) : null)

  const wanted = (): { state: TradingState; reason: string } => {
    const latched = parties.latched()
    const bar = barred()
    if (bar !== null && latched.state !== 'halted') return { state: 'halted', reason: bar }
    return latched.state === 'active' && held !== null ? { state: 'reduceOnly', reason: held.reason } : latched
  }

  const tellBrain = async (): Promise<void> => {
    const { state, reason } = wanted()
    const link = parties.brain()
    /* a brain on its way up is told when it runs */
    if (link === null) return
    told = state
    await link.call('tradingState', { state, reason }, 2_000)
  }

  const reconcile = async (reason: ReconciliationReport['reason']): Promise<Result<ReconciliationReport>> => {
    const link = parties.reconciler()
    if (link === null) return fail('closed', 'the reconciler is down')
    parties.emit({ kind: 'reconciling', running: true })
    const result = await link.call('reconcile', { reason }, RECONCILE_MS)
    parties.emit({ kind: 'reconciling', running: false })
    return result
  }

  const admitOnce = async (): Promise<void> => {
    while (!stopped && !released) {
      const link = parties.brain()
      if (link === null || parties.reconciler() === null) return
      /* its word comes as an event, which calls this again */
      if (key === null || key.use === 'unchecked') return
      /* once is enough for a key that will not trade: the reconciler goes on by its own schedule */
      if (barred() !== null && judged) return
      if (key.use === 'refused') {
        judged = true
        settle(fail('key-refused', barred() ?? ''))
        await reconcile('start')
        return
      }
      const report = await reconcile('start')
      if (report.ok && report.value.conclusive) {
        const critical = criticalOpen(report.value)
        if (critical.length > 0) {
          parties.log('error', `start-up reconciliation: ${critical.length} critical, trading waits: ${critical[0]}`)
          judged = true
          return settle(ok(null))
        }
        if (barred() !== null) {
          judged = true
          return settle(ok(null))
        }
        if (parties.brain() !== link) continue
        const answer = await link.call('release', null, 5_000)
        if (answer.ok && parties.brain() === link) {
          released = true
          judged = true
          return settle(ok(null))
        }
      } else parties.log('warn', `start-up reconciliation: ${report.ok ? (report.value.error ?? 'inconclusive') : report.error.message}`)
      await parties.pause(ADMIT_RETRY_MS)
    }
  }

  const admit = (): Promise<void> => {
    admitting ??= admitOnce().finally(() => {
      admitting = null
    })
    return admitting
  }

  return {
    wanted,
    stateForInit() {
      told = wanted().state
      return told
    },
    tellBrain,
    get released() {
      return released
    },
    get judged() {
      return judged
    },
    settled,
    get key() {
      return key
    },
    reconcile,
    admit,
    hold(reason) {
      held ??= { reason: `critical mismatch: ${reason}`, since: parties.monotonic() }
      parties.log('error', `entries held: ${reason}`)
      void tellBrain()
    },
    onKey(verdict) {
      key = verdict
      parties.emit({ kind: 'key', verdict })
      for (const warning of verdict.warnings) parties.log(verdict.use === 'refused' ? 'error' : 'warn', `key: ${warning}`)
      if (wanted().state !== told) void tellBrain()
      void admit()
    },
    onReport(report) {
      parties.emit({ kind: 'report', report })
      if (!report.conclusive) return
      const critical = criticalOpen(report)
      const first = critical[0]
      if (first === undefined) {
        if (held !== null) {
          held = null
          parties.log('info', 'entries may go on: the critical mismatch is gone')
          void tellBrain()
        }
        void admit()
      } else if (held !== null && parties.monotonic() - held.since > HOLD_LIMIT_MS && parties.latched().state === 'active') {
        parties.latch(`a critical mismatch stays: ${first}`)
      }
    },
    async brainRuns() {
      if (wanted().state !== told) await tellBrain()
      await admit()
    },
    brainDown() {
      released = false
      judged = false
    },
    stop() {
      stopped = true
    },
  }
}
