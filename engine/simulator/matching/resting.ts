/** Clients' resting orders of one symbol, both sides in price-time priority. */
import type { Market } from '../market/market.ts'
import { type Algo, type Order, type Side } from './order.ts'
import { present } from '../present.ts'

const ahead = (side: Side, a: Order, b: Order): boolean =>
  a.price === b.price ? a.arrival < b.arrival : side === 'BUY' ? a.price > b.price : a.price < b.price

export class Resting {
  readonly market: Market
  readonly bids: Order[] = []
  readonly asks: Order[] = []
  readonly algos = new Map<Algo['id'], Algo>()

  constructor(market: Market) {
    this.market = market
  }

  side(side: Side): Order[] {
    return side === 'BUY' ? this.bids : this.asks
  }

  add(order: Order): void {
    const list = this.side(order.side)
    let low = 0
    let high = list.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ahead(order.side, present(list[middle]), order)) low = middle + 1
      else high = middle
    }
    list.splice(low, 0, order)
  }

  remove(order: Order): void {
    const list = this.side(order.side)
    const at = list.indexOf(order)
    if (at >= 0) list.splice(at, 1)
  }

  /** Best price in PU with anything to trade against, clients' orders included; 0 when the side is empty. */
  best(side: Side, now: number): number {
    const { ladder, instrument } = this.market
    const own = this.side(side)[0]?.price ?? 0
    let tick = ladder.best(side)
    let tries = 0
    while (ladder.available(side, tick, now) === 0 && tries++ < 400) tick = ladder.next(side, tick)
    const ambient = tries > 400 || tick < 1 ? 0 : tick * instrument.tick
    if (own === 0 || ambient === 0) return own === 0 ? ambient : own
    return side === 'BUY' ? Math.max(own, ambient) : Math.min(own, ambient)
  }

  /** Displayed size at a price, clients' orders included. */
  sizeAt(side: Side, price: number, now: number): number {
    const { ladder, instrument } = this.market
    let size = price % instrument.tick === 0 ? ladder.available(side, price / instrument.tick, now) : 0
    for (const order of this.side(side)) if (order.price === price) size += order.qty - order.executed
    return size
  }

  /** Up to `count` levels from the best outward: [price PU, size QU]. */
  levels(side: Side, count: number, now: number): [number, number][] {
    const { ladder, instrument } = this.market
    const own = new Map<number, number>()
    for (const order of this.side(side)) own.set(order.price, (own.get(order.price) ?? 0) + order.qty - order.executed)
    const levels: [number, number][] = []
    const ownPrices = own.keys()
    let nextOwn = ownPrices.next()
    let tick = ladder.best(side)
    // Levels beyond twice the count are never reached unless takers emptied the top.
    for (let walked = 0; levels.length < count && walked < 2 * count + 400 && tick >= 1; walked++) {
      const price = tick * instrument.tick
      while (!nextOwn.done && (side === 'BUY' ? nextOwn.value > price : nextOwn.value < price)) {
        levels.push([nextOwn.value, own.get(nextOwn.value) ?? 0])
        nextOwn = ownPrices.next()
      }
      let size = ladder.available(side, tick, now)
      if (!nextOwn.done && nextOwn.value === price) {
        size += own.get(price) ?? 0
        nextOwn = ownPrices.next()
      }
      if (size > 0) levels.push([price, size])
      tick = ladder.next(side, tick)
    }
    return levels.length > count ? levels.slice(0, count) : levels
  }
}
