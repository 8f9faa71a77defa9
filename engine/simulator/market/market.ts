/**
 * One symbol's market: last, mark and index price, bars, trades, ambient book. Everything here follows from the tape;
 * accounts' own fills print as trades and move the last price, but bars stay the tape's.
 */
import { Instrument } from '../instrument.ts'
import { hash32, Rng, textSeed } from '../random.ts'
import { BarPath, MINUTE, type UnitBar } from '../tape/bars.ts'
import { TapeDigest } from '../tape/tape-digest.ts'
import type { SymbolSpec } from '../symbols.ts'
import { INTERVALS, openTimeOf, Series } from './klines.ts'
import { Ladder } from './ladder.ts'
import { olderBars } from './older-bars.ts'
import { present } from '../present.ts'
import { TradeRing, type PublicTrade } from './trade-ring.ts'

const MARK_LAG_MS = 4_000
const INDEX_LAG_MS = 9_000
const HOUR = 3_600_000
const OLDER_BARS = 1_500
/** Minutes before the start whose trades are there to be read, as a venue that did not begin today has them. */
const PRINTED_MINUTES = 20

export interface FundingRecord {
  readonly time: number
  /** Fraction with eight decimals. */
  readonly rate: string
  readonly mark: number
}

/** A price that follows another with a lag, in whole units, at least 1. */
function follow(value: number, target: number, elapsed: number, lag: number): number {
  const next = Math.floor(value + (target - value) * (elapsed / (elapsed + lag)) + 0.5)
  return next < 1 ? 1 : next
}

/** Trades in a bar of which only open, high, low, close and volume are known. */
const tradesOf = (bar: UnitBar): number => 20 + (hash32(bar.openTime / MINUTE, bar.close) % 80)

export class Market {
  readonly instrument: Instrument
  readonly ladder: Ladder
  readonly minutes = new Series('1m')
  readonly series = new Map<string, Series>()
  readonly trades = new TradeRing()
  readonly digest = new TapeDigest()
  readonly fundings: FundingRecord[] = []
  last = 0
  mark = 0
  index = 0
  lastTime = 0
  nextTradeId: number
  updateId: number
  nextFundingTime = 0
  /** False for a live tape: nothing is invented next to real prices. */
  inventsHistory = true
  /** What a live or recorded stream says itself is not derived from trades. */
  readonly external = { top: false, mark: false, fundingRate: '' }
  /** Multiplies every later tape price: what `jump` faults leave. */
  #factor = 1
  readonly #seed: number
  #premiumSum = 0
  #premiumCount = 0
  #minuteVolume = 0

  constructor(spec: SymbolSpec, seed: number) {
    const own = textSeed(seed, spec.symbol)
    this.#seed = own
    this.instrument = new Instrument(spec)
    this.ladder = new Ladder(hash32(own, 7), this.instrument.step, this.instrument.step)
    this.nextTradeId = 5_000_000 + (own % 1_000_000)
    this.updateId = 1_000_000_000_000 + (own % 1_000_000_000)
    this.series.set('1m', this.minutes)
  }

  get symbol(): string {
    return this.instrument.symbol
  }

  /** Opens the market at its first price, with history before it. */
  open(time: number, price: number, history: readonly UnitBar[]): void {
    const printed = Math.max(0, history.length - PRINTED_MINUTES)
    for (const [i, bar] of history.entries()) {
      if (i < printed) this.addHistory(bar)
      else this.#printHistory(bar)
    }
    this.last = price
    this.mark = price
    this.index = price
    this.lastTime = time
    this.nextFundingTime = this.#fundingAfter(time)
    this.#recentre(price, true)
  }

