/** Public REST documents (exchange.md §1.1, §3.3). */
import { accept, refuse, type Checked } from '../errors.ts'
import type { Outcome, Params, Route } from '../exchange.ts'
import type { Kline } from '../market/klines.ts'
import type { Market } from '../market/market.ts'
import type { PublicTrade } from '../market/trade-ring.ts'
import type { Publisher } from '../market/publisher.ts'
import { bookTickerEvent, dayFigures } from '../market/streams.ts'
import { has, inside, limitOf, timeRange, whole } from '../matching/params.ts'
import { exchangeInfo } from './exchange-info.ts'

export interface MarketView {
  readonly now: number
  readonly markets: ReadonlyMap<string, Market>
  publisher(symbol: string): Publisher
}

const DEPTH_LIMITS = [5, 10, 20, 50, 100, 500, 1000]
const body = (value: unknown): Outcome => ({ ok: true, body: value })

function marketOf(view: MarketView, params: Params, name = 'symbol'): Checked<Market> {
  if (!has(params, name)) return refuse(-1102, name)
  const market = view.markets.get(params[name] ?? '')
  return market === undefined ? refuse(-1121) : accept(market)
}

/** One document with a symbol, an array of them without. */
function oneOrAll(view: MarketView, params: Params, document: (market: Market) => unknown): Outcome {
  if (!has(params, 'symbol')) return body([...view.markets.values()].map(document))
  const market = marketOf(view, params)
  return market.ok ? body(document(market.value)) : market
}

export function klineRow(market: Market, bar: Kline): readonly unknown[] {
  const { instrument } = market
  return [
    bar.openTime,
    instrument.priceText(bar.open),
    instrument.priceText(bar.high),
    instrument.priceText(bar.low),
    instrument.priceText(bar.close),
    instrument.qtyText(bar.volume),
    bar.closeTime,
    instrument.quoteText(bar.quote, 5),
    bar.trades,
    instrument.qtyText(bar.takerVolume),
    instrument.quoteText(bar.takerQuote, 5),
    '0',
  ]
}

/** Index, mark and premium bars have prices only. */
const priceOnly = (row: readonly unknown[]): readonly unknown[] => [...row.slice(0, 5), '0', row[6], '0', row[8], '0', '0', '0']

function klines(view: MarketView, params: Params, name: string, prices: boolean): Outcome {
  const market = marketOf(view, params, name)
  if (!market.ok) return market
  if (!has(params, 'interval')) return refuse(-1102, 'interval')
  const interval = params['interval'] ?? ''
  const limit = limitOf(params, 500, 1_500)
  if (!limit.ok) return limit
  const range = timeRange(params)
  if (!range.ok) return range
  const { start, end } = range.value
  const series = market.value.bars(interval)
  if (series === undefined) return refuse(-1120)
  const rows = series.query(start, end, limit.value).map((bar) => klineRow(market.value, bar))
  return body(prices ? rows.map(priceOnly) : rows)
}

function depth(view: MarketView, params: Params): Outcome {
  const market = marketOf(view, params)
  if (!market.ok) return market
  const limit = has(params, 'limit') ? (params['limit'] ?? '') : '500'
  if (!DEPTH_LIMITS.includes(Number(limit))) return refuse(-4021, limit)
  const { instrument, lastTime } = market.value
  const { lastUpdateId, bids, asks } = view.publisher(market.value.symbol).depth.snapshot(Number(limit), view.now)
  const text = (levels: readonly [number, number][]) =>
    levels.map(([price, size]) => [instrument.priceText(price), instrument.qtyText(size)])
  return body({ lastUpdateId, E: view.now, T: lastTime, bids: text(bids), asks: text(asks) })
}

function tradeDoc(market: Market, trade: PublicTrade): unknown {
  const { instrument } = market
  return {
    id: trade.id,
    price: instrument.priceText(trade.price),
    qty: instrument.qtyText(trade.qty),
    quoteQty: instrument.quoteText(trade.price * trade.qty, 2),
    time: trade.time,
    isBuyerMaker: trade.buyerMaker,
  }
}

function trades(view: MarketView, params: Params, max: number): Outcome {
  const market = marketOf(view, params)
  if (!market.ok) return market
  const limit = limitOf(params, 500, max)
  if (!limit.ok) return limit
  const from = whole(params, 'fromId')
  if (!from.ok) return from
  const kept = market.value.trades.list()
  const first = from.value
  const rows = first === undefined ? kept.slice(-limit.value) : kept.filter((trade) => trade.id >= first).slice(0, limit.value)
  return body(rows.map((trade) => tradeDoc(market.value, trade)))
}

function aggTrades(view: MarketView, params: Params): Outcome {
  const market = marketOf(view, params)
  if (!market.ok) return market
  const limit = limitOf(params, 500, 1_000)
  if (!limit.ok) return limit
  const from = whole(params, 'fromId')
  if (!from.ok) return from
  const range = timeRange(params)
  if (!range.ok) return range
  const { start } = range.value
  const { instrument } = market.value
  const kept = market.value.trades.list()
  const bounded = from.value !== undefined || start !== undefined
  const rows = kept.filter((trade) => trade.id >= (from.value ?? 0) && inside(trade.time, range.value))
  return body(
    (bounded ? rows.slice(0, limit.value) : rows.slice(-limit.value)).map((trade) => ({
      a: trade.id,
      p: instrument.priceText(trade.price),
      q: instrument.qtyText(trade.qty),
      nq: instrument.qtyText(trade.qty),
      f: trade.id,
      l: trade.id,
      T: trade.time,
      m: trade.buyerMaker,
    })),
  )
}

