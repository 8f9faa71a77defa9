/**
 * The venue's own checks, made before any request (INV-02): every refusal carries the code the venue would have answered with
 * (exchange.md §3.4), so the simulator, the live venue and this function can be compared order by order.
 * Context that is not known (undefined) switches the check that needs it off; the venue still makes it.
 */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { OrderRequest, OrderType, SymbolFilters } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal } from './decimal.ts'
import { filterRules, type FilterRules } from './filters.ts'

export type OrderFault =
  | 'symbol-unknown'
  | 'symbol-halted'
  | 'client-id'
  | 'client-id-duplicate'
  | 'side'
  | 'type'
  | 'position-side'
  | 'time-in-force'
  | 'missing'
  | 'not-required'
  | 'price-sign'
  | 'price-min'
  | 'price-max'
  | 'price-tick'
  | 'price-precision'
  | 'price-band'
  | 'quantity-sign'
  | 'quantity-min'
  | 'quantity-max'
  | 'quantity-step'
  | 'quantity-precision'
  | 'notional'
  | 'trigger-immediate'
  | 'callback-rate'
  | 'post-only'
  | 'reduce-only'
  | 'close-position'
  | 'open-orders'
  | 'leverage-cap'
  | 'margin'

export interface OrderFailure extends Failure<OrderFault> {
  /** What the venue would have answered. */
  readonly venueCode: number
}

export interface OrderContext {
  readonly mark?: Decimal
  readonly last?: Decimal
  readonly bestBid?: Decimal
  readonly bestAsk?: Decimal
  /** Account in hedge mode: positionSide is LONG or SHORT; otherwise BOTH. */
  readonly hedge?: boolean
  /** Signed quantity of the position this order works on (its positionSide). */
  readonly position?: Decimal
  /** Client ids of open orders. */
  readonly openClientIds?: ReadonlySet<string>
  /** Open regular orders of the symbol, and open conditional orders of the account. */
  readonly openOrders?: number
  readonly openConditionals?: number
  /** USDT free for initial margin, and the symbol's leverage. */
  readonly available?: Decimal
  readonly leverage?: number
  /** Largest position notional the leverage bracket allows. */
  readonly maxNotional?: Decimal
  /** Venue time, ms; for goodTillDate. */
  readonly now?: number
}

const MAX_CONDITIONALS = 200
const GTD_MIN_AHEAD_MS = 600_000
const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/
const TIMES_IN_FORCE = new Set(['GTC', 'IOC', 'FOK', 'GTX', 'GTD', 'RPI'])

export const isConditional = (type: OrderType): boolean => type !== 'LIMIT' && type !== 'MARKET' && type !== 'LIQUIDATION'
const hasLimitPrice = (type: OrderType): boolean => type === 'LIMIT' || type === 'STOP' || type === 'TAKE_PROFIT'
const hasTrigger = (type: OrderType): boolean => isConditional(type) && type !== 'TRAILING_STOP_MARKET'
const isMarketLike = (type: OrderType): boolean => !hasLimitPrice(type)

const refuse = (code: OrderFault, venueCode: number, message: string): { readonly ok: false; readonly error: OrderFailure } => ({
  ok: false,
  error: { ...fail(code, message).error, venueCode },
})

/** True when an order on this side and positionSide can only make the position smaller. */
export function reducesPosition(request: Pick<OrderRequest, 'side' | 'positionSide' | 'reduceOnly' | 'closePosition'>): boolean {
  if (request.reduceOnly === true || request.closePosition === true) return true
  return (request.positionSide === 'LONG' && request.side === 'SELL') || (request.positionSide === 'SHORT' && request.side === 'BUY')
}

/**
 * Passes the request through unchanged, or refuses it with the venue's code. The request's amounts are plain decimal text
 * (checked at the border); NaN and exponents therefore cannot occur, negative and zero can.
 * @param filters undefined when the symbol is not listed
 */
