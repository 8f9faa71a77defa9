/**
 * Working orders moved at the venue: a strategy moves its resting entry, the trader moves or shrinks any working LIMIT order.
 *
 * - INV-02: quantise → filters → rails, judged as if the order were placed anew in its own stead; less of the same is always allowed.
 * - INV-03: the intent is journaled before the request leaves. INV-04: an ambiguous outcome is looked up (order-desk.ts, applyFound).
 * - A moved entry puts no more at risk than it did, and no more notional; its new plan counts once the venue has taken the move.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradePlan } from '../contract/journal-kinds.ts'
import { Decimal, decimal, toText, ZERO, type Price, type Qty } from '../money/decimal.ts'
import { quantisePrice, quantiseQuantity } from '../money/quantise.ts'
import { reducesPosition, validateOrder } from '../money/validate.ts'
import type { Order } from '../orders/order.ts'
import { judgeEntry, type Candidate } from '../risk/risk.ts'
import type { Signal } from '../strategy/strategy.ts'
import { heldQuantity } from './account.ts'
import { entryLevels, planOf, standAround, type Refusal } from './entry-plan.ts'
import type { Command, RepairAnswer } from './events.ts'
import { allowedLeverage, baseLeverage } from './leverage.ts'
import { applyToOrder, amendRef, countOrder, sameTerms } from './order-desk.ts'
import { grossNotional, isBusy, remainingNotional, standingOf, symbolNotional } from './standing.ts'
import type { BrainState, SymbolState } from './state.ts'
import { amountOf } from './text.ts'

export interface Terms {
  readonly price: DecimalText
  readonly quantity: DecimalText
}

interface Wish {
  readonly price: Decimal
  readonly quantity: Decimal
  readonly reason: string
  readonly maxLeverage: number
  readonly plan?: TradePlan
}

/** The strategy moves its own resting entry (Signal.moves). Answers the terms asked for, or why nothing was. */
export function moveEntry(state: BrainState, symbol: SymbolState, signal: Signal, out: Command[]): Terms | Refusal {
  const { trade } = symbol
  const order = trade === null ? undefined : state.orders.get(trade.group)
  if (trade === null || order === undefined || trade.plan.signalId !== signal.moves || trade.plan.side !== signal.side) {
    return { rule: 'moves', text: `no entry of ${signal.moves ?? ''} is at work` }
  }
  if (signal.entry.type !== 'LIMIT') return { rule: 'moves', text: 'only a resting LIMIT entry can be moved' }
  if (order.state !== 'Open') return { rule: 'moves', text: `the entry is ${order.state}; only one that rests unfilled can be moved` }
  const levels = entryLevels(signal, symbol.filters)
  if ('rule' in levels) return levels
  const { price, stop, target } = levels
  const notional = decimal(order.quantity).times(decimal(order.price))
  const most = Decimal.min(notional.div(price), trade.risk.div(price.minus(stop).abs()))
  return amend(
    state,
    symbol,
    order,
    {
      price,
      quantity: most,
      reason: signal.why,
      maxLeverage: allowedLeverage(state, symbol, signal),
      plan: planOf(signal, stop, target, state.now),
    },
    out,
  )
}

/** The trader moves a working order; what is absent stays as it is. */
export function amendByHand(
  state: BrainState,
  wish: { readonly clientId: string; readonly price?: DecimalText; readonly quantity?: DecimalText },
  out: Command[],
): RepairAnswer {
  const order = state.orders.get(wish.clientId)
  const symbol = order === undefined ? undefined : state.bySymbol.get(order.symbol)
  if (order === undefined || symbol === undefined) return { applied: false, reason: 'no such order' }
  const done = amend(
    state,
    symbol,
    order,
    {
      price: decimal(wish.price ?? order.price),
      quantity: decimal(wish.quantity ?? order.quantity),
      reason: 'by hand',
      maxLeverage: baseLeverage(state),
    },
    out,
  )
  if ('rule' in done) return { applied: false, reason: `${done.rule}: ${done.text}` }
  return { applied: true, reason: `asked for ${done.quantity} at ${done.price}` }
}