  /** A bar from before the start with the trades that made it. */
  #printHistory(bar: UnitBar): void {
    const path = new BarPath(tradesOf(bar))
    path.draw(bar, this.instrument.tick, this.instrument.step, new Rng(hash32(this.#seed, bar.openTime / MINUTE)))
    let last = bar.open
    for (let i = 0; i < path.length; i++) {
      const time = path.times[i] ?? 0
      const price = path.prices[i] ?? 0
      const qty = path.quantities[i] ?? 0
      this.minutes.price(time, price, this.nextTradeId)
      if (qty > 0) this.record(time, price, qty, price === last ? this.#coin(time) : price > last)
      last = price
    }
    this.#learnVolume(bar.volume)
  }

  /** A finished bar from before the start. */
  addHistory(bar: UnitBar): void {
    const trades = tradesOf(bar)
    const taker = Math.round(
      (bar.volume * (0.35 + (0.3 * (hash32(bar.close, bar.openTime / MINUTE) % 1_000)) / 1_000)) / this.instrument.step,
    )
    const mean = (bar.open + bar.high + bar.low + bar.close) / 4
    const takerVolume = Math.min(bar.volume, taker * this.instrument.step)
    this.minutes.append({
      openTime: bar.openTime,
      closeTime: bar.openTime + MINUTE - 1,
      open: bar.open,
      high: bar.high,
      low: bar.low,
      close: bar.close,
      volume: bar.volume,
      quote: Math.round(mean) * bar.volume,
      trades,
      takerVolume,
      takerQuote: Math.round(mean) * takerVolume,
      firstId: this.nextTradeId,
      lastId: this.nextTradeId + trades - 1,
    })
    this.nextTradeId += trades
    this.#learnVolume(bar.volume)
  }

  /** Called when a tape bar begins: the book's depth follows the traded volume. */
  beginBar(bar: UnitBar): void {
    this.#learnVolume(bar.volume)
  }

  /** A tape price under the jumps so far, on the tick grid of now. */
  tapePrice(price: number): number {
    const { tick } = this.instrument
    if (this.#factor === 1 && price % tick === 0) return price
    return Math.max(1, Math.round((price * this.#factor) / tick)) * tick
  }

  /** Whether a path's prices are the market's own: no jump, and still the grid they were drawn on. */
  plays(path: BarPath): boolean {
    return this.#factor === 1 && path.tick === this.instrument.tick
  }

  /** Takes changed filters; the book moves to the new grid at once. */
  change(change: Partial<SymbolSpec>): boolean {
    if (!this.instrument.change(change)) return false
    this.ladder.clear()
    this.#recentre(this.last, true)
    return true
  }

  jump(fraction: number): void {
    this.#factor *= 1 + fraction
  }

  /** Moves price, book and bars to a tape step (its trade is printed by `print`). Returns true when buyers were the aggressors. */
  step(time: number, price: number, takerBuys?: boolean): boolean {
    const buys = takerBuys ?? (price === this.last ? this.#coin(time) : price > this.last)
    this.moveTo(time, price, buys)
    for (const series of this.series.values()) series.price(time, price, this.nextTradeId)
    return buys
  }

  /** Steps `from` (inclusive) to `to` (exclusive) of a path that reach nobody: prices, prints and bars only. */
  glide(path: BarPath, from: number, to: number): void {
    if (this.series.size === 1 && !this.external.top && !this.external.mark) return this.#sweep(path, from, to)
    const { times, prices, quantities } = path
    for (let i = from; i < to; i++) {
      const time = times[i] ?? 0
      const qty = quantities[i] ?? 0
      const price = this.tapePrice(prices[i] ?? 0)
      const buys = this.step(time, price)
      if (qty > 0) this.record(time, price, qty, buys)
      this.digest.add(time, price, qty, buys)
    }
  }

  /** The same in one pass over the columns, when only minutes are kept: what a back-test does all day. */
  #sweep(path: BarPath, from: number, to: number): void {
    const { times, prices, quantities } = path
    const { trades, digest } = this
    const drawn = this.plays(path)
    const first = prices[from] ?? 0
    const bar = this.minutes.at(times[from] ?? 0, drawn ? first : this.tapePrice(first), this.nextTradeId)
    let { last, lastTime, mark, index, nextTradeId } = this
    let { high, low, volume, quote, takerVolume, takerQuote } = bar
    let premium = this.#premiumSum
    const firstId = nextTradeId
    let buys = false
    for (let i = from; i < to; i++) {
      const time = times[i] ?? 0
      const qty = quantities[i] ?? 0
      const drawnPrice = prices[i] ?? 0
      const price = drawn ? drawnPrice : this.tapePrice(drawnPrice)
      buys = price === last ? this.#coin(time) : price > last
      const elapsed = time > lastTime ? time - lastTime : 0
      last = price
      lastTime = time
      mark = follow(mark, price, elapsed, MARK_LAG_MS)
      index = follow(index, price, elapsed, INDEX_LAG_MS)
      premium += (mark - index) / index
      if (price > high) high = price
      if (price < low) low = price
      if (qty > 0) {
        volume += qty
        quote += price * qty
        if (buys) {
          takerVolume += qty
          takerQuote += price * qty
        }
        trades.push(nextTradeId++, price, qty, time, !buys)
      }
      digest.add(time, price, qty, buys)
    }
    this.last = last
    this.lastTime = lastTime
    this.mark = mark
    this.index = index
    this.nextTradeId = nextTradeId
    this.#premiumSum = premium
    this.#premiumCount += to - from
    bar.high = high
    bar.low = low
    bar.close = last
    bar.volume = volume
    bar.quote = quote
    bar.takerVolume = takerVolume
    bar.takerQuote = takerQuote
    bar.trades += nextTradeId - firstId
    if (nextTradeId > firstId) bar.lastId = nextTradeId - 1
    this.updateId += 3 * (to - from - 1) + nextTradeId - firstId
    this.ladder.skip(to - from - 1)
    this.#recentre(last, buys)
  }

  #coin(time: number): boolean {
    return (hash32(this.#seed, time / MINUTE, time % MINUTE) & 1) === 0
  }

  /** Where a step takes the mark. */
  markAfter(mark: number, price: number, elapsed: number): number {
    return this.external.mark ? mark : follow(mark, price, elapsed, MARK_LAG_MS)
  }

  moveTo(time: number, price: number, buys: boolean): void {
    const elapsed = Math.max(0, time - this.lastTime)
    this.last = price
    this.lastTime = time
    if (!this.external.top) this.#recentre(price, buys)
    if (this.external.mark) return
    this.mark = this.markAfter(this.mark, price, elapsed)
    this.index = follow(this.index, price, elapsed, INDEX_LAG_MS)
    this.#premiumSum += (this.mark - this.index) / this.index
    this.#premiumCount++
  }

  /** Records a public trade; returns it. `tape` trades also count in the bars. */
  print(time: number, price: number, qty: number, takerBuys: boolean, tape: boolean): PublicTrade {
    const id = this.nextTradeId
    if (tape) this.record(time, price, qty, takerBuys)
    else {
      this.#log(time, price, qty, takerBuys)
      this.last = price
    }
    return { id, price, qty, time, buyerMaker: !takerBuys }
  }

  /** A public trade of the tape, counted in the bars. */
  record(time: number, price: number, qty: number, takerBuys: boolean): void {
    const id = this.nextTradeId
    this.#log(time, price, qty, takerBuys)
    for (const series of this.series.values()) series.trade(time, price, qty, takerBuys, id)
  }

  #log(time: number, price: number, qty: number, takerBuys: boolean): void {
    this.trades.push(this.nextTradeId++, price, qty, time, !takerBuys)
    this.updateId++
  }

  /** Bars of any venue interval; longer ones are built from the minutes kept when first asked for. */
  bars(interval: string): Series | undefined {
    if (!(interval in INTERVALS)) return undefined
    let series = this.series.get(interval)
    if (series === undefined) {
      series = new Series(interval)
      for (const bar of this.minutes.bars) series.merge(bar)
      const [first] = series.bars
      if (first !== undefined && this.inventsHistory) {
        series.bars.unshift(...olderBars(this.instrument, this.#seed, interval, first, this.#minuteVolume, OLDER_BARS))
      }
      this.series.set(interval, series)
    }
    return series
  }

  /** Funding rate as it stands now: average premium + clamp(0.01 % − premium, ±0.05 %), capped (exchange.md §3.5). */
  fundingRate(): string {
    return this.external.fundingRate === '' ? this.fundingFraction().toFixed(8) : this.external.fundingRate
  }

  /** The same before it is rounded to the venue's eight decimals. */
  fundingFraction(): number {
    if (this.external.fundingRate !== '') return Number(this.external.fundingRate)
    const premium = this.#premiumCount === 0 ? 0 : this.#premiumSum / this.#premiumCount
    const rate = premium + Math.max(-0.0005, Math.min(0.0005, 0.0001 - premium))
    const cap = this.instrument.fundingCap
    return Math.max(-cap, Math.min(cap, rate))
  }

  /** Closes the funding interval that ends at `time`. */
  settleFunding(time: number): FundingRecord {
    const record = { time, rate: this.fundingRate(), mark: this.mark }
    this.fundings.push(record)
    if (this.fundings.length > 1_200) this.fundings.splice(0, 200)
    this.#premiumSum = 0
    this.#premiumCount = 0
    this.nextFundingTime = this.#fundingAfter(time)
    return record
  }

  get bidPrice(): number {
    return this.ladder.bid * this.instrument.tick
  }

  get askPrice(): number {
    return this.ladder.ask * this.instrument.tick
  }

  /** Minute bars of the last 24 hours and their sums. */
  day(now: number): {
    open: number
    high: number
    low: number
    volume: number
    quote: number
    trades: number
    openTime: number
    firstId: number
  } {
    const bars = this.minutes.bars
    let i = bars.length
    const from = openTimeOf('1m', now) - 24 * HOUR + MINUTE
    let high = 0
    let low = Infinity
    let volume = 0
    let quote = 0
    let trades = 0
    while (i > 0 && present(bars[i - 1]).openTime >= from) {
      const bar = present(bars[--i])
      if (bar.high > high) high = bar.high
      if (bar.low < low) low = bar.low
      volume += bar.volume
      quote += bar.quote
      trades += bar.trades
    }
    const first = bars[i]
    if (first === undefined) {
      return { open: this.last, high: this.last, low: this.last, volume: 0, quote: 0, trades: 0, openTime: from, firstId: this.nextTradeId }
    }
    return { open: first.open, high, low, volume, quote, trades, openTime: from, firstId: first.firstId }
  }

  #recentre(price: number, buys: boolean): void {
    const tick = Math.round(price / this.instrument.tick)
    this.ladder.lot = this.instrument.step
    this.ladder.recentre(buys ? Math.max(1, tick - 1) : tick, buys ? tick : tick + 1)
    this.updateId += 3
  }

  #learnVolume(volume: number): void {
    this.#minuteVolume = this.#minuteVolume === 0 ? volume : this.#minuteVolume + (volume - this.#minuteVolume) / 16
    // The best level holds about three seconds' trading, as the liquid contracts do.
    this.ladder.scale = Math.max(this.instrument.step, this.#minuteVolume / 20)
  }

  #fundingAfter(time: number): number {
    const interval = this.instrument.spec.fundingIntervalHours * HOUR
    return Math.floor(time / interval) * interval + interval
  }
}
