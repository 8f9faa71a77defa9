/**
 * One look at both books: the brain's copy before and after, the venue by REST in between, and the targeted queries and trades that
 * the differences call for. A query that fails makes the look fail; nothing is concluded from it (INV-05).
 */
import type { BookCopy } from '../../contract/mismatch.ts'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'
import type { AccountSnapshot, PrivateVenue, PublicVenue, SymbolFilters, VenueFill, VenueResult } from '../../contract/venue.ts'
import { decimal, type Decimal } from '../../money/decimal.ts'
import { changedFilters } from '../../money/filters.ts'
import { compareBooks, type Comparison } from '../../reconciliation/compare.ts'
import type { CompareContext, OrderLookup, Scope } from '../../reconciliation/finding.ts'
import { ordersToLookUp } from '../../reconciliation/orders.ts'
import { IN_FLIGHT_THRESHOLD_MS, type Depth } from '../../reconciliation/schedule.ts'
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
  dataAgeMs(): number | null
  readonly maxDataAgeMs: number
  clockSkewMs(): number | null
  sleep(ms: number): Promise<void>
}

export interface Look {
  readonly comparison: Comparison
  readonly scope: Scope
  readonly book: BookCopy
  readonly account: AccountSnapshot
  readonly marks: ReadonlyMap<string, Decimal>
  /** The book's revision did not move while the venue was read. */
  readonly stable: boolean
}

export type LookFailure = Failure<'no-book' | 'venue'>

/** Look-ups a cycle, and the pause between them (peers.md §3.1). */
const LOOKUPS_AT_ONCE = 10
const LOOKUP_PAUSE_MS = 100
/** Up to so many symbols are asked one by one (weight 2 each) instead of all at once (weight 80). */
const SYMBOLS_ONE_BY_ONE = 10
const FILL_SYMBOLS_AT_ONCE = 10
const FILLS_PAGE = 1_000
const PAGES = 5
const OVERLAP_MS = 60_000
const POSITION_KINDS = new Set(['ghost-position', 'unknown-position', 'quantity', 'side-flip', 'average-price'])

/** @param seenUpTo venue time up to which trades were compared already */
export async function lookAtBoth(deps: LookDeps, depth: Depth, seenUpTo: number | null): Promise<Result<Look, LookFailure>> {
  const fresh = await deps.freshen()
  if (!fresh.ok) return fail('venue', fresh.error.message)
  const before = await deps.book()
  if (before === null) return fail('no-book', 'the brain is down')
  const scope: Scope =
    depth === 'positions' || depth === 'deep'
      ? { orders: true, positions: true, balances: true }
      : { orders: true, positions: false, balances: false }
  const read = await readAccount(deps, scope)
  if (!read.ok) return fail('venue', read.error.message)
  const account = read.value
  const filters = depth === 'deep' ? await deps.market.symbols() : null
  if (filters !== null && !filters.ok) return fail('venue', filters.error.message)
  const book = await deps.book()
  if (book === null) return fail('no-book', 'the brain is down')
  deps.journal.refresh()
  for (const order of book.openOrders) if (order.book === 'regular') deps.journal.learnOrder(order.symbol, order.orderId)

  const marks = await readMarks(deps, book, account)
  if (!marks.ok) return fail('venue', marks.error.message)
  const inFlightMs = IN_FLIGHT_THRESHOLD_MS * Math.max(1, deps.rate)
  const lookups = await lookUp(deps, book, account, inFlightMs)
  const context: Omit<CompareContext, 'fills'> = {
    now: deps.now(),
    scope,
    symbols: new Set(deps.symbols),
    marks: marks.value,
    booked: deps.journal.booked,
    ownOrder: deps.journal.ownOrder,
    lookups,
    inFlightMs,
    dataAgeMs: deps.dataAgeMs(),
    maxDataAgeMs: deps.maxDataAgeMs,
    clockSkewMs: deps.clockSkewMs(),
    filterChanges: filters === null ? [] : drift(deps, filters.value),
  }
  const stable = before.revision === book.revision
  const done = (comparison: Comparison): Result<Look, LookFailure> => ok({ comparison, scope, book, account, marks: marks.value, stable })
  const first = compareBooks({ local: book, venue: account, context: { ...context, fills: [] } })
  const wanted = fillSymbols(deps, first, depth, book)
  if (!scope.positions || wanted.length === 0) return done(first)
  const fills = await readFills(deps, wanted, seenUpTo)
  if (!fills.ok) return fail('venue', fills.error.message)
  return done(compareBooks({ local: book, venue: account, context: { ...context, fills: fills.value } }))
}

