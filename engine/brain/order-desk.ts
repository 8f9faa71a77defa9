/** Orders inside the brain: new ones with their intent (INV-02, INV-03), and every event applied through the state machine. */
import type { OutcomePayload, TradePlan } from '../contract/journal-kinds.ts'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { OrderRequest, VenueOrder } from '../contract/venue.ts'
import { decimal, toText } from '../money/decimal.ts'
import type { OrderRole } from '../orders/client-id.ts'
import { isTerminal, newOrder, type Amendment, type Order } from '../orders/order.ts'
import { transition, type OrderEvent } from '../orders/transition.ts'
import type { Command } from './events.ts'
import { MAX_DONE_ORDERS, type BrainState } from './state.ts'
import { adoptMovedPlan, type Trade } from './trade.ts'

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
  countOrder(state)
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

/** The venue counts amendments among the orders. */
export function countOrder(state: BrainState): void {
  state.orderTimes.push(state.now)
  if (state.orderTimes.length > 2_000) state.orderTimes = state.orderTimes.filter((time) => time > state.now - MINUTE_MS)
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
  const terms = after.book === 'regular' && !sameTerms(before, after)
  const changed = terms || after.state !== before.state || after.executed !== before.executed || after.childOrderId !== before.childOrderId
  if (changed) {
    state.revision++
    if (event.type !== 'cancelSent' && event.type !== 'amendSent') {
      out.push({
        type: 'journal',
        entry: {
          kind: 'order-event',
          time: state.now,
          symbol: after.symbol,
          ref: clientId,
          payload: {
            clientId,
            from: before.state,
            to: after.state,
            event: event.type,
            executed: after.executed,
            orderId: after.orderId,
            childOrderId: after.childOrderId,
            ...(terms ? { price: after.price, quantity: after.quantity } : {}),
          },
        },
      })
    }
  }
  if (before.amendment !== null && after.amendment === null) endAmendment(state, before.amendment, after, event, out)
  const symbol = state.bySymbol.get(after.symbol)
  if (changed && symbol !== undefined) state.dirty.add(symbol)
  if (isTerminal(after.state)) forgetOldest(state)
  claim(state, after, out)
  return true
}

export const amendRef = (clientId: string, counter: number): string => `amend:${clientId}:${counter}`

type Terms = Pick<Order, 'price' | 'quantity'>
const sameAmount = (a: DecimalText, b: DecimalText): boolean => a === b || decimal(a).eq(decimal(b))
export const sameTerms = (a: Terms, b: Terms): boolean => sameAmount(a.price, b.price) && sameAmount(a.quantity, b.quantity)

/** What became of an amendment, by what ended it and how the order stands now. */
function amendOutcome(asked: Amendment, order: Order, event: OrderEvent): OutcomePayload['outcome'] {
  if (event.type === 'amendFailed') return event.proof === 'rejected' ? 'rejected' : 'not-sent'
  if (event.type === 'amended') return 'acked'
  if (sameTerms(asked, order)) return 'found'
  return event.type === 'found' ? 'absent' : 'superseded'
}

/** Nothing about the amendment is open any more: its intent is closed, and the plan it came with stands or falls. */
function endAmendment(state: BrainState, asked: Amendment, order: Order, event: OrderEvent, out: Command[]): void {
  const outcome = amendOutcome(asked, order, event)
  out.push({
    type: 'journal',
    entry: {
      kind: 'request-outcome',
      time: state.now,
      symbol: order.symbol,
      ref: amendRef(order.clientId, asked.counter),
      payload: {
        action: 'amend',
        clientId: order.clientId,
        outcome,
        ...(event.type === 'amendFailed' ? { message: event.message } : {}),
      },
    },
  })
  const trade = state.bySymbol.get(order.symbol)?.trade
  if (trade?.group !== order.clientId || (outcome !== 'acked' && outcome !== 'found')) return
  adoptMovedPlan(trade, asked.counter, { price: decimal(order.price), quantity: decimal(order.quantity), executed: order.executed })
}

/**
 * The venue's own word about an order, asked for at `askedAt`: proof of everything but an amendment that may still be on its way
 * (INV-04), which stays unproved until the terms asked for are seen or a request of its age can no longer arrive.
 */
export function applyFound(state: BrainState, clientId: string, venue: VenueOrder, askedAt: number, out: Command[]): boolean {
  const order = state.orders.get(clientId)
  const asked = order?.state === 'AmendUnresolved' ? order.amendment : null
  const proved = asked === null || sameTerms(asked, venue) || askedAt - asked.at >= state.config.proofMs
  return applyToOrder(state, clientId, { type: proved ? 'found' : 'report', order: venue, at: state.now }, out)
}

const MAX_UNCLAIMED = 1_000

/** A fill read over REST names only the venue's order id; while nobody knows that id, its quantity waits here. */
export function leaveUnclaimed(state: BrainState, fill: { readonly orderId: string; readonly quantity: DecimalText }): void {
  const before = state.unclaimed.get(fill.orderId)
  state.unclaimed.set(fill.orderId, before === undefined ? fill.quantity : toText(decimal(before).plus(decimal(fill.quantity))))
  if (state.unclaimed.size <= MAX_UNCLAIMED) return
  for (const oldest of state.unclaimed.keys()) {
    state.unclaimed.delete(oldest)
    break
  }
}

/** The order has learned its id in the regular book: fills that came before are its own. */
function claim(state: BrainState, order: Order, out: Command[]): void {
  const orderId = order.book === 'algo' ? order.childOrderId : order.orderId
  const quantity = orderId === '' ? undefined : state.unclaimed.get(orderId)
  if (quantity === undefined) return
  state.unclaimed.delete(orderId)
  applyToOrder(state, order.clientId, { type: 'booked', quantity, at: state.now }, out)
}

/** Orders of one trade that are remembered: a trailed stop adds one with every move (INV-11). */
const MAX_TRADE_ORDERS = 32

/** The newest order of a trade; of its dead ones, all booked, the oldest are let go. The entry stays. */
export function addOrder(state: BrainState, trade: Trade, clientId: string): void {
  trade.orders.push(clientId)
  if (trade.orders.length <= MAX_TRADE_ORDERS) return
  const at = trade.orders.findIndex((id) => {
    const order = state.orders.get(id)
    return id !== trade.group && (order === undefined || (isTerminal(order.state) && order.executed === order.booked))
  })
  if (at !== -1) trade.orders.splice(at, 1)
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