export function validateOrder(
  request: OrderRequest,
  filters: SymbolFilters | undefined,
  context: OrderContext,
): Result<OrderRequest, OrderFailure> {
  if (filters === undefined || filters.symbol !== request.symbol) return refuse('symbol-unknown', -1121, `${request.symbol} is not listed.`)
  const rules = filterRules(filters)
  const fault =
    checkForm(request, filters, context) ??
    checkPrices(request, filters, rules) ??
    checkQuantity(request, filters, rules) ??
    checkBand(request, rules, context) ??
    checkTrigger(request, context) ??
    checkAccount(request, filters, rules, context)
  return fault ?? ok(request)
}

type Fault = { readonly ok: false; readonly error: OrderFailure } | null

function checkForm(request: OrderRequest, filters: SymbolFilters, context: OrderContext): Fault {
  const { type } = request
  if (!CLIENT_ID.test(request.clientId)) return refuse('client-id', -4015, `Client order id "${request.clientId}" is not valid.`)
  if (request.side !== 'BUY' && request.side !== 'SELL') return refuse('side', -1117, 'The side must be BUY or SELL.')
  if (type === 'LIQUIDATION' || !filters.orderTypes.includes(type)) {
    return refuse('type', -1116, `${filters.symbol} does not take ${type} orders.`)
  }
  if (filters.status === 'TRADING_CANCEL_ONLY' || filters.status === 'TRADING_HALT') {
    return refuse('symbol-halted', -4140, `${filters.symbol} is ${filters.status}: no orders.`)
  }
  if (filters.status !== 'TRADING') return refuse('symbol-halted', -4141, `${filters.symbol} is ${filters.status}.`)
  if (context.hedge !== undefined && context.hedge === (request.positionSide === 'BOTH')) {
    return refuse('position-side', -4061, `Position side ${request.positionSide} does not fit ${context.hedge ? 'hedge' : 'one-way'} mode.`)
  }
  if (context.hedge === true && request.reduceOnly !== undefined) {
    return refuse('not-required', -1106, 'reduceOnly is not taken in hedge mode.')
  }
  if (request.timeInForce !== undefined && !TIMES_IN_FORCE.has(request.timeInForce)) {
    return refuse('time-in-force', -1115, `Time in force ${request.timeInForce} is not valid.`)
  }
  if (type === 'LIMIT' && request.timeInForce === undefined) return refuse('missing', -1102, 'A LIMIT order needs timeInForce.')
  if (request.timeInForce === 'GTD') {
    if (request.goodTillDate === undefined) return refuse('missing', -1102, 'A GTD order needs goodTillDate.')
    if (context.now !== undefined && request.goodTillDate < context.now + GTD_MIN_AHEAD_MS) {
      return refuse('time-in-force', -1130, 'goodTillDate must be at least 600 seconds ahead.')
    }
  }
  if (hasLimitPrice(type) && request.price === undefined) return refuse('missing', -1102, `A ${type} order needs a price.`)
  if (!hasLimitPrice(type) && request.price !== undefined) return refuse('not-required', -1106, `A ${type} order takes no price.`)
  if (hasTrigger(type) && request.triggerPrice === undefined) return refuse('missing', -1102, `A ${type} order needs a trigger price.`)
  if (!isConditional(type) && request.triggerPrice !== undefined)
    return refuse('not-required', -1106, `A ${type} order takes no trigger price.`)
  if (type === 'TRAILING_STOP_MARKET') {
    if (request.callbackRate === undefined) return refuse('missing', -1102, 'A trailing stop needs a callback rate.')
    const rate = decimal(request.callbackRate)
    if (rate.lt('0.1') || rate.gt(10)) return refuse('callback-rate', -1130, 'The callback rate must be between 0.1 and 10 per cent.')
  }
  if (request.closePosition === true) {
    if (request.quantity !== undefined) return refuse('close-position', -4137, 'closePosition takes no quantity.')
    if (request.reduceOnly === true) return refuse('not-required', -1106, 'closePosition takes no reduceOnly.')
    if (type !== 'STOP_MARKET' && type !== 'TAKE_PROFIT_MARKET') {
      return refuse('close-position', -4136, `closePosition is not possible with ${type}.`)
    }
  } else if (request.quantity === undefined) return refuse('missing', -1102, 'The order needs a quantity.')
  return null
}