async function readAccount(deps: LookDeps, scope: Scope): Promise<VenueResult<AccountSnapshot>> {
  if (scope.positions) return deps.venue.snapshot('account')
  const one = deps.symbols.length <= SYMBOLS_ONE_BY_ONE
  const answers = one
    ? await Promise.all(deps.symbols.map((s) => deps.venue.openOrders(s, 'account')))
    : [await deps.venue.openOrders(undefined, 'account')]
  const openOrders = []
  for (const answer of answers) {
    if (!answer.ok) return answer
    openOrders.push(...answer.value)
  }
  return ok({ takenAt: deps.now(), balances: [], positions: [], openOrders })
}

async function readMarks(deps: LookDeps, book: BookCopy, account: AccountSnapshot): Promise<VenueResult<ReadonlyMap<string, Decimal>>> {
  const marks = new Map<string, Decimal>()
  for (const position of account.positions) marks.set(position.symbol, decimal(position.markPrice))
  if (book.positions.every((p) => marks.has(p.symbol) || decimal(p.quantity).isZero())) return ok(marks)
  const read = await deps.market.markPrices()
  if (!read.ok) return read
  for (const { symbol, mark } of read.value) if (!marks.has(symbol)) marks.set(symbol, decimal(mark))
  return ok(marks)
}

async function lookUp(
  deps: LookDeps,
  book: BookCopy,
  account: AccountSnapshot,
  inFlightMs: number,
): Promise<ReadonlyMap<string, OrderLookup>> {
  const lookups = new Map<string, OrderLookup>()
  // Orders of symbols that were not read are not missing.
  const read = deps.symbols.length <= SYMBOLS_ONE_BY_ONE ? new Set([...deps.symbols, ...account.openOrders.map((o) => o.symbol)]) : null
  const missing = ordersToLookUp(book, account.openOrders, deps.now(), inFlightMs).filter((o) => read === null || read.has(o.symbol))
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

function fillSymbols(deps: LookDeps, first: Comparison, depth: Depth, book: BookCopy): readonly string[] {
  const wanted = new Set(first.findings.filter((f) => POSITION_KINDS.has(f.kind)).map((f) => f.symbol))
  // A round trip that was missed whole leaves the position right and the wallet wrong.
  if (depth === 'deep' || first.findings.some((f) => f.kind === 'balance-drift')) {
    for (const position of book.positions) wanted.add(position.symbol)
    for (const symbol of deps.symbols) wanted.add(symbol)
  }
  return [...wanted].slice(0, FILL_SYMBOLS_AT_ONCE)
}

async function readFills(deps: LookDeps, symbols: readonly string[], seenUpTo: number | null): Promise<VenueResult<readonly VenueFill[]>> {
  const since = Math.max(deps.journal.baselineAt ?? 0, seenUpTo === null ? 0 : seenUpTo - OVERLAP_MS)
  const fills: VenueFill[] = []
  for (const symbol of symbols) {
    let fromTradeId: string | null = null
    for (let page = 0; page < PAGES; page++) {
      const query = fromTradeId === null ? { startTime: since, limit: FILLS_PAGE } : { fromTradeId, limit: FILLS_PAGE }
      const read: VenueResult<readonly VenueFill[]> = await deps.venue.fills(
        symbol,
        since === 0 && fromTradeId === null ? { limit: FILLS_PAGE } : query,
        'account',
      )
      if (!read.ok) return read
      fills.push(...read.value.filter((fill) => fill.time >= since))
      const last = read.value.at(-1)
      if (last === undefined || read.value.length < FILLS_PAGE) break
      fromTradeId = (BigInt(last.tradeId) + 1n).toString()
    }
  }
  return ok(fills)
}

const drift = (deps: LookDeps, now: readonly SymbolFilters[]): CompareContext['filterChanges'] => {
  const listed = new Map(now.map((filters) => [filters.symbol, filters]))
  return deps.symbols.flatMap((symbol) => {
    const before = deps.filters.get(symbol)
    const after = listed.get(symbol)
    if (before === undefined || after === undefined) return []
    const changes = changedFilters(before, after)
    return changes.length === 0 ? [] : [{ symbol, changes }]
  })
}
