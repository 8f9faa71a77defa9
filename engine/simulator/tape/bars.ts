/**
 * Turns one-minute bars into a path of price steps. Invariants: the first step prints the open, the last the close, high and low
 * are both touched, nothing leaves [low, high], and the steps' quantities add up to the bar's volume exactly. The same bar and
 * draws give the same path, whatever was drawn before; a path is drawn into columns that are used again, without an object a step.
 */
import type { Rng } from '../random.ts'

export const MINUTE = 60_000

/** A bar in integer units. */
export interface UnitBar {
  readonly openTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/** A bar to be filled in again and again. */
export const newBar = (): { -readonly [field in keyof UnitBar]: number } => ({ openTime: 0, open: 0, high: 0, low: 0, close: 0, volume: 0 })

/** Source of bars in time order; null when the tape has ended. */
export interface BarSource {
  readonly startTime: number
  readonly endTime: number | null
  /** The bar is the source's own and becomes the next one: read it before that, or copy it. */
  next(): UnitBar | null
}

const JITTER = 0.8
const NOISE = 0.6

export class BarPath {
  readonly length: number
  readonly times: Float64Array
  readonly prices: Float64Array
  readonly quantities: Float64Array
  readonly #weights: Float64Array
  /** Grid of the prices. */
  tick = 1

  /** @param steps per minute, ≥ 4 */
  constructor(steps: number) {
    this.length = steps
    this.times = new Float64Array(steps)
    this.prices = new Float64Array(steps)
    this.quantities = new Float64Array(steps)
    this.#weights = new Float64Array(steps)
  }

  /** The steps of one bar; `tick` and `lot` are the units prices and quantities are multiples of. */
  draw(bar: UnitBar, tick: number, lot: number, rng: Rng): void {
    const last = this.length - 1
    const first = rng.int(1, Math.max(1, Math.floor((last - 1) / 2)))
    const second = rng.int(first + 1, last - 1)
    // The extreme nearer to the open comes first: the path most bars really take.
    const highFirst = bar.high - bar.open <= bar.open - bar.low
    const one = highFirst ? bar.high : bar.low
    const two = highFirst ? bar.low : bar.high
    const { prices } = this
    this.tick = tick
    prices[0] = bar.open
    this.#bridge(bar, tick, 0, bar.open, first, one, rng)
    this.#bridge(bar, tick, first, one, second, two, rng)
    this.#bridge(bar, tick, second, two, last, bar.close, rng)
    this.#spread(bar, lot, rng)
  }

  /** A straight line with a random walk upon it that is zero at both ends: noise without the mean reversion of independent draws. */
  #bridge(bar: UnitBar, tick: number, fromAt: number, from: number, toAt: number, to: number, rng: Rng): void {
    const { prices } = this
    const length = toAt - fromAt
    prices[toAt] = to
    if (length < 2) return
    const scale = NOISE / Math.sqrt(length)
    const walk = this.#weights
    let at = 0
    for (let i = 1; i <= length; i++) {
      at += (rng.next() - 0.5) * scale
      walk[i - 1] = at
    }
    const slope = (to - from) / length
    const drift = at / length
    const range = bar.high - bar.low
    for (let i = 1; i < length; i++) {
      const noisy = from + slope * i + ((walk[i - 1] ?? 0) - drift * i) * range
      const price = Math.round(noisy / tick) * tick
      prices[fromAt + i] = price > bar.high ? bar.high : price < bar.low ? bar.low : price
    }
  }

  #spread(bar: UnitBar, lot: number, rng: Rng): void {
    const { times, quantities, length } = this
    const weights = this.#weights
    let sum = 0
    for (let i = 0; i < length; i++) {
      const weight = 0.2 + rng.next()
      weights[i] = weight
      sum += weight
    }
    const lots = Math.round(bar.volume / lot)
    const share = lots / sum
    const slot = MINUTE / length
    let left = lots
    for (let i = 0; i < length; i++) {
      const wished = Math.floor(share * (weights[i] ?? 0))
      const taken = i === length - 1 || wished > left ? left : wished
      left -= taken
      quantities[i] = taken * lot
      times[i] = bar.openTime + Math.floor(i * slot) + (i === 0 ? 0 : Math.floor(rng.next() * slot * JITTER))
    }
  }
}
