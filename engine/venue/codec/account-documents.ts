/** The account as REST answers it: balances, positions, income, tiers, commission, permissions. */
import * as v from 'valibot'
import type { DecimalText } from '../../contract/decimal-text.ts'
import type { IncomeRecord, LeverageTier, VenueBalance, VenuePosition } from '../../contract/venue.ts'
import { PositionSideSchema } from './order-documents.ts'
import { decimal, decimalOrZero, flag, id, name, time, timeOrZero } from './values.ts'

const isZero = (text: DecimalText): boolean => !/[1-9]/.test(text)

const Asset = v.pipe(
  v.object({
    asset: name,
    walletBalance: decimal,
    crossWalletBalance: decimalOrZero,
    availableBalance: decimalOrZero,
    unrealizedProfit: decimalOrZero,
    updateTime: timeOrZero,
  }),
  v.transform((raw): VenueBalance => ({
    asset: raw.asset,
    wallet: raw.walletBalance,
    crossWallet: raw.crossWalletBalance,
    available: raw.availableBalance,
    unrealizedPnl: raw.unrealizedProfit,
    updatedAt: raw.updateTime,
  })),
)
export const Account = v.object({ assets: v.array(Asset), canTrade: v.optional(v.boolean()) })

const Position = v.pipe(
  v.object({
    symbol: name,
    positionSide: PositionSideSchema,
    positionAmt: decimal,
    entryPrice: decimalOrZero,
    markPrice: decimalOrZero,
    unRealizedProfit: decimalOrZero,
    liquidationPrice: decimalOrZero,
    /** v2 only; v3 tells by a non-zero isolated wallet. */
    marginType: v.optional(v.string()),
    isolatedMargin: decimalOrZero,
    isolatedWallet: decimalOrZero,
    maintMargin: decimalOrZero,
    initialMargin: decimalOrZero,
    updateTime: timeOrZero,
  }),
  v.transform((raw): VenuePosition => {
    const isolated =
      raw.marginType === undefined ? !isZero(raw.isolatedWallet) || !isZero(raw.isolatedMargin) : raw.marginType === 'isolated'
    return {
      symbol: raw.symbol,
      positionSide: raw.positionSide,
      quantity: raw.positionAmt,
      entryPrice: raw.entryPrice,
      markPrice: raw.markPrice,
      unrealizedPnl: raw.unRealizedProfit,
      liquidationPrice: raw.liquidationPrice,
      marginType: isolated ? 'isolated' : 'cross',
      isolatedWallet: raw.isolatedWallet,
      maintenanceMargin: raw.maintMargin,
      initialMargin: raw.initialMargin,
      updatedAt: raw.updateTime,
    }
  }),
)
/** Non-zero positions only. */
export const Positions = v.pipe(
  v.array(Position),
  v.transform((all) => all.filter((position) => !isZero(position.quantity))),
)

const Income = v.pipe(
  v.object({
    symbol: v.optional(v.string(), ''),
    incomeType: v.string(),
    income: decimal,
    asset: v.optional(v.string(), ''),
    time,
    tranId: id,
    tradeId: v.nullish(v.union([v.string(), v.number()]), ''),
  }),
  v.transform((raw): IncomeRecord => ({
    symbol: raw.symbol,
    type: raw.incomeType,
    amount: raw.income,
    asset: raw.asset,
    time: raw.time,
    id: raw.tranId,
    tradeId: String(raw.tradeId),
  })),
)
export const Incomes = v.array(Income)

const Bracket = v.pipe(
  v.object({
    bracket: v.pipe(v.number(), v.integer()),
    initialLeverage: v.pipe(v.number(), v.integer()),
    notionalCap: decimal,
    notionalFloor: decimal,
    maintMarginRatio: decimal,
    cum: decimal,
  }),
  v.transform((raw): LeverageTier => ({
    bracket: raw.bracket,
    floor: raw.notionalFloor,
    cap: raw.notionalCap,
    maintenanceRate: raw.maintMarginRatio,
    cumulative: raw.cum,
    maxLeverage: raw.initialLeverage,
  })),
)
const SymbolBrackets = v.object({ symbol: name, brackets: v.array(Bracket) })
/** With `symbol` the venue answers an object or a list of one. */
export const Brackets = v.pipe(
  v.union([v.array(SymbolBrackets), SymbolBrackets]),
  v.transform((all) => (Array.isArray(all) ? all : [all])),
)

export const CommissionRate = v.object({ makerCommissionRate: decimal, takerCommissionRate: decimal })
export const PositionMode = v.object({ dualSidePosition: flag })
export const ListenKey = v.object({ listenKey: v.pipe(v.string(), v.regex(/^[A-Za-z0-9]{16,128}$/, 'expected a listen key')) })
export const KeyRestrictions = v.object({
  ipRestrict: v.optional(v.boolean()),
  enableFutures: v.boolean(),
  enableWithdrawals: v.boolean(),
  enableInternalTransfer: v.optional(v.boolean(), false),
  permitsUniversalTransfer: v.optional(v.boolean(), false),
})
/** {"code":200,"msg":"…"}: the venue's way to say done. */
export const Done = v.looseObject({})
export const BatchItem = v.looseObject({ code: v.optional(v.union([v.number(), v.string()])), msg: v.optional(v.string()) })
