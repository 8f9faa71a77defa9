/**
 * A trade as an entry with a resting stop and take-profit on the venue. Pure planning: what stands now, in; what to do next, out.
 * Called after every event, it always plans from the facts, so it does not matter which event was missed:
 *
 * - a position without a live stop gets one (also when somebody cancelled it); an unproved stop counts as live: never two;
 * - stop and take-profit carry closePosition, so that the venue itself lets them go with the position, brain alive or not;
 * - when the position is flat, what is left of the bracket is cancelled (OCO by the brain, orphan-proof);
 * - a venue that refuses closePosition gets reduce-only quantities; one that refuses every stop gets the position closed at market.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradePlan } from '../contract/journal-kinds.ts'
import type { OrderRequest, PositionSide, Side, SymbolFilters } from '../contract/venue.ts'
import { decimal, toText, type Decimal, type Price, type Qty } from '../money/decimal.ts'
import { quantiseQuantity, quantiseTrigger } from '../money/quantise.ts'
import { isInFlight, isTerminal, type Order } from './order.ts'

export type ProtectionForm = 'closePosition' | 'quantity'

export interface BracketFacts {
  readonly now: number
  readonly plan: TradePlan
  /** Signed position of the symbol (and position side). */
  readonly position: Decimal
  /** Every order of the trade, dead or alive. */
  readonly orders: readonly Order[]
  /** Entries may stand: trading state active, rails quiet. */
  readonly entriesAllowed: boolean
  /** Stops, take-profits and exits may be sent: false only while the kill switch is at halt, which owns all orders then. */
  readonly exitsAllowed: boolean
  /** Why the position must go at market; '' = it may stay. */
  readonly exitReason: string
  /** No request of that kind before this time (back-off after a refusal), venue ms. */
  readonly stopNotBefore: number
  readonly takeProfitNotBefore: number
  readonly exitNotBefore: number
}

export type BracketAction =
  | { readonly type: 'cancel'; readonly order: Order; readonly reason: string }
  | { readonly type: 'place'; readonly role: 'stop' | 'takeProfit' | 'exit'; readonly kind: 'hard' | 'trailing'; readonly reason: string }
  /** Position flat and nothing of the trade left at the venue. */
  | { readonly type: 'done' }

const alive = (order: Order): boolean => !isTerminal(order.state)
const cancellable = (order: Order): boolean => order.state === 'Open' || order.state === 'PartiallyFilled' || order.state === 'Triggered'
const isTrailing = (order: Order): boolean => order.request.type === 'TRAILING_STOP_MARKET'

/** The next steps of one trade; empty while everything is as it should be or an answer is awaited. */
export function planBracket(facts: BracketFacts): readonly BracketAction[] {
  const actions: BracketAction[] = []
  const live = facts.orders.filter(alive)
  const entry = live.filter((order) => order.role === 'entry')
  const flat = facts.position.isZero()

  for (const order of entry) {
    const reason =
      facts.now >= facts.plan.entryDeadline ? 'not filled in time' : facts.entriesAllowed ? facts.exitReason : 'entries are blocked'
    if (reason !== '' && cancellable(order)) actions.push({ type: 'cancel', order, reason })
  }

  if (flat) {
    if (entry.length > 0 || owesFills(facts.orders)) return actions
    for (const order of live) if (cancellable(order)) actions.push({ type: 'cancel', order, reason: 'the position is closed' })
    if (live.length === 0) actions.push({ type: 'done' })
    return actions
  }
  if (!facts.exitsAllowed) return actions
  // A closing order executed more than is booked: the position is smaller than it seems, its fills are on their way.
  if (owesFills(facts.orders.filter((order) => order.role !== 'entry'))) return actions

  const exits = live.filter((order) => order.role === 'exit')
  const due = facts.exitReason === '' && facts.now >= facts.plan.exitDeadline ? 'held long enough' : facts.exitReason
  if (due !== '' && exits.length === 0 && facts.now >= facts.exitNotBefore) {
    actions.push({ type: 'place', role: 'exit', kind: 'hard', reason: due })
  }
  // The stop stays until the position is gone, also while an exit is on its way.
  const stops = live.filter((order) => order.role === 'stop')
  const hard = stops.filter((order) => !isTrailing(order))
  if (hard.length === 0 && facts.now >= facts.stopNotBefore) {
    actions.push({ type: 'place', role: 'stop', kind: 'hard', reason: 'the position has no stop' })
  }
  for (const extra of hard.slice(1)) {
    if (cancellable(extra) && !isInFlight(extra.state)) actions.push({ type: 'cancel', order: extra, reason: 'one stop is enough' })
  }
  if (due !== '') return actions
  if (!live.some((order) => order.role === 'takeProfit') && facts.now >= facts.takeProfitNotBefore) {
    actions.push({ type: 'place', role: 'takeProfit', kind: 'hard', reason: 'the position has no take-profit' })
  }
  const wantsTrail = facts.plan.trailPct !== undefined && entry.length === 0
  if (wantsTrail && !stops.some(isTrailing) && facts.now >= facts.stopNotBefore) {
    actions.push({ type: 'place', role: 'stop', kind: 'trailing', reason: 'the plan trails its stop' })
  }
  return actions
}

