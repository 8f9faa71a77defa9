/**
 * One position and what fills do to it. Invariants:
 * - cost is price × quantity of what is open, in 10^-36 USDT, exact: only a partial close divides, and it cuts at that place;
 * - a fill against the position closes first, at the average entry, which does not move; only closing realises;
 * - quantity 0 ⇔ cost 0.
 */
import { countPlain, Decimal, roundedDiv, ZERO, type Money } from '../decimal.ts'
import type { Market } from '../market/market.ts'
import type { PositionSide } from '../matching/order.ts'

const COST_PLACES = 36
const COST_TO_MONEY = 10n ** 28n
const PRICE_PLACES = 12
const COST_TO_PRICE = 10n ** 24n

export class Position {
  readonly market: Market
  readonly side: PositionSide
  /** Signed QU; negative is short, also for side SHORT. */
  qty = 0
  /** Entry × quantity, signed as the quantity, 10^-36 USDT. */
  cost = 0n
  /** Profit realised since it was opened, before fees ("cr"). */
  realized: Money = 0n
  /** Commission paid since it was opened, for the break-even price. */
  fees: Money = 0n
  isolatedWallet: Money = 0n
  updateTime = 0
  /** One PU × QU in 10^-36 USDT. */
  readonly unit: bigint

  constructor(market: Market, side: PositionSide) {
    this.market = market
    this.side = side
    this.unit = 10n ** BigInt(COST_PLACES - market.instrument.priceDigits - market.instrument.qtyDigits)
  }

  /** Average entry, USDT. */
  get entry(): Decimal {
    if (this.qty === 0) return ZERO
    return new Decimal(this.cost.toString()).times('1e-36').div(this.market.instrument.qty(this.qty))
  }

  /** Average entry, twelve decimals at most. */
  get entryText(): string {
    return this.#perUnit(this.cost)
  }

  /** Price at which closing costs nothing once the fees paid so far are earned back. */
  get breakEvenText(): string {
    return this.#perUnit(this.cost + (this.fees - this.realized) * COST_TO_MONEY)
  }

  /** An amount of 10^-36 USDT spread over the quantity, as a price. */
  #perUnit(amount: bigint): string {
    if (this.qty === 0) return '0'
    const { qtyScale } = this.market.instrument
    const sign = this.qty < 0 ? -1n : 1n
    const price = roundedDiv(sign * amount * BigInt(qtyScale), BigInt(Math.abs(this.qty)) * COST_TO_PRICE)
    return countPlain(price, PRICE_PLACES)
  }

  /** Unrealised profit at mark, exact, in 10^-36 USDT. */
  get profit(): bigint {
    return this.profitAt(this.market.mark)
  }

  /** As it would be at another mark, PU. */
  profitAt(mark: number): bigint {
    return this.qty === 0 ? 0n : BigInt(mark) * BigInt(this.qty) * this.unit - this.cost
  }

  get profitMoney(): Money {
    return costToMoney(this.profit)
  }
}

export const costToMoney = (cost: bigint): Money => roundedDiv(cost, COST_TO_MONEY)
export const costToDecimal = (cost: bigint): Decimal => new Decimal(cost.toString()).times('1e-36')

const absolute = (value: bigint): bigint => (value < 0n ? -value : value)

/**
 * @param signedQty QU, positive buys
 * @param price PU
 * @param feeRate 10^-8
 * @param isolatedLeverage 0 for cross; otherwise the margin of what opens moves into the position's own wallet
 */
export function bookFill(
  position: Position,
  signedQty: number,
  price: number,
  feeRate: bigint,
  isolatedLeverage: number,
): { realized: Money; commission: Money } {
  const { unit } = position
  const before = position.qty
  const size = Math.abs(signedQty)
  const value = BigInt(price) * unit
  const closing = before !== 0 && before > 0 !== signedQty > 0 ? Math.min(size, Math.abs(before)) : 0
  const opening = size - closing
  // 10^-36 × 10^-8 → 10^-8.
  const commission = roundedDiv(value * BigInt(size) * feeRate, COST_TO_MONEY * 100_000_000n)
  let realized = 0n
  if (closing > 0) {
    const whole = closing === Math.abs(before)
    const closedCost = whole ? position.cost : (position.cost * BigInt(closing)) / BigInt(Math.abs(before))
    const proceeds = value * BigInt(closing)
    realized = costToMoney(before > 0 ? proceeds - closedCost : -closedCost - proceeds)
    position.cost -= closedCost
    position.isolatedWallet -= whole
      ? position.isolatedWallet
      : roundedDiv(position.isolatedWallet * BigInt(closing), BigInt(Math.abs(before)))
  }
  position.qty = before + signedQty
  if (opening > 0) {
    const opened = value * BigInt(opening)
    if (closing > 0 || before === 0) {
      position.realized = 0n
      position.fees = 0n
    }
    position.cost += signedQty > 0 ? opened : -opened
    if (isolatedLeverage > 0) position.isolatedWallet += costToMoney(absolute(opened) / BigInt(isolatedLeverage))
  }
  position.realized += realized
  position.fees += commission
  return { realized, commission }
}
