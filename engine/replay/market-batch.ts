/**
 * What the embedded exchange says of its markets, as the ticks a brain reads (contract/tick.ts): numbers straight into a batch.
 * Recorded frames keep their throttled streams, whose venue-shaped events are read here.
 */
import { InvariantError } from '../contract/result.ts'
import { TICK_WORDS, TickKind, writeTick } from '../contract/tick.ts'
import type { MarketEvent, NumberSink } from '../simulator/exchange.ts'
import type { Bar } from '../strategy/strategy.ts'

const MINUTE = 60_000
export const BATCH = 4_096

interface KlineData {
  readonly k: {
    readonly t: number
    readonly o: string
    readonly h: string
    readonly l: string
    readonly c: string
    readonly v: string
    readonly x: boolean
  }
}
interface MarkData {
  readonly E: number
  readonly p: string
  readonly i: string
  readonly r: string
  readonly T: number
}

export class MarketBatch implements NumberSink {
  readonly view = new Float64Array(TICK_WORDS * BATCH)
  /** By symbol: the newest mark, and the newest at the close of its last bar; 0 = none. */
  readonly marks: Float64Array
  readonly closingMarks: Float64Array
  /** Ticks waiting to be read. */
  waiting = 0
  /** Close time of the newest bar. */
  closedAt = 0
  bars = 0
  gaps = 0
  missing = 0
  readonly #lastBar: Float64Array
  readonly #streams: ReadonlyMap<string, number>
  readonly #onBar: ((symbolId: number, bar: Bar) => void) | undefined

  constructor(symbols: readonly string[], onBar: ((symbolId: number, bar: Bar) => void) | undefined) {
    this.marks = new Float64Array(symbols.length)
    this.closingMarks = new Float64Array(symbols.length)
    this.#lastBar = new Float64Array(symbols.length)
    this.#onBar = onBar
    this.#streams = new Map(
      symbols.flatMap((symbol, id) => [
        [`${symbol.toLowerCase()}@kline_1m`, id],
        [`${symbol.toLowerCase()}@markPrice@1s`, id],
      ]),
    )
  }

  get streams(): Iterable<string> {
    return this.#streams.keys()
  }

  /** How many ticks wait; they count as read. */
  take(): number {
    const count = this.waiting
    this.waiting = 0
    return count
  }

  event(event: MarketEvent): void {
    const id = this.#streams.get(event.stream)
    if (id === undefined) return
    if (event.stream.endsWith('m')) {
      const { k } = event.data as KlineData
      const [open, high, low, close, volume] = [Number(k.o), Number(k.h), Number(k.l), Number(k.c), Number(k.v)]
      if (k.x) this.bar(id, k.t, open, high, low, close, volume)
      else writeTick(this.view, this.#slot(), id, TickKind.bar, k.t * 1_000, open, high, low, close, volume)
    } else {
      const { E, p, i, r, T } = event.data as MarkData
      this.mark(id, E, Number(p), Number(i), Number(r), T)
    }
  }

  mark(id: number, time: number, mark: number, index: number, fundingRate: number, nextFundingTime: number): void {
    this.marks[id] = mark
    writeTick(this.view, this.#slot(), id, TickKind.mark, time * 1_000, mark, index, fundingRate, nextFundingTime, 0)
  }

  bar(id: number, openTime: number, open: number, high: number, low: number, close: number, volume: number): void {
    const last = this.#lastBar[id] ?? 0
    if (last > 0 && openTime > last + MINUTE) {
      // The feed's words for a hole that the venue's history cannot fill.
      const missing = (openTime - last) / MINUTE - 1
      this.gaps++
      this.missing += missing
      writeTick(this.view, this.#slot(), id, TickKind.gap, (last + MINUTE) * 1_000, openTime - MINUTE, missing, 0, 0, 0)
    }
    this.#lastBar[id] = openTime
    this.closedAt = openTime + MINUTE
    this.closingMarks[id] = this.marks[id] ?? 0
    this.bars++
    writeTick(this.view, this.#slot(), id, TickKind.barClosed, openTime * 1_000, open, high, low, close, volume)
    this.#onBar?.(id, { openTime, open, high, low, close, volume })
  }

  /** A closed bar from before the start. */
  history(id: number, { openTime, open, high, low, close, volume }: Bar): void {
    writeTick(this.view, this.#slot(), id, TickKind.barHistory, openTime * 1_000, open, high, low, close, volume)
    this.#lastBar[id] = openTime
  }

  #slot(): number {
    if (this.waiting === BATCH) throw new InvariantError('Invariant: one step of the tape fits the batch')
    return this.waiting++
  }
}
