/**
 * The words the host and its processes speak: per process the methods it serves, the events it emits, and what it may ask the host.
 * Star topology: processes never talk to each other directly except over the ring and the venue.
 *
 * Lock-step (headless tape runs): the simulator emits `barrier`, the host asks feed, then brain, whether they consumed it, and
 * answers `proceed`. While a barrier is open virtual time stands still.
 */
import type { DecimalText } from './decimal-text.ts'
import type { KillItem, KillLevel, KillState, TradingState } from './kill.ts'
import type { LearningView } from './learning.ts'
import type { BookCopy, Mismatch, ReconciliationReport, Repair } from './mismatch.ts'
import type { PlainError } from './result.ts'
import type { Rails, Settings } from './settings.ts'
import type { AccountSnapshot, VenueMetrics } from './venue.ts'

export const PROCESS_NAMES = ['simulator', 'feed', 'brain', 'reconciler'] as const
export type ProcessName = (typeof PROCESS_NAMES)[number]

/** Where the venue is and how its time relates to ours. */
export interface VenueEndpoints {
  readonly rest: string
  readonly ws: string
  /** Venue seconds per local second; 1 at the real venue. */
  readonly rate: number
  /** Real venue: https/wss hosts only and exact host check. */
  readonly real: boolean
}

export interface ProcessInit {
  readonly settings: Settings
  readonly symbols: readonly string[]
  readonly ringPath: string
  readonly dataDir: string
  readonly endpoints: VenueEndpoints
  /** Version of the code, for the journal. */
  readonly build: string
  /** Unique per engine start, [a-z0-9]{8}; part of client order ids. */
  readonly session: string
}

export interface Credentials {
  readonly key: string
  readonly secret: string
}

/** What the key may be used for here, as far as the venue tells. */
export interface KeyVerdict {
  /** 'refused': nothing is traded with it. 'unchecked': the venue has not answered yet; nothing is entered until it has. */
  readonly use: 'trade' | 'read-only' | 'refused' | 'unchecked'
  /** Sentences for the trader; empty only when the key may just trade and the venue told everything. */
  readonly warnings: readonly string[]
}

export interface Heartbeat {
  readonly rssBytes: number
  readonly heapBytes: number
  /** Event-loop delay p99 since the last heartbeat, ms. */
  readonly loopDelayP99Ms: number
  readonly cpuFraction: number
}

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly text: string
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Every process emits these. */
export interface CommonEvents {
  heartbeat: Heartbeat
  log: LogLine
  fatal: PlainError
  budget: BudgetObservation
}

/** One process saw a rate header or a ban; the host relays it to the others so that all share one budget. */
export interface BudgetObservation {
  readonly source: ProcessName
  readonly usedWeight: number
  /** Venue minute the figure belongs to. */
  readonly minute: number
  readonly bannedUntil: number
}

export interface CommonMethods {
  budget(observation: BudgetObservation): void
  /** Finish what is in flight, close files, then answer; the host kills after its grace period. */
  stop(arg: null): null
}

/* ---------------------------------------------------------------- feed */

export interface FeedMethods extends CommonMethods {
  init(arg: ProcessInit): null
  /** Publish the bounded history again (a reader restarted). */
  history(arg: { symbols: readonly string[] | null }): null
  /** Resolves when `publicFrames` frames have been consumed and published. */
  barrier(arg: { step: number; time: number; publicFrames: number }): { ringHead: number }
}

export interface StreamHealth {
  readonly name: string
  readonly state: 'connecting' | 'live' | 'silent' | 'down'
  /** Ms since the last message, at the time of sending. */
  readonly ageMs: number
  readonly reconnects: number
}

export interface FeedStatus {
  readonly streams: readonly StreamHealth[]
  readonly frames: number
  readonly published: number
  /** Poison refused, by reason (INV-13). */
  readonly poison: Readonly<Record<string, number>>
  readonly gapsOpen: number
  readonly barsFilled: number
  readonly clockSkewMs: number
  readonly lastEventAgeMs: number
  readonly ringBackend: 'native' | 'fallback'
  readonly metrics: VenueMetrics
}

