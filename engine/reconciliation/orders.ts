/**
 * Orders. What the venue shows and the ledger does not is foreign (or forgotten, when the id is ours); what the ledger shows and the
 * venue does not is lost only when a targeted query proved it (INV-05). Orders in flight are left alone while they are young, and
 * for ever while nothing is proved: absence from a list is no proof.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BookCopy } from '../contract/mismatch.ts'
import type { VenueOrder } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal } from '../money/decimal.ts'
import { finding, type BothBooks, type Finding } from './finding.ts'
import { ownerOf } from './own-ids.ts'

export type LocalOrder = BookCopy['openOrders'][number]

/** A fired conditional order lives on in the regular book under the same client id: symbol and client id name one order. */
const orderKey = (order: { readonly symbol: string; readonly clientId: string }): string => `${order.symbol} ${order.clientId}`

const ENDED = new Set(['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH', 'REJECTED', 'FINISHED'])

/** Orders the venue's list does not show and that are old enough to ask for: one targeted query each. */
export function ordersToLookUp(local: BookCopy, open: readonly VenueOrder[], now: number, inFlightMs: number): readonly LocalOrder[] {
  const known = new Set(open.map(orderKey))
  return local.openOrders.filter((order) => !known.has(orderKey(order)) && now - order.updatedAt >= inFlightMs)
}

export function compareOrders({ local, venue, context }: BothBooks): readonly Finding[] {
  const findings: Finding[] = []
  const mine = new Map(local.openOrders.map((order) => [orderKey(order), order]))
  const unresolved = new Set(local.unresolved)
  for (const order of venue.openOrders) {
    const known = mine.get(orderKey(order))
    if (known !== undefined && !unresolved.has(order.clientId)) {
      const changed = changedTerms(known, order, context.now - context.inFlightMs)
      if (changed.length > 0) findings.push(changedOrder(known, order, changed))
    }
    if (known !== undefined || unresolved.has(order.clientId) || context.now - order.createdAt < context.inFlightMs) continue
    findings.push(unknownOrder(order))
  }
  for (const order of ordersToLookUp(local, venue.openOrders, context.now, context.inFlightMs)) {
    const lookup = context.lookups.get(order.clientId)
    if (lookup === undefined || lookup.kind === 'unproved') continue
    if (lookup.kind === 'found' && !ENDED.has(lookup.order.status)) continue
    findings.push(lostOrder(order, lookup.kind === 'found' ? lookup.order : null))
  }
  return findings
}

interface ChangedTerm {
  readonly term: 'price' | 'trigger price' | 'quantity'
  readonly local: string
  readonly venue: string
}

/** Terms of a working order that the venue states otherwise: amended elsewhere, or an amendment of ours that the ledger never heard of. */
function changedTerms(local: LocalOrder, venue: VenueOrder, before: number): readonly ChangedTerm[] {
  // A fired conditional order has other terms than its child; a trailing stop moves by itself; requests in flight are the brain's.
  if (local.book !== venue.book || venue.type === 'TRAILING_STOP_MARKET') return []
  if (local.updatedAt > before || local.state.includes('InFlight') || local.state.includes('Unresolved')) return []
  const terms: ChangedTerm[] = []
  const check = (term: ChangedTerm['term'], mine: DecimalText, theirs: DecimalText): void => {
    if (mine !== theirs && !decimal(mine).eq(decimal(theirs))) terms.push({ term, local: mine, venue: theirs })
  }
  if (venue.type === 'LIMIT' || venue.type === 'STOP' || venue.type === 'TAKE_PROFIT') check('price', local.price, venue.price)
  if (venue.book === 'algo') check('trigger price', local.triggerPrice, venue.triggerPrice)
  if (!venue.closePosition && !local.closePosition) check('quantity', local.quantity, venue.quantity)
  return terms
}

const remaining = (order: VenueOrder): Decimal => decimal(order.quantity).minus(order.executed)
const unitPrice = (order: VenueOrder): Decimal => {
  const price = decimal(order.price)
  return price.isZero() ? decimal(order.triggerPrice) : price
}
const words = (order: VenueOrder): string => {
  const size = order.closePosition ? 'whole position' : toText(remaining(order))
  const price = unitPrice(order)
  return `${order.type} ${order.side} ${size}${price.isZero() ? '' : ` at ${toText(price)}`} (${order.clientId})`
}
/** Orders that can only shrink a position put nothing new at risk. */
const exposure = (order: VenueOrder): Decimal => (order.reduceOnly || order.closePosition ? ZERO : remaining(order).mul(unitPrice(order)))

function unknownOrder(order: VenueOrder): Finding {
  const owner = ownerOf(order.clientId)
  const ours = owner === 'ours' || owner === 'kill'
  return finding({
    kind: 'foreign-order',
    severity: ours && !order.reduceOnly && !order.closePosition ? 'crit' : 'warn',
    symbol: order.symbol,
    positionSide: order.positionSide,
    key: order.clientId,
    summary: ours ? `an order of ours that the ledger does not know: ${words(order)}` : `not placed by the engine: ${words(order)}`,
    local: 'unknown',
    venue: `${order.status} ${words(order)}`,
    atRisk: exposure(order),
    evidence: { owner, order },
    actions: ours ? ['repair', 'adopt', 'flatten', 'ignore'] : ['adopt', 'flatten', 'ignore'],
  })
}

function changedOrder(local: LocalOrder, venue: VenueOrder, changed: readonly ChangedTerm[]): Finding {
  return finding({
    kind: 'order-terms',
    severity: 'warn',
    symbol: venue.symbol,
    positionSide: venue.positionSide,
    key: venue.clientId,
    summary: `the venue has other terms: ${changed.map((c) => `${c.term} ${c.local} → ${c.venue}`).join(', ')} (${venue.clientId})`,
    local: changed.map((c) => `${c.term} ${c.local}`).join(', '),
    venue: changed.map((c) => `${c.term} ${c.venue}`).join(', '),
    atRisk: exposure(venue).minus(exposure(local)),
    evidence: { local, venue },
    actions: ['repair', 'ignore'],
  })
}

function lostOrder(order: LocalOrder, found: VenueOrder | null): Finding {
  return finding({
    kind: 'lost-order',
    severity: 'crit',
    symbol: order.symbol,
    positionSide: order.positionSide,
    key: order.clientId,
    summary: `the ledger has it ${order.state}, the venue ${found === null ? 'does not know it' : `has it ${found.status}`}: ${words(order)}`,
    local: `${order.state} ${words(order)}`,
    venue: found === null ? 'absent, by targeted query' : `${found.status}, executed ${found.executed}`,
    atRisk: found === null ? exposure(order) : decimal(found.executed).minus(order.executed).mul(unitPrice(order)),
    evidence: { local: order, venue: found },
    actions: ['repair', 'ignore'],
  })
}
