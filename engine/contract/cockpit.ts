/**
 * The engine's face: one state (a replica in the renderer) as snapshot + sequenced deltas, and a list of methods.
 * INV-10: ages are computed by the renderer from the time *it* received a message; times here are for that sum only.
 */
import * as v from 'valibot'
import type { LearningView } from './learning.ts'
import { KillLevelSchema, type KillState } from './kill.ts'
import type { Mismatch, ReconciliationReport } from './mismatch.ts'
import type { AuditReport, ChaosReport, CheckResult, ProofProgress, ScenarioResult } from './proof.ts'
import type { AccountView, BrainCounters, FeedStatus, FillRow, KeyVerdict, ProcessName, RiskView, SignalRow } from './processes.ts'
import { decimalText, type DecimalText } from './decimal-text.ts'
import { ReplayArgs, type ReplayReturns } from './replay.ts'
import type { Result } from './result.ts'
import { Mode } from './settings.ts'

export interface EngineInfo {
  readonly version: string
  readonly build: string
  readonly host: 'electron' | 'node'
  readonly session: string
  readonly startedAt: number
  readonly ringBackend: 'native' | 'fallback' | 'unknown'
  readonly symbols: readonly string[]
  readonly speed: number
  readonly seed: number
  readonly tape: string
  readonly dataDir: string
}

export interface ModeView {
  readonly current: Mode
  readonly switching: boolean
  readonly options: readonly { readonly mode: Mode; readonly locked: boolean; readonly lacks: readonly string[] }[]
}

export interface MarketRow {
  readonly symbol: string
  readonly last: DecimalText
  readonly mark: DecimalText
  readonly bid: DecimalText
  readonly ask: DecimalText
  /** Open of the first bar of the last 24 h known, for the change figure. */
  readonly dayOpen: DecimalText
  /** Venue time of the newest datum. */
  readonly venueTime: number
  /** Counts ticks; when it stands still the data is not moving. */
  readonly ticks: number
  /** Instrument decimals for display. */
  readonly priceDecimals: number
  readonly quantityDecimals: number
}

export type ProcessState = 'starting' | 'running' | 'stalled' | 'restarting' | 'stopped' | 'failed'
export interface ProcessRow {
  readonly name: ProcessName | 'host'
  readonly pid: number | null
  readonly state: ProcessState
  readonly restarts: number
  readonly startedAt: number
  readonly lastHeartbeatAt: number
  readonly rssBytes: number
  readonly loopDelayP99Ms: number
  readonly cpuFraction: number
  /** "killed by SIGKILL 12 ms before it was seen", "exit 1", "no heartbeat for 2.0 s". */
  readonly lastExit: string | null
  readonly detectedMs: number | null
  readonly recoveredMs: number | null
}

export interface LogRow {
  readonly id: number
  readonly time: number
  readonly level: 'info' | 'warn' | 'error'
  readonly source: string
  readonly text: string
}

export interface ProofView<Report, Item> {
  readonly running: ProofProgress | null
  readonly items: readonly Item[]
  readonly last: Report | null
  readonly history: readonly { readonly id: string; readonly at: number; readonly summary: string; readonly ok: boolean }[]
  readonly catalog: readonly { readonly id: string; readonly suite: string; readonly title: string }[]
}

export interface StatusView {
  readonly feed: FeedStatus | null
  readonly orderRttMs: number | null
  readonly clockSkewMs: number | null
  readonly dbLagMs: number | null
  readonly usedWeight: number | null
  readonly weightLimit: number
  readonly bannedUntil: number
  readonly counters: BrainCounters | null
  /** null until the venue was asked what the key may do. */
  readonly key: KeyVerdict | null
  readonly deadMan: { readonly armed: boolean; readonly lastRefreshAt: number; readonly text: string } | null
  readonly progress: { readonly time: number; readonly startTime: number; readonly endTime: number | null } | null
}

/** The whole replica. Bounded: fills 500, signals 200, log 500, mismatches 500 (INV-11). */
export interface CockpitState {
  readonly engine: EngineInfo
  readonly mode: ModeView
  readonly market: readonly MarketRow[]
  readonly account: AccountView | null
  readonly risk: RiskView | null
  /** null until the brain told. */
  readonly learning: LearningView | null
  readonly fills: readonly FillRow[]
  readonly signals: readonly SignalRow[]
  readonly reconciliation: {
    readonly running: boolean
    readonly last: ReconciliationReport | null
    readonly mismatches: readonly Mismatch[]
    readonly nextAt: number | null
  }
  readonly processes: readonly ProcessRow[]
  readonly kill: KillState
  readonly log: readonly LogRow[]
  readonly audit: ProofView<AuditReport, CheckResult>
  readonly chaos: ProofView<ChaosReport, ScenarioResult>
  readonly status: StatusView
}

