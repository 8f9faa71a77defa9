/**
 * Margins of an account (exchange.md §3.5). The documents are exact; the admission check of a new order works on doubles, whose
 * error (1e-9 of the balance) no filter step can reach, because it runs for every order.
 */
import { dec, Decimal, toMoney, ZERO } from '../decimal.ts'
import type { Market } from '../market/market.ts'
import { reduces, remaining, type Order, type OrderDraft, type PositionSide } from '../matching/order.ts'
import { maintenance, notionalOf, tiersOf, unrealized, type Account, type Position } from './account.ts'

/** Open orders' notional that would open, per side. */
interface OpenNotional {
  readonly buys: number
  readonly sells: number
}

function openNotional(account: Account, market: Market, side: PositionSide): OpenNotional {
  const { priceScale, qtyScale } = market.instrument
  let buys = 0
  let sells = 0
  for (const order of account.openOrders.values()) {
    if (order.market !== market || order.positionSide !== side || reduces(order)) continue
    const notional = (order.price / priceScale) * (remaining(order) / qtyScale)
    if (order.side === 'BUY') buys += notional
    else sells += notional
  }
  return { buys, sells }
}

const sidesOf = (account: Account): readonly PositionSide[] => (account.hedge ? ['LONG', 'SHORT'] : ['BOTH'])

const signedNotional = (position: Position | undefined): number => {
  if (position === undefined) return 0
  const { priceScale, qtyScale } = position.market.instrument
  return (position.qty / qtyScale) * (position.market.mark / priceScale)
}

/** Notional the symbol's margin is asked for: the worse of "all buys fill" and "all sells fill". */
function exposure(account: Account, market: Market, side: PositionSide, extraBuy: number, extraSell: number): number {
  const open = openNotional(account, market, side)
  const position = signedNotional(account.positionOf(market.symbol, side))
  return Math.max(Math.abs(position + open.buys + extraBuy), Math.abs(position - open.sells - extraSell))
}

function usedMargin(account: Account): number {
  const markets = new Set<Market>()
  for (const order of account.openOrders.values()) markets.add(order.market)
  for (const position of account.positions.values()) if (position.qty !== 0) markets.add(position.market)
  let used = 0
  for (const market of markets) {
    const { leverage, isolated } = account.settingsOf(market.symbol)
    for (const side of sidesOf(account)) {
      // An isolated position's margin already left the cross wallet; only what its open orders would add counts.
      const own = isolated ? Math.abs(signedNotional(account.positionOf(market.symbol, side))) : 0
      used += Math.max(0, exposure(account, market, side, 0, 0) - own) / leverage
    }
  }
  return used
}

function crossEquity(account: Account): number {
  let equity = account.wallet.toNumber()
  for (const position of account.positions.values()) {
    if (position.qty === 0) continue
    if (account.settingsOf(position.market.symbol).isolated) equity -= position.isolatedWallet.toNumber()
    else equity += signedNotional(position) - (position.qty / position.market.instrument.qtyScale) * position.entry.toNumber()
  }
  return equity
}

/** Whether the balance carries the order at `price` PU: 'ok', 'margin' (-2019) or 'position' (-2027). */
export function admits(draft: OrderDraft, price: number): 'ok' | 'margin' | 'position' {
  if (reduces(draft)) return 'ok'
  const { account, market } = draft
  const { priceScale, qtyScale, spec } = market.instrument
  const notional = (price / priceScale) * (draft.qty / qtyScale)
  const buy = draft.side === 'BUY' ? notional : 0
  const sell = draft.side === 'SELL' ? notional : 0
  const before = exposure(account, market, draft.positionSide, 0, 0)
  const after = exposure(account, market, draft.positionSide, buy, sell)
  if (after <= before) return 'ok'
  const { leverage } = account.settingsOf(market.symbol)
  const tier = tiersOf(spec).findLast((one) => one.leverage >= leverage)
  if (tier !== undefined && after > tier.cap.toNumber()) return 'position'
  // A buy above mark (sell below) is under water the moment it fills.
  const mark = market.mark / priceScale
  const gap = draft.side === 'BUY' ? price / priceScale - mark : mark - price / priceScale
  const openLoss = Math.max(0, gap) * (draft.qty / qtyScale)
  const need = (after - before) / leverage + openLoss
  return crossEquity(account) - usedMargin(account) - need >= 0 ? 'ok' : 'margin'
}

export interface SymbolMargin {
  readonly initial: Decimal
  readonly position: Decimal
  readonly openOrder: Decimal
  readonly maintenance: Decimal
  readonly bidNotional: Decimal
  readonly askNotional: Decimal
}

function notionalSums(orders: Iterable<Order>, market: Market, side: PositionSide): { bids: Decimal; asks: Decimal } {
  let bids = ZERO
  let asks = ZERO
  const { instrument } = market
  for (const order of orders) {
    if (order.market !== market || order.positionSide !== side || reduces(order)) continue
    const notional = instrument.price(order.price).times(instrument.qty(remaining(order)))
    if (order.side === 'BUY') bids = bids.plus(notional)
    else asks = asks.plus(notional)
  }
  return { bids, asks }
}