/** The venue executed more than the ledger has booked: the position is not what it seems yet. */
export const owesFills = (orders: readonly Order[]): boolean =>
  orders.some((order) => order.executed !== order.booked && decimal(order.executed).gt(decimal(order.booked)))

export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY')

export interface ExitContext {
  readonly clientId: string
  readonly symbol: string
  readonly positionSide: PositionSide
  /** Side of the position's entry. */
  readonly side: Side
  readonly filters: SymbolFilters
  /** Unsigned quantity held. */
  readonly quantity: Decimal
  readonly form: ProtectionForm
}

const size = (context: ExitContext): { readonly quantity: DecimalText } => ({
  quantity: toText(quantiseQuantity(context.quantity as Qty, context.filters, { market: true })),
})
/** In hedge mode the position side says what is reduced; the flag itself is refused there. */
const reducing = (context: ExitContext): { readonly reduceOnly?: true } => (context.positionSide === 'BOTH' ? { reduceOnly: true } : {})
const closing = (context: ExitContext): Partial<OrderRequest> =>
  context.form === 'closePosition' ? { closePosition: true } : { ...size(context), ...reducing(context) }

/** Resting stop: fires on the mark price, so that one bad print does not close a position. */
export const stopRequest = (context: ExitContext, level: DecimalText): OrderRequest => ({
  clientId: context.clientId,
  symbol: context.symbol,
  side: opposite(context.side),
  positionSide: context.positionSide,
  type: 'STOP_MARKET',
  triggerPrice: toText(quantiseTrigger(decimal(level) as Price, opposite(context.side), 'STOP_MARKET', context.filters)),
  workingType: 'MARK_PRICE',
  ...closing(context),
})

/** Resting take-profit: fires on the last price. */
export const takeProfitRequest = (context: ExitContext, level: DecimalText): OrderRequest => ({
  clientId: context.clientId,
  symbol: context.symbol,
  side: opposite(context.side),
  positionSide: context.positionSide,
  type: 'TAKE_PROFIT_MARKET',
  triggerPrice: toText(quantiseTrigger(decimal(level) as Price, opposite(context.side), 'TAKE_PROFIT_MARKET', context.filters)),
  workingType: 'CONTRACT_PRICE',
  ...closing(context),
})

/** The venue's own trailing stop rests beside the hard stop: moving a stop never leaves the position bare. */
export const trailingRequest = (context: ExitContext, trailPct: DecimalText): OrderRequest => ({
  clientId: context.clientId,
  symbol: context.symbol,
  side: opposite(context.side),
  positionSide: context.positionSide,
  type: 'TRAILING_STOP_MARKET',
  callbackRate: trailPct,
  workingType: 'CONTRACT_PRICE',
  ...size(context),
  ...reducing(context),
})

/** Out at market; at most one MARKET lot at a time, the planner asks again for the rest. */
export const exitRequest = (context: ExitContext): OrderRequest => {
  const most = decimal(context.filters.marketMaxQuantity)
  const quantity = most.gt(0) && context.quantity.gt(most) ? most : context.quantity
  return {
    clientId: context.clientId,
    symbol: context.symbol,
    side: opposite(context.side),
    positionSide: context.positionSide,
    type: 'MARKET',
    ...size({ ...context, quantity }),
    ...reducing(context),
  }
}
