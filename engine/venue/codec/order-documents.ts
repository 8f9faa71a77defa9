/** Orders and fills as REST answers them: regular book, conditional (algo) book, userTrades. */
import * as v from 'valibot'
import type { OrderRequest, OrderType, TimeInForce, VenueFill, VenueOrder, VenueOrderStatus } from '../../contract/venue.ts'
import { amount, amountOrZero, decimalOrZero, flag, id, name, time, timeOrZero } from './values.ts'

export const SideSchema = v.picklist(['BUY', 'SELL'])
export const PositionSideSchema = v.optional(v.picklist(['BOTH', 'LONG', 'SHORT']), 'BOTH')
const TYPES = [
  'LIMIT',
  'MARKET',
  'STOP',
  'STOP_MARKET',
  'TAKE_PROFIT',
  'TAKE_PROFIT_MARKET',
  'TRAILING_STOP_MARKET',
  'LIQUIDATION',
] as const satisfies readonly OrderType[]
export const OrderTypeSchema = v.picklist(TYPES)
export const TimeInForceSchema = v.pipe(
  v.optional(v.string(), 'GTC'),
  /* GTE_GTC: good till the position is gone; shown as GTC */
  v.transform((text) => (text === 'GTE_GTC' || text === '' ? 'GTC' : text)),
  v.picklist(['GTC', 'IOC', 'FOK', 'GTX', 'GTD', 'RPI'] as const satisfies readonly TimeInForce[]),
)
const STATUSES = [
  'NEW',
  'PARTIALLY_FILLED',
  'FILLED',
  'CANCELED',
  'EXPIRED',
  'EXPIRED_IN_MATCH',
  'REJECTED',
  'TRIGGERING',
  'TRIGGERED',
  'FINISHED',
] as const satisfies readonly VenueOrderStatus[]
/** NEW_ADL and NEW_INSURANCE are NEW orders of the venue's own making. */
export const StatusSchema = v.pipe(
  v.string(),
  v.transform((text) => (text === 'NEW_ADL' || text === 'NEW_INSURANCE' ? 'NEW' : text === 'CANCELLED' ? 'CANCELED' : text)),
  v.picklist(STATUSES),
)

export const RegularOrder = v.pipe(
  v.object({
    orderId: id,
    symbol: name,
    status: StatusSchema,
    clientOrderId: v.string(),
    price: amountOrZero,
    stopPrice: amountOrZero,
    avgPrice: amountOrZero,
    origQty: amount,
    executedQty: amount,
    timeInForce: TimeInForceSchema,
    type: OrderTypeSchema,
    reduceOnly: flag,
    closePosition: flag,
    side: SideSchema,
    positionSide: PositionSideSchema,
    time: v.optional(time),
    updateTime: timeOrZero,
  }),
  v.transform((raw): VenueOrder => ({
    book: 'regular',
    symbol: raw.symbol,
    orderId: raw.orderId,
    clientId: raw.clientOrderId,
    side: raw.side,
    positionSide: raw.positionSide,
    type: raw.type,
    status: raw.status,
    timeInForce: raw.timeInForce,
    price: raw.price,
    triggerPrice: raw.stopPrice,
    quantity: raw.origQty,
    executed: raw.executedQty,
    averagePrice: raw.avgPrice,
    reduceOnly: raw.reduceOnly,
    closePosition: raw.closePosition,
    createdAt: raw.time ?? raw.updateTime,
    updatedAt: raw.updateTime,
  })),
)
export const RegularOrders = v.array(RegularOrder)

