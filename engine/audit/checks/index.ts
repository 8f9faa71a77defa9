/** Every check there is, in the order of its report. */
import type { Check } from '../check.ts'
import { importCycleCheck } from './combat/import-cycles.ts'
import { orderPrecision } from './combat/order-precision.ts'
import { orderValidation } from './combat/order-validation.ts'
import { partialFills } from './combat/partial-fills.ts'
import { rounding } from './combat/rounding.ts'
import { shortPnl } from './combat/short-pnl.ts'

export const CHECKS: readonly Check[] = [shortPnl, orderPrecision, rounding, partialFills, importCycleCheck, orderValidation]
