/**
 * A trade as an entry with a resting stop and take-profit on the venue. Pure planning: what stands now, in; what to do next, out.
 * Called after every event, it always plans from the facts, so it does not matter which event was missed:
 *
 * - a position without a live stop gets one (also when somebody cancelled it); an unproved stop counts as live: never two for one level;
 * - a stop that is to stand tighter (trailing), or that no longer covers the whole position, is replaced: the new one rests before the old
 *   one goes. The venue takes one closePosition stop per direction (-4130), so the new one comes in the other form;
 * - stop and take-profit carry closePosition, so that the venue itself lets them go with the position, brain alive or not;
 * - when the position is flat, what is left of the bracket is cancelled (OCO by the brain, orphan-proof); what the venue lets go by itself
 *   is given a moment to do so first;
 * - a venue that refuses closePosition gets reduce-only quantities; one that refuses every stop gets the position closed at market.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradePlan } from '../contract/journal-kinds.ts'
import type { OrderRequest, PositionSide, Side, SymbolFilters } from '../contract/venue.ts'
import { decimal, toText, type Decimal, type Price, type Qty } from '../money/decimal.ts'
import { quantiseQuantity, quantiseTrigger } from '../money/quantise.ts'
import { isTerminal, type Order } from './order.ts'

const NONE = '0' as DecimalText

export type ProtectionForm = 'closePosition' | 'quantity'

export interface BracketFacts {
  readonly now: number
  readonly plan: TradePlan
  /** Signed position of the symbol (and position side). */
  readonly position: Decimal
  /** Where the stop is to stand: the plan's, or what trailing has reached. */
  readonly stopLevel: DecimalText
  /** The whole position as an order's quantity. */
  readonly closeQuantity: DecimalText
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
  /** Until then the venue may let closePosition orders of a position that is gone go by itself, venue ms. */
  readonly letGoBy: number
}

export type BracketAction =
  | { readonly type: 'cancel'; readonly order: Order; readonly reason: string }
  | {
      readonly type: 'place'
      readonly role: 'stop' | 'takeProfit' | 'exit'
      readonly kind: 'hard' | 'trailing'
      /** null = the trade's own form. */
      readonly form: ProtectionForm | null
      readonly reason: string
    }
  /** Position flat and nothing of the trade left at the venue. */
  | { readonly type: 'done' }

const alive = (order: Order): boolean => !isTerminal(order.state)
const cancellable = (order: Order): boolean => order.state === 'Open' || order.state === 'PartiallyFilled' || order.state === 'Triggered'
const isUnproved = (order: Order): boolean => order.state === 'SubmitInFlight' || order.state === 'Unresolved'
/** Rests with closePosition: its end is on its way from the venue, and a cancel would find nothing. */
const isLetGo = (order: Order, facts: BracketFacts): boolean =>
  order.state === 'Open' && order.request.closePosition === true && facts.now < facts.letGoBy
const triggerOf = (order: Order): Decimal => decimal(order.request.triggerPrice ?? NONE)

/** Protects the whole position at the wanted level or better; one that fired is at work. */
function serves(order: Order, facts: BracketFacts): boolean {
  if (order.state === 'Triggered') return true
  const wanted = decimal(facts.stopLevel)
  if (facts.plan.side === 'BUY' ? triggerOf(order).lt(wanted) : triggerOf(order).gt(wanted)) return false
  return coversWhole(order, facts)
}

function coversWhole(order: Order, facts: BracketFacts): boolean {
  const { request } = order
  if (request.closePosition === true) return true
  const covered = decimal(order.quantity)
  const whole = decimal(facts.closeQuantity)
  // More than is held is refused when it fires, unless it only reduces.
  return request.reduceOnly === true ? covered.gte(whole) : covered.eq(whole)
}

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
    for (const order of live)
      if (cancellable(order) && !isLetGo(order, facts)) actions.push({ type: 'cancel', order, reason: 'the position is closed' })
    if (live.length === 0) actions.push({ type: 'done' })
    return actions
  }
  if (!facts.exitsAllowed) return actions
  // A closing order executed more than is booked: the position is smaller than it seems, its fills are on their way.
  if (owesFills(facts.orders.filter((order) => order.role !== 'entry'))) return actions

  const exits = live.filter((order) => order.role === 'exit')
  const due = facts.exitReason === '' && facts.now >= facts.plan.exitDeadline ? 'held long enough' : facts.exitReason
  if (due !== '' && exits.length === 0 && facts.now >= facts.exitNotBefore) {
    actions.push({ type: 'place', role: 'exit', kind: 'hard', form: null, reason: due })
  }
  // The stop stays until the position is gone, also while an exit is on its way.
  const stops = live.filter((order) => order.role === 'stop')
  const hard = stops.filter((order) => !isTrailing(order))
  planHardStop(facts, hard, due !== '', actions)
  if (due !== '') return actions
  if (!live.some((order) => order.role === 'takeProfit') && facts.now >= facts.takeProfitNotBefore) {
    actions.push({ type: 'place', role: 'takeProfit', kind: 'hard', form: null, reason: 'the position has no take-profit' })
  }
  const wantsTrail = facts.plan.trailPct !== undefined && entry.length === 0
  if (wantsTrail && !stops.some(isTrailing) && facts.now >= facts.stopNotBefore) {
    actions.push({ type: 'place', role: 'stop', kind: 'trailing', form: null, reason: 'the plan trails its stop' })
  }
  return actions
}

/** One stop that serves: placed when there is none, and only when it rests the others go. `leaving` = the position goes at market. */
function planHardStop(facts: BracketFacts, hard: readonly Order[], leaving: boolean, actions: BracketAction[]): void {
  const serving = hard.filter((order) => serves(order, facts))
  const wanted = hard.length === 0 || (serving.length === 0 && !leaving && !hard.some(isUnproved))
  if (wanted && facts.now >= facts.stopNotBefore) {
    // Overtaken twice: the weaker of the two goes first, so that never more than two rest.
    const [first, second] = hard.filter((order) => order.state === 'Open')
    if (first !== undefined && second !== undefined) {
      actions.push({ type: 'cancel', order: isStronger(first, second, facts) ? second : first, reason: 'a better stop rests' })
    }
    const taken = hard.some((order) => order.request.closePosition === true)
    actions.push({
      type: 'place',
      role: 'stop',
      kind: 'hard',
      form: taken ? 'quantity' : null,
      reason: hard.length === 0 ? 'the position has no stop' : 'the stop is replaced',
    })
  }
  const resting = serving.filter((order) => order.state === 'Open')
  const tightest = resting.reduce<Order | undefined>(
    (best, order) => (best === undefined || isTighter(order, best, facts) ? order : best),
    undefined,
  )
  if (tightest === undefined) return
  for (const extra of hard) {
    if (extra === tightest || extra.state !== 'Open') continue
    actions.push({ type: 'cancel', order: extra, reason: serving.includes(extra) ? 'one stop is enough' : 'a better stop rests' })
  }
}

/** What covers the whole position is stronger, and then what stands tighter. */
function isStronger(order: Order, than: Order, facts: BracketFacts): boolean {
  const covers = coversWhole(order, facts)
  return covers === coversWhole(than, facts) ? isTighter(order, than, facts) : covers
}

const isTighter = (order: Order, than: Order, facts: BracketFacts): boolean =>
  facts.plan.side === 'BUY' ? triggerOf(order).gt(triggerOf(than)) : triggerOf(order).lt(triggerOf(than))

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
