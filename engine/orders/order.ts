/**
 * One order as the brain knows it. States name what is in flight, so that nothing is forgotten between a request and its proof
 * (INV-04). Amounts are decimal text (INV-01).
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { unreachable } from '../contract/result.ts'
import type { OrderRequest, VenueOrder } from '../contract/venue.ts'
import type { OrderRole } from './client-id.ts'

export type OrderState =
  /** Intent journaled, request on its way or waiting for its answer. */
  | 'SubmitInFlight'
  /** The answer proved nothing: looked up by client id until proved. */
  | 'Unresolved'
  | 'Open'
  | 'PartiallyFilled'
  | 'AmendInFlight'
  | 'AmendUnresolved'
  | 'CancelInFlight'
  | 'CancelUnresolved'
  /** A conditional order fired; its child lives in the regular book under the same client id. */
  | 'Triggered'
  | 'Filled'
  | 'Canceled'
  | 'Expired'
  | 'Rejected'
  /** Proved never to have reached the venue's book. */
  | 'NotSent'

/** New terms asked of the venue. */
export interface Amendment {
  readonly price: DecimalText
  /** Whole quantity, what is executed already included. */
  readonly quantity: DecimalText
  /** Venue ms of asking. */
  readonly at: number
  /** Number of its intent. */
  readonly counter: number
}

export interface Order {
  readonly clientId: string
  readonly symbol: string
  readonly book: 'regular' | 'algo'
  readonly role: OrderRole
  /** Client id of the entry this order protects or closes; its own id for an entry. */
  readonly group: string
  readonly request: OrderRequest
  readonly origin: 'ours' | 'adopted'
  readonly state: OrderState
  /** Venue id, '' while unknown; the algo id for conditional orders. */
  readonly orderId: string
  /** Regular-book id of a triggered conditional order, '' before. */
  readonly childOrderId: string
  readonly quantity: DecimalText
  readonly price: DecimalText
  /** Venue ms of the report these terms come from: an older one that arrives late does not bring old terms back. */
  readonly termsAt: number
  /** On the wire or unproved; null = none. */
  readonly amendment: Amendment | null
  /** What the venue says was executed: never shrinks. */
  readonly executed: DecimalText
  /** What the ledger booked from fills; behind `executed` means a fill is still owed to us. */
  readonly booked: DecimalText
  readonly averagePrice: DecimalText
  readonly createdAt: number
  readonly updatedAt: number
  /** When the newest request about it left, venue ms. */
  readonly requestedAt: number
  /** Look-ups made since it became unresolved. */
  readonly lookups: number
  /** Why it was refused or ended; '' when nothing to say. */
  readonly message: string
}

export const isTerminal = (state: OrderState): boolean => {
  switch (state) {
    case 'Filled':
    case 'Canceled':
    case 'Expired':
    case 'Rejected':
    case 'NotSent':
      return true
    case 'SubmitInFlight':
    case 'Unresolved':
    case 'Open':
    case 'PartiallyFilled':
    case 'AmendInFlight':
    case 'AmendUnresolved':
    case 'CancelInFlight':
    case 'CancelUnresolved':
    case 'Triggered':
      return false
    default:
      return unreachable(state)
  }
}

/** Nothing about it is proved until a look-up says so. */
export const isUnresolved = (state: OrderState): boolean =>
  state === 'Unresolved' || state === 'CancelUnresolved' || state === 'AmendUnresolved'

/** A request about it is on the wire or unproved. */
export const isInFlight = (state: OrderState): boolean =>
  state === 'SubmitInFlight' || state === 'CancelInFlight' || state === 'AmendInFlight' || isUnresolved(state)

const ZERO = '0' as DecimalText

/** A new order whose intent is about to be journaled. */
export function newOrder(
  request: OrderRequest,
  about: { book: 'regular' | 'algo'; role: OrderRole; group: string; at: number; origin?: 'ours' | 'adopted' },
): Order {
  return {
    clientId: request.clientId,
    symbol: request.symbol,
    book: about.book,
    role: about.role,
    group: about.group,
    request,
    origin: about.origin ?? 'ours',
    state: 'SubmitInFlight',
    orderId: '',
    childOrderId: '',
    quantity: request.quantity ?? ZERO,
    price: request.price ?? ZERO,
    termsAt: 0,
    amendment: null,
    executed: ZERO,
    booked: ZERO,
    averagePrice: ZERO,
    createdAt: about.at,
    updatedAt: about.at,
    requestedAt: about.at,
    lookups: 0,
    message: '',
  }
}

/** The request that would have made a venue order: for adopting one we did not send. */
export function requestOf(order: VenueOrder): OrderRequest {
  return {
    clientId: order.clientId,
    symbol: order.symbol,
    side: order.side,
    positionSide: order.positionSide,
    type: order.type,
    ...(order.closePosition ? { closePosition: true } : { quantity: order.quantity }),
    ...(order.price === ZERO ? {} : { price: order.price }),
    ...(order.triggerPrice === ZERO ? {} : { triggerPrice: order.triggerPrice }),
    ...(order.reduceOnly ? { reduceOnly: true } : {}),
    timeInForce: order.timeInForce,
  }
}

/** The order as the reconciler and the screen see it. */
export function toVenueOrder(order: Order): VenueOrder {
  const status: VenueOrder['status'] =
    order.state === 'Filled'
      ? 'FILLED'
      : order.state === 'Canceled'
        ? 'CANCELED'
        : order.state === 'Expired'
          ? 'EXPIRED'
          : order.state === 'Rejected' || order.state === 'NotSent'
            ? 'REJECTED'
            : order.state === 'Triggered'
              ? 'TRIGGERED'
              : order.state === 'PartiallyFilled'
                ? 'PARTIALLY_FILLED'
                : 'NEW'
  return {
    book: order.book,
    symbol: order.symbol,
    orderId: order.orderId,
    clientId: order.clientId,
    side: order.request.side,
    positionSide: order.request.positionSide,
    type: order.request.type,
    status,
    timeInForce: order.request.timeInForce ?? 'GTC',
    price: order.price,
    triggerPrice: order.request.triggerPrice ?? ZERO,
    quantity: order.quantity,
    executed: order.executed,
    averagePrice: order.averagePrice,
    reduceOnly: order.request.reduceOnly === true,
    closePosition: order.request.closePosition === true,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  }
}
