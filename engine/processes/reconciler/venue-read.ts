/**
 * What a look asks the venue. Each answer is whole or a failure: a list that could not be read is never an empty list (INV-05).
 * Weight: 90 for everything at once; 10 + 2 per symbol one by one.
 */
import type { BookCopy } from '../../contract/mismatch.ts'
import { fail, ok } from '../../contract/result.ts'
import type {
  AccountSnapshot,
  IncomeRecord,
  PrivateVenue,
  PublicVenue,
  SymbolFilters,
  VenueFill,
  VenueOrder,
  VenueResult,
} from '../../contract/venue.ts'
import { decimal, type Decimal } from '../../money/decimal.ts'
import type { OrderLookup } from '../../reconciliation/finding.ts'
import { ordersToLookUp } from '../../reconciliation/orders.ts'
import type { Depth } from '../../reconciliation/schedule.ts'
import type { JournalView } from './journal-view.ts'

export interface LookDeps {
  readonly venue: PrivateVenue
  readonly market: PublicVenue
  readonly symbols: readonly string[]
  readonly journal: JournalView
  /** Copy of the brain's book; null when the brain is down. */
  book(): Promise<BookCopy | null>
  /** Filters as the engine read them at its start. */
  readonly filters: ReadonlyMap<string, SymbolFilters>
  /** Venue time, ms; brought up to date by `freshen`. */
  now(): number
  freshen(): Promise<VenueResult<void>>
  /** Venue ms per local ms. */
  readonly rate: number
  /** Newest known marks; `refresh` asks for them without waiting. */
  readonly marks: { readonly known: ReadonlyMap<string, Decimal>; refresh(): void }
  dataAgeMs(): number | null
  readonly maxDataAgeMs: number
  clockSkewMs(): number | null
  sleep(ms: number): Promise<void>
}

/** Look-ups a cycle, and the pause between them (peers.md §3.1). */
const LOOKUPS_AT_ONCE = 10
const LOOKUP_PAUSE_MS = 100
/** Up to so many symbols are asked one by one instead of all at once. */
const SYMBOLS_ONE_BY_ONE = 10
const FILLS_PAGE = 1_000
const INCOME_PAGE = 1_000
/** Older income was audited before, or by nobody: an audit at the start must stay a moment's work. */
const INCOME_WINDOW_MS = 86_400_000
const PAGES = 20
const OVERLAP_MS = 60_000

/** A second look: orders and trades are read again only where the first one differed, the rest is taken from it. */
export interface Again {
  readonly symbols: ReadonlySet<string>
  readonly account: AccountSnapshot
  readonly orderSymbols: ReadonlySet<string> | null
}

export interface ReadAccount {
  readonly account: AccountSnapshot
  /** Whose open orders are in it; null = everybody's. */
  readonly orderSymbols: ReadonlySet<string> | null
}

/**
 * Only the deep look pays for orders on symbols that the engine neither trades nor holds.
 * @param wide positions and balances too, not only orders
 */
export async function readAccount(
  deps: LookDeps,
  depth: Depth,
  wide: boolean,
  book: BookCopy,
  again: Again | null,
): Promise<VenueResult<ReadAccount>> {
  const near = again?.symbols ?? new Set([...deps.symbols, ...book.positions.map((p) => p.symbol), ...book.openOrders.map((o) => o.symbol)])
  if (near.size > SYMBOLS_ONE_BY_ONE || (depth === 'deep' && again === null)) {
    const all = await deps.venue.snapshot('account')
    return all.ok ? ok({ account: all.value, orderSymbols: null }) : all
  }
  const orders = await readOrders(deps, near)
  if (!orders.ok) return orders
  const openOrders = [...(again?.account.openOrders ?? []).filter((order) => !near.has(order.symbol)), ...orders.value]
  const orderSymbols = again === null ? near : again.orderSymbols
  if (!wide) return ok({ account: { takenAt: deps.now(), positions: [], balances: [], openOrders }, orderSymbols })
  const [positions, balances] = await Promise.all([deps.venue.positions('account'), deps.venue.balances('account')])
  if (!positions.ok) return positions
  if (!balances.ok) return balances
  return ok({ account: { takenAt: deps.now(), positions: positions.value, balances: balances.value, openOrders }, orderSymbols })
}

