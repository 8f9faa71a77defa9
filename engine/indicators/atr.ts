/**
 * True range and Average True Range (Wilder 1978). TR of the first bar is absent; the first ATR is the mean of the first
 * `period` true ranges (so at bar `period`), then Wilder smoothing.
 */
export interface TrueRange {
  push(high: number, low: number, close: number): number | undefined
  reset(): void
}

export interface Atr {
  /** `undefined` until `period` + 1 bars were seen. O(1). */
  push(high: number, low: number, close: number): number | undefined
  readonly value: number | undefined
  readonly trueRange: number | undefined
  reset(): void
}

/** Largest of high − low, |high − previous close|, |low − previous close|. */
export const trueRange = (high: number, low: number, previousClose: number): number =>
  Math.max(high, previousClose) - Math.min(low, previousClose)

export function createTrueRange(): TrueRange {
  let previous: number | undefined
  return {
    push(high, low, close) {
      const range = previous === undefined ? undefined : trueRange(high, low, previous)
      previous = close
      return range
    },
    reset() {
      previous = undefined
    },
  }
}

export function createAtr(period: number): Atr {
  let seen = 0
  let previous = 0
  let average = 0
  let range: number | undefined
  return {
    push(high, low, close) {
      if (seen === 0) {
        previous = close
        seen = 1
        return undefined
      }
      range = trueRange(high, low, previous)
      previous = close
      if (seen <= period) {
        average += range / period
        if (seen++ < period) return undefined
      } else average += (range - average) / period
      return average
    },
    get value() {
      return seen > period ? average : undefined
    },
    get trueRange() {
      return range
    },
    reset() {
      seen = 0
      average = 0
      range = undefined
    },
  }
}