/** Exact margins of one symbol and side, eight decimals. */
export function symbolMargin(account: Account, market: Market, side: PositionSide): SymbolMargin {
  const position = account.positionOf(market.symbol, side)
  const { leverage } = account.settingsOf(market.symbol)
  const { bids, asks } = notionalSums(account.openOrders.values(), market, side)
  const notional = position === undefined ? ZERO : notionalOf(position)
  const whole = Decimal.max(notional.plus(bids).abs(), notional.minus(asks).abs())
  const positionMargin = toMoney(notional.abs().div(leverage))
  const openOrder = toMoney(Decimal.max(ZERO, whole.minus(notional.abs())).div(leverage))
  return {
    initial: positionMargin.plus(openOrder),
    position: positionMargin,
    openOrder,
    maintenance: position === undefined ? ZERO : toMoney(maintenance(position)),
    bidNotional: bids,
    askNotional: asks,
  }
}

export interface AccountMargin {
  readonly initial: Decimal
  readonly positionInitial: Decimal
  readonly openOrderInitial: Decimal
  readonly maintenance: Decimal
  readonly unrealized: Decimal
  readonly crossUnrealized: Decimal
  readonly crossWallet: Decimal
  /** max(0, cross wallet + cross profit − cross initial margins). */
  readonly available: Decimal
}

export function accountMargin(account: Account, markets: Iterable<Market>): AccountMargin {
  let positionInitial = ZERO
  let openOrderInitial = ZERO
  let crossPositionInitial = ZERO
  let maintenanceSum = ZERO
  let unrealizedSum = ZERO
  let crossUnrealized = ZERO
  for (const market of markets) {
    const { isolated } = account.settingsOf(market.symbol)
    for (const side of sidesOf(account)) {
      const margin = symbolMargin(account, market, side)
      positionInitial = positionInitial.plus(margin.position)
      openOrderInitial = openOrderInitial.plus(margin.openOrder)
      maintenanceSum = maintenanceSum.plus(margin.maintenance)
      const position = account.positionOf(market.symbol, side)
      if (position !== undefined && position.qty !== 0) {
        const profit = unrealized(position)
        unrealizedSum = unrealizedSum.plus(profit)
        if (!isolated) crossUnrealized = crossUnrealized.plus(profit)
      }
      if (!isolated) crossPositionInitial = crossPositionInitial.plus(margin.position)
    }
  }
  const { crossWallet } = account
  const free = crossWallet.plus(crossUnrealized).minus(crossPositionInitial).minus(openOrderInitial)
  return {
    initial: positionInitial.plus(openOrderInitial),
    positionInitial,
    openOrderInitial,
    maintenance: maintenanceSum,
    unrealized: unrealizedSum,
    crossUnrealized,
    crossWallet,
    available: Decimal.max(ZERO, toMoney(free)),
  }
}

/** Markets the account has a position or an open order in. */
export function activeMarkets(account: Account): Set<Market> {
  const markets = new Set<Market>()
  for (const position of account.positions.values()) if (position.qty !== 0) markets.add(position.market)
  for (const order of account.openOrders.values()) markets.add(order.market)
  return markets
}

/**
 * Liquidation price by the venue's published formula; "0" when no positive price liquidates it.
 * Cross: the account's cross wallet, less other positions' maintenance and plus their profit; isolated: its own wallet.
 */
export function liquidationPrice(account: Account, position: Position): Decimal {
  if (position.qty === 0) return ZERO
  const { market } = position
  const { instrument } = market
  const isolated = account.settingsOf(market.symbol).isolated
  let balance = isolated ? position.isolatedWallet : account.crossWallet
  const mine: Position[] = [position]
  if (!isolated) {
    for (const other of account.positions.values()) {
      if (other.qty === 0 || other === position) continue
      if (other.market === market) mine.push(other)
      else if (!account.settingsOf(other.market.symbol).isolated) balance = balance.minus(maintenance(other)).plus(unrealized(other))
    }
  }
  let cum = ZERO
  let entries = ZERO
  let denominator = ZERO
  for (const one of mine) {
    const qty = instrument.qty(one.qty)
    const notional = notionalOf(one).abs()
    const tiers = tiersOf(instrument.spec)
    const tier = tiers.find((row) => notional.lte(row.cap)) ?? tiers[tiers.length - 1]!
    cum = cum.plus(tier.cum)
    entries = entries.plus(qty.times(one.entry))
    denominator = denominator.plus(qty.abs().times(tier.rate)).minus(qty)
  }
  if (denominator.isZero()) return ZERO
  const price = balance.plus(cum).minus(entries).div(denominator)
  return price.isNegative() ? ZERO : dec(price.toDecimalPlaces(8))
}
