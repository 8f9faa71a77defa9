/**
 * The order state machine: a total function (order, event) → order | invalid. It never forgets and never guesses:
 * - executed quantity only grows; a report older than what is known changes nothing;
 * - INV-04: `ambiguous` leads to an unresolved state, which only proof (`found`, `absent`, a report, a fill) leaves;
 * - an order concluded dead without the venue's word (NotSent, Rejected) comes back to life when the venue reports it;
 * - terms (price, quantity) are those of the newest report by the venue's own time; while an amendment is unproved no quantity is whole;
 * - events may come in any order and more than once (REST answers and stream events are not ordered among each other).
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { unreachable } from '../contract/result.ts'
import type { VenueOrder } from '../contract/venue.ts'
import { decimal, toText } from '../money/decimal.ts'
import { isTerminal, isUnresolved, type Amendment, type Order, type OrderState } from './order.ts'

export type OrderEvent =
  /** The venue's answer to `place`, or a report about it over REST (look-up, open orders). */
  | { readonly type: 'acked' | 'found'; readonly order: VenueOrder; readonly at: number }
  /** The venue's stream says so. */
  | { readonly type: 'report'; readonly order: VenueOrder; readonly at: number; readonly message?: string }
  /** A fill was booked into the ledger. */
  | { readonly type: 'booked'; readonly quantity: DecimalText; readonly at: number }
  /** Proved not executed: refused by the venue. */
  | { readonly type: 'rejected'; readonly message: string; readonly at: number }
  /** Proved not executed: never reached the matching engine. */
  | { readonly type: 'notSent'; readonly message: string; readonly at: number }
  /** Nothing is proved. */
  | { readonly type: 'ambiguous'; readonly message: string; readonly at: number }
  /** A look-up is being made. */
  | { readonly type: 'lookupSent'; readonly at: number }
  /** A look-up proved that the venue has no such order (and can no longer get it). */
  | { readonly type: 'absent'; readonly at: number }
  | { readonly type: 'cancelSent' | 'cancelAcked'; readonly at: number }
  /** The cancel was refused or never sent; `gone` = the venue says there is nothing to cancel, which proves nothing about fills. */
  | { readonly type: 'cancelFailed'; readonly gone: boolean; readonly message: string; readonly at: number }
  | { readonly type: 'amendSent'; readonly amendment: Amendment; readonly at: number }
  /** The venue's answer to an amendment. */
  | { readonly type: 'amended'; readonly order: VenueOrder; readonly at: number }
  /** The amendment was refused or never sent; `gone` = the venue says there is nothing to amend, which proves nothing about fills. */
  | {
      readonly type: 'amendFailed'
      readonly gone: boolean
      readonly proof: 'rejected' | 'notSent'
      readonly message: string
      readonly at: number
    }

export type Transition = { readonly ok: true; readonly order: Order } | { readonly ok: false; readonly reason: string }

const next = (order: Order, at: number, change: Partial<Order>): Transition => {
  const state = change.state ?? order.state
  const amending = state === 'AmendInFlight' || state === 'AmendUnresolved'
  const amendment = change.amendment === undefined ? order.amendment : change.amendment
  return {
    ok: true,
    order: { ...order, ...change, amendment: amending ? amendment : null, updatedAt: Math.max(order.updatedAt, at) },
  }
}
const invalid = (order: Order, event: OrderEvent): Transition => ({
  ok: false,
  reason: `${event.type} does not apply to ${order.clientId} in ${order.state}`,
})
const unchanged = (order: Order): Transition => ({ ok: true, order })

/** Without trailing zeros, so that equal amounts are equal text. */
const max = (a: DecimalText, b: DecimalText): DecimalText => toText(decimal(a).gte(decimal(b)) ? decimal(a) : decimal(b))

/** State the venue's status stands for; null = says nothing new about an order that is alive. */
function stateOfStatus(status: VenueOrder['status'], executed: DecimalText): OrderState {
  switch (status) {
    case 'NEW':
      return decimal(executed).gt(0) ? 'PartiallyFilled' : 'Open'
    case 'PARTIALLY_FILLED':
      return 'PartiallyFilled'
    case 'FILLED':
      return 'Filled'
    case 'CANCELED':
      return 'Canceled'
    case 'EXPIRED':
    case 'EXPIRED_IN_MATCH':
      return 'Expired'
    case 'REJECTED':
      return 'Rejected'
    case 'TRIGGERING':
    case 'TRIGGERED':
      return 'Triggered'
    case 'FINISHED':
      // Finished without a quantity says only that the child ended; the child's own report says how.
      return decimal(executed).gt(0) ? 'Filled' : 'Triggered'
    default:
      return unreachable(status)
  }
}

