/** Drives each symbol's trade: asks the planner what the facts call for, and turns its answer into orders and cancels. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { OrderRequest, PositionSide } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal, type Price, type Qty } from '../money/decimal.ts'
import { quantiseQuantity, quantiseTrigger } from '../money/quantise.ts'
import {
  exitRequest,
  opposite,
  planBracket,
  stopRequest,
  takeProfitRequest,
  trailingRequest,
  type BracketAction,
  type ExitContext,
} from '../orders/bracket.ts'
import { clientId, type OrderRole } from '../orders/client-id.ts'
import { isTerminal, type Order } from '../orders/order.ts'
import { trailedLevel } from '../orders/trailing.ts'
import { heldQuantity, journalEquity, updateEquity } from './account.ts'
import type { Command } from './events.ts'
import { addOrder, cancelOrder, submit } from './order-desk.ts'
import { standingOf } from './standing.ts'
import { standingBlocks } from '../risk/risk.ts'
import type { BrainState, SymbolState } from './state.ts'
import { amountOf } from './text.ts'
import { newTrade, type Trade } from './trade.ts'

/** Stops refused this often in a row: the position is closed at market instead. */
const MAX_STOP_FAILURES = 3
const BAR_MS = 60_000
/** Of the time in which a request is proved: a second where that is six. */
const LET_GO_PART = 6
/** A symbol's next turn when its plan keeps changing inside one step. */
const MAX_ROUNDS = 8

/** Plans the symbol's trade from the facts; called for every symbol an event touched, and on the clock while a trade runs. */
export function settleSymbol(state: BrainState, symbol: SymbolState, out: Command[]): void {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const { trade } = symbol
    // Until the account is known to be complete, acting on it could double what the venue already has.
    if (trade === null || state.ledger === null || !state.synced || state.journalFault !== '') return
    const position = heldQuantity(state, symbol)
    trail(state, symbol, trade, position)
    const orders = ordersOf(state, trade)
    if (!position.isZero()) trade.letGoBy = 0
    else if (trade.letGoBy === 0 && orders.some(isCloser)) trade.letGoBy = state.now + state.config.proofMs / LET_GO_PART
    // The rails are asked only while there is an entry they could end.
    const entering = orders.some((order) => order.role === 'entry' && !isTerminal(order.state))
    const actions = planBracket({
      now: state.now,
      plan: trade.plan,
      position,
      stopLevel: trade.stopLevel,
      closeQuantity: toText(quantiseQuantity(position.abs() as Qty, symbol.filters, { market: true })),
      orders,
      entriesAllowed: entering && state.tradingState === 'active' && standingBlocks(standingOf(state)).length === 0,
      exitsAllowed: state.tradingState !== 'halted',
      exitReason: exitReasonOf(trade, position),
      stopNotBefore: trade.stopNotBefore,
      takeProfitNotBefore: trade.takeProfitNotBefore,
      exitNotBefore: trade.exitNotBefore,
      // Without its stream the venue cannot tell what it let go.
      letGoBy: state.streamHealthy ? trade.letGoBy : 0,
    })
    if (actions.length === 0) return
    for (const action of actions) perform(state, symbol, trade, position, action, out)
    if (actions.some((action) => action.type === 'done')) return
  }
}

/** Moves the stop's level with the newest closed bar, once the whole entry is in. */
function trail(state: BrainState, symbol: SymbolState, trade: Trade, position: Decimal): void {
  const { trail: rule, side, stop } = trade.plan
  if (rule === undefined || position.isZero() || symbol.close === 0 || state.ledger === null) return
  const entry = state.orders.get(trade.group)
  if (entry === undefined || !isTerminal(entry.state)) return
  // History that a restart is given reaches back to before the position: its bars say nothing about it.
  if (symbol.lastBar + BAR_MS <= entry.updatedAt) return
  const level = decimal(trade.stopLevel)
  const moved = trailedLevel({
    side,
    averageEntry: state.ledger.position(symbol.symbol, trade.positionSide).averageEntry,
    firstStop: decimal(stop),
    level,
    distance: decimal(rule.distance),
    close: amountOf(symbol.close),
    mark: amountOf(symbol.mark),
  })
  if (moved !== level) trade.stopLevel = toText(quantiseTrigger(moved as Price, opposite(side), 'STOP_MARKET', symbol.filters))
}

