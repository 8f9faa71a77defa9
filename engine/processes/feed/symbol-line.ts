/**
 * One symbol's bars on their way to the ring: nothing newer passes while a hole before it may still be filled, so that no reader
 * computes across a gap it was not told of. Holes REST cannot fill are marked with a `gap` tick, once.
 */
import { TICK_WORDS, TickKind, tickKind, writeTick } from '../../contract/tick.ts'
import { BarSeries, type Bar, type Hole } from '../../market/bar-series.ts'
import { BAR_MS } from '../../market/timeframe.ts'
import type { RingPublisher } from './ring-publisher.ts'

/** Ticks held per symbol while history is fetched (a few seconds). */
const HELD_LIMIT = 4_096

const isSame = (a: Bar, b: Bar): boolean =>
  a.open === b.open && a.high === b.high && a.low === b.low && a.close === b.close && a.volume === b.volume

export class SymbolLine {
  readonly symbol: string
  readonly symbolId: number
  readonly series = new BarSeries()
  /** First open times of holes that were told to the readers. */
  readonly #told = new Set<number>()
  readonly #publisher: RingPublisher
  readonly #holdAll: boolean
  #held = new Float64Array(0)
  #heldCount = 0
  #holding = false
  /** Ticks lost because more was held than fits. */
  dropped = 0

  /** `holdAll`: also trades, quotes and marks wait for history (lock-step: one order of ticks, always the same). */
  constructor(symbol: string, symbolId: number, publisher: RingPublisher, holdAll: boolean) {
    this.symbol = symbol
    this.symbolId = symbolId
    this.#publisher = publisher
    this.#holdAll = holdAll
  }

  get holding(): boolean {
    return this.#holding
  }

  hold(): void {
    this.#holding = true
  }

  /**
   * Takes the accepted tick at the publisher's next slot. True when a final bar shows a hole before it: the caller fetches
   * history and then calls `release`.
   */
  accept(): boolean {
    const { view, index } = this.#publisher
    const at = index * TICK_WORDS
    const kind = tickKind(view[at + 1] ?? 0)
    const isBar = kind === TickKind.bar || kind === TickKind.barClosed || kind === TickKind.barHistory
    let hole = false
    if (isBar) {
      const [, , micros = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = view.subarray(at, at + TICK_WORDS)
      const time = micros / 1_000
      const final = kind !== TickKind.bar
      const { lastFinal } = this.series
      hole = final && lastFinal !== 0 && time > lastFinal + BAR_MS
      this.series.upsert(time, open, high, low, close, volume, final)
      if (hole) this.#holding = true
    }
    if (this.#holding && (isBar || this.#holdAll)) this.#keep(view, at)
    else this.#publisher.commit()
    return hole
  }

  /** Takes bars from REST; those that are news, in time order. */
  takeHistory(bars: readonly Bar[]): readonly Bar[] {
    const news: Bar[] = []
    for (const bar of bars) {
      const known = this.series.find(bar.time)
      if (known !== undefined && known.final && isSame(known, bar)) continue
      this.series.upsert(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.final)
      if (bar.final) news.push(bar)
    }
    return news
  }

  /** Holes between the first bar and `untilMs`. */
  holes(untilMs: number): readonly Hole[] {
    return this.series.holes(untilMs)
  }

  /** Publishes a fresh start: readers treat what came before as possibly incomplete. */
  reset(venueMs: number): void {
    const { view, index } = this.#publisher
    writeTick(view, index, this.symbolId, TickKind.reset, Math.round(venueMs) * 1_000, 0, 0, 0, 0, 0)
    this.#publisher.commit()
  }

  /** Publishes bars as history, with the holes between them that were not told yet, in time order; paced. The holes now told. */
  async publishHistory(bars: readonly Bar[], holes: readonly Hole[]): Promise<readonly Hole[]> {
    const untold = holes.filter((hole) => !this.#told.has(hole.first))
    for (const hole of untold) this.#told.add(hole.first)
    const words = new Float64Array((bars.length + untold.length) * TICK_WORDS)
    let count = 0
    let nextHole = 0
    const writeHoles = (before: number): void => {
      for (let hole = untold[nextHole]; hole !== undefined && hole.first < before; hole = untold[nextHole]) {
        writeTick(words, count, this.symbolId, TickKind.gap, hole.first * 1_000, hole.last, hole.bars, 0, 0, 0)
        count += 1
        nextHole += 1
      }
    }
    for (const bar of bars) {
      writeHoles(bar.time)
      writeTick(words, count, this.symbolId, TickKind.barHistory, bar.time * 1_000, bar.open, bar.high, bar.low, bar.close, bar.volume)
      count += 1
    }
    writeHoles(Infinity)
    await this.#publisher.appendPaced(words, count)
    return untold
  }

  /** All final bars again, for a reader that restarted. */
  async republish(): Promise<void> {
    const bars: Bar[] = []
    for (let position = 0; position < this.series.size; position += 1) {
      const bar = this.series.at(position)
      if (bar.final) bars.push(bar)
    }
    this.#told.clear()
    await this.publishHistory(bars, this.series.holes(this.series.lastFinal))
  }

  /** Lets what was held go, in order. */
  release(): void {
    this.#holding = false
    for (let tick = 0; tick < this.#heldCount; tick += 1) this.#publisher.append(this.#held, tick * TICK_WORDS)
    this.#held = new Float64Array(0)
    this.#heldCount = 0
  }

  #keep(view: Float64Array, at: number): void {
    if (this.#heldCount === HELD_LIMIT) {
      this.#held.copyWithin(0, TICK_WORDS)
      this.#heldCount -= 1
      this.dropped += 1
    }
    if ((this.#heldCount + 1) * TICK_WORDS > this.#held.length) {
      const larger = new Float64Array(Math.max(64 * TICK_WORDS, Math.min(this.#held.length * 2, HELD_LIMIT * TICK_WORDS)))
      larger.set(this.#held)
      this.#held = larger
    }
    this.#held.set(view.subarray(at, at + TICK_WORDS), this.#heldCount * TICK_WORDS)
    this.#heldCount += 1
  }
}
