/**
 * Contract specifications as the venue's exchangeInfo states them, plus what it states elsewhere: leverage tiers, fees, funding.
 * Amounts are decimal text.
 */
import type { DecimalText } from '../contract/decimal-text.ts'

export interface TierSpec {
  /** Largest notional of the tier, USDT. */
  readonly cap: DecimalText
  /** Maintenance margin rate, a fraction. */
  readonly rate: DecimalText
  readonly leverage: number
  /** Maintenance amount: cum_i = cum_{i-1} + floor_i × (rate_i − rate_{i-1}). */
  readonly cum: DecimalText
}

export interface SymbolSpec {
  readonly symbol: string
  readonly baseAsset: string
  readonly quoteAsset: string
  readonly status: string
  readonly pricePrecision: number
  readonly quantityPrecision: number
  readonly tickSize: DecimalText
  readonly minPrice: DecimalText
  readonly maxPrice: DecimalText
  readonly stepSize: DecimalText
  readonly minQty: DecimalText
  readonly maxQty: DecimalText
  readonly marketStepSize: DecimalText
  readonly marketMinQty: DecimalText
  readonly marketMaxQty: DecimalText
  readonly minNotional: DecimalText
  readonly multiplierUp: DecimalText
  readonly multiplierDown: DecimalText
  readonly maxOrders: number
  readonly triggerProtect: DecimalText
  readonly liquidationFee: DecimalText
  readonly marketTakeBound: DecimalText
  readonly makerFee: DecimalText
  readonly takerFee: DecimalText
  /** Cap of the funding rate, a fraction. */
  readonly fundingCap: DecimalText
  readonly fundingIntervalHours: number
  /** Price used by synthetic tapes and preludes when none is given. */
  readonly referencePrice: DecimalText
  readonly tiers: readonly TierSpec[]
}