/** What survives of an in-flight state when the venue reports the order alive. */
function alive(order: Order, reported: OrderState, proof: boolean): OrderState {
  switch (order.state) {
    case 'CancelInFlight':
    case 'AmendInFlight':
      return order.state
    // Only an answer to our question proves what became of the cancel or amend; a passing report may be older than it.
    case 'CancelUnresolved':
    case 'AmendUnresolved':
      return proof ? reported : order.state
    case 'PartiallyFilled':
      return reported === 'Open' ? 'PartiallyFilled' : reported
    case 'Triggered':
      return 'Triggered'
    case 'SubmitInFlight':
    case 'Unresolved':
    case 'Open':
    case 'Filled':
    case 'Canceled':
    case 'Expired':
    case 'Rejected':
    case 'NotSent':
      return reported
    default:
      return unreachable(order.state)
  }
}

/** Concluded by us, not by the venue: a report overrules it. */
const concludedByUs = (order: Order): boolean => order.state === 'NotSent' || (order.state === 'Rejected' && order.orderId === '')

/** A trigger somebody moved; what never had one (trailing) has none to compare. */
const movedTrigger = (order: Order, venue: VenueOrder): boolean => {
  const mine = order.request.triggerPrice
  return (
    mine !== undefined && mine !== venue.triggerPrice && decimal(venue.triggerPrice).gt(0) && !decimal(venue.triggerPrice).eq(decimal(mine))
  )
}

/** Counted as filled by its fills, while somebody had made it larger: the venue still works on the rest. */
const grewAfterwards = (order: Order, venue: VenueOrder, child: boolean): boolean =>
  order.state === 'Filled' &&
  !child &&
  order.book === 'regular' &&
  (venue.status === 'NEW' || venue.status === 'PARTIALLY_FILLED') &&
  venue.updatedAt >= order.termsAt &&
  decimal(venue.quantity).gt(decimal(order.quantity))

function applyVenue(order: Order, venue: VenueOrder, at: number, proof: boolean, message: string): Transition {
  const child = order.book === 'algo' && venue.book === 'regular'
  const executed = max(order.executed, venue.executed)
  const grew = executed !== order.executed
  const fresh = child || venue.updatedAt >= order.termsAt
  const facts: Partial<Order> = {
    executed,
    ...(fresh && !child ? { termsAt: venue.updatedAt } : {}),
    ...(child ? { childOrderId: venue.orderId } : venue.orderId === '' ? {} : { orderId: venue.orderId }),
    ...(venue.triggeredOrderId === undefined ? {} : { childOrderId: venue.triggeredOrderId }),
    ...(fresh && decimal(venue.quantity).gt(0) ? { quantity: venue.quantity } : {}),
    ...(fresh && decimal(venue.price).gt(0) ? { price: venue.price } : {}),
    ...(fresh && venue.book === 'algo' && movedTrigger(order, venue)
      ? { request: { ...order.request, triggerPrice: venue.triggerPrice } }
      : {}),
    ...(decimal(venue.averagePrice).gt(0) && (grew || order.averagePrice === '0') ? { averagePrice: venue.averagePrice } : {}),
    ...(message === '' ? {} : { message }),
  }
  if (isTerminal(order.state) && !concludedByUs(order) && !grewAfterwards(order, venue, child)) {
    // Late and repeated reports: only more executed quantity is news; a fill that beat the cancel turns it into Filled.
    const filled = venue.status === 'FILLED' && grew
    return next(order, at, filled ? { ...facts, state: 'Filled' } : { ...facts, quantity: order.quantity, price: order.price })
  }
  let reported = stateOfStatus(venue.status, executed)
  if (child && (reported === 'Open' || reported === 'PartiallyFilled')) reported = 'Triggered'
  if (isTerminal(reported)) return next(order, at, { ...facts, state: reported, lookups: 0 })
  const state = reported === 'Triggered' ? 'Triggered' : alive(order, reported, proof)
  return next(order, at, { ...facts, state, lookups: isUnresolved(state) ? order.lookups : 0 })
}