async function readOrders(deps: LookDeps, symbols: Iterable<string>): Promise<VenueResult<readonly VenueOrder[]>> {
  const openOrders: VenueOrder[] = []
  for (const answer of await Promise.all([...symbols].map((symbol) => deps.venue.openOrders(symbol, 'account')))) {
    if (!answer.ok) return answer
    openOrders.push(...answer.value)
  }
  return ok(openOrders)
}

/**
 * Marks to price with: the venue's own from its positions, else the newest known. They are asked for in the background (the lane for
 * market data may have to wait, a look may not); until then the entry price has to do.
 */
export function marksFor(deps: LookDeps, book: BookCopy, account: AccountSnapshot): ReadonlyMap<string, Decimal> {
  const marks = new Map(deps.marks.known)
  for (const position of account.positions) marks.set(position.symbol, decimal(position.markPrice))
  if (book.positions.some((p) => !marks.has(p.symbol))) deps.marks.refresh()
  return marks
}

/** One targeted query for each order that the list does not show (INV-05). */
export async function lookUp(
  deps: LookDeps,
  book: BookCopy,
  account: AccountSnapshot,
  inFlightMs: number,
): Promise<ReadonlyMap<string, OrderLookup>> {
  const lookups = new Map<string, OrderLookup>()
  const missing = ordersToLookUp(book, account.openOrders, deps.now(), inFlightMs)
  for (const order of missing.slice(0, LOOKUPS_AT_ONCE)) {
    if (lookups.size > 0) await deps.sleep(LOOKUP_PAUSE_MS)
    const answer = await deps.venue.order(order.symbol, order.clientId, order.book, 'account')
    if (answer.ok) {
      lookups.set(order.clientId, { kind: 'found', order: answer.value })
      if (answer.value.book === 'regular') deps.journal.learnOrder(order.symbol, answer.value.orderId)
    } else if (answer.error.code === 'notFound') lookups.set(order.clientId, { kind: 'absent' })
    else lookups.set(order.clientId, { kind: 'unproved', error: answer.error.message })
  }
  return lookups
}

/**
 * The trades of these symbols, each since the time given. More than fits into the pages is a failure: half a list proves nothing.
 * @param since venue time per symbol; never before the ledger's baseline
 */
export async function readFills(
  deps: LookDeps,
  symbols: readonly string[],
  since: (symbol: string) => number,
): Promise<VenueResult<readonly VenueFill[]>> {
  const fills: VenueFill[] = []
  for (const symbol of symbols) {
    const startTime = Math.floor(Math.max(deps.journal.baselineAt ?? 0, since(symbol) - OVERLAP_MS))
    let query: Parameters<PrivateVenue['fills']>[1] = { startTime, limit: FILLS_PAGE }
    for (let page = 1; ; page++) {
      const read = await deps.venue.fills(symbol, query, 'account')
      if (!read.ok) return read
      fills.push(...read.value.filter((fill) => fill.time >= startTime))
      const last = read.value.at(-1)
      if (last === undefined || read.value.length < FILLS_PAGE) break
      if (page === PAGES)
        return { ok: false, error: fail('malformed', `${symbol} has more than ${PAGES * FILLS_PAGE} trades since the last audit`).error }
      query = { fromTradeId: (BigInt(last.tradeId) + 1n).toString(), limit: FILLS_PAGE }
    }
  }
  return ok(fills)
}

/**
 * The income history from `since` on, never before the ledger's baseline, at most a day. More than fits into
 * the pages is a failure: half a list proves nothing.
 */
export async function readIncome(
  deps: LookDeps,
  since: number,
): Promise<VenueResult<{ readonly from: number; readonly records: readonly IncomeRecord[] }>> {
  const from = Math.floor(Math.max(deps.journal.baselineAt ?? 0, since - OVERLAP_MS, deps.now() - INCOME_WINDOW_MS))
  const records = new Map<string, IncomeRecord>()
  for (let page = 1, startTime = from; page <= PAGES; page++) {
    const read = await deps.venue.income({ startTime, limit: INCOME_PAGE })
    if (!read.ok) return read
    const before = records.size
    for (const record of read.value) records.set(`${record.type} ${record.symbol} ${record.id} ${record.tradeId}`, record)
    const last = read.value.at(-1)
    if (last === undefined || read.value.length < INCOME_PAGE) return ok({ from, records: [...records.values()] })
    if (records.size === before) break
    startTime = last.time
  }
  return { ok: false, error: fail('malformed', `the income since the last audit has more than ${PAGES * INCOME_PAGE} records`).error }
}