export const ordersOf = (state: BrainState, trade: Trade): Order[] => {
  const orders: Order[] = []
  for (const id of trade.orders) {
    const order = state.orders.get(id)
    if (order !== undefined) orders.push(order)
  }
  return orders
}

function exitReasonOf(trade: Trade, position: Decimal): string {
  if (trade.exitReason !== '') return trade.exitReason
  if (trade.stopFailures >= MAX_STOP_FAILURES) return 'no stop could be placed'
  // A foreign fill turned the position over: the plan's stop would stand on the wrong side.
  const turned = !position.isZero() && position.isPositive() !== (trade.plan.side === 'BUY')
  return turned ? 'the position is on the other side of the plan' : ''
}

function perform(state: BrainState, symbol: SymbolState, trade: Trade, position: Decimal, action: BracketAction, out: Command[]): void {
  switch (action.type) {
    case 'cancel':
      cancelOrder(state, action.order, action.reason, out)
      return
    case 'done':
      finishTrade(state, symbol, trade, out)
      return
    case 'place': {
      const request = requestFor(state, symbol, trade, position, action)
      if (request.quantity !== undefined && decimal(request.quantity).isZero()) {
        // Dust: too small for the venue to trade. Nothing can be done but to say so, once a minute.
        trade.exitNotBefore = trade.stopNotBefore = trade.takeProfitNotBefore = state.now + 60_000
        out.push({ type: 'log', level: 'warn', text: `${symbol.symbol}: ${toText(position)} is too small to be traded` })
        return
      }
      const order = submit(state, request, { role: action.role, group: trade.group, reason: action.reason }, out)
      addOrder(state, trade, order.clientId)
      return
    }
  }
}

function requestFor(
  state: BrainState,
  symbol: SymbolState,
  trade: Trade,
  position: Decimal,
  action: Extract<BracketAction, { type: 'place' }>,
): OrderRequest {
  state.counter++
  const role: Exclude<OrderRole, 'foreign'> = action.role
  const context: ExitContext = {
    clientId: clientId(state.config.session, symbol.symbol, role, state.counter),
    symbol: symbol.symbol,
    positionSide: trade.positionSide,
    side: position.isPositive() ? 'BUY' : 'SELL',
    filters: symbol.filters,
    quantity: position.abs(),
    form: action.form ?? trade.form,
  }
  if (action.kind === 'trailing' && trade.plan.trailPct !== undefined) return trailingRequest(context, trade.plan.trailPct)
  if (role === 'stop') return stopRequest(context, trade.stopLevel)
  if (role === 'takeProfit') return takeProfitRequest(context, trade.plan.takeProfit)
  return exitRequest(context)
}

const isCloser = (order: Order): boolean => order.request.closePosition === true && !isTerminal(order.state)
const isRestingStop = (order: Order): boolean => order.role === 'stop' && order.request.type === 'STOP_MARKET' && order.state === 'Open'

