/**
 * The venue's own liquidity around the tape's price: a level's size is a hash of (seed, side, tick, epoch), so the book is as deep
 * as asked for and costs no memory. What takers consumed is remembered and flows back linearly over `RECOVERY_MS`: impact that
 * decays, and no displayed size is used twice.
 */
import { hash32, hashUnit } from '../random.ts'

export type BookSide = 'BUY' | 'SELL'

const NEAR_LEVELS = 20
const RECOVERY_MS = 10_000
const MAX_CONSUMED = 4_096

interface Consumed {
  qty: number
  at: number
}

export class Ladder {
  /** Best ambient ticks (indices: price / tick). */
  bid = 0
  ask = 0
  readonly #seed: number
  #lot: number
  #scale: number
  #stride = 1
  #epoch = 0
  /** Real sizes of the best levels, when a live or recorded top says them: [tick, QU]. */
  readonly #shown: { BUY: readonly [number, number]; SELL: readonly [number, number] } = { BUY: [0, 0], SELL: [0, 0] }
  readonly #consumed = { BUY: new Map<number, Consumed>(), SELL: new Map<number, Consumed>() }

  /** @param lot quantity step in QU  @param scale typical level size in QU */
  constructor(seed: number, lot: number, scale: number) {
    this.#seed = seed
    this.#lot = lot
    this.#scale = scale
  }

  set lot(value: number) {
    this.#lot = value
  }

  set scale(value: number) {
    this.#scale = value
  }

  /** Forgets what was consumed and shown: ticks mean other prices now. */
  clear(): void {
    this.#consumed.BUY.clear()
    this.#consumed.SELL.clear()
    this.#shown.BUY = [0, 0]
    this.#shown.SELL = [0, 0]
  }

  /** New best prices after a tape step. */
  recentre(bid: number, ask: number): void {
    this.bid = bid
    this.ask = ask
    this.#stride = Math.max(1, Math.round(bid * 0.00005))
    this.#epoch++
  }

  /** Steps whose book nobody saw. */
  skip(steps: number): void {
    this.#epoch += steps
  }

  /** The size displayed at the best price of a real book. */
  show(side: BookSide, tick: number, qty: number): void {
    this.#shown[side] = [tick, qty]
  }

  best(side: BookSide): number {
    return side === 'BUY' ? this.bid : this.ask
  }

  distance(side: BookSide, tick: number): number {
    return side === 'BUY' ? this.bid - tick : tick - this.ask
  }

  /** Ambient size ignoring what was consumed, as if `tick` were `distance` from the best. The best level is the thickest. */
  size(side: BookSide, tick: number, distance: number): number {
    const [shownTick, shownQty] = this.#shown[side]
    if (tick === shownTick && shownQty > 0) return shownQty
    const phase = hash32(this.#seed, tick, side === 'BUY' ? 1 : 2)
    const period = distance < 3 ? 4 : 32
    const epoch = Math.floor((this.#epoch + (phase & 31)) / period)
    const unit = hashUnit(phase, epoch, period)
    const shape = distance === 0 ? 1 : 0.15 * (1 + Math.min(distance, 300) / 60)
    const qty = this.#scale * (0.25 + 1.5 * unit) * shape
    return Math.max(1, Math.round(qty / this.#lot)) * this.#lot
  }

  /** Ambient size at a tick now: zero inside the spread, between far levels, and where takers emptied it. */
  available(side: BookSide, tick: number, now: number): number {
    const distance = this.distance(side, tick)
    if (distance < 0 || tick < 1 || (distance >= NEAR_LEVELS && tick % this.#stride !== 0)) return 0
    const size = this.size(side, tick, distance)
    const gone = this.#gone(side, tick, now)
    return gone === 0 ? size : Math.max(0, Math.floor((size - gone) / this.#lot) * this.#lot)
  }

  consume(side: BookSide, tick: number, qty: number, now: number): void {
    const map = this.#consumed[side]
    if (map.size >= MAX_CONSUMED) for (const [at, entry] of map) if (now - entry.at >= RECOVERY_MS) map.delete(at)
    if (map.size >= MAX_CONSUMED) map.clear()
    map.set(tick, { qty: this.#gone(side, tick, now) + qty, at: now })
  }

  /** The next level outward from `tick` (exclusive). */
  next(side: BookSide, tick: number): number {
    const outward = side === 'BUY' ? tick - 1 : tick + 1
    if (this.distance(side, outward) < NEAR_LEVELS) return outward
    const stride = this.#stride
    return side === 'BUY' ? Math.floor(outward / stride) * stride : Math.ceil(outward / stride) * stride
  }

  #gone(side: BookSide, tick: number, now: number): number {
    const map = this.#consumed[side]
    if (map.size === 0) return 0
    const entry = map.get(tick)
    if (entry === undefined) return 0
    const age = now - entry.at
    if (age < RECOVERY_MS) return entry.qty * (1 - age / RECOVERY_MS)
    map.delete(tick)
    return 0
  }
}
