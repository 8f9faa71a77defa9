/**
 * The routing table: for every `METHOD path` its security level, request weight and order count (exchange.md §3.1, §3.3).
 * Routes of the exchange come from its own list; a route without an entry here does not compile.
 */
import type { Params, Route } from '../exchange.ts'

/** NONE: no key · MARKET_DATA, USER_STREAM: key only · USER_DATA: key and signature · TRADE: the same, and a key that may trade. */
export type Security = 'NONE' | 'MARKET_DATA' | 'USER_STREAM' | 'USER_DATA' | 'TRADE'

export interface RouteRule {
  readonly security: Security
  /** Request weight against the IP's minute. */
  readonly weight: number | ((params: Params) => number)
  /** Orders counted against the account: in 10 s, in 1 min. */
  readonly orders?: readonly [tenSeconds: number, minute: number]
  /** Counted in a pool of its own: 500 per 5 minutes and IP, weight 0. */
  readonly pool?: 'funding'
}

/** Routes the protocol layer answers itself. */
export const OWN_ROUTES = [
  'GET /fapi/v1/ping',
  'POST /fapi/v1/listenKey',
  'PUT /fapi/v1/listenKey',
  'DELETE /fapi/v1/listenKey',
  'GET /fapi/v1/rateLimit/order',
  'GET /sapi/v1/account/apiRestrictions',
] as const
export type OwnRoute = (typeof OWN_ROUTES)[number]

const bySymbol =
  (one: number, all: number) =>
  (params: Params): number =>
    params['symbol'] === undefined || params['symbol'] === '' ? all : one

const limitOf = (params: Params, initial: number): number => {
  const limit = Number(params['limit'] ?? initial)
  return Number.isFinite(limit) && limit > 0 ? limit : initial
}
const barsWeight = (params: Params): number => {
  const limit = limitOf(params, 500)
  return limit < 100 ? 1 : limit < 500 ? 2 : limit <= 1000 ? 5 : 10
}
const depthWeight = (params: Params): number => {
  const limit = limitOf(params, 500)
  return limit <= 50 ? 2 : limit <= 100 ? 5 : limit <= 500 ? 10 : 20
}

const open = (weight: RouteRule['weight']): RouteRule => ({ security: 'NONE', weight })
const keyed = (weight: RouteRule['weight']): RouteRule => ({ security: 'MARKET_DATA', weight })
const read = (weight: RouteRule['weight']): RouteRule => ({ security: 'USER_DATA', weight })
const trade = (weight: RouteRule['weight']): RouteRule => ({ security: 'TRADE', weight })
const order: RouteRule = { security: 'TRADE', weight: 0, orders: [1, 1] }
const batch: RouteRule = { security: 'TRADE', weight: 5, orders: [5, 1] }
const stream: RouteRule = { security: 'USER_STREAM', weight: 1 }
const funding: RouteRule = { security: 'NONE', weight: 0, pool: 'funding' }

