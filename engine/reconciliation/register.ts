/**
 * The list of mismatches over time: aged, deduplicated by id, closed with proof. Pure: (register, look) → register.
 *
 * 1. A mismatch that is found again keeps its first-seen time; one that a conclusive look of the same scope no longer finds is fixed,
 *    with that look as its proof. A look that could not see cannot close anything.
 * 2. What the trader ignored stays ignored until it grows to twice what it was.
 * 3. Bounded to 500 (INV-11): the oldest closed ones go first; an open one never goes silently before a closed one.
 */
import type { Mismatch } from '../contract/mismatch.ts'
import { unreachable } from '../contract/result.ts'
import { decimal } from '../money/decimal.ts'
import type { Finding, Scope } from './finding.ts'

const KEPT = 500

export type Register = ReadonlyMap<string, Mismatch>
export const EMPTY_REGISTER: Register = new Map()

/** Whether a look of this scope could have seen the mismatch. */
export function sees(scope: Scope, mismatch: Pick<Mismatch, 'kind' | 'symbol'>): boolean {
  const orders = scope.orders && (scope.orderSymbols === null || scope.orderSymbols.has(mismatch.symbol))
  switch (mismatch.kind) {
    case 'ghost-position':
    case 'unknown-position':
    case 'quantity':
    case 'side-flip':
    case 'average-price':
      return scope.positions
    case 'missing-fill':
      return scope.positions && scope.fillSymbols.has(mismatch.symbol)
    case 'foreign-order':
    case 'lost-order':
    case 'order-terms':
      return orders
    case 'missing-stop':
    case 'orphan-stop':
    case 'duplicate-stop':
      return orders && scope.positions
    case 'balance-drift':
      return scope.balances
    case 'missing-income':
    case 'income-drift':
      return scope.income
    case 'precision-drift':
      return scope.filters
    case 'stale-data':
    case 'clock-drift':
      return true
    default:
      return unreachable(mismatch.kind)
  }
}

export interface Updated {
  readonly register: Register
  /** New, changed in state, or changed in size: worth journaling. */
  readonly changed: readonly Mismatch[]
}

/** Takes in one conclusive look. */
export function updateRegister(before: Register, findings: readonly Finding[], scope: Scope, now: number, proof: string): Updated {
  const register = new Map(before)
  const changed: Mismatch[] = []
  const put = (mismatch: Mismatch): void => {
    register.set(mismatch.id, mismatch)
    changed.push(mismatch)
  }
  const found = new Set<string>()
  for (const seen of findings) {
    found.add(seen.id)
    const known = register.get(seen.id)
    if (known === undefined || known.state === 'fixed' || known.state === 'adopted') {
      put({ ...seen, firstSeenAt: now, lastSeenAt: now, state: 'open' })
      continue
    }
    const grown = known.state === 'ignored' && decimal(seen.atRisk).gt(decimal(known.atRisk).mul(2))
    const { proof: _, ignoreReason, ...rest } = known
    const next: Mismatch = {
      ...rest,
      ...seen,
      // An ignored one keeps the size it was ignored at, so that slow growth is noticed too.
      atRisk: known.state === 'ignored' && !grown ? known.atRisk : seen.atRisk,
      lastSeenAt: now,
      state: grown ? 'open' : known.state,
      ...(ignoreReason === undefined || grown ? {} : { ignoreReason }),
    }
    if (next.state !== known.state || next.summary !== known.summary) put(next)
    else register.set(next.id, next)
  }
  for (const known of before.values()) {
    if (found.has(known.id) || known.state === 'fixed' || known.state === 'adopted' || !sees(scope, known)) continue
    put({ ...known, state: 'fixed', lastSeenAt: now, proof })
  }
  return { register: bounded(register), changed }
}

/** The trader's word about one mismatch. */
export function settle(before: Register, id: string, state: 'ignored' | 'adopted', reason: string, now: number): Updated {
  const known = before.get(id)
  if (known === undefined) return { register: before, changed: [] }
  const next: Mismatch =
    state === 'ignored' ? { ...known, state, ignoreReason: reason, lastSeenAt: now } : { ...known, state, proof: reason, lastSeenAt: now }
  return { register: new Map(before).set(id, next), changed: [next] }
}

/** Open ones first by severity and size, then the rest, newest first. */
export function listed(register: Register): readonly Mismatch[] {
  const rank = (m: Mismatch): number => (m.state === 'open' ? 0 : 10) + (m.severity === 'crit' ? 0 : m.severity === 'warn' ? 1 : 2)
  return [...register.values()].sort((a, b) => rank(a) - rank(b) || b.lastSeenAt - a.lastSeenAt || (a.id < b.id ? -1 : 1))
}

export const openCritical = (register: Register): readonly Mismatch[] =>
  [...register.values()].filter((m) => m.state === 'open' && m.severity === 'crit')

function bounded(register: Map<string, Mismatch>): Register {
  if (register.size <= KEPT) return register
  const order = [...register.values()].sort(
    (a, b) => Number(a.state === 'open') - Number(b.state === 'open') || a.lastSeenAt - b.lastSeenAt,
  )
  for (const mismatch of order.slice(0, register.size - KEPT)) register.delete(mismatch.id)
  return register
}
