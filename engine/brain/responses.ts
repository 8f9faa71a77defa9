/** What became of a request. INV-04: only proof closes an intent; everything else is looked up by client id, never sent again. */
import type { OutcomePayload } from '../contract/journal-kinds.ts'
import type { VenueError, VenueErrorCode, VenueOrder, VenueResult } from '../contract/venue.ts'
import { unreachable } from '../contract/result.ts'
import { isTerminal, isUnresolved, type Order } from '../orders/order.ts'
import type { Command } from './events.ts'
import { amendRef, applyFound, applyToOrder } from './order-desk.ts'
import type { BrainState } from './state.ts'
import { closingOrderFailed } from './trades.ts'

/** Look-ups that must agree before an order that once existed counts as gone. */
const GONE_LOOKUPS = 3
/** "Order's position side does not match user's setting." */
const POSITION_SIDE_CODE = -4061

type Proof = 'rejected' | 'notSent' | 'nothing'

/** What an error proves. */
function proofOf(code: VenueErrorCode): Proof {
  switch (code) {
    case 'rejected':
    case 'notFound':
      return 'rejected'
    case 'throttled':
    case 'banned':
    case 'unavailable':
    case 'auth':
    case 'clock':
    case 'notSent':
      return 'notSent'
    // An answer that could not be understood says nothing about what happened.
    case 'ambiguous':
    case 'malformed':
      return 'nothing'
    default:
      return unreachable(code)
  }
}

function journalOutcome(state: BrainState, order: Order, ref: string, payload: Omit<OutcomePayload, 'clientId'>, out: Command[]): void {
  out.push({
    type: 'journal',
    entry: { kind: 'request-outcome', time: state.now, symbol: order.symbol, ref, payload: { clientId: order.clientId, ...payload } },
  })
}

function journalAmbiguous(state: BrainState, order: Order, ref: string, action: string, error: VenueError, out: Command[]): void {
  out.push({
    type: 'journal',
    entry: {
      kind: 'request-ambiguous',
      time: state.now,
      symbol: order.symbol,
      ref,
      payload: { action, clientId: order.clientId, code: error.code, message: error.message },
    },
  })
}

export function onPlaced(state: BrainState, clientId: string, result: VenueResult<VenueOrder>, out: Command[]): void {
  const order = state.orders.get(clientId)
  if (order === undefined) return
  if (result.ok) {
    if (order.role === 'entry') state.consecutiveRejects = 0
    applyToOrder(state, clientId, { type: 'acked', order: result.value, at: state.now }, out)
    journalOutcome(state, order, clientId, { action: 'place', outcome: 'acked' }, out)
    return
  }
  const { error } = result
  const proof = proofOf(error.code)
  if (proof === 'nothing') {
    applyToOrder(state, clientId, { type: 'ambiguous', message: error.message, at: state.now }, out)
    journalAmbiguous(state, order, clientId, 'place', error, out)
    out.push({ type: 'reconcile', reason: 'ambiguous' })
    lookUp(state, clientId, out)
    return
  }
  applyToOrder(state, clientId, { type: proof, message: error.message, at: state.now }, out)
  journalOutcome(
    state,
    order,
    clientId,
    {
      action: 'place',
      outcome: proof === 'rejected' ? 'rejected' : 'not-sent',
      code: error.code,
      message: error.message,
      ...(error.venueCode === undefined ? {} : { venueCode: error.venueCode }),
    },
    out,
  )
  if (error.venueCode === POSITION_SIDE_CODE && state.accountFault === '') {
    state.accountFault = `the venue refuses ${order.request.positionSide}: the account's position mode was changed; set it back or restart`
    out.push({ type: 'log', level: 'error', text: state.accountFault })
  }
  if (proof === 'rejected') {
    state.counters.rejects++
    if (order.role === 'entry') state.consecutiveRejects++
  }
  const now = state.orders.get(clientId)
  if (order.role !== 'entry' && now !== undefined && isTerminal(now.state)) {
    closingOrderFailed(state, { ...order, message: error.message }, proof, error.venueCode, out)
  }
}