const decimals = (text: string): number => {
  const dot = text.indexOf('.')
  return dot < 0 ? 0 : text.slice(dot + 1).replace(/0+$/, '').length
}

function checkPrices(request: OrderRequest, filters: SymbolFilters, rules: FilterRules): Fault {
  for (const [name, text] of [
    ['price', request.price],
    ['trigger price', request.triggerPrice],
    ['activation price', request.activatePrice],
  ] as const) {
    if (text === undefined) continue
    const value = decimal(text)
    if (value.lte(0)) return refuse('price-sign', -4001, `The ${name} must be above 0.`)
    if (decimals(text) > filters.pricePrecision) {
      return refuse('price-precision', -1111, `The ${name} has more than ${filters.pricePrecision} decimals.`)
    }
    if (rules.minPrice.gt(0) && value.lt(rules.minPrice)) return refuse('price-min', -4013, `The ${name} is below ${filters.minPrice}.`)
    if (rules.maxPrice.gt(0) && value.gt(rules.maxPrice)) return refuse('price-max', -4002, `The ${name} is above ${filters.maxPrice}.`)
    if (rules.tickSize.gt(0) && !value.minus(rules.minPrice).mod(rules.tickSize).isZero()) {
      return refuse('price-tick', -4014, `The ${name} is not a multiple of the tick size ${filters.tickSize}.`)
    }
  }
  return null
}

function checkQuantity(request: OrderRequest, filters: SymbolFilters, rules: FilterRules): Fault {
  if (request.quantity === undefined) return null
  const value = decimal(request.quantity)
  if (value.lte(0)) return refuse('quantity-sign', -4003, 'The quantity must be above 0.')
  if (decimals(request.quantity) > filters.quantityPrecision) {
    return refuse('quantity-precision', -1111, `The quantity has more than ${filters.quantityPrecision} decimals.`)
  }
  const market = isMarketLike(request.type)
  const minimum = market && rules.marketMinQuantity.gt(rules.minQuantity) ? rules.marketMinQuantity : rules.minQuantity
  const maximum =
    market && rules.marketMaxQuantity.gt(0) && rules.marketMaxQuantity.lt(rules.maxQuantity) ? rules.marketMaxQuantity : rules.maxQuantity
  if (value.lt(minimum)) return refuse('quantity-min', -4004, `The quantity is below the minimum ${toText(minimum)}.`)
  if (maximum.gt(0) && value.gt(maximum)) return refuse('quantity-max', -4005, `The quantity is above the maximum ${toText(maximum)}.`)
  for (const step of market ? [rules.stepSize, rules.marketStepSize] : [rules.stepSize]) {
    if (step.gt(0) && !value.mod(step).isZero()) {
      return refuse('quantity-step', -4023, `The quantity is not a multiple of the step size ${toText(step)}.`)
    }
  }
  return null
}

function checkBand(request: OrderRequest, rules: FilterRules, context: OrderContext): Fault {
  const buy = request.side === 'BUY'
  // A conditional limit order is judged against its own trigger: that is where the mark will be when it goes to the book.
  const reference = isConditional(request.type)
    ? request.triggerPrice === undefined
      ? undefined
      : decimal(request.triggerPrice)
    : context.mark
  if (reference === undefined) return null
  const ceiling = reference.mul(rules.multiplierUp)
  const floor = reference.mul(rules.multiplierDown)
  if (request.price !== undefined) {
    const value = decimal(request.price)
    if (buy && value.gt(ceiling)) return refuse('price-band', -4016, `The limit price is above ${toText(ceiling)}, the venue's band.`)
    if (!buy && value.lt(floor)) return refuse('price-band', -4024, `The limit price is below ${toText(floor)}, the venue's band.`)
  }
  if (request.type === 'MARKET') {
    const best = buy ? context.bestAsk : context.bestBid
    if (best !== undefined && (buy ? best.gt(ceiling) : best.lt(floor))) {
      return refuse('price-band', -4131, `The best opposite price ${toText(best)} is outside the venue's band.`)
    }
  }
  if (request.timeInForce === 'GTX' && request.type === 'LIMIT' && request.price !== undefined) {
    const opposite = buy ? context.bestAsk : context.bestBid
    const value = decimal(request.price)
    if (opposite !== undefined && (buy ? value.gte(opposite) : value.lte(opposite))) {
      return refuse('post-only', -5022, 'The post-only order would take liquidity.')
    }
  }
  return null
}

