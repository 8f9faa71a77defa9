/**
 * What a kill level still has to do, from one REST view of the account and nothing else: no memory, so that it can be carried on
 * after a crash at any step, and so that an order that arrived meanwhile is caught by the next round. Pure.
 *
 *   reduceOnly  no order stands that could open or add
 *   halt        no order stands, regular or conditional, on any symbol
 *   flatten     halt, and no position
 *
 * Closing orders are reduce-only (in hedge mode: of the position's own side), so a repeated or late one can never turn a position round.
 */
import type { KillLevel } from '../contract/kill.ts'
import { unreachable } from '../contract/result.ts'
import type { AccountSnapshot, OrderRequest, SymbolFilters, VenueOrder, VenuePosition } from '../contract/venue.ts'
import { Decimal, decimal, toText, type Price, type Qty } from '../money/decimal.ts'
import { filterRules } from '../money/filters.ts'
import { quantisePrice, sliceQuantity } from '../money/quantise.ts'
import { reducesPosition } from '../money/validate.ts'

/** Closing orders of one position in one round. */
const SLICES_PER_ROUND = 20

export type CloseOrder = Omit<OrderRequest, 'clientId'>

export interface KillPlan {
  readonly cancels: readonly VenueOrder[]
  readonly positions: readonly VenuePosition[]
}

export const isDone = (plan: KillPlan): boolean => plan.cancels.length === 0 && plan.positions.length === 0

export function planKill(level: KillLevel, account: AccountSnapshot): KillPlan {
  switch (level) {
    case 'reduceOnly':
      return { cancels: account.openOrders.filter((order) => !reducesPosition(order)), positions: [] }
    case 'halt':
      return { cancels: account.openOrders, positions: [] }
    case 'flatten':
      return { cancels: account.openOrders, positions: account.positions }
    default:
      return unreachable(level)
  }
}

/**
 * The orders that close a position: market slices no larger than the symbol's largest market order. With `insideBand` instead LIMIT IOC
 * at the edge of PERCENT_PRICE, for when the venue refuses market orders because the best price lies outside the band (-4131).
 * Without filters (the venue could not be asked) the whole quantity at once: stopping never waits for data that is nice to have.
 */
export function closingOrders(position: VenuePosition, filters: SymbolFilters | undefined, insideBand: boolean): readonly CloseOrder[] {
  const quantity = decimal(position.quantity)
  if (quantity.isZero()) return []
  const side = quantity.gt(0) ? 'SELL' : 'BUY'
  const common = {
    symbol: position.symbol,
    side,
    positionSide: position.positionSide,
    ...(position.positionSide === 'BOTH' ? { reduceOnly: true } : {}),
  } as const
  const mark = decimal(position.markPrice)
  if (filters !== undefined && insideBand && mark.gt(0)) {
    const rules = filterRules(filters)
    // Half a per mille inside the edge: the mark moves between our look and theirs.
    const edge = side === 'SELL' ? mark.mul(rules.multiplierDown).mul('1.0005') : mark.mul(rules.multiplierUp).mul('0.9995')
    const price = toText(quantisePrice(edge as Price, side === 'SELL' ? 'SELL' : 'BUY', filters))
    return sizes(quantity, rules.maxQuantity, filters, false).map((size) => ({
      ...common,
      type: 'LIMIT',
      quantity: toText(size),
      price,
      timeInForce: 'IOC',
    }))
  }
  const most = filters === undefined ? quantity.abs() : filterRules(filters).marketMaxQuantity
  return sizes(quantity, most, filters, true).map((size) => ({ ...common, type: 'MARKET', quantity: toText(size) }))
}

function sizes(quantity: Decimal, most: Decimal, filters: SymbolFilters | undefined, market: boolean): readonly Decimal[] {
  const whole = quantity.abs()
  if (filters === undefined) return [whole]
  const cap = most.gt(0) ? most : whole
  const slices = sliceQuantity(whole as Qty, Decimal.min(cap, whole) as Qty, filters, { market })
  // Off the grid (the filters changed under the position): the venue's own word decides.
  return slices.length === 0 ? [whole] : slices.slice(0, SLICES_PER_ROUND)
}