function premiumIndex(market: Market, now: number): unknown {
  const { instrument } = market
  return {
    symbol: market.symbol,
    markPrice: instrument.markText(market.mark),
    indexPrice: instrument.markText(market.index),
    estimatedSettlePrice: instrument.markText(market.index),
    lastFundingRate: market.fundingRate(),
    interestRate: '0.00010000',
    nextFundingTime: market.nextFundingTime,
    time: now,
  }
}

function fundingRate(view: MarketView, params: Params): Outcome {
  const limit = limitOf(params, 100, 1_000)
  if (!limit.ok) return limit
  const range = timeRange(params)
  if (!range.ok) return range
  const { start } = range.value
  const markets = has(params, 'symbol') ? [view.markets.get(params['symbol'] ?? '')] : [...view.markets.values()]
  const rows: { symbol: string; fundingTime: number; fundingRate: string; markPrice: string; rateType: string }[] = []
  for (const market of markets) {
    if (market === undefined) return refuse(-1121)
    for (const record of market.fundings) {
      if (!inside(record.time, range.value)) continue
      const markPrice = market.instrument.markText(record.mark)
      rows.push({ symbol: market.symbol, fundingTime: record.time, fundingRate: record.rate, markPrice, rateType: 'NORMAL' })
    }
  }
  rows.sort((a, b) => a.fundingTime - b.fundingTime)
  return body(start === undefined ? rows.slice(-limit.value) : rows.slice(0, limit.value))
}

const fundingInfo = (market: Market): unknown => ({
  symbol: market.symbol,
  adjustedFundingRateCap: Number(market.instrument.spec.fundingCap).toFixed(8),
  adjustedFundingRateFloor: (-Number(market.instrument.spec.fundingCap)).toFixed(8),
  fundingIntervalHours: market.instrument.spec.fundingIntervalHours,
  disclaimer: false,
})

function ticker24(market: Market, now: number): unknown {
  const { instrument } = market
  const { day, p, P, w } = dayFigures(market, now)
  return {
    symbol: market.symbol,
    priceChange: p,
    priceChangePercent: P,
    weightedAvgPrice: w,
    lastPrice: instrument.priceText(market.last),
    lastQty: instrument.qtyText(market.trades.newest?.qty ?? 0),
    openPrice: instrument.priceText(day.open),
    highPrice: instrument.priceText(Math.max(day.high, market.last)),
    lowPrice: instrument.priceText(Math.min(day.low, market.last)),
    volume: instrument.qtyText(day.volume),
    quoteVolume: instrument.quoteText(day.quote, 2),
    openTime: day.openTime,
    closeTime: now,
    firstId: day.firstId,
    lastId: market.nextTradeId - 1,
    count: day.trades,
  }
}

function bookTicker(view: MarketView, market: Market): unknown {
  const event = bookTickerEvent(view.publisher(market.symbol).book, view.now)
  return {
    symbol: market.symbol,
    bidPrice: event['b'],
    bidQty: event['B'],
    askPrice: event['a'],
    askQty: event['A'],
    time: market.lastTime,
    lastUpdateId: event['u'],
  }
}

/** Serves a public document, or null when the route is not public. */
export function marketDocument(view: MarketView, route: Route, params: Params): Outcome | null {
  const { now } = view
  switch (route) {
    case 'GET /fapi/v1/time':
      return body({ serverTime: now })
    case 'GET /fapi/v1/exchangeInfo':
      return body(exchangeInfo([...view.markets.values()], now))
    case 'GET /fapi/v1/depth':
      return depth(view, params)
    case 'GET /fapi/v1/trades':
      return trades(view, params, 1_000)
    case 'GET /fapi/v1/historicalTrades':
      return trades(view, params, 500)
    case 'GET /fapi/v1/aggTrades':
      return aggTrades(view, params)
    case 'GET /fapi/v1/klines':
      return klines(view, params, 'symbol', false)
    case 'GET /fapi/v1/continuousKlines':
      return klines(view, params, 'pair', false)
    case 'GET /fapi/v1/indexPriceKlines':
      return klines(view, params, 'pair', true)
    case 'GET /fapi/v1/markPriceKlines':
    case 'GET /fapi/v1/premiumIndexKlines':
      return klines(view, params, 'symbol', true)
    case 'GET /fapi/v1/premiumIndex':
      return oneOrAll(view, params, (market) => premiumIndex(market, now))
    case 'GET /fapi/v1/fundingRate':
      return fundingRate(view, params)
    case 'GET /fapi/v1/fundingInfo':
      return body([...view.markets.values()].map(fundingInfo))
    case 'GET /fapi/v1/ticker/24hr':
      return oneOrAll(view, params, (market) => ticker24(market, now))
    case 'GET /fapi/v1/ticker/price':
    case 'GET /fapi/v2/ticker/price':
      return oneOrAll(view, params, (market) => ({
        symbol: market.symbol,
        price: market.instrument.priceText(market.last),
        time: market.lastTime,
      }))
    case 'GET /fapi/v1/ticker/bookTicker':
      return oneOrAll(view, params, (market) => bookTicker(view, market))
    case 'GET /fapi/v1/openInterest': {
      const market = marketOf(view, params)
      if (!market.ok) return market
      const interest = market.value.instrument.qtyText(market.value.day(now).volume)
      return body({ openInterest: interest, symbol: market.value.symbol, time: now })
    }
    case 'GET /fapi/v1/indexInfo':
    case 'GET /fapi/v1/assetIndex':
      return body([])
    case 'GET /fapi/v1/constituents': {
      const market = marketOf(view, params)
      return market.ok ? body({ symbol: market.value.symbol, time: now, constituents: [] }) : market
    }
    default:
      return null
  }
}
