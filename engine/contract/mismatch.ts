/** Reconciliation findings: typed, aged, priced, with both sides' evidence (peers.md §6.3). */
import type { DecimalText } from './decimal-text.ts'
import type { IncomeRecord, PositionSide, VenueFill, VenueOrder } from './venue.ts'

export const MISMATCH_KINDS = [
  'ghost-position',
  'unknown-position',
  'quantity',
  'side-flip',
  'average-price',
  'missing-fill',
  'foreign-order',
  'lost-order',
  'order-terms',
  'missing-stop',
  'orphan-stop',
  'duplicate-stop',
  'balance-drift',
  /** Funding or a transfer that the venue's history shows and the ledger does not. */
  'missing-income',
  /** Commission, realised profit or a booked movement that the venue's history tells otherwise. */
  'income-drift',
  'stale-data',
  'clock-drift',
  'precision-drift',
] as const
export type MismatchKind = (typeof MISMATCH_KINDS)[number]
export type Severity = 'info' | 'warn' | 'crit'
export type MismatchAction = 'repair' | 'adopt' | 'ignore' | 'flatten'

export interface Mismatch {
  /** Deterministic: same difference, same id, so a second pass updates instead of repeating. */
  readonly id: string
  readonly kind: MismatchKind
  readonly severity: Severity
  readonly symbol: string
  readonly positionSide?: PositionSide
  /** One line: "quantity: local 0.120, venue 0.100". */
  readonly summary: string
  readonly local: string
  readonly venue: string
  /** USDT at risk, never negative. */
  readonly atRisk: DecimalText
  readonly evidence: Readonly<Record<string, unknown>>
  readonly firstSeenAt: number
  readonly lastSeenAt: number
  readonly actions: readonly MismatchAction[]
  readonly state: 'open' | 'fixed' | 'ignored' | 'adopted'
  readonly proof?: string
  readonly ignoreReason?: string
}

/** The brain's account state as a copy (INV-06): what the reconciler compares with REST. */
export interface BookCopy {
  readonly takenAt: number
  /** Counts account-changing events; equal before and after a REST read means nothing moved meanwhile. */
  readonly revision: number
  readonly wallet: DecimalText
  readonly positions: readonly {
    readonly symbol: string
    readonly positionSide: PositionSide
    readonly quantity: DecimalText
    readonly averageEntry: DecimalText
    readonly realizedPnl: DecimalText
    /** True when the plan holds a protective stop for it. */
    readonly wantsStop: boolean
  }[]
  readonly openOrders: readonly (VenueOrder & { readonly state: string; readonly origin: 'ours' | 'adopted' })[]
  /** Client ids whose outcome is not proved yet. */
  readonly unresolved: readonly string[]
  readonly lastTradeId: Readonly<Record<string, string>>
  readonly fillCount: number
}

/** What the brain is asked to do about a mismatch; pure data, journaled before it is applied. */
export type Repair =
  | { readonly kind: 'book-fill'; readonly mismatchId: string; readonly fill: VenueFill }
  /** `count`: the history shows that many movements of this kind, second and amount up to this one; fewer are booked. */
  | { readonly kind: 'book-income'; readonly mismatchId: string; readonly record: IncomeRecord; readonly count: number }
  | { readonly kind: 'drop-order'; readonly mismatchId: string; readonly clientId: string; readonly venue: VenueOrder | null }
  /** The venue states other terms (price, quantity, trigger) of a working order: they are the ones that will trade. */
  | { readonly kind: 'take-terms'; readonly mismatchId: string; readonly clientId: string; readonly venue: VenueOrder }
  | { readonly kind: 'adopt-order'; readonly mismatchId: string; readonly order: VenueOrder }
  | {
      readonly kind: 'adopt-position'
      readonly mismatchId: string
      readonly symbol: string
      readonly positionSide: PositionSide
      readonly quantity: DecimalText
      readonly averageEntry: DecimalText
      readonly markPrice: DecimalText
    }
  | { readonly kind: 'set-wallet'; readonly mismatchId: string; readonly wallet: DecimalText; readonly reason: string }
  | { readonly kind: 're-arm-stop'; readonly mismatchId: string; readonly symbol: string; readonly positionSide: PositionSide }

export interface ReconciliationReport {
  readonly reason: 'start' | 'timer' | 'deep' | 'reconnect' | 'ambiguous' | 'manual' | 'kill'
  readonly startedAt: number
  readonly durationMs: number
  /** False when a REST query failed: then nothing was concluded (INV-05). */
  readonly conclusive: boolean
  readonly error?: string
  readonly compared: { readonly positions: number; readonly orders: number; readonly fills: number; readonly balances: number }
  readonly mismatches: readonly Mismatch[]
}
