/**
 * The brain from its journal: start-up and crash recovery are the same path. The ledger is played again from its baseline, every
 * order comes back in the state that was last written, and what was in flight comes back as unresolved: looked up, never re-sent.
 */
import type { JournalKind, JournalRow, OutcomePayload } from '../contract/journal-kinds.ts'
import type { OrderRequest } from '../contract/venue.ts'
import { decimal, toText, ZERO } from '../money/decimal.ts'
import { createLedger } from '../money/ledger.ts'
import { isTerminal, newOrder, type Order, type OrderState } from '../orders/order.ts'
import { tighter } from '../orders/trailing.ts'
import { startLedger } from './account.ts'
import { baseLeverage } from './leverage.ts'
import { addForeign, setForeign } from './foreign.ts'
import { recallMovement } from './movements.ts'
import { addOrder, amendRef, leaveUnclaimed } from './order-desk.ts'
import type { BrainState } from './state.ts'
import { adoptMovedPlan, newTrade, riskOf, type Trade } from './trade.ts'

/** Kinds of rows the brain reads back, in journal order. */
export const REBUILD_KINDS = [
  'baseline',
  'intent',
  'request-outcome',
  'order-event',
  'fill',
  'wallet-change',
  'position',
  'repair',
  'equity',
  'shadow',
  'leverage',
] as const satisfies readonly JournalKind[]

/** After a restart fills are read again from this long before the last journaled one. */
const REBUILD_BACK_MS = 600_000

const STATES: ReadonlySet<string> = new Set<OrderState>([
  'SubmitInFlight',
  'Unresolved',
  'Open',
  'PartiallyFilled',
  'AmendInFlight',
  'AmendUnresolved',
  'CancelInFlight',
  'CancelUnresolved',
  'Triggered',
  'Filled',
  'Canceled',
  'Expired',
  'Rejected',
  'NotSent',
])
const isState = (text: string): text is OrderState => STATES.has(text)

/** Applies the rows of this account, oldest first. Returns how many were used. */
export function rebuild(state: BrainState, rows: Iterable<JournalRow>): number {
  let used = 0
  for (const row of rows) {
    if (applyRow(state, row)) used++
    if (row.time > state.now) state.now = row.time
  }
  for (const [id, order] of state.orders) state.orders.set(id, unproved(order))
  reviveTrades(state)
  return used
}

/** In flight when the process died: nobody heard the answer. */
function unproved(order: Order): Order {
  switch (order.state) {
    case 'SubmitInFlight':
      return { ...order, state: 'Unresolved', lookups: 0, requestedAt: 0 }
    case 'CancelInFlight':
      return { ...order, state: 'CancelUnresolved', lookups: 0, requestedAt: 0 }
    case 'AmendInFlight':
      return { ...order, state: 'AmendUnresolved', lookups: 0, requestedAt: 0 }
    default:
      return order
  }
}

