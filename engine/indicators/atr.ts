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
  (high > previousClose ? high : previousClose) - (low < previousClose ? low : previousClose)

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

class WilderAtr implements Atr {
  private readonly period: number
  private readonly weight: number
  private seen = 0
  private previous = NaN
  private average = 0
  private range = 0

  constructor(period: number) {
    this.period = period
    this.weight = 1 / period
  }

  push(high: number, low: number, close: number): number | undefined {
    const range = this.seen === 0 ? 0 : trueRange(high, low, this.previous)
    this.range = range
    this.previous = close
    if (this.seen <= this.period) {
      this.average += range * this.weight
      if (this.seen++ < this.period) return undefined
    } else this.average += (range - this.average) * this.weight
    return this.average
  }

  get value(): number | undefined {
    return this.seen > this.period ? this.average : undefined
  }

  get trueRange(): number | undefined {
    return this.seen > 1 ? this.range : undefined
  }

  reset(): void {
    this.seen = 0
    this.average = 0
  }
}

export const createAtr = (period: number): Atr => new WilderAtr(period)
