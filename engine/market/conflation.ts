/**
 * Bars from trades, and longer bars from 1m bars: running, late, revised and empty ones. The incremental form gives exactly what
 * the batch form gives for the same input in any order (property-tested): each bar is folded anew from its parts when a part
 * changes, so no rounding error of a running sum depends on arrival.
 */
import type { Bar } from './bar-series.ts'
import { BAR_MS, openOf, type Timeframe } from './timeframe.ts'

export interface TradePart {
  readonly id: number
  readonly timeMs: number
  readonly price: number
  readonly quantity: number
}

/**
 * One longer bar from its 1m parts, in time order and without repeats. Final when its last minute is final.
 * Missing minutes are missing: the bar is folded from what is there, never interpolated.
 */
export function foldBars(time: number, timeframe: Timeframe, parts: readonly Bar[]): Bar | undefined {
  const [first] = parts
  const last = parts.at(-1)
  if (first === undefined || last === undefined) return undefined
  let { high, low } = first
  let volume = 0
  for (const part of parts) {
    if (part.high > high) high = part.high
    if (part.low < low) low = part.low
    volume += part.volume
  }
  const final = last.final && last.time + BAR_MS === time + timeframe.ms
  return { time, open: first.open, high, low, close: last.close, volume, final }
}

/** 1m bars (any order; for a repeated minute the last one counts, but a running bar never replaces a final one) → longer bars. */
export function conflateBars(bars: readonly Bar[], timeframe: Timeframe): readonly Bar[] {
  const conflation = new BarConflation(timeframe, Infinity)
  for (const bar of bars) conflation.take(bar)
  return conflation.bars()
}

const insertPart = <P>(parts: P[], part: P, order: (p: P) => number, replaces: (old: P) => boolean): boolean => {
  let at = parts.length
  const key = order(part)
  while (at > 0 && order(parts[at - 1] as P) > key) at -= 1
  const before = at > 0 ? (parts[at - 1] as P) : undefined
  if (before !== undefined && order(before) === key) {
    if (!replaces(before)) return false
    parts[at - 1] = part
  } else parts.splice(at, 0, part)
  return true
}

/** Longer bars kept up to date as 1m bars arrive. INV-11: keeps the newest `limit` bars and their parts. */
export class BarConflation {
  readonly #timeframe: Timeframe
  readonly #limit: number
  readonly #parts = new Map<number, Bar[]>()

  constructor(timeframe: Timeframe, limit = 500) {
    this.#timeframe = timeframe
    this.#limit = limit
  }

  /** Takes a 1m bar; the longer bar it changed, or undefined when it changed none. */
  take(bar: Bar): Bar | undefined {
    const time = openOf(bar.time, this.#timeframe)
    let parts = this.#parts.get(time)
    if (parts === undefined) {
      if (this.#parts.size >= this.#limit) {
        const oldest = Math.min(...this.#parts.keys())
        if (time < oldest) return undefined
        this.#parts.delete(oldest)
      }
      this.#parts.set(time, (parts = []))
    }
    const changed = insertPart(
      parts,
      bar,
      (part) => part.time,
      (old) => bar.final || !old.final,
    )
    return changed ? foldBars(time, this.#timeframe, parts) : undefined
  }

  /** Minutes known of the longer bar that opens at `time`. */
  minutes(time: number): number {
    return this.#parts.get(time)?.length ?? 0
  }

  /** All bars kept, in time order. */
  bars(): readonly Bar[] {
    const all: Bar[] = []
    for (const time of [...this.#parts.keys()].sort((a, b) => a - b)) {
      const bar = foldBars(time, this.#timeframe, this.#parts.get(time) ?? [])
      if (bar !== undefined) all.push(bar)
    }
    return all
  }
}

/**
 * One bar from its trades in id order; `closed` says that its time is over. Without trades: an empty bar at the close before it,
 * as the venue shows a minute nobody traded.
 */
export function foldTrades(time: number, trades: readonly TradePart[], closeBefore: number | undefined, closed: boolean): Bar | undefined {
  const [first] = trades
  const last = trades.at(-1)
  if (first === undefined || last === undefined) {
    if (closeBefore === undefined) return undefined
    return { time, open: closeBefore, high: closeBefore, low: closeBefore, close: closeBefore, volume: 0, final: closed }
  }
  let high = first.price
  let low = first.price
  let volume = 0
  for (const trade of trades) {
    if (trade.price > high) high = trade.price
    if (trade.price < low) low = trade.price
    volume += trade.quantity
  }
  return { time, open: first.price, high, low, close: last.price, volume, final: closed }
}

/** Bars of any timeframe from trades in any order; repeated ids count once. INV-11: keeps the newest `limit` bars. */
export class TradeConflation {
  readonly #timeframe: Timeframe
  readonly #limit: number
  readonly #trades = new Map<number, TradePart[]>()

  constructor(timeframe: Timeframe, limit = 60) {
    this.#timeframe = timeframe
    this.#limit = limit
  }

  /** Takes a trade; false when it is a repeat or older than everything kept. */
  take(trade: TradePart): boolean {
    const time = openOf(trade.timeMs, this.#timeframe)
    let trades = this.#trades.get(time)
    if (trades === undefined) {
      if (this.#trades.size >= this.#limit) {
        const oldest = Math.min(...this.#trades.keys())
        if (time < oldest) return false
        this.#trades.delete(oldest)
      }
      this.#trades.set(time, (trades = []))
    }
    return insertPart(
      trades,
      trade,
      (one) => one.id,
      () => false,
    )
  }

  /** Bars from the first trade to `nowMs`, minutes without trades included. */
  bars(nowMs: number): readonly Bar[] {
    const times = [...this.#trades.keys()].sort((a, b) => a - b)
    const [first] = times
    const all: Bar[] = []
    if (first === undefined) return all
    let close: number | undefined
    for (let time = first; time <= Math.max(times.at(-1) ?? first, openOf(nowMs, this.#timeframe)); time += this.#timeframe.ms) {
      const bar = foldTrades(time, this.#trades.get(time) ?? [], close, time + this.#timeframe.ms <= nowMs)
      if (bar === undefined) continue
      close = bar.close
      all.push(bar)
    }
    return all
  }
}
