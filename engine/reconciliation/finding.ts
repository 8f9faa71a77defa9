/** What one comparison found, before it is aged; and what comparing needs to know besides the two books. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BookCopy, Mismatch, MismatchAction, MismatchKind, Severity } from '../contract/mismatch.ts'
import type { AccountSnapshot, PositionSide, VenueFill, VenueOrder } from '../contract/venue.ts'
import { toText, type Decimal } from '../money/decimal.ts'
import type { FilterChange } from '../money/filters.ts'
import type { IncomeContext } from './income.ts'

/** One difference. The id is made of what differs, never of when or how much: a second look updates the same row. */
export type Finding = Pick<
  Mismatch,
  'id' | 'kind' | 'severity' | 'symbol' | 'positionSide' | 'summary' | 'local' | 'venue' | 'atRisk' | 'evidence' | 'actions'
>

/** INV-05: one targeted query by client id precedes every conclusion about an order that a list does not show. */
export type OrderLookup =
  | { readonly kind: 'found'; readonly order: VenueOrder }
  /** The venue proved that it does not know the id. */
  | { readonly kind: 'absent' }
  /** The query failed: nothing may be concluded. */
  | { readonly kind: 'unproved'; readonly error: string }

/** What was really read from the venue; what was not read is not compared. */
export interface Scope {
  readonly orders: boolean
  readonly positions: boolean
  readonly balances: boolean
  /** Symbols whose open orders were read; null = all. */
  readonly orderSymbols: ReadonlySet<string> | null
  /** Symbols whose trades were read. */
  readonly fillSymbols: ReadonlySet<string>
  /** The symbols' filters were read. */
  readonly filters: boolean
  /** The income history was read. */
  readonly income: boolean
}

export interface CompareContext {
  /** Venue time, ms. */
  readonly now: number
  readonly scope: Scope
  /** Symbols the engine trades. */
  readonly symbols: ReadonlySet<string>
  readonly marks: ReadonlyMap<string, Decimal>
  /** Trades the venue reports, of the symbols whose trades were asked for. */
  readonly fills: readonly VenueFill[]
  /** Whether the ledger booked a trade; from the journal, not from the brain's memory. */
  readonly booked: (fill: VenueFill) => boolean
  /** Whether an order id of the regular book belongs to an order of ours. */
  readonly ownOrder: (symbol: string, orderId: string) => boolean
  readonly lookups: ReadonlyMap<string, OrderLookup>
  /** Orders younger than this are left to the brain, ms. */
  readonly inFlightMs: number
  /** Age of the newest market datum, ms; null = not watched. */
  readonly dataAgeMs: number | null
  readonly maxDataAgeMs: number
  readonly clockSkewMs: number | null
  /** The venue's income history and the journal's view of it; null = not read. */
  readonly income: IncomeContext | null
  /** Filters that changed since the engine read them. */
  readonly filterChanges: readonly { readonly symbol: string; readonly changes: readonly FilterChange[] }[]
}

export interface BothBooks {
  readonly local: BookCopy
  readonly venue: AccountSnapshot
  readonly context: CompareContext
}

export const NOTHING_AT_RISK = '0' as DecimalText

/** Builds a finding; `key` tells findings of one kind, symbol and side apart. */
export function finding(part: {
  kind: MismatchKind
  severity: Severity
  symbol: string
  positionSide?: PositionSide
  key?: string
  summary: string
  local: string
  venue: string
  atRisk: Decimal
  evidence: Readonly<Record<string, unknown>>
  actions: readonly MismatchAction[]
}): Finding {
  const { positionSide, key, atRisk, ...rest } = part
  const id = [part.kind, part.symbol, positionSide ?? '', key ?? ''].join(':').replace(/:+$/, '')
  return { ...rest, id, atRisk: toText(atRisk.abs().toDecimalPlaces(8)), ...(positionSide === undefined ? {} : { positionSide }) }
}

export const positionKey = (symbol: string, side: PositionSide): string => `${symbol} ${side}`
