/**
 * Everything one symbol's public data must satisfy before it becomes a tick (INV-13). A refused datum changes no state, so that
 * poison can neither pass nor poison the judgement of what follows.
 *
 * Judged against the symbol's own past: trade and book ids rise, times do not go back, an identical datum is a duplicate, and a
 * price more than five times away from the last trade is a jump until consecutive trades confirm it (a real crash trades its way
 * down; a forged bar, mark or quote does not).
 */
import { TickKind, writeTick } from '../contract/tick.ts'
import { readDecimal, readRefusal, readSigned } from './decimal-reading.ts'
import type { Refusal } from './refusals.ts'
import { BAR_MS } from './timeframe.ts'

/** A single price may be this many times the last trade, or its fraction. */
const JUMP = 5
/** Consecutive new trades near each other that make a jump believable, and how near. */
const CONFIRMATIONS = 5
const SAME_LEVEL = 1.2
/** Aggregate trades of one batch may carry times this much out of order, ms. */
const TIME_SLACK_MS = 1_000

type Fields = Readonly<Record<string, unknown>>

/** Judges a time field against the latest time that may be. */
const timeRefusal = (time: unknown, latestMs: number): Refusal | undefined => {
  if (typeof time !== 'number') return time === undefined || time === null ? 'missing' : 'not-a-number'
  if (!Number.isSafeInteger(time)) return 'unsafe-integer'
  if (time <= 0) return 'time-zero'
  return time > latestMs ? 'time-future' : undefined
}

/** The first of several readings that was refused. */
const firstRefusal = (...readings: readonly number[]): Refusal => readRefusal(readings.find((one) => one < 0) ?? -1)

export class SymbolGate {
  readonly symbol: string
  readonly symbolId: number
  /** Last accepted trade price; before the first trade the close of history or any accepted price; 0 while nothing is known. */
  #reference = 0
  #level = 0
  #confirmations = 0
  #levelTradeId = -1
  #tradeId = -1
  #tradeTime = 0
  #bookId = -1
  #bookTime = 0
  #markTime = 0
  #barTime = 0
  #barEvent = 0
  #barClosed = false
  #barHigh = 0
  #barLow = 0
  #barClose = 0
  #barVolume = 0
  /** Final bars are revised or arrive late for this long: open times of the last ones with what they said. */
  readonly #finals = new Map<number, string>()

  constructor(symbol: string, symbolId: number) {
    this.symbol = symbol
    this.symbolId = symbolId
  }

