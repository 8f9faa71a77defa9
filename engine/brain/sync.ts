/**
 * After a start or a gap in the private stream: the venue's own view over REST, then every fill and wallet change since the
 * last one known, then a targeted look-up of every order whose fate the view does not tell. Only then is the account complete.
 */
import type { AccountSnapshot, IncomeRecord, VenueFill, VenueResult } from '../contract/venue.ts'
import { decimal, toText } from '../money/decimal.ts'
import { createLedger } from '../money/ledger.ts'
import { parseClientId } from '../orders/client-id.ts'
import { isTerminal, newOrder, requestOf, type Order } from '../orders/order.ts'
import { bookChange, bookFill, journalEquity, startLedger, updateEquity } from './account.ts'
import type { Command } from './events.ts'
import { setForeign } from './foreign.ts'
import { applyFound, applyToOrder } from './order-desk.ts'
import { lookUp } from './responses.ts'
import type { BrainState } from './state.ts'

/** Fills are read again from this long before ledger and venue last agreed. */
const READ_BACK_MS = 60_000
/** The venue answers at most seven days by time. */
const LONGEST_WINDOW_MS = 6 * 86_400_000
const FULL_PAGE = 1_000

export function onSnapshot(state: BrainState, result: VenueResult<AccountSnapshot>, out: Command[]): void {
  state.snapshotOut = false
  if (!result.ok) {
    // A failed query never means flat (INV-05): the clock asks again.
    out.push({ type: 'log', level: 'warn', text: `account snapshot failed: ${result.error.message}` })
    return
  }
  const snapshot = result.value
  const usdt = snapshot.balances.find((balance) => balance.asset === 'USDT')
  if (state.ledger === null) {
    if (usdt === undefined) {
      out.push({ type: 'log', level: 'error', text: 'the account has no USDT balance; nothing can be traded' })
      return
    }
    beginAt(state, snapshot, usdt.wallet, out)
    takeOpenOrders(state, snapshot, out)
    completeSync(state, out)
    return
  }
  if (usdt !== undefined && snapshot.takenAt >= state.venueWalletAt) {
    state.venueWallet = usdt.wallet
    state.venueWalletAt = snapshot.takenAt
  }
  takeOpenOrders(state, snapshot, out)
  const symbols = new Set<string>(snapshot.positions.map((position) => position.symbol))
  for (const order of state.orders.values()) if (!isTerminal(order.state) || order.executed !== order.booked) symbols.add(order.symbol)
  for (const symbol of Object.keys(state.ledger?.lastTradeIds() ?? {})) symbols.add(symbol)
  for (const position of state.ledger?.openPositions() ?? []) symbols.add(position.symbol)
  for (const symbol of state.symbols) if (symbol.trade !== null) symbols.add(symbol.symbol)
  for (const symbol of symbols) readFills(state, symbol, out)
  if (!state.incomeOut) {
    state.incomeOut = true
    out.push({ type: 'income', startTime: Math.max(0, state.lastIncomeAt) })
  }
}

/** The ledger starts from the venue's account; whoever holds positions there is a matter for the reconciler and the trader. */
function beginAt(
  state: BrainState,
  snapshot: AccountSnapshot,
  wallet: AccountSnapshot['balances'][number]['wallet'],
  out: Command[],
): void {
  startLedger(state, { wallet, at: snapshot.takenAt }, createLedger({ wallet, time: snapshot.takenAt }))
  for (const position of snapshot.positions) {
    const symbol = state.bySymbol.get(position.symbol)
    if (symbol !== undefined) setForeign(symbol, position.positionSide, decimal(position.quantity))
  }
  out.push({
    type: 'journal',
    entry: {
      kind: 'baseline',
      time: snapshot.takenAt,
      payload: { wallet, positions: [], lastTradeId: {}, reason: 'first start on this account' },
    },
  })
  journalEquity(state, out)
}

function takeOpenOrders(state: BrainState, snapshot: AccountSnapshot, out: Command[]): void {
  const seen = new Set<string>()
  state.foreignOrders.clear()
  for (const order of snapshot.openOrders) {
    seen.add(order.clientId)
    if (state.orders.has(order.clientId)) {
      applyFound(state, order.clientId, order, state.lastSyncAt, out)
      continue
    }
    const ours = parseClientId(order.clientId)
    if (ours === null) {
      if (state.foreignOrders.size < 1_000) state.foreignOrders.set(order.clientId, order)
      continue
    }
    // Ours by its id, but the journal does not know it: kept under control, and the reconciler will say so.
    const adopted = newOrder(requestOf(order), { book: order.book, role: ours.role, group: '', at: order.createdAt })
    state.orders.set(order.clientId, adopted)
    applyToOrder(state, order.clientId, { type: 'found', order, at: snapshot.takenAt }, out)
    out.push({ type: 'log', level: 'warn', text: `order ${order.clientId} is ours but not in the journal` })
  }
  for (const order of state.orders.values()) {
    if (!isTerminal(order.state) && !seen.has(order.clientId) && isOlder(order, snapshot)) lookUp(state, order.clientId, out)
  }
}

