/** Account, balance, position and setting documents, both generations (exchange.md §1.1, §4.14). */
import { notionalOf, tiersOf, unrealized, type Account, type Income, type Position } from '../account/account.ts'
import { accountMargin, activeMarkets, liquidationPrice, symbolMargin } from '../account/margin.ts'
import { money, plain, ZERO } from '../decimal.ts'
import type { Market } from '../market/market.ts'
import type { PositionSide } from '../matching/order.ts'
import { breakEven, entryText } from './user-events.ts'

type Doc = Readonly<Record<string, unknown>>

const sides = (account: Account): readonly PositionSide[] => (account.hedge ? ['LONG', 'SHORT'] : ['BOTH'])

/** The totals every account document begins with. */
function totals(account: Account): Doc & { readonly asset: Doc } {
  const margin = accountMargin(account, activeMarkets(account))
  const balance = account.wallet.plus(margin.unrealized)
  const shared = {
    maintMargin: money(margin.maintenance),
    initialMargin: money(margin.initial),
    positionInitialMargin: money(margin.positionInitial),
    openOrderInitialMargin: money(margin.openOrderInitial),
  }
  return {
    totalInitialMargin: shared.initialMargin,
    totalMaintMargin: shared.maintMargin,
    totalWalletBalance: money(account.wallet),
    totalUnrealizedProfit: money(margin.unrealized),
    totalMarginBalance: money(balance),
    totalPositionInitialMargin: shared.positionInitialMargin,
    totalOpenOrderInitialMargin: shared.openOrderInitialMargin,
    totalCrossWalletBalance: money(margin.crossWallet),
    totalCrossUnPnl: money(margin.crossUnrealized),
    availableBalance: money(margin.available),
    maxWithdrawAmount: money(margin.available),
    asset: {
      asset: 'USDT',
      walletBalance: money(account.wallet),
      unrealizedProfit: money(margin.unrealized),
      marginBalance: money(balance),
      ...shared,
      crossWalletBalance: money(margin.crossWallet),
      crossUnPnl: money(margin.crossUnrealized),
      availableBalance: money(margin.available),
      maxWithdrawAmount: money(margin.available),
      updateTime: account.updateTime,
    },
  }
}

const flags = (account: Account): Doc => ({
  feeTier: 0,
  feeBurn: account.feeBurn,
  canTrade: true,
  canDeposit: true,
  canWithdraw: true,
  updateTime: 0,
  multiAssetsMargin: false,
  tradeGroupId: -1,
})

function positionV2(account: Account, market: Market, side: PositionSide): Doc {
  const position = account.positionOf(market.symbol, side)
  const margin = symbolMargin(account, market, side)
  const { leverage, isolated } = account.settingsOf(market.symbol)
  const tier = tiersOf(market.instrument.spec).findLast((one) => one.leverage >= leverage)
  return {
    symbol: market.symbol,
    initialMargin: money(margin.initial),
    maintMargin: money(margin.maintenance),
    unrealizedProfit: money(position === undefined ? ZERO : unrealized(position)),
    positionInitialMargin: money(margin.position),
    openOrderInitialMargin: money(margin.openOrder),
    leverage: String(leverage),
    isolated,
    entryPrice: position === undefined ? '0.0' : entryText(position),
    breakEvenPrice: position === undefined ? '0.0' : breakEven(position),
    maxNotional: tier === undefined ? '0' : plain(tier.cap),
    positionSide: side,
    positionAmt: market.instrument.qtyText(position?.qty ?? 0),
    notional: money(position === undefined ? ZERO : notionalOf(position)),
    isolatedWallet: money(position?.isolatedWallet ?? ZERO),
    bidNotional: plain(margin.bidNotional),
    askNotional: plain(margin.askNotional),
    updateTime: position?.updateTime ?? 0,
  }
}

