/** Bollinger bands: SMA ± `width` population standard deviations of the same window (Bollinger; TA-Lib BBANDS). */
export interface BollingerValue {
  readonly middle: number
  readonly upper: number
  readonly lower: number
}

export interface Bollinger {
  /** `undefined` until `period` closes were seen. O(1) amortised. */
  push(close: number): BollingerValue | undefined
  reset(): void
}

export function createBollinger(period = 20, width = 2): Bollinger {
  const window = new Float64Array(period)
  let seen = 0
  let at = 0
  let mean = 0
  let squares = 0
  const afresh = (): void => {
    mean = 0
    squares = 0
    for (const x of window) mean += x
    mean /= period
    for (const x of window) squares += (x - mean) ** 2
  }
  return {
    push(close) {
      const leaving = window[at] ?? 0
      window[at] = close
      at = (at + 1) % period
      if (seen < period) {
        seen++
        if (seen < period) return undefined
        afresh()
      } else if (at === 0) afresh()
      else {
        // Sliding Welford update; taken afresh once a lap so that cancellation cannot build up.
        const before = mean
        mean += (close - leaving) / period
        squares += (close - leaving) * (close - mean + leaving - before)
      }
      const deviation = Math.sqrt(Math.max(0, squares) / period)
      return { middle: mean, upper: mean + width * deviation, lower: mean - width * deviation }
    },
    reset() {
      window.fill(0)
      seen = 0
      at = 0
      mean = 0
      squares = 0
    },
  }
}
