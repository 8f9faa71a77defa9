/**
 * Relative Strength Index (Wilder, New Concepts in Technical Trading Systems, 1978).
 * First average = simple mean of the first `period` changes, then Wilder smoothing; when prices did not change at all, 50.
 */
export interface Rsi {
  /** `undefined` until `period` + 1 closes were seen; then 0…100. O(1). `close` must be finite (INV-13 guards it). */
  push(close: number): number | undefined
  readonly value: number | undefined
  /** A hole in the data: start over, never bridge. */
  reset(): void
}

export function createRsi(period: number): Rsi {
  let seen = 0
  let last = 0
  let gain = 0
  let loss = 0
  let value: number | undefined
  return {
    push(close) {
      if (seen === 0) {
        last = close
        seen = 1
        return undefined
      }
      const change = close - last
      last = close
      const up = change > 0 ? change : 0
      const down = change < 0 ? -change : 0
      if (seen <= period) {
        gain += up / period
        loss += down / period
        if (seen++ < period) return undefined
      } else {
        gain += (up - gain) / period
        loss += (down - loss) / period
      }
      const sum = gain + loss
      value = sum === 0 ? 50 : (100 * gain) / sum
      return value
    },
    get value() {
      return value
    },
    reset() {
      seen = 0
      gain = 0
      loss = 0
      value = undefined
    },
  }
}