/** v2 lists every symbol, v3 only those with a position or an open order. */
export function accountDoc(account: Account, markets: Iterable<Market>, version: 2 | 3): Doc {
  const { asset, ...sums } = totals(account)
  if (version === 2) {
    const positions = [...markets].flatMap((market) => sides(account).map((side) => positionV2(account, market, side)))
    return { ...flags(account), ...sums, assets: [{ ...asset, marginAvailable: true }], positions }
  }
  const positions = liveSides(account).map(([market, side]) => {
    const position = account.positionOf(market.symbol, side)
    const margin = symbolMargin(account, market, side)
    return {
      symbol: market.symbol,
      positionSide: side,
      positionAmt: market.instrument.qtyText(position?.qty ?? 0),
      unrealizedProfit: money(position === undefined ? ZERO : unrealized(position)),
      isolatedMargin: money(position === undefined ? ZERO : isolatedMargin(account, position)),
      notional: money(position === undefined ? ZERO : notionalOf(position)),
      isolatedWallet: money(position?.isolatedWallet ?? ZERO),
      initialMargin: money(margin.initial),
      maintMargin: money(margin.maintenance),
      updateTime: position?.updateTime ?? 0,
    }
  })
  return { ...sums, assets: [asset], positions }
}

const isolatedMargin = (account: Account, position: Position) =>
  account.settingsOf(position.market.symbol).isolated ? position.isolatedWallet.plus(unrealized(position)) : ZERO

function liveSides(account: Account): readonly (readonly [Market, PositionSide])[] {
  const live: (readonly [Market, PositionSide])[] = []
  for (const market of activeMarkets(account)) {
    for (const side of sides(account)) {
      const position = account.positionOf(market.symbol, side)
      const ordered = [...account.openOrders.values()].some((order) => order.market === market && order.positionSide === side)
      if ((position !== undefined && position.qty !== 0) || ordered) live.push([market, side])
    }
  }
  return live
}

export function balanceDoc(account: Account): readonly Doc[] {
  const { asset } = totals(account)
  return [
    {
      accountAlias: 'SgsR',
      asset: 'USDT',
      balance: asset['walletBalance'],
      crossWalletBalance: asset['crossWalletBalance'],
      crossUnPnl: asset['crossUnPnl'],
      availableBalance: asset['availableBalance'],
      maxWithdrawAmount: asset['maxWithdrawAmount'],
      marginAvailable: true,
      updateTime: account.updateTime,
    },
  ]
}

function positionRiskDoc(account: Account, market: Market, side: PositionSide, version: 2 | 3): Doc {
  const position = account.positionOf(market.symbol, side)
  const { instrument } = market
  const { leverage, isolated } = account.settingsOf(market.symbol)
  const margin = symbolMargin(account, market, side)
  const tier = tiersOf(instrument.spec).findLast((one) => one.leverage >= leverage)
  const core = {
    symbol: market.symbol,
    positionAmt: instrument.qtyText(position?.qty ?? 0),
    entryPrice: position === undefined ? '0.0' : entryText(position),
    breakEvenPrice: position === undefined ? '0.0' : breakEven(position),
    markPrice: instrument.markText(market.mark),
    unRealizedProfit: money(position === undefined ? ZERO : unrealized(position)),
    liquidationPrice: position === undefined ? '0' : plain(liquidationPrice(account, position)),
  }
  const tail = {
    notional: money(position === undefined ? ZERO : notionalOf(position)),
    isolatedWallet: money(position?.isolatedWallet ?? ZERO),
    updateTime: position?.updateTime ?? 0,
  }
  if (version === 2) {
    return {
      ...core,
      leverage: String(leverage),
      maxNotionalValue: tier === undefined ? '0' : plain(tier.cap),
      marginType: isolated ? 'isolated' : 'cross',
      isolatedMargin: money(position === undefined ? ZERO : isolatedMargin(account, position)),
      isAutoAddMargin: 'false',
      positionSide: side,
      ...tail,
      isolated,
      adlQuantile: position === undefined || position.qty === 0 ? 0 : 1,
    }
  }
  return {
    symbol: core.symbol,
    positionSide: side,
    positionAmt: core.positionAmt,
    entryPrice: core.entryPrice,
    breakEvenPrice: core.breakEvenPrice,
    markPrice: core.markPrice,
    unRealizedProfit: core.unRealizedProfit,
    liquidationPrice: core.liquidationPrice,
    isolatedMargin: money(position === undefined ? ZERO : isolatedMargin(account, position)),
    notional: tail.notional,
    marginAsset: 'USDT',
    isolatedWallet: tail.isolatedWallet,
    initialMargin: money(margin.initial),
    maintMargin: money(margin.maintenance),
    positionInitialMargin: money(margin.position),
    openOrderInitialMargin: money(margin.openOrder),
    adl: position === undefined || position.qty === 0 ? 0 : 1,
    bidNotional: plain(margin.bidNotional),
    askNotional: plain(margin.askNotional),
    updateTime: tail.updateTime,
  }
}

