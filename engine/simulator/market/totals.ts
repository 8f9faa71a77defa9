/** Streams over all symbols ("!…") and forced orders, of which only the largest per symbol and second is shown. */
import { averageText } from '../documents/orders.ts'
import type { Order } from '../matching/order.ts'
import type { Resting } from '../matching/resting.ts'
import type { StreamHub } from './hub.ts'
import type { Market } from './market.ts'
import { markPriceEvent, miniTickerEvent, tickerEvent } from './streams.ts'

const FORCE_WINDOW_MS = 1_000

function forceOrderEvent(order: Order, eventTime: number): Readonly<Record<string, unknown>> {
  const { instrument, symbol } = order.market
  return {
    e: 'forceOrder',
    E: eventTime,
    o: {
      s: symbol,
      S: order.side,
      o: 'LIMIT',
      f: 'IOC',
      q: instrument.qtyText(order.qty),
      p: instrument.priceText(order.price),
      ap: averageText(order),
      X: order.status,
      l: instrument.qtyText(order.executed),
      z: instrument.qtyText(order.executed),
      T: order.updateTime,
    },
    st: 1,
  }
}

export class Totals {
  readonly #hub: StreamHub
  readonly #markets: readonly Market[]
  readonly #largest = new Map<string, Order>()

  constructor(hub: StreamHub, markets: readonly Market[]) {
    this.#hub = hub
    this.#markets = markets
  }

  moved(now: number): void {
    if (!this.#hub.any) return
    const all = (event: (market: Market, time: number) => unknown) => (time: number) => this.#markets.map((market) => event(market, time))
    this.#hub.touch('!miniTicker@arr', now, 1_000, all(miniTickerEvent))
    this.#hub.touch('!ticker@arr', now, 1_000, all(tickerEvent))
    this.#hub.touch('!markPrice@arr@1s', now, 1_000, all(markPriceEvent))
    this.#hub.touch('!markPrice@arr@3s', now, 3_000, all(markPriceEvent))
    this.#hub.touch('!markPrice@arr', now, 3_000, all(markPriceEvent))
  }

  liquidated(book: Resting, order: Order, now: number): void {
    const { symbol } = book.market
    const seen = this.#largest.get(symbol)
    if (seen === undefined || now - seen.updateTime >= FORCE_WINDOW_MS || order.qty > seen.qty) this.#largest.set(symbol, order)
    const build = (time: number): unknown => {
      const largest = this.#largest.get(symbol)
      return largest === undefined ? null : forceOrderEvent(largest, time)
    }
    this.#hub.touch(`${symbol.toLowerCase()}@forceOrder`, now, FORCE_WINDOW_MS, build)
    this.#hub.touch('!forceOrder@arr', now, FORCE_WINDOW_MS, build)
  }
}