/** Not in the list because it was sent after the list was made? Then the list says nothing about it. */
const isOlder = (order: Order, snapshot: AccountSnapshot): boolean =>
  order.state !== 'SubmitInFlight' || order.createdAt + 10_000 < snapshot.takenAt

/** Fills of one order, or everything since ledger and venue last agreed. */
export function readFills(state: BrainState, symbol: string, out: Command[], orderId?: string): void {
  if (state.fillsOut.has(symbol)) return
  state.fillsOut.add(symbol)
  if (orderId !== undefined) {
    out.push({ type: 'fills', symbol, orderId })
    return
  }
  const last = state.ledger?.lastTradeIds()[symbol]
  // From before the last agreement, not from the last trade: one that was missed may be older than one that was seen.
  const from = Math.max(state.baselineAt, state.walletAgreedAt - READ_BACK_MS)
  if (last !== undefined && state.now - from > LONGEST_WINDOW_MS) out.push({ type: 'fills', symbol, fromTradeId: last })
  else out.push({ type: 'fills', symbol, startTime: from })
}

/** Whether an order of the symbol is unproved: a fill of an unknown order may be its fill. */
export function hasUnresolved(state: BrainState, symbol: string): boolean {
  for (const order of state.orders.values()) {
    if (order.symbol === symbol && (order.state === 'Unresolved' || (order.state === 'SubmitInFlight' && order.orderId === ''))) return true
  }
  return false
}

export function onFills(state: BrainState, symbol: string, result: VenueResult<readonly VenueFill[]>, out: Command[]): void {
  state.fillsOut.delete(symbol)
  if (!result.ok) {
    state.fillsWanted.add(symbol)
    out.push({ type: 'log', level: 'warn', text: `fills of ${symbol} could not be read: ${result.error.message}` })
    return
  }
  state.fillsWanted.delete(symbol)
  let last: VenueFill | undefined
  for (const fill of result.value) {
    last = fill
    if (fill.time <= state.baselineAt || state.ledger?.hasTrade(fill.symbol, fill.tradeId, fill.side) === true) continue
    const clientId = fill.clientId || clientIdOf(state, fill.orderId)
    if (clientId === '' && hasUnresolved(state, symbol)) {
      // Whose it is will be known when the look-up has answered.
      state.fillsWanted.add(symbol)
      continue
    }
    bookFill(state, fill, clientId, 'rest', out)
  }
  // A full page means there may be more behind it.
  if (last !== undefined && result.value.length >= FULL_PAGE) {
    state.fillsOut.add(symbol)
    out.push({ type: 'fills', symbol, fromTradeId: last.tradeId })
  }
  const touched = state.bySymbol.get(symbol)
  if (touched !== undefined) state.dirty.add(touched)
}

/** userTrades name only the venue's order id. */
function clientIdOf(state: BrainState, orderId: string): string {
  for (const [id, order] of state.orders)
    if (order.childOrderId === orderId || (order.book === 'regular' && order.orderId === orderId)) return id
  return ''
}

const BOOKED_ELSEWHERE = new Set(['REALIZED_PNL', 'COMMISSION'])

export function onIncome(state: BrainState, result: VenueResult<readonly IncomeRecord[]>, out: Command[]): void {
  state.incomeOut = false
  if (!result.ok) {
    out.push({ type: 'log', level: 'warn', text: `income could not be read: ${result.error.message}` })
    return
  }
  for (const record of result.value) {
    if (BOOKED_ELSEWHERE.has(record.type) || record.asset !== 'USDT' || record.time <= state.baselineAt) continue
    const { type, symbol, amount, time, id } = record
    bookChange(state, { reason: type, symbol, amount, time }, { by: 'history', mark: `${type} ${symbol} ${id}` }, out)
  }
  // Asked again from a little earlier: what is known already counts once.
  state.lastIncomeAt = Math.max(state.lastIncomeAt, state.now - 60_000)
  completeSync(state, out)
}

/** The account is complete when nothing that was asked for is still out. */
export function completeSync(state: BrainState, out: Command[]): void {
  if (state.synced || state.ledger === null || state.snapshotOut || state.incomeOut || state.fillsOut.size > 0) return
  for (const symbol of state.fillsWanted) if (!hasUnresolved(state, symbol)) return
  if ([...state.orders.values()].some((order) => order.executed !== order.booked && decimal(order.executed).gt(decimal(order.booked))))
    return
  state.synced = true
  updateEquity(state, out)
  for (const symbol of state.symbols) state.dirty.add(symbol)
  out.push({ type: 'log', level: 'info', text: `account complete: wallet ${toText(state.ledger.wallet())} USDT` })
}
