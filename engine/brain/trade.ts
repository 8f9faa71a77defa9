/** An entry and everything that follows from it, until the position is gone. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradePlan } from '../contract/journal-kinds.ts'
import type { PositionSide } from '../contract/venue.ts'
import { decimal, ZERO, type Decimal } from '../money/decimal.ts'
import type { ProtectionForm } from '../orders/bracket.ts'

export interface Trade {
  /** Client id of the entry. */
  readonly group: string
  plan: TradePlan
  /** Plan of an amendment that moves the entry; it becomes the plan when the venue has taken the amendment. */
  movedPlan: { readonly counter: number; readonly plan: TradePlan } | null
  readonly positionSide: PositionSide
  /** Client ids of all its orders, dead or alive; bounded by the retries below. */
  readonly orders: string[]
  readonly startedAt: number
  /** USDT the plan puts at risk; 0 when not known. */
  risk: Decimal
  /** Realised profit less commission of its fills. */
  net: Decimal
  exitReason: string
  /** Where the stop is to stand; trailing tightens it, nothing loosens it. */
  stopLevel: DecimalText
  form: ProtectionForm
  stopFailures: number
  takeProfitFailures: number
  exitFailures: number
  stopNotBefore: number
  takeProfitNotBefore: number
  exitNotBefore: number
  /** Flat, and until then the venue may let the rest of the bracket go by itself, venue ms; 0 = not flat, or nothing is left. */
  letGoBy: number
}

/** A trade at its beginning. */
export function newTrade(about: {
  readonly group: string
  readonly plan: TradePlan
  readonly positionSide: PositionSide
  readonly orders: string[]
  readonly startedAt: number
  readonly risk: Decimal
}): Trade {
  return {
    ...about,
    movedPlan: null,
    net: ZERO,
    exitReason: '',
    stopLevel: about.plan.stop,
    form: 'closePosition',
    stopFailures: 0,
    takeProfitFailures: 0,
    exitFailures: 0,
    stopNotBefore: 0,
    takeProfitNotBefore: 0,
    exitNotBefore: 0,
    letGoBy: 0,
  }
}

/** What a plan puts at risk when its entry fills whole at `price`, USDT. */
export const riskOf = (price: Decimal, stop: Decimal, quantity: Decimal): Decimal =>
  price.isZero() ? ZERO : price.minus(stop).abs().times(quantity)

/** The venue has taken the amendment numbered `counter`: the entry now stands for the new plan, unless it has begun to fill. */
export function adoptMovedPlan(
  trade: Trade,
  counter: number,
  entry: { readonly price: Decimal; readonly quantity: Decimal; readonly executed: DecimalText },
): void {
  const { movedPlan } = trade
  if (movedPlan?.counter !== counter) return
  trade.movedPlan = null
  if (entry.executed !== '0') return
  trade.plan = movedPlan.plan
  trade.stopLevel = movedPlan.plan.stop
  trade.risk = riskOf(entry.price, decimal(movedPlan.plan.stop), entry.quantity)
}