export interface FeedEvents extends CommonEvents {
  status: FeedStatus
}

/* ---------------------------------------------------------------- brain */

export interface BrainInit extends ProcessInit {
  readonly credentials: Credentials
  readonly tradingState: TradingState
}

export interface BrainMethods extends CommonMethods {
  init(arg: BrainInit): null
  /** The start-up reconciliation is clean: entries may begin. */
  release(arg: null): null
  tradingState(arg: { state: TradingState; reason: string }): null
  book(arg: null): BookCopy
  repair(arg: Repair): { applied: boolean; reason: string }
  /** The trader moves a working LIMIT order; what is absent stays. Answers whether it was asked of the venue, or why not. */
  amend(arg: { clientId: string; price?: DecimalText; quantity?: DecimalText }): { applied: boolean; reason: string }
  /** Resolves when the ring was drained to `ringHead`, `userFrames` frames were applied and nothing is in flight. */
  barrier(arg: { step: number; time: number; ringHead: number; userFrames: number }): { requests: number; userFrames: number }
  rails(arg: Rails): null
}

export interface OrderRow {
  readonly clientId: string
  readonly orderId: string
  readonly book: 'regular' | 'algo'
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  readonly positionSide: string
  readonly type: string
  readonly state: string
  readonly role: 'entry' | 'exit' | 'stop' | 'takeProfit' | 'foreign'
  /** 'foreign': somebody else's and not adopted, only shown. */
  readonly origin: 'ours' | 'adopted' | 'foreign'
  readonly quantity: DecimalText
  readonly executed: DecimalText
  readonly price: DecimalText
  readonly triggerPrice: DecimalText
  readonly averagePrice: DecimalText
  readonly reduceOnly: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export interface PositionRow {
  readonly symbol: string
  readonly positionSide: string
  readonly quantity: DecimalText
  readonly averageEntry: DecimalText
  readonly mark: DecimalText
  readonly unrealizedPnl: DecimalText
  readonly realizedPnl: DecimalText
  readonly liquidationPrice: DecimalText
  readonly leverage: number
  readonly stopPrice: DecimalText | null
  readonly takeProfitPrice: DecimalText | null
  readonly openedAt: number
}

export interface FillRow {
  readonly tradeId: string
  readonly clientId: string
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  readonly price: DecimalText
  readonly quantity: DecimalText
  readonly realizedPnl: DecimalText
  readonly commission: DecimalText
  readonly maker: boolean
  readonly time: number
}

export interface SignalRow {
  readonly id: string
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  readonly time: number
  readonly price: DecimalText
  readonly why: string
  /** What became of it: 'ordered', or the rail that refused it. */
  readonly outcome: string
  readonly invalidation: DecimalText | null
}

export interface AccountView {
  readonly time: number
  readonly wallet: DecimalText
  readonly equity: DecimalText
  readonly unrealizedPnl: DecimalText
  readonly realizedPnl: DecimalText
  readonly fees: DecimalText
  readonly funding: DecimalText
  readonly dayPnl: DecimalText
  readonly peakEquity: DecimalText
  readonly positions: readonly PositionRow[]
  readonly orders: readonly OrderRow[]
}

export interface RiskView {
  readonly state: TradingState
  readonly reason: string
  /** Rails that block entries right now, in words. */
  readonly blocks: readonly string[]
  readonly released: boolean
}

export interface BrainCounters {
  readonly ticks: number
  readonly candles: number
  readonly signals: number
  readonly orders: number
  readonly fills: number
  readonly rejects: number
  readonly dropped: number
  readonly unresolved: number
  /** Ring tick → decision, µs. */
  readonly decisionP50Us: number
  readonly decisionP99Us: number
  readonly dbLagMs: number
}

export interface BrainEvents extends CommonEvents {
  account: AccountView
  risk: RiskView
  learning: LearningView
  fill: FillRow
  signal: SignalRow
  counters: BrainCounters & { readonly metrics: VenueMetrics; readonly userStreamHealthy: boolean; readonly userFrames: number }
  /** The brain asks for a reconciliation (reconnect, ambiguous outcome). */
  reconcile: { readonly reason: 'reconnect' | 'ambiguous' }
  /** A rail trips the kill switch. */
  trip: { readonly level: KillLevel; readonly reason: string }
}

/* ---------------------------------------------------------------- reconciler */

export interface ReconcilerInit extends ProcessInit {
  readonly credentials: Credentials
}

export interface ReconcilerMethods extends CommonMethods {
  init(arg: ReconcilerInit): null
  reconcile(arg: { reason: ReconciliationReport['reason'] }): ReconciliationReport
  resolve(arg: { id: string; action: 'repair' | 'adopt' | 'ignore' | 'flatten'; reason: string }): { done: boolean; text: string }
  /** Executes a kill level with its own hands; progress arrives as `kill` events; answers when confirmed or given up. */
  kill(arg: { level: KillLevel; reason: string }): KillState
  /** REST view for release: flat, and nothing open. */
  confirmFlat(arg: null): { flat: boolean; orders: number; positions: number; error: string | null }
  snapshot(arg: null): AccountSnapshot
}

export interface ReconcilerEvents extends CommonEvents {
  report: ReconciliationReport
  mismatches: readonly Mismatch[]
  kill: { readonly items: readonly KillItem[] }
  /** Severity crit was found: entries must stop. */
  halt: { readonly reason: string }
  /** At the start, and whenever the venue says otherwise later. */
  key: KeyVerdict
  deadMan: { readonly armed: boolean; readonly lastRefreshAt: number; readonly text: string }
  metrics: VenueMetrics
}

/** What the reconciler may ask the host (which relays to the brain). Result code 'closed' when the brain is down. */
export interface HostForReconciler {
  book(arg: null): BookCopy | null
  repair(arg: Repair): { applied: boolean; reason: string }
}

/* ---------------------------------------------------------------- simulator */

export interface SimulatorInit {
  readonly settings: Settings
  readonly symbols: readonly string[]
  /** 0 = any free port. */
  readonly port: number
  readonly dataDir: string
  /** 'tape' keeps recorded times (lock-step); 'wall' shifts the tape so that it starts now. */
  readonly timebase: 'tape' | 'wall'
  /** Stop emitting after this much virtual time, ms; null = tape end. */
  readonly horizonMs: number | null
  readonly credentials: Credentials
}

export interface SimulatorReady {
  readonly rest: string
  readonly ws: string
  readonly key: string
  readonly secret: string
  readonly startTime: number
}

/** The simulator's own truth, exact, for proofs: never read by brain, feed or reconciler. */
export interface SimulatorAccount {
  readonly wallet: DecimalText
  readonly unrealizedPnl: DecimalText
  readonly equity: DecimalText
  readonly fees: DecimalText
  readonly funding: DecimalText
  readonly realizedPnl: DecimalText
  readonly positions: readonly { symbol: string; positionSide: string; quantity: DecimalText; entryPrice: DecimalText }[]
  readonly openOrders: number
  readonly orders: number
  readonly fills: number
}

export interface SimulatorMethods {
  init(arg: SimulatorInit): SimulatorReady
  /** Start (or go on) emitting the tape. */
  play(arg: null): null
  pause(arg: null): null
  /** Lock-step: the open barrier's answer; `requests` = requests the brain has completed. */
  proceed(arg: { step: number }): null
  account(arg: null): SimulatorAccount
  /** Fault injection (issue 2/4): a fault as in engine/simulator/faults. */
  fault(arg: unknown): null
  stop(arg: null): null
}

export interface SimulatorEvents {
  heartbeat: Heartbeat
  log: LogLine
  fatal: PlainError
  barrier: {
    readonly step: number
    readonly time: number
    readonly publicFrames: number
    readonly userFrames: number
    readonly requests: number
  }
  ended: { readonly time: number }
  progress: { readonly time: number; readonly startTime: number; readonly endTime: number | null }
}
