/** Orders inside the brain: new ones with their intent (INV-02, INV-03), and every event applied through the state machine. */
import type { TradePlan } from '../contract/journal-kinds.ts'
import type { OrderRequest } from '../contract/venue.ts'
import type { OrderRole } from '../orders/client-id.ts'
import { isTerminal, newOrder, type Order } from '../orders/order.ts'
import { transition, type OrderEvent } from '../orders/transition.ts'
import type { Command } from './events.ts'
import { MAX_DONE_ORDERS, type BrainState } from './state.ts'

const MINUTE_MS = 60_000

/** Journals the intent and sends. The counter inside the request's client id must be `state.counter`. */
export function submit(
  state: BrainState,
  request: OrderRequest,
  about: { role: Exclude<OrderRole, 'foreign'>; group: string; reason: string; plan?: TradePlan },
  out: Command[],
): Order {
  const book = about.role === 'stop' || about.role === 'takeProfit' ? 'algo' : 'regular'
  const order = newOrder(request, { book, role: about.role, group: about.group, at: state.now })
  state.orders.set(order.clientId, order)
  state.revision++
  state.counters.orders++
  state.orderTimes.push(state.now)
  if (state.orderTimes.length > 2_000) state.orderTimes = state.orderTimes.filter((time) => time > state.now - MINUTE_MS)
  out.push({
    type: 'journal',
    entry: {
      kind: 'intent',
      time: state.now,
      symbol: request.symbol,
      ref: request.clientId,
      payload: {
        action: 'place',
        clientId: request.clientId,
        book,
        role: about.role,
        counter: state.counter,
        request,
        reason: about.reason,
        group: about.group,
        ...(about.plan === undefined ? {} : { plan: about.plan }),
      },
    },
  })
  out.push({ type: 'place', order: request })
  return order
}

/** Journals and sends a cancel; nothing happens for an order that is not at rest. */
export function cancelOrder(state: BrainState, order: Order, reason: string, out: Command[]): void {
  if (!applyToOrder(state, order.clientId, { type: 'cancelSent', at: state.now }, out)) return
  // A fired conditional order lives on in the regular book under the same id.
  const book = order.state === 'Triggered' ? 'regular' : order.book
  out.push({
    type: 'journal',
    entry: {
      kind: 'intent',
      time: state.now,
      symbol: order.symbol,
      ref: `cancel:${order.clientId}`,
      payload: { action: 'cancel', clientId: order.clientId, book, role: order.role, counter: 0, reason, group: order.group },
    },
  })
  out.push({ type: 'cancel', symbol: order.symbol, clientId: order.clientId, book })
}

/** One event on one order. Returns whether it applied; what does not apply is counted and logged, never guessed. */
export function applyToOrder(state: BrainState, clientId: string, event: OrderEvent, out: Command[]): boolean {
  const before = state.orders.get(clientId)
  if (before === undefined) return false
  const step = transition(before, event)
  if (!step.ok) {
    state.counters.invalidTransitions++
    return false
  }
  const after = step.order
  if (after === before) return true
  state.orders.set(clientId, after)
  const changed = after.state !== before.state || after.executed !== before.executed
  if (changed) {
    state.revision++
    if (event.type !== 'cancelSent') {
      out.push({
        type: 'journal',
        entry: {
          kind: 'order-event',
          time: state.now,
          symbol: after.symbol,
          ref: clientId,
          payload: { clientId, from: before.state, to: after.state, event: event.type, executed: after.executed, orderId: after.orderId },
        },
      })
    }
  }
  const symbol = state.bySymbol.get(after.symbol)
  if (changed && symbol !== undefined) state.dirty.add(symbol)
  if (isTerminal(after.state)) forgetOldest(state)
  return true
}

/** Terminal orders are kept for late events, oldest go first; one that still owes a fill stays. */
function forgetOldest(state: BrainState): void {
  if (state.orders.size <= MAX_DONE_ORDERS * 2) return
  let excess = state.orders.size - MAX_DONE_ORDERS
  for (const [id, order] of state.orders) {
    if (excess <= 0) return
    if (!isTerminal(order.state) || order.executed !== order.booked) continue
    if (state.bySymbol.get(order.symbol)?.trade?.group === order.group) continue
    state.orders.delete(id)
    excess--
  }
}
