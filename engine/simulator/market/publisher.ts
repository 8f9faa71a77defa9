/** Decides which subscribed streams an occurrence touches, and keeps the depth stream's continuity (U, u, pu). */
import type { NumberSink } from '../exchange.ts'
import type { Resting } from '../matching/resting.ts'
import { DepthStream } from './depth.ts'
import type { StreamHub } from './hub.ts'
import { openTimeOf } from './klines.ts'
import type { PublicTrade } from './trade-ring.ts'
import { aggTradeEvent, bookTickerEvent, klineEvent, markPriceEvent, miniTickerEvent, tickerEvent, tradeEvent } from './streams.ts'

const DEPTH_MS = { '': 250, '@100ms': 100, '@250ms': 250, '@500ms': 500 } as const

export type KlineTrouble = 'revised' | 'late' | 'missing'

export class Publisher {
  readonly book: Resting
  readonly depth: DepthStream
  readonly #hub: StreamHub
  readonly #name: string
  /** Interval names with a kline subscription. */
  readonly #intervals = new Set<string>()
  readonly #depths = new Set<string>()
  readonly #troubles: KlineTrouble[] = []
  readonly #numbers: NumberSink | undefined
  readonly #rank: number
  #active = 0

  /** @param rank the symbol's place in the exchange's list, by which \`numbers\` names it */
  constructor(book: Resting, hub: StreamHub, rank: number, numbers: NumberSink | undefined) {
    this.book = book
    this.#hub = hub
    this.#rank = rank
    this.#numbers = numbers
    this.#name = book.market.symbol.toLowerCase()
    this.depth = new DepthStream(book)
  }

  subscribe(stream: string, kind: string): void {
    if (this.#hub.has(stream)) return
    this.#hub.add(stream)
    this.#active++
    if (kind.startsWith('kline_')) {
      const interval = kind.slice(6)
      this.#intervals.add(interval)
      this.book.market.bars(interval)
    } else if (kind.startsWith('depth') || kind.startsWith('rpiDepth')) {
      this.#depths.add(kind)
      this.depth.begin(kind)
    }
  }

  unsubscribe(stream: string, kind: string): void {
    if (!this.#hub.has(stream)) return
    this.#hub.delete(stream)
    this.#active--
    if (kind.startsWith('kline_')) this.#intervals.delete(kind.slice(6))
    this.#depths.delete(kind)
    this.depth.end(kind)
  }

  trouble(how: KlineTrouble): void {
    this.#troubles.push(how)
  }

  /** A trade printed. */
  trade(trade: PublicTrade): void {
    if (this.#active === 0) return
    const { market } = this.book
    const aggregate = `${this.#name}@aggTrade`
    if (this.#hub.has(aggregate)) this.#hub.emit(aggregate, trade.time, aggTradeEvent(market, trade))
    const plain = `${this.#name}@trade`
    if (this.#hub.has(plain)) this.#hub.emit(plain, trade.time, tradeEvent(market, trade))
  }

  /** Price, book and mark moved. */
  moved(now: number): void {
    const { market } = this.book
    if (this.#active > 0) {
      for (const interval of this.#intervals) {
        this.#hub.touch(`${this.#name}@kline_${interval}`, now, 250, (time) => {
          const bar = market.bars(interval)?.current
          return bar === undefined || bar.closeTime < time ? null : klineEvent(market, interval, bar, false, time)
        })
      }
      this.#hub.touch(`${this.#name}@markPrice@1s`, now, 1_000, (time) => markPriceEvent(market, time))
      this.#hub.touch(`${this.#name}@markPrice`, now, 3_000, (time) => markPriceEvent(market, time))
      this.#hub.touch(`${this.#name}@markPrice@3s`, now, 3_000, (time) => markPriceEvent(market, time))
      this.#hub.touch(`${this.#name}@miniTicker`, now, 2_000, (time) => miniTickerEvent(market, time))
      this.#hub.touch(`${this.#name}@ticker`, now, 2_000, (time) => tickerEvent(market, time))
    }
    this.bookChanged(now)
    this.tell()
  }

  /** The mark as it is, in numbers. */
  tell(): void {
    if (this.#numbers === undefined) return
    const { market } = this.book
    const { priceScale } = market.instrument
    this.#numbers.mark(
      this.#rank,
      market.lastTime,
      market.mark / priceScale,
      market.index / priceScale,
      market.fundingFraction(),
      market.nextFundingTime,
    )
  }

  bookChanged(now: number): void {
    this.#hub.touch('!bookTicker', now, 0, (time) => bookTickerEvent(this.book, time))
    if (this.#active === 0) return
    this.#hub.touch(`${this.#name}@bookTicker`, now, 0, (time) => bookTickerEvent(this.book, time))
    for (const kind of this.#depths) {
      const speed = kind.includes('@') ? (kind.slice(kind.indexOf('@')) as keyof typeof DEPTH_MS) : ''
      this.#hub.touch(`${this.#name}@${kind}`, now, DEPTH_MS[speed], (time) => this.depth.event(kind, time))
    }
  }

  /** The minute that began at `openTime` is over: final bars of every subscribed interval that ends with it. */
  minuteClosed(openTime: number, now: number): void {
    const { market } = this.book
    this.#tellBar(openTime, now)
    for (const interval of this.#intervals) {
      const stream = `${this.#name}@kline_${interval}`
      const bar = market.bars(interval)?.current
      if (bar === undefined || bar.openTime !== openTimeOf(interval, openTime) || bar.closeTime >= now) continue
      const event = klineEvent(market, interval, bar, true, now)
      const trouble = interval === '1m' ? this.#troubles.shift() : undefined
      if (trouble === 'missing') continue
      if (trouble === 'late') this.#hub.later(stream, now + 4_000, event)
      else this.#hub.emit(stream, now, event)
      if (trouble === 'revised') {
        const revised = { ...bar, close: bar.low, volume: bar.volume + market.instrument.step }
        this.#hub.later(stream, now + 1_500, klineEvent(market, interval, revised, true, now + 1_500))
      }
    }
  }

  #tellBar(openTime: number, now: number): void {
    const bar = this.book.market.minutes.current
    if (this.#numbers === undefined || bar === undefined || bar.openTime !== openTime || bar.closeTime >= now) return
    const { priceScale, qtyScale } = this.book.market.instrument
    const { open, high, low, close, volume } = bar
    this.#numbers.bar(this.#rank, openTime, open / priceScale, high / priceScale, low / priceScale, close / priceScale, volume / qtyScale)
  }
}
