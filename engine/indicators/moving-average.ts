/** Simple and exponential moving averages; EMA seeded by the SMA of its first `period` values (TA-Lib's classic form). */
export interface MovingAverage {
  /** `undefined` until `period` values were seen. O(1) amortised. */
  push(value: number): number | undefined
  readonly value: number | undefined
  reset(): void
}

export function createEma(period: number): MovingAverage {
  const weight = 2 / (period + 1)
  let seen = 0
  let average = 0
  return {
    push(value) {
      if (seen < period) {
        average += value
        seen++
        if (seen < period) return undefined
        average /= period
        return average
      }
      average += (value - average) * weight
      return average
    },
    get value() {
      return seen < period ? undefined : average
    },
    reset() {
      seen = 0
      average = 0
    },
  }
}

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
