/** Private stream events, in any order and any number (exchange.md §3.6): reports and fills are idempotent. */
import type { UserEvent } from '../contract/venue.ts'
import { unreachable } from '../contract/result.ts'
import { parseClientId } from '../orders/client-id.ts'
import { newOrder, requestOf } from '../orders/order.ts'
import { applyAccountEvent, bookFill } from './account.ts'
import type { Command } from './events.ts'
import { applyToOrder } from './order-desk.ts'
import { onLeverageChanged } from './leverage.ts'
import type { BrainState } from './state.ts'
import { requestSync } from './trades.ts'

export function onUserEvent(state: BrainState, event: UserEvent, out: Command[]): void {
  switch (event.kind) {
    case 'order':
    case 'algo':
      onOrderReport(state, event, out)
      return
    case 'account':
      applyAccountEvent(state, event, out)
      return
    case 'marginCall':
      out.push({ type: 'log', level: 'error', text: `margin call: ${event.symbols.join(', ')}` })
      return
    case 'config':
      onConfig(state, event, out)
      return
    case 'resync':
      state.synced = false
      out.push({ type: 'log', level: 'warn', text: `private stream: ${event.reason}; account is read again` })
      out.push({ type: 'reconcile', reason: 'reconnect' })
      requestSync(state, out)
      return
    default:
      unreachable(event)
  }
}

function onConfig(state: BrainState, event: Extract<UserEvent, { kind: 'config' }>, out: Command[]): void {
  const symbol = event.symbol === undefined ? undefined : state.bySymbol.get(event.symbol)
  if (symbol !== undefined && event.leverage !== undefined) onLeverageChanged(state, symbol, event.leverage, out)
}

function onOrderReport(state: BrainState, event: Extract<UserEvent, { kind: 'order' | 'algo' }>, out: Command[]): void {
  const { order } = event
  const known = state.orders.has(order.clientId)
  const ours = parseClientId(order.clientId)
  if (!known && ours !== null && ours.symbol === order.symbol) {
    // Ours by its id and unknown: the journal lost it. It is kept under control all the same.
    state.orders.set(order.clientId, newOrder(requestOf(order), { book: order.book, role: ours.role, group: '', at: order.createdAt }))
  } else if (!known) trackForeign(state, order)
  if (event.kind === 'order' && event.fill !== undefined) bookFill(state, event.fill, order.clientId, 'stream', out)
  if (!state.orders.has(order.clientId)) return
  const message = event.kind === 'algo' ? (event.rejectReason ?? '') : event.expiryReason === 0 ? '' : `expiry reason ${event.expiryReason}`
  applyToOrder(state, order.clientId, { type: 'report', order, at: event.transactionTime, ...(message === '' ? {} : { message }) }, out)
}

function trackForeign(state: BrainState, order: Extract<UserEvent, { kind: 'order' }>['order']): void {
  const dead =
    order.status !== 'NEW' && order.status !== 'PARTIALLY_FILLED' && order.status !== 'TRIGGERING' && order.status !== 'TRIGGERED'
  if (dead) state.foreignOrders.delete(order.clientId)
  else if (state.foreignOrders.size < 1_000) state.foreignOrders.set(order.clientId, order)
  state.revision++
}
