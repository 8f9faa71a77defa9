/**
 * A symbol's filters (exchange.md §3.4) read into Decimals once. Filters are data that may change mid-run: each version is an
 * immutable SymbolFilters object, its parsed form is remembered per object, and `changedFilters` names what a new version changed.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { decimal, type Decimal } from './decimal.ts'

export interface FilterRules {
  readonly tickSize: Decimal
  readonly minPrice: Decimal
  readonly maxPrice: Decimal
  readonly stepSize: Decimal
  readonly minQuantity: Decimal
  readonly maxQuantity: Decimal
  readonly marketStepSize: Decimal
  readonly marketMinQuantity: Decimal
  readonly marketMaxQuantity: Decimal
  readonly minNotional: Decimal
  readonly multiplierUp: Decimal
  readonly multiplierDown: Decimal
  readonly marketTakeBound: Decimal
}

const DECIMAL_FIELDS = [
  'tickSize',
  'minPrice',
  'maxPrice',
  'stepSize',
  'minQuantity',
  'maxQuantity',
  'marketStepSize',
  'marketMinQuantity',
  'marketMaxQuantity',
  'minNotional',
  'multiplierUp',
  'multiplierDown',
  'marketTakeBound',
] as const satisfies readonly (keyof FilterRules & keyof SymbolFilters)[]

const parsed = new WeakMap<SymbolFilters, FilterRules>()

/** The filters as Decimals; parsed once per filters object. */
export function filterRules(filters: SymbolFilters): FilterRules {
  const known = parsed.get(filters)
  if (known !== undefined) return known
  const rules: FilterRules = {
    tickSize: decimal(filters.tickSize),
    minPrice: decimal(filters.minPrice),
    maxPrice: decimal(filters.maxPrice),
    stepSize: decimal(filters.stepSize),
    minQuantity: decimal(filters.minQuantity),
    maxQuantity: decimal(filters.maxQuantity),
    marketStepSize: decimal(filters.marketStepSize),
    marketMinQuantity: decimal(filters.marketMinQuantity),
    marketMaxQuantity: decimal(filters.marketMaxQuantity),
    minNotional: decimal(filters.minNotional),
    multiplierUp: decimal(filters.multiplierUp),
    multiplierDown: decimal(filters.multiplierDown),
    marketTakeBound: decimal(filters.marketTakeBound),
  }
  parsed.set(filters, rules)
  return rules
}

export interface FilterChange {
  readonly field: keyof SymbolFilters
  readonly before: string
  readonly after: string
}

/** What a new version of a symbol's filters changed; amounts are compared by value ("0.10" equals "0.1"). */
export function changedFilters(before: SymbolFilters, after: SymbolFilters): readonly FilterChange[] {
  const changes: FilterChange[] = []
  const old = filterRules(before)
  const now = filterRules(after)
  for (const field of DECIMAL_FIELDS) {
    if (!old[field].eq(now[field])) changes.push({ field, before: before[field], after: after[field] })
  }
  for (const field of ['pricePrecision', 'quantityPrecision', 'maxOrders', 'status'] as const) {
    if (before[field] !== after[field]) changes.push({ field, before: String(before[field]), after: String(after[field]) })
  }
  for (const field of ['triggerProtect', 'liquidationFee'] as const) {
    if (!sameAmount(before[field], after[field])) changes.push({ field, before: before[field], after: after[field] })
  }
  return changes
}

const sameAmount = (a: DecimalText, b: DecimalText): boolean => a === b || decimal(a).eq(decimal(b))