export const LIMITS = { fills: 500, signals: 200, log: 500, mismatches: 500, bars: 5_000 } as const

/** `changed` holds whole slices. A delta whose seq is not exactly +1 means: stale, subscribe again. */
export type StateMessage =
  | { readonly type: 'snapshot'; readonly seq: number; readonly time: number; readonly state: CockpitState }
  | { readonly type: 'delta'; readonly seq: number; readonly time: number; readonly changed: Partial<CockpitState> }

/** Candle for the chart; floats by design (INV-01 allows charts). Time in seconds, as lightweight-charts wants it. */
export interface ChartBar {
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  /** False = whitespace: a hole in the data, never interpolated. */
  readonly present: boolean
}

export type CandleMessage =
  | { readonly type: 'history'; readonly symbol: string; readonly bars: readonly ChartBar[] }
  | { readonly type: 'bars'; readonly symbol: string; readonly bars: readonly ChartBar[] }

export interface CockpitTopics {
  state: StateMessage
  /** Subscribing sends one `history` per symbol, then running updates, coalesced to ≤ 20 a second. */
  candles: CandleMessage
}
export type Topic = keyof CockpitTopics

export const CockpitArgs = {
  ping: v.null(),
  halt: v.strictObject({ level: KillLevelSchema, reason: v.pipe(v.string(), v.maxLength(200)) }),
  releaseHalt: v.strictObject({ phrase: v.pipe(v.string(), v.maxLength(100)) }),
  reconcile: v.null(),
  resolveMismatch: v.strictObject({
    id: v.pipe(v.string(), v.maxLength(200)),
    action: v.picklist(['repair', 'adopt', 'ignore', 'flatten']),
    reason: v.pipe(v.string(), v.maxLength(500)),
  }),
  /** Price and quantity of a working LIMIT order; what is absent stays as it is. */
  amendOrder: v.strictObject({
    clientId: v.pipe(v.string(), v.maxLength(36)),
    price: v.optional(decimalText),
    quantity: v.optional(decimalText),
  }),
  setMode: v.strictObject({ mode: Mode }),
  runAudit: v.strictObject({ suites: v.optional(v.array(v.string())), ids: v.optional(v.array(v.string())) }),
  runChaos: v.strictObject({ ids: v.optional(v.array(v.string())) }),
  stopProof: v.null(),
  restartProcess: v.strictObject({ name: v.picklist(['feed', 'brain', 'reconciler']) }),
  exportFills: v.null(),
  journalTail: v.strictObject({ limit: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)) }),
  verifyJournal: v.null(),
  ...ReplayArgs,
} as const
export type CockpitMethod = keyof typeof CockpitArgs
export type CockpitArg<M extends CockpitMethod> = v.InferOutput<(typeof CockpitArgs)[M]>

export interface CockpitReturns extends ReplayReturns {
  ping: { readonly time: number }
  halt: KillState
  releaseHalt: { readonly released: boolean; readonly reason: string }
  reconcile: ReconciliationReport
  resolveMismatch: { readonly done: boolean; readonly text: string }
  /** done = asked of the venue; the order's row tells what became of it. */
  amendOrder: { readonly done: boolean; readonly text: string }
  setMode: { readonly mode: Mode; readonly reason: string }
  runAudit: { readonly id: string }
  runChaos: { readonly id: string }
  stopProof: null
  restartProcess: null
  /** CSV text of all fills in the journal. */
  exportFills: { readonly csv: string }
  journalTail: { readonly rows: readonly { readonly seq: number; readonly time: number; readonly kind: string; readonly text: string }[] }
  verifyJournal: { readonly ok: boolean; readonly rows: number; readonly text: string }
}

/** Same for both hosts and for the renderer's bridge. */
export interface CockpitApi {
  call<M extends CockpitMethod>(method: M, arg: CockpitArg<M>): Promise<Result<CockpitReturns[M]>>
  subscribe<T extends Topic>(topic: T, listener: (message: CockpitTopics[T]) => void): () => void
}
