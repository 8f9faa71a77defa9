/** What the rails look at, gathered from the brain's state. */
import { decimal, ZERO, type Decimal } from '../money/decimal.ts'
import { isTerminal, isUnresolved, type Order } from '../orders/order.ts'
import type { Standing } from '../risk/risk.ts'
import { equityOf, heldQuantity } from './account.ts'
import type { BrainState, SymbolState } from './state.ts'
import { amountOf } from './text.ts'

const MINUTE_MS = 60_000

export function unresolvedIds(state: BrainState): string[] {
  const ids: string[] = []
  for (const [id, order] of state.orders.live) if (isUnresolved(order.state)) ids.push(id)
  return ids
}

/** A position or an entry under way. */
export const isBusy = (state: BrainState, symbol: SymbolState): boolean => symbol.trade !== null || !heldQuantity(state, symbol).isZero()

/** What of a working order is not executed yet, at a price, USDT. */
export const remainingNotional = (order: Pick<Order, 'quantity' | 'executed'>, price: Decimal): Decimal =>
  decimal(order.quantity).minus(decimal(order.executed)).abs().times(price)

/** Ours and others' together; the two sides of a hedged account do not cancel out. */
function heldSize(state: BrainState, symbol: SymbolState): Decimal {
  const { ledger } = state
  if (ledger === null || !state.config.hedge) return heldQuantity(state, symbol).plus(symbol.foreign).abs()
  const long = ledger.position(symbol.symbol, 'LONG').quantity.abs()
  return long.plus(ledger.position(symbol.symbol, 'SHORT').quantity.abs()).plus(symbol.foreign)
}

/** Notional of the position at the mark and of working entries, USDT. */
export function symbolNotional(state: BrainState, symbol: SymbolState): Decimal {
  const price = amountOf(symbol.mark > 0 ? symbol.mark : symbol.last)
  let total = heldSize(state, symbol).times(price)
  for (const id of symbol.trade?.orders ?? []) {
    const order = state.orders.get(id)
    if (order === undefined || order.role !== 'entry' || isTerminal(order.state)) continue
    total = total.plus(remainingNotional(order, price))
  }
  return total
}

export function grossNotional(state: BrainState): Decimal {
  let total = ZERO
  for (const symbol of state.symbols)
    if (isBusy(state, symbol) || !symbol.foreign.isZero()) total = total.plus(symbolNotional(state, symbol))
  return total
}

export function standingOf(state: BrainState): Standing {
  const minute = state.now - MINUTE_MS
  let recent = 0
  const { orderTimes } = state
  for (let i = orderTimes.length - 1; i >= 0 && (orderTimes[i] ?? 0) > minute; i--) recent++
  return {
    now: state.now,
    rails: state.rails,
    tradingState: state.tradingState,
    tradingReason: state.tradingReason,
    released: state.released,
    journalFault: state.journalFault,
    accountFault: state.accountFault,
    userStreamHealthy: state.streamHealthy && state.synced,
    unresolved: unresolvedIds(state).length,
    balanceMismatch: state.balanceMismatch,
    withoutStop: state.symbols.filter((symbol) => (symbol.trade?.stopFailures ?? 0) >= 3).map((symbol) => symbol.symbol),
    consecutiveRejects: state.consecutiveRejects,
    ordersLastMinute: recent,
    openPositions: state.symbols.filter((symbol) => isBusy(state, symbol)).length,
    equity: equityOf(state),
    peakEquity: state.peakEquity,
    dayStartEquity: state.dayStartEquity,
  }
}