  /** Latest venue time accepted here, ms. */
  get newestMs(): number {
    return Math.max(this.#tradeTime, this.#bookTime, this.#markTime, this.#barEvent)
  }

  /** History says where the price is, before the first trade. */
  seed(close: number): void {
    if (this.#tradeId === -1) this.#reference = close
  }

  /** A new connection: its ids may start anywhere. */
  reconnected(): void {
    this.#tradeId = -1
    this.#bookId = -1
  }

  /** The venue's own clock went back: times before are no yardstick any more. */
  forgetTimes(): void {
    this.#tradeTime = 0
    this.#bookTime = 0
    this.#markTime = 0
    this.#barTime = 0
    this.#barEvent = 0
  }

  /** aggTrade (or trade, as recorded tapes hold it). Writes a `trade` tick at `index`. */
  trade(data: Fields, latestMs: number, out: Float64Array, index: number): Refusal | undefined {
    const { a, t, T, m } = data
    const id = a ?? t
    if (typeof id !== 'number') return id === undefined || id === null ? 'missing' : 'not-a-number'
    if (!Number.isSafeInteger(id) || id < 0) return 'unsafe-integer'
    const price = readDecimal(data['p'])
    const quantity = readDecimal(data['q'])
    if (price < 0 || quantity < 0) return firstRefusal(price, quantity)
    if (price === 0 || quantity === 0) return 'zero'
    if (typeof m !== 'boolean') return 'shape'
    const late = timeRefusal(T, latestMs) ?? timeRefusal(data['E'], latestMs)
    if (late !== undefined) return late
    const time = Number(T)
    if (time < this.#tradeTime - TIME_SLACK_MS) return 'time-back'
    if (id === this.#tradeId) return 'duplicate'
    if (id < this.#tradeId) return 'out-of-order'
    if (this.#isJump(price) && !this.#isConfirmed(price, id)) return 'jump'
    this.#confirmations = 0
    this.#reference = price
    this.#tradeId = id
    if (time > this.#tradeTime) this.#tradeTime = time
    writeTick(out, index, this.symbolId, TickKind.trade, time * 1_000, price, quantity, id, m ? 1 : 0, 0)
    return undefined
  }

  /** bookTicker. Writes a `bookTop` tick. */
  bookTop(data: Fields, latestMs: number, out: Float64Array, index: number): Refusal | undefined {
    const { u, T } = data
    if (typeof u !== 'number') return u === undefined || u === null ? 'missing' : 'not-a-number'
    if (!Number.isSafeInteger(u) || u < 0) return 'unsafe-integer'
    const bid = readDecimal(data['b'])
    const bidQuantity = readDecimal(data['B'])
    const ask = readDecimal(data['a'])
    const askQuantity = readDecimal(data['A'])
    if (bid < 0 || bidQuantity < 0 || ask < 0 || askQuantity < 0) return firstRefusal(bid, bidQuantity, ask, askQuantity)
    if (bid === 0 || ask === 0) return 'zero'
    const late = timeRefusal(T, latestMs) ?? timeRefusal(data['E'], latestMs)
    if (late !== undefined) return late
    const time = Number(T)
    if (time < this.#bookTime - TIME_SLACK_MS) return 'time-back'
    if (u === this.#bookId) return 'duplicate'
    if (u < this.#bookId) return 'out-of-order'
    if (bid >= ask) return 'crossed'
    if (this.#isJump(bid) || this.#isJump(ask)) return 'jump'
    this.#bookId = u
    if (this.#reference === 0) this.#reference = bid
    if (time > this.#bookTime) this.#bookTime = time
    writeTick(out, index, this.symbolId, TickKind.bookTop, time * 1_000, bid, bidQuantity, ask, askQuantity, u)
    return undefined
  }

  /** markPriceUpdate. Writes a `mark` tick. */
  mark(data: Fields, latestMs: number, out: Float64Array, index: number): Refusal | undefined {
    const { E, T } = data
    const mark = readDecimal(data['p'])
    const indexPrice = readDecimal(data['i'])
    if (mark < 0 || indexPrice < 0) return firstRefusal(mark, indexPrice)
    if (mark === 0 || indexPrice === 0) return 'zero'
    const rate = data['r'] === '' ? 0 : readSigned(data['r'])
    if (Number.isNaN(rate)) return data['r'] === undefined || data['r'] === null ? 'missing' : 'not-a-number'
    const late = timeRefusal(E, latestMs)
    if (late !== undefined) return late
    if (typeof T !== 'number' || !Number.isSafeInteger(T) || T < 0) return 'shape'
    const time = Number(E)
    if (time === this.#markTime) return 'duplicate'
    if (time < this.#markTime) return 'time-back'
    if (this.#isJump(mark) || this.#isJump(indexPrice)) return 'jump'
    this.#markTime = time
    if (this.#reference === 0) this.#reference = mark
    writeTick(out, index, this.symbolId, TickKind.mark, time * 1_000, mark, indexPrice, rate, T, 0)
    return undefined
  }

  /**
   * kline of 1m. Writes `bar` (running), `barClosed` (final, in its turn) or `barHistory` (final, but late or revised: readers
   * that live on `barClosed` must not take it for news).
   */
  bar(data: Fields, latestMs: number, out: Float64Array, index: number): Refusal | undefined {
    const k = data['k']
    if (typeof k !== 'object' || k === null || Array.isArray(k)) return 'shape'
    const bar = k as Fields
    if (Object.hasOwn(bar, '__proto__') || bar['constructor'] !== Object) return 'prototype-keys'
    if (bar['s'] !== this.symbol) return 'wrong-symbol'
    if (bar['i'] !== '1m') return 'shape'
    const { t, x, L } = bar
    const event = data['E']
    const open = readDecimal(bar['o'])
    const high = readDecimal(bar['h'])
    const low = readDecimal(bar['l'])
    const close = readDecimal(bar['c'])
    const volume = readDecimal(bar['v'])
    if (open < 0 || high < 0 || low < 0 || close < 0 || volume < 0) return firstRefusal(open, high, low, close, volume)
    if (open === 0 || high === 0 || low === 0 || close === 0) return 'zero'
    if (typeof x !== 'boolean') return 'shape'
    if (L !== undefined && (typeof L !== 'number' || !Number.isSafeInteger(L))) return 'unsafe-integer'
    const late = timeRefusal(t, latestMs) ?? timeRefusal(event, latestMs)
    if (late !== undefined) return late
    const time = Number(t)
    if (time % BAR_MS !== 0) return 'misaligned'
    if (high < low) return 'high-below-low'
    if (open > high || open < low || close > high || close < low) return 'outside-range'
    const order = this.#barRefusal(time, Number(event), x, high, low, close, volume)
    if (order !== undefined) return order
    if (this.#isJump(high) || this.#isJump(low)) return 'jump'
    const kind = this.#takeBar(time, Number(event), x, open, high, low, close, volume)
    writeTick(out, index, this.symbolId, kind, time * 1_000, open, high, low, close, volume)
    return undefined
  }

  #barRefusal(time: number, event: number, final: boolean, high: number, low: number, close: number, volume: number): Refusal | undefined {
    if (event < this.#barEvent - BAR_MS) return 'time-back'
    if (time < this.#barTime) {
      /* only a final bar may come late, and only one of the last few */
      if (!final || time < this.#barTime - FINALS_KEPT * BAR_MS) return 'time-back'
      return this.#finals.get(time) === fingerprint(high, low, close, volume) ? 'duplicate' : undefined
    }
    if (time > this.#barTime) return undefined
    if (this.#barClosed && !final) return 'out-of-order'
    const same =
      final === this.#barClosed && high === this.#barHigh && low === this.#barLow && close === this.#barClose && volume === this.#barVolume
    if (same && (final || event === this.#barEvent)) return 'duplicate'
    return event < this.#barEvent ? 'out-of-order' : undefined
  }

  #takeBar(time: number, event: number, final: boolean, open: number, high: number, low: number, close: number, volume: number): TickKind {
    const wasFinal = this.#finals.has(time)
    if (final) {
      this.#finals.set(time, fingerprint(high, low, close, volume))
      for (const old of this.#finals.keys()) {
        if (this.#finals.size <= FINALS_KEPT) break
        this.#finals.delete(old)
      }
    }
    const current = time >= this.#barTime
    if (current) {
      this.#barTime = time
      this.#barEvent = event
      this.#barClosed = final
      this.#barHigh = high
      this.#barLow = low
      this.#barClose = close
      this.#barVolume = volume
      if (this.#reference === 0) this.#reference = open
    }
    if (!final) return TickKind.bar
    return current && !wasFinal ? TickKind.barClosed : TickKind.barHistory
  }

  #isJump(price: number): boolean {
    return this.#reference !== 0 && (price > this.#reference * JUMP || price * JUMP < this.#reference)
  }

  /** Counts new trades at one far level in a row; any trade at the old level starts the count afresh. */
  #isConfirmed(price: number, id: number): boolean {
    if (id <= this.#levelTradeId) return false
    const near = this.#confirmations > 0 && price < this.#level * SAME_LEVEL && price * SAME_LEVEL > this.#level
    this.#confirmations = near ? this.#confirmations + 1 : 1
    this.#level = price
    this.#levelTradeId = id
    return this.#confirmations >= CONFIRMATIONS
  }
}

/** Late closes and revisions are known to concern the last bars only. */
const FINALS_KEPT = 5
const fingerprint = (high: number, low: number, close: number, volume: number): string => `${high} ${low} ${close} ${volume}`
