/** The running engine as the floors above see it: the cockpit, the command line, audits and chaos runs, the hosts. */
import type { ProcessRow } from '../contract/cockpit.ts'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { LearningView } from '../contract/learning.ts'
import type { JournalKinds } from '../contract/journal-kinds.ts'
import type { KillLatch, KillLevel, KillState, TradingState } from '../contract/kill.ts'
import type { BookCopy, Mismatch, ReconciliationReport } from '../contract/mismatch.ts'
import type {
  AccountView,
  BrainEvents,
  BudgetObservation,
  Credentials,
  FeedStatus,
  FillRow,
  KeyVerdict,
  LogLine,
  ProcessName,
  ReconcilerEvents,
  RiskView,
  SignalRow,
  SimulatorAccount,
  SimulatorEvents,
  VenueEndpoints,
} from '../contract/processes.ts'
import type { Failure, Result } from '../contract/result.ts'
import type { Rails, Settings } from '../contract/settings.ts'
import type { AccountSnapshot, VenueMetrics } from '../contract/venue.ts'
import type { HostKind } from './host-journal.ts'
import type { Spawner } from './spawner.ts'
import type { Timings } from './supervised.ts'

export type EngineEvent =
  | { readonly kind: 'processes' }
  | { readonly kind: 'kill'; readonly state: KillState }
  | { readonly kind: 'log'; readonly source: string; readonly time: number; readonly line: LogLine }
  | { readonly kind: 'account'; readonly view: AccountView }
  | { readonly kind: 'risk'; readonly view: RiskView }
  | { readonly kind: 'learning'; readonly view: LearningView }
  | { readonly kind: 'fill'; readonly row: FillRow }
  | { readonly kind: 'signal'; readonly row: SignalRow }
  | { readonly kind: 'counters'; readonly counters: BrainEvents['counters'] }
  | { readonly kind: 'feed'; readonly status: FeedStatus }
  | { readonly kind: 'report'; readonly report: ReconciliationReport }
  | { readonly kind: 'reconciling'; readonly running: boolean }
  | { readonly kind: 'mismatches'; readonly list: readonly Mismatch[] }
  | { readonly kind: 'deadMan'; readonly state: ReconcilerEvents['deadMan'] }
  | { readonly kind: 'key'; readonly verdict: KeyVerdict }
  | { readonly kind: 'venue'; readonly metrics: VenueMetrics }
  | { readonly kind: 'budget'; readonly observation: BudgetObservation }
  | { readonly kind: 'progress'; readonly progress: SimulatorEvents['progress'] }
  | { readonly kind: 'ended'; readonly time: number }
  | { readonly kind: 'stopped' }

export interface EngineDeps {
  readonly spawner: Spawner
  /** Created if need be; locked while the engine runs. */
  readonly dataDir: string
  readonly build: string
  readonly host: 'electron' | 'node'
  /** Live only: the simulator's keys are made here. */
  readonly credentials?: Credentials
  readonly simulator?: { readonly port?: number; readonly timebase?: 'tape' | 'wall'; readonly horizonMs?: number | null }
  /** Bounds of waiting; tests shorten them. */
  readonly timings?: Partial<Timings>
  /** Where the process programs are; tests put fixtures here. Default engine/processes. */
  readonly entry?: (name: ProcessName) => URL
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface EngineHandle {
  readonly settings: Settings
  readonly dataDir: string
  readonly build: string
  readonly host: 'electron' | 'node'
  readonly session: string
  readonly startedAt: number
  readonly ringPath: string
  /**
   * Resolves when everything runs and the start-up reconciliation is clean (or a latch, or a key that only reads, forbids trading);
   * fails when a process refuses its first start, with its own words, and with 'key-refused' when the key is.
   */
  readonly ready: Promise<Result<null, Failure>>
  /** Where the venue is; null until the simulator answered. */
  readonly endpoints: VenueEndpoints | null
  on(listener: (event: EngineEvent) => void): () => void
  processes(): readonly ProcessRow[]
  /** What the brain was last told. */
  readonly tradingState: TradingState
  /** True when the brain was released: entries may happen. */
  readonly released: boolean
  readonly killState: KillState
  /** null until the venue was asked what the key may do. */
  readonly key: KeyVerdict | null
  /** Latches, then acts. Resolves with the first attempt's outcome. */
  kill(level: KillLevel, reason: string, by: KillLatch['by']): Promise<KillState>
  releaseKill(phrase: string): Promise<{ released: boolean; reason: string }>
  reconcile(reason: ReconciliationReport['reason']): Promise<Result<ReconciliationReport>>
  resolveMismatch(arg: {
    id: string
    action: 'repair' | 'adopt' | 'ignore' | 'flatten'
    reason: string
  }): Promise<Result<{ done: boolean; text: string }>>
  /** The trader moves a working LIMIT order. */
  amendOrder(arg: { clientId: string; price?: DecimalText; quantity?: DecimalText }): Promise<Result<{ done: boolean; text: string }>>
  restart(name: ProcessName, reason: string): void
  /** SIGKILL, measured from here: the zombie scenario's tool. */
  crash(name: ProcessName): void
  book(): Promise<Result<BookCopy>>
  /** The reconciler's own REST view. */
  snapshot(): Promise<Result<AccountSnapshot>>
  rails(rails: Rails): Promise<Result<null>>
  /** Writes into the journal for the floors above; never blocks. */
  record<K extends HostKind>(kind: K, payload: JournalKinds[K]): void
  /** The embedded exchange, in simulated and paper modes; code 'closed' in live. */
  readonly simulator: {
    account(): Promise<Result<SimulatorAccount>>
    fault(plan: unknown): Promise<Result<null>>
    play(): Promise<Result<null>>
    pause(): Promise<Result<null>>
  }
  /** Graceful, then by force; resolves when nothing of this engine is left. */
  stop(): Promise<void>
}
