/** Copies of the brain's state for the screen, the reconciler and the journal's readers (INV-06). */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BookCopy } from '../contract/mismatch.ts'
import type { AccountView, OrderRow, PositionRow, RiskView } from '../contract/processes.ts'
import type { LeverageTier } from '../contract/venue.ts'
import { decimal, toText, toTextPlaces, ZERO, type Decimal } from '../money/decimal.ts'
import type { LedgerPosition } from '../money/ledger.ts'
import { isTerminal, toVenueOrder, type Order } from '../orders/order.ts'
import { standingBlocks } from '../risk/risk.ts'
import { markOf } from './account.ts'
import { standingOf, unresolvedIds } from './standing.ts'
import type { BrainState } from './state.ts'
import { ordersOf } from './trades.ts'

const NONE = '0' as DecimalText

const orderRow = (order: Order): OrderRow => ({
  clientId: order.clientId,
  orderId: order.orderId,
  book: order.book,
  symbol: order.symbol,
  side: order.request.side,
  positionSide: order.request.positionSide,
  type: order.request.type,
  state: order.state,
  role: order.role,
  origin: order.origin,
  quantity: order.quantity,
  executed: order.executed,
  price: order.price,
  triggerPrice: order.request.triggerPrice ?? NONE,
  averagePrice: order.averagePrice,
  reduceOnly: order.request.reduceOnly === true || order.request.closePosition === true,
  createdAt: order.createdAt,
  updatedAt: order.updatedAt,
})

/** Orders of others, shown as what they are. */
const foreignRows = (state: BrainState): OrderRow[] =>
  [...state.foreignOrders.values()].map((order) => ({
    clientId: order.clientId,
    orderId: order.orderId,
    book: order.book,
    symbol: order.symbol,
    side: order.side,
    positionSide: order.positionSide,
    type: order.type,
    state: order.status,
    role: 'foreign',
    origin: 'foreign',
    quantity: order.quantity,
    executed: order.executed,
    price: order.price,
    triggerPrice: order.triggerPrice,
    averagePrice: order.averagePrice,
    reduceOnly: order.reduceOnly || order.closePosition,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
  }))

function levelsOf(
  state: BrainState,
  { symbol, positionSide }: LedgerPosition,
): { stop: DecimalText | null; takeProfit: DecimalText | null } {
  const trade = state.bySymbol.get(symbol)?.trade
  let stop: DecimalText | null = null
  let takeProfit: DecimalText | null = null
  if (trade?.positionSide !== positionSide) return { stop, takeProfit }
  for (const order of ordersOf(state, trade)) {
    if (isTerminal(order.state)) continue
    if (order.role === 'stop') stop = order.request.triggerPrice ?? stop
    if (order.role === 'takeProfit') takeProfit = order.request.triggerPrice ?? takeProfit
  }
  return { stop, takeProfit }
}

/** Price at which the venue would liquidate, with everything else standing still (exchange.md §3.5); 0 = never or not known. */
function liquidationPrice(state: BrainState, position: LedgerPosition, tiers: readonly LeverageTier[] | undefined, mark: Decimal): Decimal {
  const { ledger } = state
  if (ledger === null || tiers === undefined || tiers.length === 0) return ZERO
  const notional = position.quantity.abs().times(mark)
  const tier = tiers.find((one) => notional.lte(decimal(one.cap))) ?? tiers.at(-1)
  if (tier === undefined) return ZERO
  const others = ledger.unrealized((symbol) => (symbol === position.symbol ? position.averageEntry : markOf(state)(symbol)))
  const rate = decimal(tier.maintenanceRate)
  const { quantity, averageEntry } = position
  // wallet + other + q(P − entry) = |q| P rate − cum  →  P
  const top = ledger.wallet().plus(others).minus(quantity.times(averageEntry)).plus(decimal(tier.cumulative))
  const bottom = quantity.abs().times(rate).minus(quantity)
  if (bottom.isZero()) return ZERO
  const price = top.div(bottom)
  return price.gt(0) ? price : ZERO
}

function positionRow(state: BrainState, position: LedgerPosition): PositionRow {
  const mark = markOf(state)(position.symbol) ?? position.averageEntry
  const { stop, takeProfit } = levelsOf(state, position)
  const symbol = state.bySymbol.get(position.symbol)
  const liquidation = liquidationPrice(state, position, state.config.tiers.get(position.symbol), mark)
  return {
    symbol: position.symbol,
    positionSide: position.positionSide,
    quantity: toText(position.quantity),
    averageEntry: toText(position.averageEntry),
    mark: toText(mark),
    unrealizedPnl: toText(position.quantity.times(mark.minus(position.averageEntry))),
    realizedPnl: toText(position.realized),
    liquidationPrice: toTextPlaces(liquidation, symbol?.filters.pricePrecision ?? 8),
    leverage: symbol?.leverage.venue ?? 0,
    stopPrice: stop,
    takeProfitPrice: takeProfit,
    openedAt: position.openedAt,
  }
}

export function accountView(state: BrainState): AccountView {
  const { ledger } = state
  const totals = ledger?.totals()
  const unrealized = ledger?.unrealized(markOf(state)) ?? ZERO
  const wallet = totals?.wallet ?? ZERO
  const equity = wallet.plus(unrealized)
  const open: OrderRow[] = []
  for (const order of state.orders.values()) if (!isTerminal(order.state)) open.push(orderRow(order))
  return {
    time: state.now,
    wallet: toText(wallet),
    equity: toText(equity),
    unrealizedPnl: toText(unrealized),
    realizedPnl: toText(totals?.realized ?? ZERO),
    fees: toText(totals?.fees ?? ZERO),
    funding: toText(totals?.funding ?? ZERO),
    dayPnl: toText(ledger === null ? ZERO : equity.minus(state.dayStartEquity)),
    peakEquity: toText(state.peakEquity),
    positions: (ledger?.openPositions() ?? []).map((position) => positionRow(state, position)),
    orders: [...open, ...foreignRows(state)],
  }
}

export function riskView(state: BrainState): RiskView {
  const blocks = [...standingBlocks(standingOf(state))]
  for (const symbol of state.symbols) {
    if (symbol.incomplete) blocks.push(`data of ${symbol.symbol} is incomplete`)
    if (!symbol.foreign.isZero()) blocks.push(`${symbol.symbol}: a position of ${toText(symbol.foreign)} is not ours`)
  }
  return { state: state.tradingState, reason: state.tradingReason, blocks, released: state.released }
}

/** What the reconciler compares with REST. */
export function bookCopy(state: BrainState): BookCopy {
  const { ledger } = state
  const open = [...state.orders.values()].filter((order) => !isTerminal(order.state))
  return {
    takenAt: state.now,
    revision: state.revision,
    wallet: toText(ledger?.wallet() ?? ZERO),
    positions: (ledger?.openPositions() ?? []).map((position) => ({
      symbol: position.symbol,
      positionSide: position.positionSide,
      quantity: toText(position.quantity),
      averageEntry: toText(position.averageEntry),
      realizedPnl: toText(position.realized),
      wantsStop: state.tradingState !== 'halted' && state.bySymbol.get(position.symbol)?.trade?.positionSide === position.positionSide,
    })),
    openOrders: open.map((order) => ({ ...toVenueOrder(order), state: order.state, origin: order.origin })),
    unresolved: unresolvedIds(state),
    lastTradeId: ledger?.lastTradeIds() ?? {},
    fillCount: ledger?.fillCount ?? 0,
  }
}