function amend(state: BrainState, symbol: SymbolState, order: Order, wish: Wish, out: Command[]): Terms | Refusal {
  if (state.ledger === null || !state.synced || state.journalFault !== '') {
    return { rule: 'released', text: 'the account is not known completely' }
  }
  if (state.tradingState === 'halted') return { rule: 'trading-state', text: 'the kill switch owns every order' }
  if (order.book !== 'regular' || order.request.type !== 'LIMIT') return { rule: 'type', text: 'the venue amends LIMIT orders only' }
  if (order.state !== 'Open' && order.state !== 'PartiallyFilled') return { rule: 'state', text: `the order is ${order.state}` }
  const { request } = order
  const asked: Terms = {
    price: toText(quantisePrice(wish.price as Price, request.side, symbol.filters)),
    quantity: toText(quantiseQuantity(wish.quantity as Qty, symbol.filters, { market: false })),
  }
  if (sameTerms(asked, order)) return { rule: 'same', text: 'these are its terms already' }
  if (decimal(asked.quantity).lte(decimal(order.executed))) {
    return { rule: 'executed', text: `${order.executed} is executed already; cancel it instead` }
  }
  const refused = refusalOf(state, symbol, order, asked, wish.maxLeverage)
  if (refused !== null) return refused
  const plan = wish.plan ?? (symbol.trade?.group === order.clientId ? symbol.trade.plan : undefined)
  if (plan !== undefined) {
    const levels = { price: decimal(asked.price), stop: decimal(plan.stop), target: decimal(plan.takeProfit) }
    if (!standAround(plan.side, levels)) return { rule: 'price', text: `${asked.price} is not between stop and target of the plan` }
  }
  send(state, symbol, order, asked, wish, out)
  return asked
}

/** The order in its new terms, judged as if it were placed now and the old one were not there. */
function refusalOf(state: BrainState, symbol: SymbolState, order: Order, asked: Terms, maxLeverage: number): Refusal | null {
  const { filters } = symbol
  const price = decimal(asked.price)
  const mark = amountOf(symbol.mark)
  const valid = validateOrder({ ...order.request, ...asked }, filters, {
    ...(symbol.mark > 0 ? { mark } : {}),
    hedge: state.config.hedge,
    position: heldQuantity(state, symbol),
    now: state.now,
  })
  if (!valid.ok) return { rule: `filter ${valid.error.venueCode}`, text: valid.error.message }
  const shrinks = asked.price === order.price && decimal(asked.quantity).lt(decimal(order.quantity))
  if (shrinks || reducesPosition(order.request)) return null
  const own =
    symbol.trade?.orders.includes(order.clientId) === true
      ? remainingNotional(order, amountOf(symbol.mark > 0 ? symbol.mark : symbol.last))
      : ZERO
  const standing = standingOf(state)
  const candidate: Candidate = {
    symbol: symbol.symbol,
    allowed: filters.status === 'TRADING',
    entryInFlight: false,
    positionOpen: false,
    coolDownUntil: 0,
    dataAgeMs: symbol.incomplete
      ? Number.POSITIVE_INFINITY
      : Math.max(0, Math.round((state.now - symbol.dataAt) / Math.max(1, state.config.rate))),
    price,
    mark,
    quantity: decimal(asked.quantity).minus(decimal(order.executed)),
    positionNotional: symbolNotional(state, symbol).minus(own),
    grossNotional: grossNotional(state).minus(own),
    maxLeverage,
  }
  const verdict = judgeEntry({ ...standing, openPositions: standing.openPositions - (isBusy(state, symbol) ? 1 : 0) }, candidate)
  return verdict.allowed ? null : { rule: verdict.rule, text: verdict.text }
}

function send(state: BrainState, symbol: SymbolState, order: Order, asked: Terms, wish: Wish, out: Command[]): void {
  state.counter++
  const { counter } = state
  const { clientId, group, role } = order
  applyToOrder(state, clientId, { type: 'amendSent', amendment: { ...asked, at: state.now, counter }, at: state.now }, out)
  countOrder(state)
  const plan = wish.plan === undefined ? {} : { plan: wish.plan }
  if (wish.plan !== undefined && symbol.trade !== null) symbol.trade.movedPlan = { counter, plan: wish.plan }
  out.push({
    type: 'journal',
    entry: {
      kind: 'intent',
      time: state.now,
      symbol: order.symbol,
      ref: amendRef(clientId, counter),
      payload: { action: 'amend', clientId, book: 'regular', role, counter, change: asked, reason: wish.reason, group, ...plan },
    },
  })
  out.push({ type: 'amend', change: { clientId, symbol: order.symbol, side: order.request.side, ...asked }, counter })
}