function applyBooked(order: Order, quantity: DecimalText, at: number): Transition {
  const booked = toText(decimal(order.booked).plus(decimal(quantity)))
  const executed = max(order.executed, booked)
  // Made larger or smaller meanwhile: only the venue knows what whole is.
  const whole = order.amendment === null && decimal(order.quantity).gt(0) && decimal(booked).gte(decimal(order.quantity))
  if (isTerminal(order.state) && !concludedByUs(order)) return next(order, at, { booked, executed })
  if (whole) return next(order, at, { booked, executed, state: 'Filled', lookups: 0 })
  const state: OrderState = order.book === 'algo' ? 'Triggered' : alive(order, 'PartiallyFilled', false)
  return next(order, at, { booked, executed, state })
}

/** One step. Total: every state takes every event, or says why not; never throws for what a venue may send. */
export function transition(order: Order, event: OrderEvent): Transition {
  switch (event.type) {
    case 'acked':
    case 'found':
      return applyVenue(order, event.order, event.at, event.type === 'found', '')
    case 'report':
      return applyVenue(order, event.order, event.at, false, event.message ?? '')
    case 'booked':
      return applyBooked(order, event.quantity, event.at)
    case 'rejected':
    case 'notSent': {
      if (order.state === 'SubmitInFlight' || order.state === 'Unresolved') {
        return next(order, event.at, { state: event.type === 'rejected' ? 'Rejected' : 'NotSent', message: event.message, lookups: 0 })
      }
      // The stream was quicker and says it lives: the venue is right, the answer is kept as a remark.
      return isTerminal(order.state) ? unchanged(order) : invalid(order, event)
    }
    case 'ambiguous':
      switch (order.state) {
        case 'SubmitInFlight':
          return next(order, event.at, { state: 'Unresolved', message: event.message, lookups: 0 })
        case 'CancelInFlight':
          return next(order, event.at, { state: 'CancelUnresolved', message: event.message, lookups: 0 })
        case 'AmendInFlight':
          return next(order, event.at, { state: 'AmendUnresolved', message: event.message, lookups: 0 })
        case 'Unresolved':
        case 'CancelUnresolved':
        case 'AmendUnresolved':
        case 'Open':
        case 'PartiallyFilled':
        case 'Triggered':
        case 'Filled':
        case 'Canceled':
        case 'Expired':
        case 'Rejected':
        case 'NotSent':
          return unchanged(order)
        default:
          return unreachable(order.state)
      }
    case 'lookupSent':
      return isUnresolved(order.state)
        ? next(order, event.at, { lookups: order.lookups + 1, requestedAt: event.at })
        : invalid(order, event)
    case 'absent':
      if (order.state === 'Unresolved')
        return next(order, event.at, { state: 'NotSent', lookups: 0, message: 'the venue has no such order' })
      // It was there once: gone without a word is a cancel; its fills, if any, are asked for separately.
      if (isUnresolved(order.state))
        return next(order, event.at, { state: 'Canceled', lookups: 0, message: 'no longer known at the venue' })
      return invalid(order, event)
    case 'cancelSent':
      if (
        order.state === 'Open' ||
        order.state === 'PartiallyFilled' ||
        order.state === 'Triggered' ||
        order.state === 'CancelUnresolved'
      ) {
        return next(order, event.at, { state: 'CancelInFlight', requestedAt: event.at, lookups: 0 })
      }
      return invalid(order, event)
    case 'cancelAcked':
      return isTerminal(order.state) ? unchanged(order) : next(order, event.at, { state: 'Canceled', lookups: 0 })
    case 'cancelFailed':
      if (order.state !== 'CancelInFlight') return unchanged(order)
      return next(order, event.at, {
        state: event.gone ? 'CancelUnresolved' : restingState(order),
        message: event.message,
        lookups: 0,
      })
    case 'amendSent':
      return order.state === 'Open' || order.state === 'PartiallyFilled'
        ? next(order, event.at, { state: 'AmendInFlight', amendment: event.amendment, requestedAt: event.at, lookups: 0 })
        : invalid(order, event)
    case 'amended': {
      const amending = order.state === 'AmendInFlight' || order.state === 'AmendUnresolved'
      const answered: Order = amending ? { ...order, state: restingState(order), amendment: null } : order
      return applyVenue(answered, event.order, event.at, true, '')
    }
    case 'amendFailed':
      if (order.state !== 'AmendInFlight') return unchanged(order)
      return next(order, event.at, { state: event.gone ? 'AmendUnresolved' : restingState(order), message: event.message, lookups: 0 })
    default:
      return unreachable(event)
  }
}

/** The state of an order at rest, from what is known about it. */
const restingState = (order: Order): OrderState =>
  order.childOrderId !== '' ? 'Triggered' : decimal(order.executed).gt(0) ? 'PartiallyFilled' : 'Open'
