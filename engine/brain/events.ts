/**
 * What goes into the brain's reducer and what comes out. Both are plain data: a recording of the events replays the brain
 * bit by bit, and the commands are the proof. Ticks have their own entrance (ticks.ts): no object per tick.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { JournalEntry } from '../contract/journal-kinds.ts'
import type { KillLevel, TradingState } from '../contract/kill.ts'
import type { Repair } from '../contract/mismatch.ts'
import type { FillRow, LogLine, SignalRow } from '../contract/processes.ts'
import type { Rails } from '../contract/settings.ts'
import type {
  AccountSnapshot,
  AmendRequest,
  IncomeRecord,
  OrderRequest,
  SymbolFilters,
  UserEvent,
  VenueFill,
  VenueOrder,
  VenueResult,
} from '../contract/venue.ts'

/** `at` = venue ms when the shell handed the event over; it never runs backwards. */
export type BrainEvent =
  | { readonly type: 'user'; readonly at: number; readonly event: UserEvent }
  /** The passing of time: deadlines, look-ups, day change. */
  | { readonly type: 'clock'; readonly at: number }
  | { readonly type: 'placed'; readonly at: number; readonly clientId: string; readonly result: VenueResult<VenueOrder> }
  | { readonly type: 'cancelled'; readonly at: number; readonly clientId: string; readonly result: VenueResult<VenueOrder | undefined> }
  /** `counter` = number of the amendment's intent. */
  | {
      readonly type: 'amended'
      readonly at: number
      readonly clientId: string
      readonly counter: number
      readonly result: VenueResult<VenueOrder>
    }
  /** The trader moves a working order; what is absent stays. */
  | {
      readonly type: 'amend'
      readonly at: number
      readonly clientId: string
      readonly price?: DecimalText
      readonly quantity?: DecimalText
    }
  | { readonly type: 'lookedUp'; readonly at: number; readonly clientId: string; readonly result: VenueResult<VenueOrder> }
  | { readonly type: 'snapshot'; readonly at: number; readonly reason: SnapshotReason; readonly result: VenueResult<AccountSnapshot> }
  | { readonly type: 'fills'; readonly at: number; readonly symbol: string; readonly result: VenueResult<readonly VenueFill[]> }
  | { readonly type: 'income'; readonly at: number; readonly result: VenueResult<readonly IncomeRecord[]> }
  | { readonly type: 'filters'; readonly at: number; readonly filters: readonly SymbolFilters[] }
  | {
      readonly type: 'leverageSet'
      readonly at: number
      readonly symbol: string
      readonly leverage: number
      readonly result: VenueResult<void>
    }
  | { readonly type: 'stream'; readonly at: number; readonly healthy: boolean }
  | { readonly type: 'journal'; readonly at: number; readonly fault: string }
  | { readonly type: 'release'; readonly at: number }
  | { readonly type: 'tradingState'; readonly at: number; readonly state: TradingState; readonly reason: string }
  | { readonly type: 'rails'; readonly at: number; readonly rails: Rails }
  | { readonly type: 'repair'; readonly at: number; readonly repair: Repair }
  /** Ticks the ring overwrote before they were read. */
  | { readonly type: 'lost'; readonly at: number; readonly count: number }

export type SnapshotReason = 'start' | 'resync'

export type Command =
  /** Durable before any request of the same step leaves (INV-03). */
  | { readonly type: 'journal'; readonly entry: JournalEntry }
  | { readonly type: 'place'; readonly order: OrderRequest }
  | { readonly type: 'amend'; readonly change: AmendRequest; readonly counter: number }
  | { readonly type: 'cancel'; readonly symbol: string; readonly clientId: string; readonly book: 'regular' | 'algo' }
  | { readonly type: 'setLeverage'; readonly symbol: string; readonly leverage: number }
  | { readonly type: 'lookup'; readonly symbol: string; readonly clientId: string; readonly book: 'regular' | 'algo' }
  | { readonly type: 'snapshot'; readonly reason: SnapshotReason }
  | {
      readonly type: 'fills'
      readonly symbol: string
      readonly fromTradeId?: string
      readonly startTime?: number
      readonly orderId?: string
    }
  | { readonly type: 'income'; readonly startTime: number }
  | { readonly type: 'fill'; readonly row: FillRow }
  | { readonly type: 'signal'; readonly row: SignalRow }
  | { readonly type: 'trip'; readonly level: KillLevel; readonly reason: string }
  | { readonly type: 'reconcile'; readonly reason: 'reconnect' | 'ambiguous' }
  | { readonly type: 'log'; readonly level: LogLine['level']; readonly text: string }

/** Answer to a repair or to the trader's amendment; the shell returns it to the host. */
export interface RepairAnswer {
  readonly applied: boolean
  readonly reason: string
}

/** Opening position of the ledger. */
export interface Baseline {
  readonly wallet: DecimalText
  readonly at: number
}
