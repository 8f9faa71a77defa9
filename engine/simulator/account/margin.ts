/**
 * Margins of an account (exchange.md §3.5). The documents are exact; the admission check of a new order works on doubles, whose
 * error (1e-9 of the balance) no filter step can reach, because it runs for every order.
 */
import { Decimal, fromMoney, toMoney, ZERO, type Money } from '../decimal.ts'
import type { Market } from '../market/market.ts'
import { reduces, remaining, type Order, type OrderDraft, type PositionSide } from '../matching/order.ts'
import { maintenance, notionalOf, tierFor, tiersOf, type Account } from './account.ts'
import { costToDecimal, costToMoney, type Position } from './position.ts'

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
  let equity = Number(account.wallet) / 1e8
  for (const position of account.positions.values()) {
    if (position.qty === 0) continue
    if (account.settingsOf(position.market.symbol).isolated) equity -= Number(position.isolatedWallet) / 1e8
    else equity += Number(position.profit) / 1e36
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
  readonly initial: Money
  readonly position: Money
  readonly openOrder: Money
  readonly maintenance: Money
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
    initial: positionMargin + openOrder,
    position: positionMargin,
    openOrder,
    maintenance: position === undefined ? 0n : toMoney(maintenance(position)),
    bidNotional: bids,
    askNotional: asks,
  }
}

export interface AccountMargin {
  readonly initial: Money
  readonly positionInitial: Money
  readonly openOrderInitial: Money
  readonly maintenance: Money
  readonly unrealized: Money
  readonly crossUnrealized: Money
  readonly crossWallet: Money
  /** max(0, cross wallet + cross profit − cross initial margins). */
  readonly available: Money
}

export function accountMargin(account: Account, markets: Iterable<Market>): AccountMargin {
  let positionInitial = 0n
  let openOrderInitial = 0n
  let crossPositionInitial = 0n
  let maintenanceSum = 0n
  let profit = 0n
  let crossProfit = 0n
  for (const market of markets) {
    const { isolated } = account.settingsOf(market.symbol)
    for (const side of sidesOf(account)) {
      const margin = symbolMargin(account, market, side)
      positionInitial += margin.position
      openOrderInitial += margin.openOrder
      maintenanceSum += margin.maintenance
      const position = account.positionOf(market.symbol, side)
      if (position !== undefined) {
        profit += position.profit
        if (!isolated) crossProfit += position.profit
      }
      if (!isolated) crossPositionInitial += margin.position
    }
  }
  const { crossWallet } = account
  const crossUnrealized = costToMoney(crossProfit)
  const free = crossWallet + crossUnrealized - crossPositionInitial - openOrderInitial
  return {
    initial: positionInitial + openOrderInitial,
    positionInitial,
    openOrderInitial,
    maintenance: maintenanceSum,
    unrealized: costToMoney(profit),
    crossUnrealized,
    crossWallet,
    available: free > 0n ? free : 0n,
  }
}

/** Markets the account has a position or an open order in. */
export function activeMarkets(account: Account): Set<Market> {
  const markets = new Set<Market>()
  for (const position of account.positions.values()) if (position.qty !== 0) markets.add(position.market)
  for (const order of account.openOrders.values()) markets.add(order.market)
  return markets
}

/** One position in the liquidation formula; quantity signed. */
export interface LiquidationLeg {
  readonly qty: Decimal
  readonly entry: Decimal
  readonly rate: Decimal
  readonly cum: Decimal
}

/**
 * The venue's published formula: (balance + Σ cum − Σ qty·entry) / (Σ |qty|·rate − Σ qty), where balance is the wallet less the
 * maintenance of other symbols plus their unrealised profit. Zero when no positive price liquidates.
 */
export function liquidationFormula(balance: Decimal, legs: readonly LiquidationLeg[]): Decimal {
  let numerator = balance
  let denominator = ZERO
  for (const leg of legs) {
    numerator = numerator.plus(leg.cum).minus(leg.qty.times(leg.entry))
    denominator = denominator.plus(leg.qty.abs().times(leg.rate)).minus(leg.qty)
  }
  if (denominator.isZero()) return ZERO
  const price = numerator.div(denominator)
  return price.isNegative() ? ZERO : price.toDecimalPlaces(8)
}

/** Cross: with the account's cross wallet and its other cross positions; isolated: with the position's own wallet. */
export function liquidationPrice(account: Account, position: Position): Decimal {
  if (position.qty === 0) return ZERO
  const { market } = position
  const isolated = account.settingsOf(market.symbol).isolated
  let balance = fromMoney(isolated ? position.isolatedWallet : account.crossWallet)
  const mine: Position[] = [position]
  if (!isolated) {
    for (const other of account.positions.values()) {
      if (other.qty === 0 || other === position || account.settingsOf(other.market.symbol).isolated) continue
      if (other.market === market) mine.push(other)
      else balance = balance.minus(maintenance(other)).plus(costToDecimal(other.profit))
    }
  }
  const legs = mine.map((one) => {
    const { rate, cum } = tierFor(market.instrument.spec, notionalOf(one))
    return { qty: market.instrument.qty(one.qty), entry: one.entry, rate, cum }
  })
  return liquidationFormula(balance, legs)
}
