/** Market events in the venue's shapes and field order (exchange.md §3.8), and the streams one symbol has. */
import { fixedText } from '../instrument.ts'
import type { Resting } from '../matching/resting.ts'
import { INTERVALS, type Kline } from './klines.ts'
import type { Market } from './market.ts'
import type { PublicTrade } from './trade-ring.ts'

type Event = Readonly<Record<string, unknown>>

export function klineEvent(market: Market, interval: string, bar: Kline, closed: boolean, eventTime: number): Event {
  const { instrument, symbol } = market
  return {
    e: 'kline',
    E: eventTime,
    s: symbol,
    k: {
      t: bar.openTime,
      T: bar.closeTime,
      s: symbol,
      i: interval,
      f: bar.lastId < bar.firstId ? -1 : bar.firstId,
      L: bar.lastId < bar.firstId ? -1 : bar.lastId,
      o: instrument.priceText(bar.open),
      c: instrument.priceText(bar.close),
      h: instrument.priceText(bar.high),
      l: instrument.priceText(bar.low),
      v: instrument.qtyText(bar.volume),
      n: bar.trades,
      x: closed,
      q: instrument.quoteText(bar.quote, 5),
      V: instrument.qtyText(bar.takerVolume),
      Q: instrument.quoteText(bar.takerQuote, 5),
      B: '0',
    },
  }
}

export const aggTradeEvent = (market: Market, trade: PublicTrade): Event => ({
  e: 'aggTrade',
  E: trade.time,
  s: market.symbol,
  a: trade.id,
  p: market.instrument.priceText(trade.price),
  q: market.instrument.qtyText(trade.qty),
  nq: market.instrument.qtyText(trade.qty),
  f: trade.id,
  l: trade.id,
  T: trade.time,
  m: trade.buyerMaker,
  st: 1,
})

export const tradeEvent = (market: Market, trade: PublicTrade): Event => ({
  e: 'trade',
  E: trade.time,
  T: trade.time,
  s: market.symbol,
  t: trade.id,
  p: market.instrument.priceText(trade.price),
  q: market.instrument.qtyText(trade.qty),
  X: 'MARKET',
  m: trade.buyerMaker,
})

export function bookTickerEvent(book: Resting, now: number): Event {
  const { market } = book
  const { instrument } = market
  const bid = book.best('BUY', now)
  const ask = book.best('SELL', now)
  return {
    e: 'bookTicker',
    u: market.updateId,
    s: market.symbol,
    ps: market.symbol,
    b: instrument.priceText(bid),
    B: instrument.qtyText(book.sizeAt('BUY', bid, now)),
    a: instrument.priceText(ask),
    A: instrument.qtyText(book.sizeAt('SELL', ask, now)),
    T: market.lastTime,
    E: now,
    st: 1,
  }
}

export const markPriceEvent = (market: Market, now: number): Event => ({
  e: 'markPriceUpdate',
  E: now,
  s: market.symbol,
  p: market.instrument.markText(market.mark),
  ap: market.instrument.markText(market.mark),
  P: market.instrument.markText(market.index),
  i: market.instrument.markText(market.index),
  r: market.fundingRate(),
  T: market.nextFundingTime,
  st: 1,
})

export function miniTickerEvent(market: Market, now: number): Event {
  const { instrument } = market
  const day = market.day(now)
  return {
    e: '24hrMiniTicker',
    E: now,
    s: market.symbol,
    ps: market.symbol,
    c: instrument.priceText(market.last),
    o: instrument.priceText(day.open),
    h: instrument.priceText(Math.max(day.high, market.last)),
    l: instrument.priceText(Math.min(day.low, market.last)),
    v: instrument.qtyText(day.volume),
    q: instrument.quoteText(day.quote, 2),
    st: 1,
  }
}

/** Change, per cent, weighted average: the figures both the ticker stream and GET ticker/24hr print. */
export function dayFigures(market: Market, now: number): Event & { readonly day: ReturnType<Market['day']> } {
  const { instrument } = market
  const day = market.day(now)
  const change = market.last - day.open
  const average = day.volume === 0 ? market.last : day.quote / day.volume
  return {
    day,
    p: fixedText(change, instrument.priceDigits, instrument.spec.pricePrecision),
    P: ((change / day.open) * 100).toFixed(3),
    w: (average / instrument.priceScale).toFixed(instrument.spec.pricePrecision),
  }
}

export function tickerEvent(market: Market, now: number): Event {
  const { day, ...figures } = dayFigures(market, now)
  const { instrument } = market
  return {
    e: '24hrTicker',
    E: now,
    s: market.symbol,
    ps: market.symbol,
    ...figures,
    c: instrument.priceText(market.last),
    Q: instrument.qtyText(market.trades.newest?.qty ?? 0),
    o: instrument.priceText(day.open),
    h: instrument.priceText(Math.max(day.high, market.last)),
    l: instrument.priceText(Math.min(day.low, market.last)),
    v: instrument.qtyText(day.volume),
    q: instrument.quoteText(day.quote, 2),
    O: day.openTime,
    C: now,
    F: day.firstId,
    L: market.nextTradeId - 1,
    n: day.trades,
    st: 1,
  }
}

const SUFFIX = new RegExp(
  `^(?:trade|aggTrade|bookTicker|markPrice(?:@[13]s)?|miniTicker|ticker|forceOrder|rpiDepth@500ms|kline_(?:${Object.keys(INTERVALS).join('|')})|depth(?:5|10|20)?(?:@(?:100|250|500)ms)?)$`,
)
const ALL = ['!miniTicker@arr', '!ticker@arr', '!bookTicker', '!markPrice@arr', '!markPrice@arr@1s', '!markPrice@arr@3s', '!forceOrder@arr']

/** "btcusdt@kline_1m" → its symbol and kind; null for names no stream has. Names are case-sensitive, as at the venue. */
export function parseStream(stream: string): { readonly symbol: string | null; readonly kind: string } | null {
  if (ALL.includes(stream)) return { symbol: null, kind: stream }
  const at = stream.indexOf('@')
  if (at < 1) return null
  const symbol = stream.slice(0, at)
  const kind = stream.slice(at + 1)
  return symbol === symbol.toLowerCase() && SUFFIX.test(kind) ? { symbol: symbol.toUpperCase(), kind } : null
}
