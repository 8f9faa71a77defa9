/**
 * Depth snapshots and their differences. Invariant: a client that follows the venue's rule (drop u < lastUpdateId, first
 * U ≤ lastUpdateId ≤ u, then pu = previous u) holds exactly the displayed book after every event.
 */
import type { Resting } from '../matching/resting.ts'

/** Levels a side in the displayed window; deeper liquidity exists but is not shown. */
export const WINDOW = 100

type Levels = Map<number, number>

interface Published {
  updateId: number
  readonly bids: Levels
  readonly asks: Levels
}

const toMap = (levels: readonly [number, number][]): Levels => new Map(levels)

export class DepthStream {
  readonly #book: Resting
  /** Per stream kind: difference streams of different speeds publish independently. */
  readonly #published = new Map<string, Published>()
  /** Prices shown in snapshots since a stream's last event: its next event must speak of them. */
  readonly #snapshotPrices = new Map<string, { bids: Set<number>; asks: Set<number> }>()
  #skip = 0

  constructor(book: Resting) {
    this.#book = book
  }

  begin(kind: string): void {
    if (!this.#isPartial(kind)) this.#published.set(kind, this.#now(this.#book.market.lastTime))
  }

  end(kind: string): void {
    this.#published.delete(kind)
    this.#snapshotPrices.delete(kind)
  }

  /** The next `updates` difference events are lost. */
  loseUpdates(updates: number): void {
    this.#skip += updates
  }

  snapshot(limit: number, now: number): { lastUpdateId: number; bids: [number, number][]; asks: [number, number][] } {
    const count = Math.min(limit, WINDOW)
    const bids = this.#book.levels('BUY', count, now)
    const asks = this.#book.levels('SELL', count, now)
    for (const kind of this.#published.keys()) {
      const shown = this.#snapshotPrices.get(kind) ?? { bids: new Set<number>(), asks: new Set<number>() }
      for (const [price] of bids) shown.bids.add(price)
      for (const [price] of asks) shown.asks.add(price)
      this.#snapshotPrices.set(kind, shown)
    }
    return { lastUpdateId: this.#book.market.updateId, bids, asks }
  }

  /** depthUpdate of a difference or partial stream; null when it was lost on purpose or nothing changed. */
  event(kind: string, now: number): Readonly<Record<string, unknown>> | null {
    const { market } = this.#book
    if (this.#isPartial(kind)) {
      const count = Number(/\d+/.exec(kind)?.[0] ?? '5')
      const bids = this.#text(this.#book.levels('BUY', count, now))
      const asks = this.#text(this.#book.levels('SELL', count, now))
      return this.#shape(now, market.updateId - 1, market.updateId, market.updateId - 1, bids, asks)
    }
    const before = this.#published.get(kind)
    if (before === undefined) return null
    market.updateId++
    const after = this.#now(now)
    const shown = this.#snapshotPrices.get(kind)
    this.#published.set(kind, after)
    this.#snapshotPrices.delete(kind)
    if (this.#skip > 0) {
      this.#skip--
      return null
    }
    const bids = this.#changes(before.bids, after.bids, shown?.bids)
    const asks = this.#changes(before.asks, after.asks, shown?.asks)
    return this.#shape(now, before.updateId + 1, after.updateId, before.updateId, this.#text(bids), this.#text(asks))
  }

  #now(now: number): Published {
    return {
      updateId: this.#book.market.updateId,
      bids: toMap(this.#book.levels('BUY', WINDOW, now)),
      asks: toMap(this.#book.levels('SELL', WINDOW, now)),
    }
  }

  #changes(before: Levels, after: Levels, shown: ReadonlySet<number> | undefined): [number, number][] {
    const changes: [number, number][] = []
    for (const [price, size] of after) if (before.get(price) !== size || shown?.has(price)) changes.push([price, size])
    for (const price of before.keys()) if (!after.has(price)) changes.push([price, 0])
    for (const price of shown ?? []) if (!after.has(price) && !before.has(price)) changes.push([price, 0])
    return changes
  }

  #text(levels: readonly [number, number][]): [string, string][] {
    const { instrument } = this.#book.market
    return levels.map(([price, size]) => [instrument.priceText(price), instrument.qtyText(size)])
  }

  #shape(now: number, first: number, last: number, previous: number, b: unknown, a: unknown): Readonly<Record<string, unknown>> {
    const { market } = this.#book
    return {
      e: 'depthUpdate',
      E: now,
      T: market.lastTime,
      s: market.symbol,
      ps: market.symbol,
      U: first,
      u: last,
      pu: previous,
      b,
      a,
      st: 1,
    }
  }

  #isPartial(kind: string): boolean {
    return /^depth(5|10|20)/.test(kind)
  }
}