/** A refused closing order: another form, later, or the market. `code` is the venue's. */
export function closingOrderFailed(
  state: BrainState,
  order: Order,
  proved: 'rejected' | 'notSent',
  code: number | undefined,
  out: Command[],
): void {
  const symbol = state.bySymbol.get(order.symbol)
  const trade = symbol?.trade
  if (symbol === undefined || trade === null || trade === undefined || trade.group !== order.group) return
  // In venue time, as the venue's own limits are: a position without its stop must not wait longer because the market runs faster.
  const again = (failures: number): number => state.now + Math.min(5_000, 250 * 2 ** Math.min(failures, 6))
  if (order.role === 'stop') {
    if (code === -2021) {
      // The market is beyond the stop already: what the stop would do is done now.
      trade.exitReason ||= 'the price is beyond the stop'
    } else if (proved === 'rejected' && ordersOf(state, trade).some(isRestingStop)) {
      // A replacement that did not come about: the stop that rests goes on protecting.
      out.push({ type: 'log', level: 'warn', text: `${order.symbol}: the stop could not be moved (${code ?? ''} ${order.message})` })
      trade.stopNotBefore = again(MAX_STOP_FAILURES * 2)
      state.dirty.add(symbol)
      return
    } else if (proved === 'rejected') {
      trade.stopFailures++
      if (trade.form === 'closePosition') trade.form = 'quantity'
      out.push({ type: 'log', level: 'error', text: `${order.symbol}: stop refused (${code ?? ''} ${order.message})` })
    }
    trade.stopNotBefore = again(trade.stopFailures)
  } else if (order.role === 'takeProfit') {
    trade.takeProfitFailures++
    if (code === -2021) trade.exitReason ||= 'the price is beyond the take-profit'
    else if (proved === 'rejected' && trade.form === 'closePosition') trade.form = 'quantity'
    // The stop protects; a take-profit that is refused again and again is let go.
    trade.takeProfitNotBefore = trade.takeProfitFailures >= MAX_STOP_FAILURES ? Number.POSITIVE_INFINITY : again(trade.takeProfitFailures)
  } else if (order.role === 'exit') {
    trade.exitFailures++
    trade.exitNotBefore = again(trade.exitFailures)
    // "Reduce-only order is refused": there may be nothing to reduce; the venue is asked before anything else.
    if (code === -2022) requestSync(state, out)
  }
  state.dirty.add(symbol)
}

/** Asks for the venue's own view once; the answer goes through sync.ts. */
export function requestSync(state: BrainState, out: Command[]): void {
  if (state.snapshotOut) return
  state.snapshotOut = true
  state.lastSyncAt = state.now
  out.push({ type: 'snapshot', reason: 'resync' })
}

function finishTrade(state: BrainState, symbol: SymbolState, trade: Trade, out: Command[]): void {
  symbol.trade = null
  const traded = ordersOf(state, trade).some((order) => decimal(order.booked).gt(0))
  if (!traded) return
  if (trade.net.isNegative()) symbol.coolDownUntil = state.now + state.rails.coolDownSeconds * 1_000
  out.push({
    type: 'journal',
    entry: {
      kind: 'position',
      time: state.now,
      symbol: symbol.symbol,
      ref: trade.group,
      payload: { symbol: symbol.symbol, positionSide: trade.positionSide, opened: false, realized: toText(trade.net) },
    },
  })
  symbol.strategy.onOutcome?.({
    signalId: trade.plan.signalId,
    symbol: symbol.symbol,
    side: trade.plan.side,
    entryTime: trade.startedAt,
    exitTime: state.now,
    rMultiple: trade.risk.isZero() ? 0 : trade.net.div(trade.risk).toNumber(),
  })
  updateEquity(state, out)
  journalEquity(state, out)
}

/** A trade for a position that has none: adopted by the trader, or left over from a lost journal. */
export function adoptTrade(
  state: BrainState,
  symbol: SymbolState,
  about: { side: 'BUY' | 'SELL'; positionSide: PositionSide; group: string; stop: DecimalText; takeProfit: DecimalText },
): Trade {
  const trade = newTrade({
    group: about.group,
    plan: {
      signalId: about.group,
      side: about.side,
      stop: about.stop,
      takeProfit: about.takeProfit,
      entryDeadline: state.now,
      exitDeadline: Number.MAX_SAFE_INTEGER,
    },
    positionSide: about.positionSide,
    orders: [],
    startedAt: state.now,
    risk: ZERO,
  })
  symbol.trade = trade
  state.dirty.add(symbol)
  return trade
}