function checkTrigger(request: OrderRequest, context: OrderContext): Fault {
  if (request.triggerPrice === undefined) return null
  const reference = request.workingType === 'MARK_PRICE' ? context.mark : context.last
  if (reference === undefined) return null
  const trigger = decimal(request.triggerPrice)
  const profit = request.type === 'TAKE_PROFIT' || request.type === 'TAKE_PROFIT_MARKET'
  // A stop buys at or above and sells at or below its trigger; a take-profit the other way round.
  const firesAbove = (request.side === 'BUY') !== profit
  const fires = firesAbove ? reference.gte(trigger) : reference.lte(trigger)
  return fires ? refuse('trigger-immediate', -2021, 'The order would trigger at once.') : null
}

function checkAccount(request: OrderRequest, filters: SymbolFilters, rules: FilterRules, context: OrderContext): Fault {
  const conditional = isConditional(request.type)
  if (context.openClientIds?.has(request.clientId) === true) {
    return refuse('client-id-duplicate', -4116, `Client order id ${request.clientId} is already open.`)
  }
  if (!conditional && context.openOrders !== undefined && context.openOrders >= filters.maxOrders) {
    return refuse('open-orders', -2025, `${filters.symbol} already has ${filters.maxOrders} open orders.`)
  }
  if (conditional && context.openConditionals !== undefined && context.openConditionals >= MAX_CONDITIONALS) {
    return refuse('open-orders', -4045, `The account already has ${MAX_CONDITIONALS} conditional orders.`)
  }
  const reducing = reducesPosition(request)
  const direction = request.side === 'BUY' ? 1 : -1
  const position = context.position
  if (reducing && !conditional && position !== undefined && (position.isZero() || position.isNegative() !== direction > 0)) {
    return refuse('reduce-only', -2022, 'There is no position for this order to reduce.')
  }
  if (request.quantity === undefined || reducing) return null
  const reference = request.price ?? (conditional ? request.triggerPrice : undefined)
  const unit = reference === undefined ? context.mark : decimal(reference)
  if (unit === undefined) return null
  const quantity = decimal(request.quantity)
  const notional = unit.mul(quantity)
  if (notional.lt(rules.minNotional)) {
    return refuse('notional', -4164, `The order's notional ${toText(notional)} is below the minimum ${filters.minNotional}.`)
  }
  // No margin check for conditional orders: the venue makes it when they trigger.
  if (conditional) return null
  const held = position ?? ZERO
  const after = held.plus(quantity.mul(direction))
  if (context.maxNotional !== undefined && after.abs().gt(held.abs()) && after.abs().mul(unit).gt(context.maxNotional)) {
    return refuse('leverage-cap', -2027, 'The position would exceed what the leverage allows.')
  }
  if (context.available !== undefined && context.leverage !== undefined) {
    const opening =
      held.isZero() || held.isNegative() === direction < 0
        ? quantity
        : ZERO.plus(after.isNegative() === direction < 0 && !after.isZero() ? after.abs() : ZERO)
    if (opening.mul(unit).div(context.leverage).gt(context.available)) return refuse('margin', -2019, 'Margin is insufficient.')
  }
  return null
}
