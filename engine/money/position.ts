/**
 * What one fill does to one position, exactly, in fixed point.
 *
 * 1. A fill on the position's own side adds: cost grows by price × quantity; the average entry is cost / quantity.
 * 2. A fill against it closes first, at the average entry, which does not move: realised profit = (price − entry) × closed for a
 *    long, the mirror for a short, rounded half up to the venue's eight decimals. Only closing realises.
 * 3. What is left of a fill after closing everything opens the other side at the fill's price (a flip; one-way mode).
 * 4. Quantity 0 ⇔ cost 0.
 */
import { absolute, productToMoney } from './fixed.ts'

/** quantity in 10^-18 (negative = short), cost = entry × quantity in 10^-36 (same sign). */
export interface PositionCore {
  readonly quantity: bigint
  readonly cost: bigint
}

export interface FillEffect extends PositionCore {
  /** 10^-18, whole multiples of 10^-8. */
  readonly realized: bigint
  /** 10^-18, positive: how much of the fill closed. */
  readonly closed: bigint
}

export const FLAT: PositionCore = { quantity: 0n, cost: 0n }

/** @param signed quantity of the fill: positive buys, negative sells; 10^-18 */
export function applyToPosition(before: PositionCore, signed: bigint, price: bigint): FillEffect {
  const { quantity, cost } = before
  if (quantity === 0n || quantity > 0n === signed > 0n) {
    return { quantity: quantity + signed, cost: cost + signed * price, realized: 0n, closed: 0n }
  }
  const held = absolute(quantity)
  const size = absolute(signed)
  const closed = size < held ? size : held
  // Whole closes take the whole cost, so that no remainder of a division survives a flat position.
  const closedCost = closed === held ? cost : (cost * closed) / held
  const proceeds = closed * price
  // Long: proceeds − cost. Short: cost is negative, and what was received is −cost.
  const realized = productToMoney(quantity > 0n ? proceeds - closedCost : -closedCost - proceeds)
  if (size <= held) return { quantity: quantity + signed, cost: cost - closedCost, realized, closed }
  const rest = quantity + signed
  return { quantity: rest, cost: rest * price, realized, closed }
}
