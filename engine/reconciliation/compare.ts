/**
 * Two books in, typed differences out. Pure and deterministic: the same two books give the same findings in the same order.
 *
 * 1. What was not read is not compared; a query that failed never means flat, absent or empty (INV-05).
 * 2. A finding's id depends on what differs only, so a second look updates it, and a replay dedupes it.
 * 3. Every finding is priced in USDT at risk (never negative) and carries both sides' evidence.
 * 4. Causes are reported, effects are not repeated: a missed fill that explains a quantity and a balance is one finding.
 * 5. After a repair the quantity equals the venue's and the average entry lies within 0.01 % of it.
 */
import type { Mismatch, ReconciliationReport } from '../contract/mismatch.ts'
import { ZERO, type Decimal } from '../money/decimal.ts'
import { compareConditions, compareWallet } from './account.ts'
import type { BothBooks, Finding } from './finding.ts'
import { compareIncome } from './income.ts'
import { compareOrders } from './orders.ts'
import { comparePositions } from './positions.ts'
import { compareStops } from './stops.ts'

export interface Comparison {
  readonly findings: readonly Finding[]
  readonly compared: ReconciliationReport['compared']
}

const RANK: Readonly<Record<Mismatch['severity'], number>> = { crit: 0, warn: 1, info: 2 }

export function compareBooks(books: BothBooks): Comparison {
  const { local, venue, context } = books
  const { scope } = context
  const findings: Finding[] = []
  let unbookedCash: Decimal = ZERO
  if (scope.positions) {
    const positions = comparePositions(books)
    findings.push(...positions.findings)
    unbookedCash = positions.unbookedCash
  }
  const stops = scope.positions && scope.orders ? compareStops(books) : []
  if (scope.orders) {
    // A protective order of ours without a position is an orphan; it is not reported a second time as unknown.
    const orphans = new Set(stops.filter((f) => f.kind === 'orphan-stop' || f.kind === 'duplicate-stop').map((f) => clientIdOf(f)))
    findings.push(...compareOrders(books).filter((f) => f.kind !== 'foreign-order' || !orphans.has(clientIdOf(f))))
  }
  findings.push(...stops)
  const income = compareIncome(books)
  findings.push(...income.findings)
  if (scope.balances) findings.push(...compareWallet(books, unbookedCash.plus(income.unbookedCash)))
  findings.push(...compareConditions(books))
  return {
    findings: findings.toSorted((a, b) => RANK[a.severity] - RANK[b.severity] || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)),
    compared: {
      positions: scope.positions ? Math.max(local.positions.length, venue.positions.length) : 0,
      orders: scope.orders ? Math.max(local.openOrders.length, venue.openOrders.length) : 0,
      fills: context.fills.length,
      balances: scope.balances ? venue.balances.length : 0,
    },
  }
}

const clientIdOf = (f: Finding): string => {
  const { order } = f.evidence
  return typeof order === 'object' && order !== null && 'clientId' in order && typeof order.clientId === 'string' ? order.clientId : ''
}
