/** Bars of one symbol: one-minute bars, and longer intervals built from them on first demand. INV-11: bounded per interval. */
import { MINUTE } from '../tape/bars.ts'
import { present } from '../present.ts'

const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const CAP = 6_000

/** Venue intervals; calendar months are handled apart. */
export const INTERVALS: Readonly<Record<string, number>> = {
  '1m': MINUTE,
  '3m': 3 * MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '4h': 4 * HOUR,
  '6h': 6 * HOUR,
  '8h': 8 * HOUR,
  '12h': 12 * HOUR,
  '1d': DAY,
  '3d': 3 * DAY,
  '1w': 7 * DAY,
  '1M': 0,
}

export interface Kline {
  openTime: number
  closeTime: number
  open: number
  high: number
  low: number
  close: number
  volume: number
  /** PU × QU. */
  quote: number
  trades: number
  takerVolume: number
  takerQuote: number
  firstId: number
  lastId: number
}

/** Open time of the bar that holds `time`. Weeks start on Monday (1970-01-05). */
export function openTimeOf(interval: string, time: number): number {
  const length = INTERVALS[interval] ?? MINUTE
  if (interval === '1M') {
    const date = new Date(time)
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  }
  const offset = interval === '1w' ? 4 * DAY : 0
  return Math.floor((time - offset) / length) * length + offset
}

export function closeTimeOf(interval: string, openTime: number): number {
  if (interval !== '1M') return openTime + (INTERVALS[interval] ?? MINUTE) - 1
  const date = new Date(openTime)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - 1
}

const EMPTY: Kline = {
  openTime: 0,
  closeTime: 0,
  open: 0,
  high: 0,
  low: 0,
  close: 0,
  volume: 0,
  quote: 0,
  trades: 0,
  takerVolume: 0,
  takerQuote: 0,
  firstId: 0,
  lastId: 0,
}

export class Series {
  readonly interval: string
  /** Length of a bar, ms; 0 for calendar months. */
  readonly #length: number
  readonly bars: Kline[] = []
  /** Forgotten bars, used again: a bar is only ever read where it stands. */
  #spare: Kline[] = []

  constructor(interval: string) {
    this.interval = interval
    this.#length = INTERVALS[interval] ?? MINUTE
  }

  get current(): Kline | undefined {
    return this.bars[this.bars.length - 1]
  }

  /** The bar that holds `time`, opened at `price` when it is new. */
  at(time: number, price: number, nextId: number): Kline {
    const { current } = this
    if (current !== undefined && time <= current.closeTime) return current
    const openTime =
      this.#length <= DAY && this.#length > 0 ? Math.floor(time / this.#length) * this.#length : openTimeOf(this.interval, time)
    const bar = this.#spare.pop() ?? { ...EMPTY }
    bar.openTime = openTime
    bar.closeTime = this.#length > 0 ? openTime + this.#length - 1 : closeTimeOf(this.interval, openTime)
    bar.open = price
    bar.high = price
    bar.low = price
    bar.close = price
    bar.volume = 0
    bar.quote = 0
    bar.trades = 0
    bar.takerVolume = 0
    bar.takerQuote = 0
    bar.firstId = nextId
    bar.lastId = nextId - 1
    this.bars.push(bar)
    if (this.bars.length > CAP * 1.2) this.#spare = this.bars.splice(0, this.bars.length - CAP)
    return bar
  }

  /** Adds a finished bar after the last one; one that is not later is ignored. */
  append(bar: Kline): void {
    const { current } = this
    if (current === undefined || bar.openTime > current.openTime) this.bars.push(bar)
  }

  price(time: number, price: number, nextId: number): void {
    const bar = this.at(time, price, nextId)
    if (price > bar.high) bar.high = price
    if (price < bar.low) bar.low = price
    bar.close = price
  }

  trade(time: number, price: number, qty: number, takerBuys: boolean, id: number): void {
    const bar = this.at(time, price, id)
    bar.volume += qty
    bar.quote += price * qty
    bar.trades++
    bar.lastId = id
    if (!takerBuys) return
    bar.takerVolume += qty
    bar.takerQuote += price * qty
  }

  /** Adds a finished or running bar of a shorter interval. */
  merge(part: Kline): void {
    const bar = this.at(part.openTime, part.open, part.firstId)
    bar.high = Math.max(bar.high, part.high)
    bar.low = Math.min(bar.low, part.low)
    bar.close = part.close
    bar.volume += part.volume
    bar.quote += part.quote
    bar.trades += part.trades
    bar.takerVolume += part.takerVolume
    bar.takerQuote += part.takerQuote
    bar.lastId = part.lastId
  }

  /** Bars with openTime in [startTime, endTime]; without startTime the last `limit`, with it the first `limit`. */
  query(startTime: number | undefined, endTime: number | undefined, limit: number): readonly Kline[] {
    const from = startTime === undefined ? 0 : this.#firstAtOrAfter(startTime)
    const to = endTime === undefined ? this.bars.length : this.#firstAtOrAfter(endTime + 1)
    if (to <= from) return []
    return startTime === undefined ? this.bars.slice(Math.max(from, to - limit), to) : this.bars.slice(from, Math.min(to, from + limit))
  }

  #firstAtOrAfter(time: number): number {
    let low = 0
    let high = this.bars.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (present(this.bars[middle]).openTime < time) low = middle + 1
      else high = middle
    }
    return low
  }
}
