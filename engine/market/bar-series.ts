/**
 * A bounded series of 1m bars in time order (INV-11: 5,000; the oldest leave first). Bars may arrive late or be revised; a hole
 * stays a hole. Storage grows with use, so two hundred quiet symbols cost little; once full, the oldest bar leaves by moving the start,
 * and what is held is moved down only when the room behind it is used up.
 */
import { invariant } from '../contract/result.ts'
import { BAR_MS } from './timeframe.ts'

export interface Bar {
  /** Open time, ms. */
  readonly time: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
  readonly final: boolean
}

export interface Hole {
  /** First and last missing open time, ms. */
  readonly first: number
  readonly last: number
  readonly bars: number
}

export const SERIES_LIMIT = 5_000
const WORDS = 7
const FIRST_CAPACITY = 64

export class BarSeries {
  readonly #limit: number
  #words = new Float64Array(FIRST_CAPACITY * WORDS)
  /** Slot of the oldest bar. */
  #start = 0
  #size = 0
  #lastFinal = 0

  constructor(limit = SERIES_LIMIT) {
    this.#limit = limit
  }

  get size(): number {
    return this.#size
  }

  /** Open time of the newest final bar; 0 when none. */
  get lastFinal(): number {
    return this.#lastFinal
  }

  at(position: number): Bar {
    invariant(position >= 0 && position < this.#size, `bar ${position} of ${this.#size}`)
    const [time = 0, open = 0, high = 0, low = 0, close = 0, volume = 0, final = 0] = this.#words.subarray(
      this.#slot(position),
      this.#slot(position + 1),
    )
    return { time, open, high, low, close, volume, final: final === 1 }
  }

  /** The bar of that open time, when there is one. */
  find(time: number): Bar | undefined {
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#time(middle) < time) low = middle + 1
      else high = middle
    }
    return low < this.#size && this.#time(low) === time ? this.at(low) : undefined
  }

  /** Adds a bar or replaces the one of the same time. A running bar never replaces a final one. True when the series changed. */
  upsert(time: number, open: number, high: number, low: number, close: number, volume: number, final: boolean): boolean {
    let position = this.#size
    while (position > 0 && this.#time(position - 1) > time) position -= 1
    const replaces = position > 0 && this.#time(position - 1) === time
    if (replaces) {
      position -= 1
      if (!final && this.#words[this.#slot(position) + 6] === 1) return false
    } else {
      if (this.#size === this.#limit) {
        if (position === 0) return false
        this.#start += 1
        this.#size -= 1
        position -= 1
      }
      this.#reserve()
      if (position < this.#size) this.#words.copyWithin(this.#slot(position + 1), this.#slot(position), this.#slot(this.#size))
      this.#size += 1
    }
    const words = this.#words
    const slot = this.#slot(position)
    words[slot] = time
    words[slot + 1] = open
    words[slot + 2] = high
    words[slot + 3] = low
    words[slot + 4] = close
    words[slot + 5] = volume
    words[slot + 6] = final ? 1 : 0
    if (final && time > this.#lastFinal) this.#lastFinal = time
    return true
  }

  /** Missing and not yet final open times between the first bar and `until` (exclusive), as holes in time order. */
  holes(until: number): readonly Hole[] {
    const found: Hole[] = []
    if (this.#size === 0) return found
    let expected = this.#time(0)
    const note = (end: number): void => {
      if (end > expected) found.push({ first: expected, last: end - BAR_MS, bars: (end - expected) / BAR_MS })
    }
    for (let position = 0; position < this.#size; position += 1) {
      const time = this.#time(position)
      if (time >= until) break
      if (this.#words[this.#slot(position) + 6] !== 1) continue
      note(time)
      expected = time + BAR_MS
    }
    note(until)
    return found
  }

  #time(position: number): number {
    return this.#words[this.#slot(position)] ?? 0
  }

  #slot(position: number): number {
    return (this.#start + position) * WORDS
  }

  #reserve(): void {
    if (this.#slot(this.#size + 1) <= this.#words.length) return
    if (this.#start > 0 && this.#start >= this.#size / 2) {
      this.#words.copyWithin(0, this.#slot(0), this.#slot(this.#size))
      this.#start = 0
      return
    }
    // Twice the limit at most: a full series then moves itself down once in as many bars as it holds.
    const larger = new Float64Array(Math.min(this.#words.length * 2, Math.max(FIRST_CAPACITY, this.#limit * 2) * WORDS))
    larger.set(this.#words)
    this.#words = larger
  }
}