export const RULES: Readonly<Record<Route | OwnRoute, RouteRule>> = {
  'GET /fapi/v1/ping': open(1),
  'GET /fapi/v1/time': open(1),
  'GET /fapi/v1/exchangeInfo': open(1),
  'GET /fapi/v1/depth': open(depthWeight),
  'GET /fapi/v1/trades': open(5),
  'GET /fapi/v1/historicalTrades': keyed(20),
  'GET /fapi/v1/aggTrades': open(20),
  'GET /fapi/v1/klines': open(barsWeight),
  'GET /fapi/v1/continuousKlines': open(barsWeight),
  'GET /fapi/v1/indexPriceKlines': open(barsWeight),
  'GET /fapi/v1/markPriceKlines': open(barsWeight),
  'GET /fapi/v1/premiumIndexKlines': open(barsWeight),
  'GET /fapi/v1/premiumIndex': open(bySymbol(1, 10)),
  'GET /fapi/v1/fundingRate': funding,
  'GET /fapi/v1/fundingInfo': funding,
  'GET /fapi/v1/ticker/24hr': open(bySymbol(1, 40)),
  'GET /fapi/v1/ticker/price': open(bySymbol(1, 2)),
  'GET /fapi/v2/ticker/price': open(bySymbol(1, 2)),
  'GET /fapi/v1/ticker/bookTicker': open(bySymbol(2, 5)),
  'GET /fapi/v1/openInterest': open(1),
  'GET /fapi/v1/indexInfo': open(1),
  'GET /fapi/v1/assetIndex': open(bySymbol(1, 10)),
  'GET /fapi/v1/constituents': open(2),
  'POST /fapi/v1/order': order,
  'POST /fapi/v1/order/test': order,
  'PUT /fapi/v1/order': order,
  'GET /fapi/v1/order': read(1),
  'DELETE /fapi/v1/order': trade(1),
  'POST /fapi/v1/batchOrders': batch,
  'PUT /fapi/v1/batchOrders': batch,
  'DELETE /fapi/v1/batchOrders': trade(1),
  'DELETE /fapi/v1/allOpenOrders': trade(1),
  'POST /fapi/v1/countdownCancelAll': trade(10),
  'GET /fapi/v1/openOrder': read(1),
  'GET /fapi/v1/openOrders': read(bySymbol(1, 40)),
  'GET /fapi/v1/allOrders': read(5),
  'GET /fapi/v1/orderAmendment': read(1),
  'POST /fapi/v1/algoOrder': order,
  'GET /fapi/v1/algoOrder': read(1),
  'DELETE /fapi/v1/algoOrder': trade(1),
  'DELETE /fapi/v1/algoOpenOrders': trade(1),
  'GET /fapi/v1/openAlgoOrders': read(bySymbol(1, 40)),
  'GET /fapi/v1/allAlgoOrders': read(5),
  'GET /fapi/v1/userTrades': read(5),
  'POST /fapi/v1/leverage': trade(1),
  'POST /fapi/v1/marginType': trade(1),
  'POST /fapi/v1/positionMargin': trade(1),
  'GET /fapi/v1/positionMargin/history': read(1),
  'POST /fapi/v1/positionSide/dual': trade(1),
  'GET /fapi/v1/positionSide/dual': read(30),
  'GET /fapi/v1/multiAssetsMargin': read(30),
  'POST /fapi/v1/multiAssetsMargin': trade(1),
  'GET /fapi/v1/feeBurn': read(30),
  'POST /fapi/v1/feeBurn': trade(1),
  'GET /fapi/v2/account': read(5),
  'GET /fapi/v3/account': read(5),
  'GET /fapi/v2/balance': read(5),
  'GET /fapi/v3/balance': read(5),
  'GET /fapi/v1/balance': read(5),
  'GET /fapi/v1/account': read(5),
  'GET /fapi/v1/positionRisk': read(5),
  'GET /fapi/v2/positionRisk': read(5),
  'GET /fapi/v3/positionRisk': read(5),
  'GET /fapi/v1/accountConfig': read(5),
  'GET /fapi/v1/symbolConfig': read(5),
  'GET /fapi/v1/leverageBracket': read(1),
  'GET /fapi/v1/commissionRate': read(20),
  'GET /fapi/v1/income': read(30),
  'GET /fapi/v1/forceOrders': read(bySymbol(20, 50)),
  'GET /fapi/v1/adlQuantile': read(5),
  'GET /fapi/v1/apiTradingStatus': read(bySymbol(1, 10)),
  'POST /fapi/v1/listenKey': stream,
  'PUT /fapi/v1/listenKey': stream,
  'DELETE /fapi/v1/listenKey': stream,
  'GET /fapi/v1/rateLimit/order': read(1),
  'GET /sapi/v1/account/apiRestrictions': read(1),
}

export const isKnownRoute = (name: string): name is Route | OwnRoute => Object.hasOwn(RULES, name)

const OWN: ReadonlySet<string> = new Set(OWN_ROUTES)
export const isOwnRoute = (name: Route | OwnRoute): name is OwnRoute => OWN.has(name)

/** `//fapi/v1/time/` → `/fapi/v1/time`: clients concatenate base and path carelessly. */
export const normalisePath = (path: string): string => {
  if (!path.includes('//') && !path.endsWith('/')) return path
  const single = path.replace(/\/{2,}/g, '/')
  return single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single
}
