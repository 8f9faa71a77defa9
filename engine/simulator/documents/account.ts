/** Account, balance, position and setting documents, both generations (exchange.md §1.1, §4.14). */
import { notionalOf, tiersOf, type Account, type Income } from '../account/account.ts'
import { accountMargin, activeMarkets, liquidationPrice, symbolMargin } from '../account/margin.ts'
import { costToMoney, type Position } from '../account/position.ts'
import type { SimulatorAccount } from '../../contract/processes.ts'
import { money, moneyPlain, moneyText, plain, ZERO } from '../decimal.ts'
import type { Market } from '../market/market.ts'
import type { PositionSide } from '../matching/order.ts'

type Doc = Readonly<Record<string, unknown>>

const sides = (account: Account): readonly PositionSide[] => (account.hedge ? ['LONG', 'SHORT'] : ['BOTH'])

/** The totals every account document begins with. */
function totals(account: Account): Doc & { readonly asset: Doc } {
  const margin = accountMargin(account, activeMarkets(account))
  const balance = account.wallet + margin.unrealized
  const shared = {
    maintMargin: moneyText(margin.maintenance),
    initialMargin: moneyText(margin.initial),
    positionInitialMargin: moneyText(margin.positionInitial),
    openOrderInitialMargin: moneyText(margin.openOrderInitial),
  }
  return {
    totalInitialMargin: shared.initialMargin,
    totalMaintMargin: shared.maintMargin,
    totalWalletBalance: moneyText(account.wallet),
    totalUnrealizedProfit: moneyText(margin.unrealized),
    totalMarginBalance: moneyText(balance),
    totalPositionInitialMargin: shared.positionInitialMargin,
    totalOpenOrderInitialMargin: shared.openOrderInitialMargin,
    totalCrossWalletBalance: moneyText(margin.crossWallet),
    totalCrossUnPnl: moneyText(margin.crossUnrealized),
    availableBalance: moneyText(margin.available),
    maxWithdrawAmount: moneyText(margin.available),
    asset: {
      asset: 'USDT',
      walletBalance: moneyText(account.wallet),
      unrealizedProfit: moneyText(margin.unrealized),
      marginBalance: moneyText(balance),
      ...shared,
      crossWalletBalance: moneyText(margin.crossWallet),
      crossUnPnl: moneyText(margin.crossUnrealized),
      availableBalance: moneyText(margin.available),
      maxWithdrawAmount: moneyText(margin.available),
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
    initialMargin: moneyText(margin.initial),
    maintMargin: moneyText(margin.maintenance),
    unrealizedProfit: moneyText(position?.profitMoney ?? 0n),
    positionInitialMargin: moneyText(margin.position),
    openOrderInitialMargin: moneyText(margin.openOrder),
    leverage: String(leverage),
    isolated,
    entryPrice: position === undefined ? '0.0' : position.entryText,
    breakEvenPrice: position === undefined ? '0.0' : position.breakEvenText,
    maxNotional: tier === undefined ? '0' : plain(tier.cap),
    positionSide: side,
    positionAmt: market.instrument.qtyText(position?.qty ?? 0),
    notional: money(position === undefined ? ZERO : notionalOf(position)),
    isolatedWallet: moneyText(position?.isolatedWallet ?? 0n),
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
      unrealizedProfit: moneyText(position?.profitMoney ?? 0n),
      isolatedMargin: moneyText(position === undefined ? 0n : isolatedMargin(account, position)),
      notional: money(position === undefined ? ZERO : notionalOf(position)),
      isolatedWallet: moneyText(position?.isolatedWallet ?? 0n),
      initialMargin: moneyText(margin.initial),
      maintMargin: moneyText(margin.maintenance),
      updateTime: position?.updateTime ?? 0,
    }
  })
  return { ...sums, assets: [asset], positions }
}

const isolatedMargin = (account: Account, position: Position) =>
  account.settingsOf(position.market.symbol).isolated ? position.isolatedWallet + position.profitMoney : 0n

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
    entryPrice: position === undefined ? '0.0' : position.entryText,
    breakEvenPrice: position === undefined ? '0.0' : position.breakEvenText,
    markPrice: instrument.markText(market.mark),
    unRealizedProfit: moneyText(position?.profitMoney ?? 0n),
    liquidationPrice: position === undefined ? '0' : plain(liquidationPrice(account, position)),
  }
  const tail = {
    notional: money(position === undefined ? ZERO : notionalOf(position)),
    isolatedWallet: moneyText(position?.isolatedWallet ?? 0n),
    updateTime: position?.updateTime ?? 0,
  }
  if (version === 2) {
    return {
      ...core,
      leverage: String(leverage),
      maxNotionalValue: tier === undefined ? '0' : plain(tier.cap),
      marginType: isolated ? 'isolated' : 'cross',
      isolatedMargin: moneyText(position === undefined ? 0n : isolatedMargin(account, position)),
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
    isolatedMargin: moneyText(position === undefined ? 0n : isolatedMargin(account, position)),
    notional: tail.notional,
    marginAsset: 'USDT',
    isolatedWallet: tail.isolatedWallet,
    initialMargin: moneyText(margin.initial),
    maintMargin: moneyText(margin.maintenance),
    positionInitialMargin: moneyText(margin.position),
    openOrderInitialMargin: moneyText(margin.openOrder),
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
  income: moneyText(income.amount),
  asset: 'USDT',
  info: income.tradeId === '' ? income.type : income.tradeId,
  time: income.time,
  tranId: income.id,
  tradeId: income.tradeId,
})

/** The exact truth about an account, for proofs. */
export function truth(account: Account): SimulatorAccount {
  let profit = 0n
  const positions: SimulatorAccount['positions'][number][] = []
  for (const position of account.positions.values()) {
    if (position.qty === 0) continue
    profit += position.profit
    positions.push({
      symbol: position.market.symbol,
      positionSide: position.side,
      quantity: plain(position.market.instrument.qty(position.qty)),
      entryPrice: plain(position.entry.toDecimalPlaces(12)),
    })
  }
  const unrealized = costToMoney(profit)
  return {
    wallet: moneyPlain(account.wallet),
    unrealizedPnl: moneyPlain(unrealized),
    equity: moneyPlain(account.wallet + unrealized),
    fees: moneyPlain(account.fees),
    funding: moneyPlain(account.funding),
    realizedPnl: moneyPlain(account.realized),
    positions,
    openOrders: account.openOrders.size,
    orders: account.orderCount,
    fills: account.fillCount,
  }
}
