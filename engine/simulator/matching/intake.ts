/** From request parameters to an order draft: everything the venue refuses before the order meets the book. */
import type { Account } from '../account/account.ts'
import { accept, refuse, type Checked } from '../errors.ts'
import type { Params } from '../exchange.ts'
import type { Market } from '../market/market.ts'
import {
  ALGO_TYPES,
  STP_MODES,
  TIMES_IN_FORCE,
  type OrderDraft,
  type PositionSide,
  type Side,
  type Stp,
  type TimeInForce,
  type WorkingType,
} from './order.ts'
import { CLIENT_ID, flag, has, priceOf, qtyOf, whole } from './params.ts'

const GTD_LEAD_MS = 600_000
const GTD_LAST = 253_402_300_799_000
const PRICE_MATCHES = ['OPPONENT', 'OPPONENT_5', 'OPPONENT_10', 'OPPONENT_20', 'QUEUE', 'QUEUE_5', 'QUEUE_10', 'QUEUE_20']

/** What intake needs to know about the world. */
export interface IntakeView {
  readonly now: number
  market(symbol: string): Market | undefined
  /** Price a priceMatch mode stands for, PU; 0 when the book cannot say. */
  matchPrice(market: Market, side: Side, mode: string): number
  newClientId(): string
}

export interface Common {
  readonly market: Market
  readonly side: Side
  readonly positionSide: PositionSide
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  readonly stp: Stp
  readonly workingType: WorkingType
  readonly priceProtect: boolean
}

/** Fields regular and conditional orders share, in the venue's order of checking. */
export function readCommon(account: Account, params: Params, view: IntakeView): Checked<Common> {
  const symbol = params['symbol']
  if (symbol === undefined || symbol === '') return refuse(-1102, 'symbol')
  const market = view.market(symbol)
  if (market === undefined) return refuse(-1121)
  const side = params['side']
  if (side === undefined || side === '') return refuse(-1102, 'side')
  if (side !== 'BUY' && side !== 'SELL') return refuse(-1117)
  const positionSide = has(params, 'positionSide') ? params['positionSide'] : 'BOTH'
  if (positionSide !== 'BOTH' && positionSide !== 'LONG' && positionSide !== 'SHORT') return refuse(-1102, 'positionSide')
  if (account.hedge === (positionSide === 'BOTH')) return refuse(-4061)
  const reduceOnly = flag(params, 'reduceOnly')
  if (!reduceOnly.ok) return reduceOnly
  if (account.hedge && has(params, 'reduceOnly')) return refuse(-1106, 'reduceonly')
  const closePosition = flag(params, 'closePosition')
  if (!closePosition.ok) return closePosition
  const stp = has(params, 'selfTradePreventionMode') ? (params['selfTradePreventionMode'] ?? '') : 'EXPIRE_MAKER'
  if (!STP_MODES.includes(stp)) return refuse(-1102, 'selfTradePreventionMode')
  const workingType = has(params, 'workingType') ? params['workingType'] : 'CONTRACT_PRICE'
  if (workingType !== 'CONTRACT_PRICE' && workingType !== 'MARK_PRICE') return refuse(-1102, 'workingType')
  const priceProtect = flag(params, 'priceProtect')
  if (!priceProtect.ok) return priceProtect
  return accept({
    market,
    side,
    positionSide,
    reduceOnly: reduceOnly.value,
    closePosition: closePosition.value,
    stp: stp as Stp,
    workingType,
    priceProtect: priceProtect.value,
  })
}

/** Time in force of a limit order with its GTD date. */
export function readTimeInForce(params: Params, now: number): Checked<{ tif: TimeInForce; goodTillDate: number }> {
  if (!has(params, 'timeInForce')) return refuse(-1102, 'timeInForce')
  const tif = params['timeInForce'] ?? ''
  if (!TIMES_IN_FORCE.includes(tif)) return refuse(-1115)
  if (tif !== 'GTD') return accept({ tif: tif as TimeInForce, goodTillDate: 0 })
  const date = whole(params, 'goodTillDate')
  if (!date.ok) return date
  if (date.value === undefined) return refuse(-1102, 'goodTillDate')
  if (date.value < now + GTD_LEAD_MS || date.value > GTD_LAST) return refuse(-1130, 'goodTillDate')
  // The venue keeps whole seconds.
  return accept({ tif: 'GTD', goodTillDate: Math.floor(date.value / 1_000) * 1_000 })
}

