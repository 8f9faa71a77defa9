/**
 * Which steps of a path can reach somebody. Never misses one (a step named in vain costs only time): a step is out of reach when the
 * engine would find nothing to fill, trigger, queue, call or liquidate, and nobody listens to it or watches its mark.
 */
import type { RiskDesk } from '../account/liquidation.ts'
import type { Resting } from '../matching/resting.ts'
import type { World } from '../matching/world.ts'
import type { BarPath } from './bars.ts'

export class Reach {
  readonly #book: Resting
  readonly #world: World
  readonly #risk: RiskDesk
  /** Last prices and marks, PU, strictly between which nothing of a client is reached. */
  #lastFloor = -Infinity
  #lastCeiling = Infinity
  #markFloor = -Infinity
  #markCeiling = Infinity
  #watchFloor = -Infinity
  #watchCeiling = Infinity

  constructor(book: Resting, world: World, risk: RiskDesk) {
    this.#book = book
    this.#world = world
    this.#risk = risk
  }

  /** Marks outside [low, high] (PU) are wanted the moment they come. */
  watch(low: number, high: number): void {
    this.#watchFloor = low
    this.#watchCeiling = high
  }

  /** Index of the first step from `from` on that can reach somebody; the path's length when none does. */
  next(path: BarPath, from: number): number {
    if (this.#world.hub.any || this.#watchFloor > this.#watchCeiling) return from
    const held = this.#held()
    const watched = this.#watchFloor !== -Infinity || this.#watchCeiling !== Infinity
    if (!held && !watched) return path.length
    if (!this.#bounds()) return from
    const { market } = this.#book
    const { times, prices, length } = path
    let { mark } = market
    let time = market.lastTime
    let low = mark
    let high = mark
    let first = length
    const drawn = market.plays(path)
    for (let i = from; i < length; i++) {
      const drawnPrice = prices[i] ?? 0
      const price = drawn ? drawnPrice : market.tapePrice(drawnPrice)
      const at = times[i] ?? 0
      mark = market.markAfter(mark, price, at - time)
      time = at
      if (mark < low) low = mark
      if (mark > high) high = mark
      const near = price <= this.#lastFloor || price >= this.#lastCeiling || mark <= this.#markFloor || mark >= this.#markCeiling
      if (near || mark < this.#watchFloor || mark > this.#watchCeiling) {
        first = i
        break
      }
    }
    return held && !this.#risk.comfortableBetween(market, low, high) ? from : first
  }

  #held(): boolean {
    const { bids, asks, algos, market } = this.#book
    if (bids.length > 0 || asks.length > 0 || algos.size > 0) return true
    for (const account of this.#world.accounts) if (account.holds(market)) return true
    return false
  }

  /** Sets what orders and triggers reach; false when something moves with every step. */
  #bounds(): boolean {
    const { bids, asks, algos, market } = this.#book
    const { tick } = market.instrument
    // The book's best is the tape's price or one tick beside it.
    this.#lastFloor = (bids[0]?.price ?? -Infinity) + tick
    this.#lastCeiling = (asks[0]?.price ?? Infinity) - tick
    this.#markFloor = -Infinity
    this.#markCeiling = Infinity
    for (const { type, side, workingType, triggerPrice } of algos.values()) {
      if (type === 'TRAILING_STOP_MARKET') return false
      const rising = type.startsWith('STOP') === (side === 'BUY')
      if (workingType === 'MARK_PRICE') {
        if (rising) this.#markCeiling = Math.min(this.#markCeiling, triggerPrice)
        else this.#markFloor = Math.max(this.#markFloor, triggerPrice)
      } else if (rising) this.#lastCeiling = Math.min(this.#lastCeiling, triggerPrice)
      else this.#lastFloor = Math.max(this.#lastFloor, triggerPrice)
    }
    return true
  }
}
