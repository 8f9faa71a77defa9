/**
 * From wished-for amounts to amounts the venue accepts (INV-02).
 *
 * 1. A LIMIT buy never pays more and a LIMIT sell never takes less than was wished: buy floors, sell ceils.
 * 2. A trigger fires no later than was wished: a stop moves towards the market (sell ceils, buy floors), and so does a
 *    take-profit (sell floors, buy ceils).
 * 3. A quantity rounds toward zero, and slices together never exceed what they came from.
 * 4. What affordableQuantity returns, bought at that price with its fee, never costs more than what is available.
 */
import { InvariantError } from '../contract/result.ts'
import type { OrderType, Side, SymbolFilters } from '../contract/venue.ts'
import { Decimal, ONE, Rounding, ZERO, type Price, type Qty, type Usdt } from './decimal.ts'
import { filterRules } from './filters.ts'

/** Nearest multiple of `step` in the given direction, counted from `origin`. A step of 0 means: no grid. */
export function roundToStep(value: Decimal, step: Decimal, rounding: Rounding, origin: Decimal = ZERO): Decimal {
  if (step.isZero()) return value
  if (step.isNegative()) throw new InvariantError(`Invariant: negative step ${step.toFixed()}`)
  const decimals = placesOf(step)
  if (decimals !== null) {
    return origin.isZero()
      ? value.toDecimalPlaces(decimals, rounding)
      : value.minus(origin).toDecimalPlaces(decimals, rounding).plus(origin)
  }
  if (origin.isZero()) return value.div(step).toDecimalPlaces(0, rounding).mul(step)
  return value.minus(origin).div(step).toDecimalPlaces(0, rounding).mul(step).plus(origin)
}

const places = new WeakMap<Decimal, number | null>()

/** k for a step of 10^-k, whose multiples are the numbers of k decimals; null for any other step. Remembered per object. */
function placesOf(step: Decimal): number | null {
  let known = places.get(step)
  if (known === undefined) {
    const decimals = step.decimalPlaces()
    known = step.eq(new Decimal(10).pow(-decimals)) ? decimals : null
    places.set(step, known)
  }
  return known
}

const towards = (side: Side, sellRounding: Rounding): Rounding => {
  if (side === 'SELL') return sellRounding
  return sellRounding === Rounding.ceil ? Rounding.floor : Rounding.ceil
}

const clamp = (value: Decimal, low: Decimal, high: Decimal): Decimal => {
  if (value.lt(low)) return low
  return high.gt(0) && value.gt(high) ? high : value
}

/** Limit price on the tick grid: buy floors, sell ceils. Prices outside [minPrice, maxPrice] are left for validateOrder to refuse. */
export function quantisePrice(wished: Price, side: Side, filters: SymbolFilters): Price {
  const { tickSize, minPrice } = filterRules(filters)
  return roundToStep(wished, tickSize, towards(side, Rounding.ceil), minPrice) as Price
}

/** Trigger price on the tick grid, moved towards the market so that it fires no later than wished. */
export function quantiseTrigger(wished: Price, side: Side, type: OrderType, filters: SymbolFilters): Price {
  const { tickSize, minPrice } = filterRules(filters)
  const profit = type === 'TAKE_PROFIT' || type === 'TAKE_PROFIT_MARKET'
  return roundToStep(wished, tickSize, towards(side, profit ? Rounding.floor : Rounding.ceil), minPrice) as Price
}

/**
 * Quantity on the step grid, rounded toward zero (the sign is kept). Below the minimum it is 0: too small to trade.
 * `market` uses MARKET_LOT_SIZE too; a quantity must then be on both grids, so the coarser one decides.
 */
export function quantiseQuantity(wished: Qty, filters: SymbolFilters, options: { readonly market: boolean }): Qty {
  const rules = filterRules(filters)
  const step = options.market && rules.marketStepSize.gt(rules.stepSize) ? rules.marketStepSize : rules.stepSize
  const minimum = options.market && rules.marketMinQuantity.gt(rules.minQuantity) ? rules.marketMinQuantity : rules.minQuantity
  const size = roundToStep(wished.abs(), step, Rounding.down)
  if (size.isZero() || size.lt(minimum)) return ZERO as Qty
  return (wished.isNegative() ? size.neg() : size) as Qty
}

/**
 * Largest quantity whose initial margin and fee fit into `available`: quantity × price × (1/leverage + feeRate) ≤ available,
 * capped by the lot size's maximum. 0 when not even the minimum fits.
 */
export function affordableQuantity(
  available: Usdt,
  price: Price,
  leverage: number,
  feeRate: Decimal,
  filters: SymbolFilters,
  options: { readonly market: boolean },
): Qty {
  if (available.lte(0) || price.lte(0)) return ZERO as Qty
  if (!Number.isInteger(leverage) || leverage < 1) throw new InvariantError(`Invariant: leverage ${leverage}`)
  const rules = filterRules(filters)
  const cap = options.market && rules.marketMaxQuantity.gt(0) ? rules.marketMaxQuantity : rules.maxQuantity
  // Multiplied out by the leverage: 1/leverage is seldom a finite decimal, and a quantity that fits exactly must not miss by its last
  // digit. Rounded down before the grid, so that the 60th digit of the quotient cannot round the quantity up over the balance.
  const exact = available.mul(leverage).div(price.mul(ONE.plus(feeRate.mul(leverage))))
  const raw = clamp(exact.toSignificantDigits(40, Rounding.down), ZERO, cap)
  return quantiseQuantity(raw as Qty, filters, options)
}

/**
 * Cuts a quantity into slices of at most `maxSlice`, each on the step grid and together equal to the quantity rounded toward zero
 * (less only when a remainder under the minimum fits no legal split). A remainder under the minimum shrinks the slice before it.
 * @returns slice sizes, positive, in order; empty when the quantity is too small to trade
 */
export function sliceQuantity(total: Qty, maxSlice: Qty, filters: SymbolFilters, options: { readonly market: boolean }): readonly Qty[] {
  const whole = quantiseQuantity(total.abs() as Qty, filters, options)
  const most = quantiseQuantity(maxSlice, filters, options)
  if (whole.isZero() || most.lte(0)) return []
  const slices: Qty[] = []
  let left: Decimal = whole
  while (left.gt(most)) {
    slices.push(most)
    left = left.minus(most)
  }
  const last = quantiseQuantity(left as Qty, filters, options)
  if (last.eq(left)) slices.push(last)
  else {
    // The remainder is under the minimum: give it enough from the slice before, which stays above the minimum itself.
    const before = slices.pop() ?? (ZERO as Qty)
    const rest = before.plus(left)
    const half = quantiseQuantity(rest.div(2) as Qty, filters, options)
    const other = quantiseQuantity(rest.minus(half) as Qty, filters, options)
    if (half.gt(0) && other.gt(0)) slices.push(other, half)
    else slices.push(before)
  }
  return slices
}
