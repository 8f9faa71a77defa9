/** Order, algo order and user trade documents (exchange.md §1.1, §3.6). */
import type { UserTrade } from '../account/account.ts'
import { countText, dec, moneyPlain, moneyText, plain, roundedDiv } from '../decimal.ts'
import type { Algo, Order } from '../matching/order.ts'

type Doc = Readonly<Record<string, unknown>>

/** Average fill price with at least five decimals, rounded half up; zero before any fill. */
export function averageText(order: Order): string {
  const { instrument } = order.market
  const digits = Math.max(5, instrument.spec.pricePrecision)
  if (order.executed === 0) return (0).toFixed(digits)
  const scale = 10n ** BigInt(digits)
  return countText(roundedDiv(order.quote * scale, BigInt(order.executed) * BigInt(instrument.priceScale)), digits)
}

const quoteText = (order: Order): string => plain(dec(order.quote).times(order.market.instrument.quoteUnit))

/** `full`: GET documents and acks as before 2026-07-15; otherwise today's acknowledgement without avgPrice and cumQuote. */
export function orderDoc(order: Order, full: boolean): Doc {
  const { instrument } = order.market
  return {
    orderId: order.id,
    symbol: instrument.symbol,
    status: order.status,
    clientOrderId: order.clientId,
    price: instrument.priceText(order.price),
    ...(full ? { avgPrice: averageText(order) } : {}),
    origQty: instrument.qtyText(order.qty),
    executedQty: instrument.qtyText(order.executed),
    cumQty: instrument.qtyText(order.executed),
    ...(full ? { cumQuote: quoteText(order) } : {}),
    timeInForce: order.tif,
    type: order.type,
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    side: order.side,
    positionSide: order.positionSide,
    stopPrice: order.stopPrice === 0 ? '0' : instrument.priceText(order.stopPrice),
    workingType: order.workingType,
    priceProtect: order.priceProtect,
    origType: order.origType,
    priceMatch: order.priceMatch,
    selfTradePreventionMode: order.stp,
    goodTillDate: order.goodTillDate,
    ...(full ? { time: order.time } : {}),
    updateTime: order.updateTime,
  }
}

/** ACK, the venue's default: the order as it was taken in, whatever became of it at once. */
export function acceptedDoc(order: Order, full: boolean): Doc {
  const none = order.market.instrument.qtyText(0)
  const { pricePrecision } = order.market.instrument.spec
  return {
    ...orderDoc(order, full),
    status: 'NEW',
    executedQty: none,
    cumQty: none,
    ...(full ? { avgPrice: (0).toFixed(Math.max(5, pricePrecision)), cumQuote: '0' } : {}),
  }
}

export function algoDoc(algo: Algo, full: boolean): Doc {
  const { instrument } = algo.market
  const { order } = algo
  return {
    algoId: algo.id,
    clientAlgoId: algo.clientId,
    algoType: 'CONDITIONAL',
    orderType: algo.type,
    symbol: instrument.symbol,
    side: algo.side,
    positionSide: algo.positionSide,
    timeInForce: algo.tif,
    quantity: instrument.qtyText(algo.qty),
    algoStatus: algo.status,
    ...(full
      ? {
          actualOrderId: order === null ? '' : String(order.id),
          actualPrice: order === null ? '0.00000' : averageText(order),
          actualQty: order === null ? '0' : instrument.qtyText(order.executed),
          actualType: order?.type ?? '',
        }
      : {}),
    triggerPrice: instrument.priceText(algo.triggerPrice),
    price: instrument.priceText(algo.price),
    icebergQuantity: null,
    tpTriggerPrice: '0.000',
    tpPrice: '0.000',
    slTriggerPrice: '0.000',
    slPrice: '0.000',
    tpOrderType: '',
    selfTradePreventionMode: algo.stp,
    workingType: algo.workingType,
    priceMatch: algo.priceMatch,
    closePosition: algo.closePosition,
    priceProtect: algo.priceProtect,
    reduceOnly: algo.reduceOnly,
    ...(algo.type === 'TRAILING_STOP_MARKET'
      ? { activatePrice: instrument.priceText(algo.activatePrice), callbackRate: (algo.callbackTenths / 10).toFixed(1) }
      : { activatePrice: '', callbackRate: '' }),
    createTime: algo.time,
    updateTime: algo.updateTime,
    triggerTime: algo.triggerTime,
    goodTillDate: algo.goodTillDate,
    ...(algo.rejectReason === '' ? {} : { failReason: algo.rejectReason }),
  }
}

export function userTradeDoc(trade: UserTrade): Doc {
  const { instrument } = trade.market
  return {
    symbol: instrument.symbol,
    id: trade.id,
    orderId: trade.orderId,
    side: trade.side,
    price: instrument.priceText(trade.price),
    qty: instrument.qtyText(trade.qty),
    realizedPnl: moneyPlain(trade.realized),
    quoteQty: plain(instrument.price(trade.price).times(instrument.qty(trade.qty))),
    commission: moneyText(trade.commission),
    commissionAsset: 'USDT',
    time: trade.time,
    positionSide: trade.positionSide,
    buyer: trade.side === 'BUY',
    maker: trade.maker,
  }
}