export function readClientId(params: Params, name: string, taken: (id: string) => boolean, view: IntakeView): Checked<string> {
  if (!has(params, name)) return accept(view.newClientId())
  const id = params[name] ?? ''
  if (!CLIENT_ID.test(id)) return refuse(-4015)
  return taken(id) ? refuse(-4116) : accept(id)
}

/** PERCENT_PRICE of a limit price against mark: -4016 for a buy too high, -4024 for a sell too low. */
export function checkBand(market: Market, side: Side, price: number): Checked<null> {
  const { instrument, mark } = market
  const up = mark * Number(instrument.spec.multiplierUp)
  const down = mark * Number(instrument.spec.multiplierDown)
  if (side === 'BUY' && price > up) return refuse(-4016, instrument.priceText(Math.floor(up / instrument.tick) * instrument.tick))
  if (side === 'SELL' && price < down) return refuse(-4024, instrument.priceText(Math.ceil(down / instrument.tick) * instrument.tick))
  return accept(null)
}

/** MIN_NOTIONAL, from which reducing orders are exempt; the price of a MARKET order is mark. */
export function checkNotional(market: Market, price: number, qty: number): Checked<null> {
  const { instrument } = market
  // Beyond 2^53 the product is inexact and far above any minimum.
  return price * qty < instrument.minNotional ? refuse(-4164, instrument.spec.minNotional) : accept(null)
}

function readPrice(params: Params, market: Market, side: Side, view: IntakeView): Checked<number> {
  const mode = params['priceMatch']
  if (mode === undefined || mode === '' || mode === 'NONE') return priceOf(params, 'price', market.instrument)
  if (!PRICE_MATCHES.includes(mode)) return refuse(-1102, 'priceMatch')
  if (has(params, 'price')) return refuse(-1106, 'price')
  const price = view.matchPrice(market, side, mode)
  return price > 0 ? accept(price) : refuse(-1128)
}

/** A LIMIT or MARKET order of POST /fapi/v1/order. */
export function readOrder(account: Account, params: Params, view: IntakeView): Checked<OrderDraft> {
  const common = readCommon(account, params, view)
  if (!common.ok) return common
  const { market, side } = common.value
  const type = params['type']
  if (type === undefined || type === '') return refuse(-1102, 'type')
  if (ALGO_TYPES.includes(type)) return refuse(-4120)
  if (type !== 'LIMIT' && type !== 'MARKET') return refuse(-1116)
  if (common.value.closePosition) return refuse(-4136, type)
  const isMarket = type === 'MARKET'
  let tif: TimeInForce = 'GTC'
  let goodTillDate = 0
  let price = 0
  if (isMarket) {
    if (has(params, 'price')) return refuse(-1106, 'price')
    if (has(params, 'timeInForce')) return refuse(-1106, 'timeinforce')
  } else {
    const time = readTimeInForce(params, view.now)
    if (!time.ok) return time
    ;({ tif, goodTillDate } = time.value)
  }
  const qty = qtyOf(params, 'quantity', market.instrument, isMarket)
  if (!qty.ok) return qty
  if (!isMarket) {
    const limit = readPrice(params, market, side, view)
    if (!limit.ok) return limit
    price = limit.value
    const band = checkBand(market, side, price)
    if (!band.ok) return band
  }
  const clientId = readClientId(params, 'newClientOrderId', (id) => account.openByClient.has(id), view)
  if (!clientId.ok) return clientId
  return accept({
    account,
    ...common.value,
    clientId: clientId.value,
    type,
    origType: type,
    tif,
    price,
    qty: qty.value,
    priceMatch: has(params, 'priceMatch') ? (params['priceMatch'] ?? 'NONE') : 'NONE',
    goodTillDate,
    stopPrice: 0,
  })
}
