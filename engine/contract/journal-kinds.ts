/**
 * What the journal holds: one payload type per kind. Rows are facts; nothing here is derived later from memory.
 * `ref` (column) is what a row is looked up by: a client id, a trade id, a mismatch id.
 */
import type { DecimalText } from './decimal-text.ts'
import type { KillItem, KillLatch, KillLevel, TradingState } from './kill.ts'
import type { ShadowFact } from './learning.ts'
import type { BookCopy, Mismatch, Repair } from './mismatch.ts'
import type { Rails } from './settings.ts'
import type { OrderRequest, VenueFill, VenueOrder } from './venue.ts'

/** INV-03: written before the request leaves. One intent is one request; its `ref` is unique for ever. */
export interface IntentPayload {
  readonly action: 'place' | 'cancel' | 'amend'
  readonly clientId: string
  readonly book: 'regular' | 'algo'
  readonly role: 'entry' | 'exit' | 'stop' | 'takeProfit' | 'foreign'
  /** Counter the client id was made from; never used again after a restart. */
  readonly counter: number
  readonly request?: OrderRequest
  /** With an amendment: the terms asked for. */
  readonly change?: { readonly price: DecimalText; readonly quantity: DecimalText }
  readonly reason: string
  /** Client id of the entry this order protects or closes. */
  readonly group?: string
  /** With an entry, or an amendment that moves one: what is to be done once it fills, so that a restart goes on with it. */
  readonly plan?: TradePlan
}

/** What an entry promised: levels as decimal text on the symbol's grid, times in venue ms. */
export interface TradePlan {
  readonly signalId: string
  readonly side: 'BUY' | 'SELL'
  readonly stop: DecimalText
  readonly takeProfit: DecimalText
  /** Entry is cancelled when not filled by then. */
  readonly entryDeadline: number
  /** Position is closed at market by then. */
  readonly exitDeadline: number
  /** Trailing distance in per cent (0.1 to 10), when the idea wants one. */
  readonly trailPct?: DecimalText
  /** The stop follows the close at this distance once the position is one R ahead (orders/trailing.ts). */
  readonly trail?: { readonly distance: DecimalText }
}

/** INV-04: only what is proved closes an intent. */
export interface OutcomePayload {
  readonly action: 'place' | 'cancel' | 'amend'
  readonly clientId: string
  readonly outcome: 'acked' | 'rejected' | 'not-sent' | 'found' | 'absent' | 'superseded'
  readonly code?: string
  readonly venueCode?: number
  readonly message?: string
  readonly order?: VenueOrder
}

export interface JournalKinds {
  /** A process opened the account; rows of sessions with the same account belong to one ledger. */
  session: { readonly account: string; readonly mode: string; readonly symbols: readonly string[]; readonly settings: unknown }
  /** Where the ledger starts: the venue's own account at that moment. */
  baseline: {
    readonly wallet: DecimalText
    readonly positions: BookCopy['positions']
    readonly lastTradeId: Readonly<Record<string, string>>
    readonly reason: string
  }
  intent: IntentPayload
  'request-outcome': OutcomePayload
  /** Nothing is proved: the order is being looked up by client id. */
  'request-ambiguous': { readonly action: string; readonly clientId: string; readonly code: string; readonly message: string }
  'order-event': {
    readonly clientId: string
    readonly from: string
    readonly to: string
    readonly event: string
    readonly executed: DecimalText
    readonly orderId: string
    /** Regular-book id of a conditional order that fired; '' or absent before. */
    readonly childOrderId?: string
    /** Terms as they stand now, when they changed. */
    readonly price?: DecimalText
    readonly quantity?: DecimalText
  }
  fill: VenueFill & {
    readonly realized: DecimalText
    readonly wallet: DecimalText
    readonly source: 'stream' | 'rest' | 'repair'
    /** Not our order and not our position: only the wallet took part. */
    readonly foreign: boolean
  }
  /** Funding, transfers and every other change of the wallet that is not a fill. */
  'wallet-change': {
    readonly reason: string
    readonly symbol: string
    readonly amount: DecimalText
    readonly wallet: DecimalText
    readonly id: string
  }
  position: { readonly symbol: string; readonly positionSide: string; readonly opened: boolean; readonly realized: DecimalText }
  signal: {
    readonly id: string
    readonly symbol: string
    readonly side: 'BUY' | 'SELL'
    readonly strategy: string
    readonly price: number
    readonly why: string
    readonly features: Readonly<Record<string, number>>
    readonly invalidation: number | null
  }
  /** Every pass and every refusal, with the rule that decided. */
  decision: {
    readonly signalId: string
    readonly allowed: boolean
    readonly rule: string
    readonly text: string
    readonly quantity?: DecimalText
    readonly price?: DecimalText
  }
  shadow: ShadowFact
  /** Leverage of a symbol at the venue: before it is asked for, and what came of it. */
  leverage: {
    readonly symbol: string
    /** Last known; 0 = not known. */
    readonly from: number
    readonly to: number
    readonly step: 'asked' | 'confirmed' | 'refused'
    readonly reason: string
  }
  rail: { readonly rule: string; readonly text: string; readonly rails?: Rails }
  'trading-state': { readonly state: TradingState; readonly reason: string }
  mode: { readonly from: string; readonly to: string; readonly reason: string }
  mismatch: Mismatch
  repair: { readonly repair: Repair; readonly applied: boolean; readonly reason: string }
  'kill-latch': { readonly latch: KillLatch | null; readonly reason: string }
  'kill-step': { readonly level: KillLevel; readonly step: string; readonly items: readonly KillItem[] }
  equity: {
    readonly wallet: DecimalText
    readonly unrealized: DecimalText
    readonly equity: DecimalText
    readonly peak: DecimalText
    readonly dayStart: DecimalText
  }
  audit: { readonly id: string; readonly summary: string; readonly document: unknown }
  chaos: { readonly id: string; readonly summary: string; readonly document: unknown }
  certificate: { readonly action: 'issued' | 'revoked'; readonly document: unknown; readonly reason: string }
  /** The file once held more than was found when it was opened. */
  loss: { readonly text: string; readonly fromSeq: number; readonly toSeq: number; readonly expectedHash: string }
  note: { readonly text: string; readonly detail?: unknown }
}
export type JournalKind = keyof JournalKinds

/** One row to append. */
export type JournalEntry = {
  [K in JournalKind]: {
    readonly kind: K
    readonly payload: JournalKinds[K]
    /** Venue time, ms. */
    readonly time: number
    readonly symbol?: string
    readonly ref?: string
  }
}[JournalKind]

/** A row as stored. `payload` is what was appended, read back from its text. */
export interface JournalRow<K extends JournalKind = JournalKind> {
  readonly seq: number
  readonly time: number
  readonly kind: K
  readonly symbol: string
  readonly ref: string
  readonly process: string
  readonly session: string
  readonly build: string
  readonly payload: JournalKinds[K]
  readonly hash: string
}
