/** Every check there is, in the order of its report. */
import type { Check } from '../check.ts'
import { apiErrors } from './combat/api-errors.ts'
import { atomicState } from './combat/atomic-state.ts'
import { boundedGrowth } from './combat/bounded-growth.ts'
import { clockWindow } from './combat/clock-window.ts'
import { doubleOrder } from './combat/double-order.ts'
import { importCycleCheck } from './combat/import-cycles.ts'
import { orderPrecision } from './combat/order-precision.ts'
import { orderValidation } from './combat/order-validation.ts'
import { partialFills } from './combat/partial-fills.ts'
import { rateHeaders } from './combat/rate-headers.ts'
import { resourceLeaks } from './combat/resource-leaks.ts'
import { rounding } from './combat/rounding.ts'
import { shortPnl } from './combat/short-pnl.ts'
import { signature } from './combat/signature.ts'
import { streamPoisoning } from './combat/stream-poisoning.ts'

export const CHECKS: readonly Check[] = [
  shortPnl,
  orderPrecision,
  rounding,
  partialFills,
  streamPoisoning,
  apiErrors,
  doubleOrder,
  atomicState,
  boundedGrowth,
  resourceLeaks,
  importCycleCheck,
  rateHeaders,
  clockWindow,
  orderValidation,
  signature,
]