/** v2 lists all symbols asked for, v3 only live ones. */
export function positionRiskDocs(account: Account, markets: readonly Market[], version: 2 | 3): readonly Doc[] {
  const rows: Doc[] = []
  const live = version === 3 ? liveSides(account) : []
  for (const market of markets) {
    for (const side of sides(account)) {
      if (version === 2 || live.some(([one, at]) => one === market && at === side))
        rows.push(positionRiskDoc(account, market, side, version))
    }
  }
  return rows
}

export function symbolConfigDoc(account: Account, market: Market): Doc {
  const { leverage, isolated } = account.settingsOf(market.symbol)
  const tier = tiersOf(market.instrument.spec).findLast((one) => one.leverage >= leverage)
  return {
    symbol: market.symbol,
    marginType: isolated ? 'ISOLATED' : 'CROSSED',
    isAutoAddMargin: false,
    leverage,
    maxNotionalValue: tier === undefined ? '0' : plain(tier.cap),
  }
}

export const accountConfigDoc = (account: Account): Doc => ({
  feeTier: 0,
  canTrade: true,
  canDeposit: true,
  canWithdraw: true,
  dualSidePosition: account.hedge,
  updateTime: 0,
  multiAssetsMargin: false,
  tradeGroupId: -1,
})

export const leverageBracketDoc = (market: Market): Doc => ({
  symbol: market.symbol,
  notionalCoef: 1,
  brackets: tiersOf(market.instrument.spec).map((tier) => ({
    bracket: tier.index,
    initialLeverage: tier.leverage,
    notionalCap: tier.cap.toNumber(),
    notionalFloor: tier.floor.toNumber(),
    maintMarginRatio: tier.rate.toNumber(),
    cum: tier.cum.toNumber(),
  })),
})

export const incomeDoc = (income: Income): Doc => ({
  symbol: income.symbol,
  incomeType: income.type,
  income: money(income.amount),
  asset: 'USDT',
  info: income.tradeId === '' ? income.type : income.tradeId,
  time: income.time,
  tranId: income.id,
  tradeId: income.tradeId,
})

/** The exact truth about an account, for proofs. */
export function truth(account: Account) {
  let profit = ZERO
  const positions: { symbol: string; positionSide: string; quantity: ReturnType<typeof plain>; entryPrice: ReturnType<typeof plain> }[] = []
  for (const position of account.positions.values()) {
    if (position.qty === 0) continue
    profit = profit.plus(unrealized(position))
    positions.push({
      symbol: position.market.symbol,
      positionSide: position.side,
      quantity: plain(position.market.instrument.qty(position.qty)),
      entryPrice: plain(position.entry.toDecimalPlaces(12)),
    })
  }
  return {
    wallet: plain(account.wallet),
    unrealizedPnl: plain(profit.toDecimalPlaces(8)),
    equity: plain(account.wallet.plus(profit).toDecimalPlaces(8)),
    fees: plain(account.fees),
    funding: plain(account.funding),
    realizedPnl: plain(account.realized),
    positions,
    openOrders: account.openOrders.size,
    orders: account.orderCount,
    fills: account.fillCount,
  }
}