export function onCancelled(state: BrainState, clientId: string, result: VenueResult<VenueOrder | undefined>, out: Command[]): void {
  const order = state.orders.get(clientId)
  if (order === undefined) return
  const ref = `cancel:${clientId}`
  if (result.ok) {
    if (result.value !== undefined) applyToOrder(state, clientId, { type: 'acked', order: result.value, at: state.now }, out)
    else applyToOrder(state, clientId, { type: 'cancelAcked', at: state.now }, out)
    journalOutcome(state, order, ref, { action: 'cancel', outcome: 'acked' }, out)
    return
  }
  const { error } = result
  const proof = proofOf(error.code)
  if (proof === 'nothing') {
    applyToOrder(state, clientId, { type: 'ambiguous', message: error.message, at: state.now }, out)
    journalAmbiguous(state, order, ref, 'cancel', error, out)
    lookUp(state, clientId, out)
    return
  }
  // "Unknown order" proves only that there is nothing to cancel: filled, cancelled or fired is for the look-up to say.
  applyToOrder(state, clientId, { type: 'cancelFailed', gone: proof === 'rejected', message: error.message, at: state.now }, out)
  journalOutcome(
    state,
    order,
    ref,
    { action: 'cancel', outcome: proof === 'rejected' ? 'rejected' : 'not-sent', code: error.code, message: error.message },
    out,
  )
  if (proof === 'rejected') lookUp(state, clientId, out)
}

/** `counter` names the amendment's intent: an answer to one that is settled already changes only what the venue now says. */
export function onAmended(state: BrainState, clientId: string, counter: number, result: VenueResult<VenueOrder>, out: Command[]): void {
  const order = state.orders.get(clientId)
  if (order === undefined) return
  if (result.ok) {
    applyToOrder(state, clientId, { type: 'amended', order: result.value, at: state.now }, out)
    return
  }
  const { error } = result
  const proof = proofOf(error.code)
  if (proof === 'nothing') {
    applyToOrder(state, clientId, { type: 'ambiguous', message: error.message, at: state.now }, out)
    journalAmbiguous(state, order, amendRef(clientId, counter), 'amend', error, out)
    out.push({ type: 'reconcile', reason: 'ambiguous' })
    lookUp(state, clientId, out)
    return
  }
  const gone = error.code === 'notFound'
  applyToOrder(state, clientId, { type: 'amendFailed', gone, proof, message: error.message, at: state.now }, out)
  // "Nothing to amend" and "same terms already" say that the venue has it otherwise than the ledger: the look-up tells how.
  if (proof === 'rejected') lookUp(state, clientId, out)
}

/** One targeted query by client id, unless one is on its way (INV-05). */
export function lookUp(state: BrainState, clientId: string, out: Command[]): void {
  const order = state.orders.get(clientId)
  if (order === undefined || state.lookupsOut.has(clientId)) return
  if (isUnresolved(order.state)) applyToOrder(state, clientId, { type: 'lookupSent', at: state.now }, out)
  state.lookupsOut.add(clientId)
  // A conditional order that fired lives on in the regular book under the same client id.
  const book = order.state === 'Triggered' || (order.book === 'algo' && order.executed !== '0') ? 'regular' : order.book
  out.push({ type: 'lookup', symbol: order.symbol, clientId, book })
}

export function onLookedUp(state: BrainState, clientId: string, result: VenueResult<VenueOrder>, out: Command[]): void {
  state.lookupsOut.delete(clientId)
  const order = state.orders.get(clientId)
  if (order === undefined) return
  if (result.ok) {
    const submitting = order.state === 'Unresolved' || order.state === 'SubmitInFlight'
    applyFound(state, clientId, result.value, order.requestedAt, out)
    if (submitting) journalOutcome(state, order, clientId, { action: 'place', outcome: 'found' }, out)
    else if (order.state === 'CancelUnresolved')
      journalOutcome(state, order, `cancel:${clientId}`, { action: 'cancel', outcome: 'found' }, out)
    return
  }
  // A failed query is no answer (INV-05): the clock asks again.
  if (result.error.code !== 'notFound') return
  if (order.state === 'Unresolved') {
    // Absence counts from when the question was asked, not from when the answer came.
    if (order.requestedAt - order.createdAt < state.config.proofMs) return
    applyToOrder(state, clientId, { type: 'absent', at: state.now }, out)
    journalOutcome(state, order, clientId, { action: 'place', outcome: 'absent' }, out)
    if (order.role !== 'entry') closingOrderFailed(state, order, 'notSent', undefined, out)
    return
  }
  if ((order.state === 'CancelUnresolved' || order.state === 'AmendUnresolved') && order.lookups >= GONE_LOOKUPS) {
    applyToOrder(state, clientId, { type: 'absent', at: state.now }, out)
    if (order.state === 'CancelUnresolved') journalOutcome(state, order, `cancel:${clientId}`, { action: 'cancel', outcome: 'absent' }, out)
  }
}
