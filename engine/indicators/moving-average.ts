/** Simple and exponential moving averages; EMA seeded by the SMA of its first `period` values (TA-Lib's classic form). */
export interface MovingAverage {
  /** `undefined` until `period` values were seen. O(1) amortised. */
  push(value: number): number | undefined
  readonly value: number | undefined
  reset(): void
}

class Ema implements MovingAverage {
  private readonly period: number
  private readonly weight: number
  private seen = 0
  private average = 0

  constructor(period: number) {
    this.period = period
    this.weight = 2 / (period + 1)
  }

  push(value: number): number | undefined {
    if (this.seen < this.period) {
      this.average += value
      this.seen++
      if (this.seen < this.period) return undefined
      this.average /= this.period
      return this.average
    }
    this.average += (value - this.average) * this.weight
    return this.average
  }

  get value(): number | undefined {
    return this.seen < this.period ? undefined : this.average
  }

  reset(): void {
    this.seen = 0
    this.average = 0
  }
}

export const createEma = (period: number): MovingAverage => new Ema(period)

export function createSma(period: number): MovingAverage {
  const window = new Float64Array(period)
  let seen = 0
  let at = 0
  let sum = 0
  const push = (value: number): number | undefined => {
    sum += value - (window[at] ?? 0)
    window[at] = value
    at++
    if (at === period) {
      at = 0
      // Once a lap the sum is taken afresh, so that rounding errors cannot build up over months of bars.
      sum = 0
      for (const x of window) sum += x
    }
    if (seen < period) seen++
    return seen < period ? undefined : sum / period
  }
  return {
    push,
    get value() {
      return seen < period ? undefined : sum / period
    },
    reset() {
      window.fill(0)
      seen = 0
      at = 0
      sum = 0
    },
  }
}