export const AlgoOrder = v.pipe(
  v.object({
    algoId: id,
    clientAlgoId: v.string(),
    /** Documents name the type `orderType`; one capture names it `type`. */
    orderType: v.optional(OrderTypeSchema),
    type: v.optional(OrderTypeSchema),
    symbol: name,
    side: SideSchema,
    positionSide: PositionSideSchema,
    timeInForce: TimeInForceSchema,
    quantity: amountOrZero,
    algoStatus: StatusSchema,
    triggerPrice: amountOrZero,
    price: amountOrZero,
    actualQty: amountOrZero,
    actualPrice: amountOrZero,
    actualOrderId: v.optional(v.union([v.string(), v.number()]), ''),
    reduceOnly: flag,
    closePosition: flag,
    createTime: timeOrZero,
    updateTime: timeOrZero,
  }),
  v.rawTransform(({ dataset, addIssue, NEVER }): VenueOrder => {
    const raw = dataset.value
    const type = raw.orderType ?? raw.type
    if (type === undefined) {
      addIssue({ message: 'orderType is missing' })
      return NEVER
    }
    const child = String(raw.actualOrderId)
    return {
      book: 'algo',
      symbol: raw.symbol,
      orderId: raw.algoId,
      ...(child === '' || child === '0' ? {} : { triggeredOrderId: child }),
      clientId: raw.clientAlgoId,
      side: raw.side,
      positionSide: raw.positionSide,
      type,
      status: raw.algoStatus,
      timeInForce: raw.timeInForce,
      price: raw.price,
      triggerPrice: raw.triggerPrice,
      quantity: raw.quantity,
      executed: raw.actualQty,
      averagePrice: raw.actualPrice,
      reduceOnly: raw.reduceOnly,
      closePosition: raw.closePosition,
      createdAt: raw.createTime,
      updatedAt: raw.updateTime,
    }
  }),
)
export const AlgoOrders = v.array(AlgoOrder)

const Trade = v.pipe(
  v.object({
    symbol: name,
    id,
    orderId: id,
    side: SideSchema,
    positionSide: PositionSideSchema,
    price: amount,
    qty: amount,
    realizedPnl: decimalOrZero,
    commission: decimalOrZero,
    commissionAsset: v.optional(v.string(), ''),
    maker: flag,
    time,
  }),
  v.transform((raw): VenueFill => ({
    symbol: raw.symbol,
    tradeId: raw.id,
    orderId: raw.orderId,
    side: raw.side,
    positionSide: raw.positionSide,
    price: raw.price,
    quantity: raw.qty,
    realizedPnl: raw.realizedPnl,
    commission: raw.commission,
    commissionAsset: raw.commissionAsset,
    maker: raw.maker,
    time: raw.time,
  })),
)
export const Trades = v.array(Trade)

/** Conditional types live in the algo book since 2025-12-09. */
const CONDITIONAL: ReadonlySet<OrderType> = new Set(['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'])
export const isConditional = (type: OrderType): boolean => CONDITIONAL.has(type)

type Parameters = Record<string, string | number>

/** Parameters of POST order or POST algoOrder; absent fields are not sent. */
export function orderParameters(order: OrderRequest): Parameters {
  const conditional = isConditional(order.type)
  const entries: readonly (readonly [string, string | number | undefined])[] = [
    ['symbol', order.symbol],
    ['side', order.side],
    ['positionSide', order.positionSide],
    ['type', order.type],
    [
      'timeInForce',
      order.timeInForce ?? (order.type === 'LIMIT' || order.type === 'STOP' || order.type === 'TAKE_PROFIT' ? 'GTC' : undefined),
    ],
    ['quantity', order.quantity],
    ['price', order.price],
    ['reduceOnly', order.reduceOnly === true ? 'true' : undefined],
    ['goodTillDate', order.goodTillDate],
    ['closePosition', order.closePosition === true ? 'true' : undefined],
    ['workingType', conditional ? order.workingType : undefined],
    ['priceProtect', conditional && order.priceProtect === true ? 'TRUE' : undefined],
    ['triggerPrice', order.triggerPrice],
    ['activatePrice', order.activatePrice],
    ['callbackRate', order.callbackRate],
    ['algoType', conditional ? 'CONDITIONAL' : undefined],
    ['clientAlgoId', conditional ? order.clientId : undefined],
    ['newClientOrderId', conditional ? undefined : order.clientId],
    ['newOrderRespType', conditional ? undefined : 'RESULT'],
  ]
  const present: Parameters = {}
  for (const [key, value] of entries) if (value !== undefined) present[key] = value
  return present
}
