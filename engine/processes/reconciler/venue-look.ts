/**
 * One look at both books: the brain's copy before and after, the venue by REST in between, and the targeted queries and trades that
 * the differences call for. A query that fails makes the look fail; nothing is concluded from it (INV-05).
 */
import type { BookCopy } from '../../contract/mismatch.ts'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'
import type { AccountSnapshot, IncomeRecord, SymbolFilters, VenueFill } from '../../contract/venue.ts'
import type { Decimal } from '../../money/decimal.ts'
import { changedFilters } from '../../money/filters.ts'
import { compareBooks, type Comparison } from '../../reconciliation/compare.ts'
import type { CompareContext, Scope } from '../../reconciliation/finding.ts'
import type { IncomeContext } from '../../reconciliation/income.ts'
import { IN_FLIGHT_THRESHOLD_MS, type Depth } from '../../reconciliation/schedule.ts'
import { lookUp, readAccount, readFills, readIncome, marksFor, type Again, type LookDeps } from './venue-read.ts'

export interface Look {
  readonly comparison: Comparison
  readonly scope: Scope
  readonly book: BookCopy
  readonly account: AccountSnapshot
  readonly marks: ReadonlyMap<string, Decimal>
  /** The book's revision did not move while the venue was read. */
  readonly stable: boolean
}

export interface TradesSeen {
  /** Venue time up to which the symbol's trades were compared; 0 = never. */
  since(symbol: string): number
  /** Symbols with a missing fill that is not settled. */
  readonly open: ReadonlySet<string>
}

export type LookFailure = Failure<'no-book' | 'venue'>

const FILL_SYMBOLS_AT_ONCE = 10
const POSITION_KINDS = new Set(['ghost-position', 'unknown-position', 'quantity', 'side-flip', 'average-price'])

/**
 * @param trades up to when each symbol's trades were compared already, and whose are read in any case (a missing fill is open)
 * @param withFilters the symbols' filters too: market data, which may have to wait for the rate budget
 * @param income from which venue time on to read the income history; when not `always`, only if the wallet differs
 */
export async function lookAtBoth(
  deps: LookDeps,
  depth: Depth,
  trades: TradesSeen,
  withFilters: boolean,
  income: { readonly since: number; readonly always: boolean },
  again: Again | null,
): Promise<Result<Look, LookFailure>> {
  const fresh = await deps.freshen()
  if (!fresh.ok) return fail('venue', fresh.error.message)
  const before = await deps.book()
  if (before === null) return fail('no-book', 'the brain is down')
  const wide = depth === 'positions' || depth === 'deep'
  const read = await readAccount(deps, depth, wide, before, again)
  if (!read.ok) return fail('venue', read.error.message)
  const { account, orderSymbols } = read.value
  const filters = withFilters ? await deps.market.symbols() : null
  if (filters !== null && !filters.ok) return fail('venue', filters.error.message)
  const book = await deps.book()
  if (book === null) return fail('no-book', 'the brain is down')
  deps.journal.refresh()
  for (const order of book.openOrders) if (order.book === 'regular') deps.journal.learnOrder(order.symbol, order.orderId)

  const marks = marksFor(deps, book, account)
  const inFlightMs = IN_FLIGHT_THRESHOLD_MS * Math.max(1, deps.rate)
  const context: Omit<CompareContext, 'fills' | 'scope' | 'income'> = {
    now: deps.now(),
    symbols: new Set(deps.symbols),
    marks,
    booked: deps.journal.booked,
    ownOrder: deps.journal.ownOrder,
    lookups: await lookUp(deps, book, account, inFlightMs),
    inFlightMs,
    dataAgeMs: deps.dataAgeMs(),
    maxDataAgeMs: deps.maxDataAgeMs,
    clockSkewMs: deps.clockSkewMs(),
    filterChanges: filters === null ? [] : drift(deps, filters.value),
  }
  const compare = (scope: Scope, fills: readonly VenueFill[], history: IncomeContext | null): Look => ({
    comparison: compareBooks({ local: book, venue: account, context: { ...context, scope, fills, income: history } }),
    scope,
    book,
    account,
    marks,
    stable: before.revision === book.revision,
  })
  const scope: Scope = {
    orders: true,
    positions: wide,
    balances: wide,
    orderSymbols,
    fillSymbols: new Set(),
    filters: filters !== null,
    income: false,
  }
  const first = compare(scope, [], null)
  // Without a journal nobody can say what was booked.
  if (!wide || deps.journal.baselineAt === null) return ok(first)
  const wanted = fillSymbols(deps, first.comparison, depth, book, trades, again)
  const fills = await readFills(deps, wanted, trades.since)
  if (!fills.ok) return fail('venue', fills.error.message)
  const second = wanted.length === 0 ? first : compare({ ...scope, fillSymbols: new Set(wanted) }, fills.value, null)
  if (!income.always && !hasDrift(second.comparison)) return ok(second)
  const history = await readIncome(deps, income.since)
  if (!history.ok) return fail('venue', history.error.message)
  const told = incomeOf(deps, history.value.from, history.value.records)
  return ok(compare({ ...second.scope, income: true }, fills.value, told))
}

const hasDrift = ({ findings }: Comparison): boolean => findings.some((f) => f.kind === 'balance-drift')

/** A movement booked a moment ago may not be in the history yet, one of the first second may lie before it. */
const HISTORY_LAG_MS = 30_000
const SECOND = 1_000

const incomeOf = (deps: LookDeps, from: number, records: readonly IncomeRecord[]): IncomeContext => ({
  since: from,
  records,
  changes: deps.journal.changes(from + SECOND, deps.now() - HISTORY_LAG_MS),
  booked: deps.journal.bookedIncome,
  trade: deps.journal.figures,
})

/**
 * Whose trades to read: those that differ, and in the deep look, or when only the wallet is wrong, every symbol in turn, those first that
 * were not read for longest.
 */
function fillSymbols(
  deps: LookDeps,
  first: Comparison,
  depth: Depth,
  book: BookCopy,
  trades: TradesSeen,
  again: Again | null,
): readonly string[] {
  const wanted = new Set([...trades.open, ...(again?.symbols ?? [])])
  for (const one of first.findings) if (POSITION_KINDS.has(one.kind)) wanted.add(one.symbol)
  // A round trip that was missed whole leaves the position right and the wallet wrong.
  if ((depth === 'deep' && again === null) || hasDrift(first)) {
    const all = new Set([...book.positions.map((position) => position.symbol), ...deps.symbols])
    for (const symbol of [...all].sort((a, b) => trades.since(a) - trades.since(b))) wanted.add(symbol)
  }
  return [...wanted].slice(0, FILL_SYMBOLS_AT_ONCE)
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