function applyRow(state: BrainState, row: JournalRow): boolean {
  // A row's kind names its payload's type; the union is narrowed by hand because the columns are separate.
  const entry = row as {
    [K in JournalKind]: { kind: K; time: number; symbol: string; ref: string; payload: JournalRow<K>['payload'] }
  }[JournalKind]
  switch (entry.kind) {
    case 'baseline': {
      const { wallet, lastTradeId, positions } = entry.payload
      startLedger(state, { wallet, at: entry.time }, createLedger({ wallet, positions, lastTradeId, time: entry.time }))
      return true
    }
    case 'intent': {
      const { payload } = entry
      state.counter = Math.max(state.counter, payload.counter)
      if (payload.action === 'place' && payload.request !== undefined) {
        state.orders.set(
          payload.clientId,
          newOrder(payload.request, { book: payload.book, role: payload.role, group: payload.group ?? payload.clientId, at: entry.time }),
        )
        if (payload.role === 'entry' && payload.plan !== undefined)
          openTrade(state, entry.symbol, payload.clientId, payload.plan, entry.time)
        else joinTrade(state, entry.symbol, payload.request, payload.group)
        return true
      }
      const order = state.orders.get(payload.clientId)
      if (order === undefined || isTerminal(order.state)) return false
      if (payload.action === 'cancel') state.orders.set(payload.clientId, { ...order, state: 'CancelInFlight' })
      else if (payload.change !== undefined) {
        const amendment = { ...payload.change, at: entry.time, counter: payload.counter }
        state.orders.set(payload.clientId, { ...order, state: 'AmendInFlight', amendment })
        const trade = state.bySymbol.get(entry.symbol)?.trade
        if (payload.plan !== undefined && trade?.group === payload.clientId)
          trade.movedPlan = { counter: payload.counter, plan: payload.plan }
      }
      return true
    }
    case 'request-outcome': {
      const order = state.orders.get(entry.payload.clientId)
      if (order === undefined || isTerminal(order.state)) return false
      const { action, outcome } = entry.payload
      if (action === 'amend') {
        endAmendment(state, order, entry.ref, outcome)
        return true
      }
      const ended: OrderState | null =
        action === 'place' && outcome === 'rejected'
          ? 'Rejected'
          : outcome === 'absent'
            ? action === 'place'
              ? 'NotSent'
              : 'Canceled'
            : action === 'place' && outcome === 'not-sent'
              ? 'NotSent'
              : action === 'cancel' && outcome === 'acked'
                ? 'Canceled'
                : null
      if (ended !== null) state.orders.set(order.clientId, { ...order, state: ended })
      return true
    }
    case 'order-event': {
      const order = state.orders.get(entry.payload.clientId)
      const { to, executed, orderId, childOrderId = '' } = entry.payload
      const { price = order?.price, quantity = order?.quantity } = entry.payload
      if (order === undefined || price === undefined || quantity === undefined || !isState(to)) return false
      // A fill that was read before its order was known belongs to it from here on.
      const known = order.book === 'algo' ? childOrderId : orderId
      const waiting = state.unclaimed.get(known)
      state.unclaimed.delete(known)
      const booked = waiting === undefined ? order.booked : toText(decimal(order.booked).plus(decimal(waiting)))
      state.orders.set(order.clientId, {
        ...order,
        state: to,
        price,
        quantity,
        executed,
        booked,
        orderId,
        childOrderId,
        updatedAt: entry.time,
      })
      return true
    }
    case 'fill': {
      const { ledger } = state
      const { payload } = entry
      if (ledger === null) return false
      if (payload.foreign) {
        const net = decimal(payload.realizedPnl).minus(payload.commissionAsset === 'USDT' ? decimal(payload.commission) : ZERO)
        ledger.applyChange({ kind: 'transfer', id: `foreign fill ${payload.symbol} ${payload.tradeId}`, amount: toText(net) })
        const symbol = state.bySymbol.get(payload.symbol)
        const change = decimal(payload.quantity).times(payload.side === 'BUY' ? 1 : -1)
        if (symbol !== undefined) addForeign(symbol, payload.positionSide, change)
        return true
      }
      if (ledger.applyFill(payload).kind !== 'booked') return false
      if (entry.ref === '') leaveUnclaimed(state, payload)
      const order = state.orders.get(entry.ref)
      if (order !== undefined) {
        const booked = toText(decimal(order.booked).plus(decimal(payload.quantity)))
        state.orders.set(entry.ref, { ...order, booked, executed: decimal(booked).gt(decimal(order.executed)) ? booked : order.executed })
      }
      const trade = state.bySymbol.get(payload.symbol)?.trade
      if (trade?.positionSide === payload.positionSide)
        trade.net = trade.net.plus(decimal(payload.realized)).minus(decimal(payload.commission))
      state.counters.fills++
      state.walletAgreedAt = Math.max(state.baselineAt, entry.time - REBUILD_BACK_MS)
      return true
    }
    case 'wallet-change': {
      const { reason, id, amount } = entry.payload
      state.ledger?.applyChange({ kind: reason === 'FUNDING_FEE' ? 'funding' : 'transfer', id, amount })
      recallMovement(state, id)
      state.lastIncomeAt = Math.max(state.lastIncomeAt, entry.time)
      return true
    }
    case 'position': {
      const symbol = state.bySymbol.get(entry.symbol)
      if (symbol === undefined || entry.payload.opened || symbol.trade?.group !== entry.ref) return false
      if (symbol.trade.net.isNegative()) symbol.coolDownUntil = entry.time + state.rails.coolDownSeconds * 1_000
      symbol.trade = null
      return true
    }
    case 'repair': {
      const { repair, applied } = entry.payload
      if (!applied || state.ledger === null) return false
      if (repair.kind === 'set-wallet') state.ledger.setWallet(repair.wallet)
      else if (repair.kind === 'adopt-position') {
        state.ledger.adoptPosition(repair, entry.time)
        const symbol = state.bySymbol.get(repair.symbol)
        if (symbol !== undefined) setForeign(symbol, repair.positionSide, ZERO)
      } else if (repair.kind === 'adopt-order') {
        const { order } = repair
        state.orders.set(order.clientId, {
          ...newOrder(
            {
              clientId: order.clientId,
              symbol: order.symbol,
              side: order.side,
              positionSide: order.positionSide,
              type: order.type,
              quantity: order.quantity,
            },
            { book: order.book, role: 'foreign', group: '', at: order.createdAt, origin: 'adopted' },
          ),
          state: 'Open',
          orderId: order.orderId,
        })
      }
      return true
    }
    case 'shadow':
      state.bySymbol.get(entry.symbol)?.strategy.recall?.(entry.payload)
      return true
    case 'leverage': {
      const leverage = state.bySymbol.get(entry.symbol)?.leverage
      if (leverage === undefined || entry.payload.step === 'refused') return false
      const { to } = entry.payload
      // What it is now is for the venue to say; a raise that was asked for may have come true.
      leverage.venue = entry.payload.step === 'confirmed' ? to : Math.max(leverage.venue, to)
      leverage.proved = false
      leverage.raised = leverage.venue > baseLeverage(state)
      return true
    }
    case 'equity': {
      const { equity, peak, dayStart } = entry.payload
      state.peakEquity = decimal(peak)
      state.dayStartEquity = decimal(dayStart)
      state.day = Math.floor(entry.time / 86_400_000)
      return decimal(equity).isFinite()
    }
    default:
      return false
  }
}

