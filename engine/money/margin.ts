/**
 * Margin of USDⓈ-M positions (exchange.md §3.5): tiers by notional at the mark, maintenance and initial margin, liquidation price.
 *
 * 1. maintenance margin = |notional| × rate − cumulative amount of the tier; it is continuous across tier borders.
 * 2. The liquidation price is where margin balance = maintenance margin; the tier is that of the notional at the liquidation price
 *    itself, found by trying the tiers, so the formula and the tier agree.
 */
import type { LeverageTier } from '../contract/venue.ts'
import { decimal, ZERO, type Decimal, type Price, type Qty, type Usdt } from './decimal.ts'

export interface Tier {
  readonly floor: Decimal
  readonly cap: Decimal
  readonly rate: Decimal
  readonly cumulative: Decimal
  readonly maxLeverage: number
}

export type TierFault = { readonly bracket: number; readonly what: 'gap' | 'cumulative' | 'order'; readonly expected: Decimal }

/** Tiers in order of notional. */
export const tiersOf = (brackets: readonly LeverageTier[]): readonly Tier[] =>
  [...brackets]
    .sort((a, b) => a.bracket - b.bracket)
    .map((b) => ({
      floor: decimal(b.floor),
      cap: decimal(b.cap),
      rate: decimal(b.maintenanceRate),
      cumulative: decimal(b.cumulative),
      maxLeverage: b.maxLeverage,
    }))

/** Checks a tier table: no gaps, and cum_i = cum_{i−1} + floor_i × (rate_i − rate_{i−1}). */
export function tierFaults(tiers: readonly Tier[]): readonly TierFault[] {
  const faults: TierFault[] = []
  let before: Tier | undefined
  tiers.forEach((tier, index) => {
    const bracket = index + 1
    if (tier.cap.lte(tier.floor)) faults.push({ bracket, what: 'order', expected: tier.floor })
    const floor = before?.cap ?? ZERO
    if (!tier.floor.eq(floor)) faults.push({ bracket, what: 'gap', expected: floor })
    const cumulative: Decimal = before === undefined ? ZERO : before.cumulative.plus(tier.floor.mul(tier.rate.minus(before.rate)))
    if (!tier.cumulative.eq(cumulative)) faults.push({ bracket, what: 'cumulative', expected: cumulative })
    before = tier
  })
  return faults
}

/** The tier of a notional; beyond the last cap the last tier. Undefined only for an empty table. */
export function tierFor(tiers: readonly Tier[], notional: Decimal): Tier | undefined {
  const size = notional.abs()
  return tiers.find((tier) => size.lte(tier.cap)) ?? tiers.at(-1)
}

export function maintenanceMargin(tiers: readonly Tier[], notional: Decimal): Usdt {
  const tier = tierFor(tiers, notional)
  return (tier === undefined ? ZERO : notional.abs().mul(tier.rate).minus(tier.cumulative)) as Usdt
}

/** Whole precision; the venue shows it with eight decimals. */
export const initialMargin = (notional: Decimal, leverage: number): Usdt => notional.abs().div(leverage) as Usdt

/** Largest leverage the tier of this notional allows. */
export const maxLeverage = (tiers: readonly Tier[], notional: Decimal): number => tierFor(tiers, notional)?.maxLeverage ?? 1

/** Largest notional at a leverage: the cap of the last tier that allows it; 0 when none does. */
export function maxNotional(tiers: readonly Tier[], leverage: number): Usdt {
  let most: Decimal = ZERO
  for (const tier of tiers) if (tier.maxLeverage >= leverage) most = tier.cap
  return most as Usdt
}

export interface Leg {
  /** Negative for a short. */
  readonly quantity: Qty
  readonly entry: Price
}

export interface LiquidationFacts {
  /** Wallet balance: the whole cross wallet, or the isolated wallet of this position. */
  readonly wallet: Usdt
  /** Cross only: maintenance margin and unrealised profit of all other contracts; 0 when isolated. */
  readonly otherMaintenance: Usdt
  readonly otherUnrealized: Usdt
  readonly tiers: readonly Tier[]
  /** BOTH in one-way mode; LONG and SHORT together in hedge mode with cross margin. */
  readonly legs: readonly Leg[]
}

/**
 * Binance's liquidation price of one symbol:
 *   (WB − TMM + UPNL + Σcum − Σ quantity × entry) / (Σ |quantity| × rate − Σ quantity)
 * which is the published formula with signed quantities. Null when no positive price liquidates.
 */
export function liquidationPrice(facts: LiquidationFacts): Price | null {
  const { wallet, otherMaintenance, otherUnrealized, tiers } = facts
  const legs = facts.legs.filter((leg) => !leg.quantity.isZero())
  if (legs.length === 0 || tiers.length === 0) return null
  const free = wallet.minus(otherMaintenance).plus(otherUnrealized)
  const at = (chosen: readonly Tier[]): Decimal | null => {
    let numerator: Decimal = free
    let denominator: Decimal = ZERO
    legs.forEach((leg, index) => {
      const tier = chosen[index]
      if (tier === undefined) return
      numerator = numerator.plus(tier.cumulative).minus(leg.quantity.mul(leg.entry))
      denominator = denominator.plus(leg.quantity.abs().mul(tier.rate)).minus(leg.quantity)
    })
    return denominator.isZero() ? null : numerator.div(denominator)
  }
  const consistent = (price: Decimal, chosen: readonly Tier[]): boolean =>
    legs.every((leg, index) => tierFor(tiers, leg.quantity.mul(price)) === chosen[index])
  for (const chosen of combinations(tiers, legs.length)) {
    const price = at(chosen)
    if (price !== null && price.gt(0) && consistent(price, chosen)) return price as Price
  }
  return null
}

/** Every choice of one tier per leg; one or two legs. */
function* combinations(tiers: readonly Tier[], count: number): Generator<readonly Tier[]> {
  for (const first of tiers) {
    if (count === 1) yield [first]
    else for (const second of tiers) yield [first, second]
  }
}
