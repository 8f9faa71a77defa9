/** Volume-weighted average price of typical price (h+l+c)/3, anchored at 00:00 UTC, restarted each day. */
export interface Vwap {
  /** `openTime` in ms. `undefined` while the day has no volume. O(1). */
  push(openTime: number, high: number, low: number, close: number, volume: number): number | undefined
  reset(): void
}

const DAY_MS = 86_400_000

export function createVwap(): Vwap {
  let day = Number.NEGATIVE_INFINITY
  let turnover = 0
  let traded = 0
  return {
    push(openTime, high, low, close, volume) {
      const today = Math.floor(openTime / DAY_MS)
      if (today !== day) {
        day = today
        turnover = 0
        traded = 0
      }
      turnover += ((high + low + close) / 3) * volume
      traded += volume
      return traded > 0 ? turnover / traded : undefined
    },
    reset() {
      day = Number.NEGATIVE_INFINITY
      turnover = 0
      traded = 0
    },
  }
}