/** The order is as the rows before say; what was asked is settled, and with it the plan it came with. */
function endAmendment(state: BrainState, order: Order, ref: string, outcome: OutcomePayload['outcome']): void {
  const { amendment } = order
  if (amendment === null || amendRef(order.clientId, amendment.counter) !== ref) return
  state.orders.set(order.clientId, { ...order, amendment: null })
  const trade = state.bySymbol.get(order.symbol)?.trade
  if (trade?.group !== order.clientId || (outcome !== 'acked' && outcome !== 'found')) return
  adoptMovedPlan(trade, amendment.counter, { price: decimal(order.price), quantity: decimal(order.quantity), executed: order.executed })
}

function openTrade(state: BrainState, symbolName: string, group: string, plan: Trade['plan'], at: number): void {
  const symbol = state.bySymbol.get(symbolName)
  const order = state.orders.get(group)
  if (symbol === undefined || order === undefined) return
  const price = order.request.price === undefined ? ZERO : decimal(order.request.price)
  symbol.trade = newTrade({
    group,
    plan,
    positionSide: order.request.positionSide,
    orders: [group],
    startedAt: at,
    risk: riskOf(price, decimal(plan.stop), decimal(order.quantity)),
  })
}

/** The trigger of the tightest stop ever asked for is how far trailing has come. */
function joinTrade(state: BrainState, symbolName: string, request: OrderRequest, group: string | undefined): void {
  const trade = state.bySymbol.get(symbolName)?.trade
  if (trade === null || trade === undefined || trade.group !== group) return
  addOrder(state, trade, request.clientId)
  if (request.type !== 'STOP_MARKET' || request.triggerPrice === undefined || trade.plan.trail === undefined) return
  trade.stopLevel = toText(tighter(trade.plan.side, decimal(trade.stopLevel), decimal(request.triggerPrice)))
}

/** A trade whose entry never came to anything and whose symbol is flat is over; the clock finds out about the rest. */
function reviveTrades(state: BrainState): void {
  for (const symbol of state.symbols) if (symbol.trade !== null) state.dirty.add(symbol)
}
