/**
 * Average Directional Index with +DI and −DI (Wilder 1978): Wilder-smoothed sums of +DM, −DM and TR over `period`,
 * DX = 100·|+DI − −DI| / (+DI + −DI) (0 when both are 0), ADX = mean of the first `period` DX, then Wilder smoothing.
 */
import { trueRange } from './atr.ts'

export interface AdxValue {
  readonly plusDi: number
  readonly minusDi: number
  /** Absent until `period` DX values were seen. */
  readonly adx: number | undefined
}

export interface Adx {
  /** `undefined` until `period` + 1 bars were seen. O(1). */
  push(high: number, low: number, close: number): AdxValue | undefined
  reset(): void
}

export function createAdx(period = 14): Adx {
  let seen = 0
  let lastHigh = 0
  let lastLow = 0
  let lastClose = 0
  let ranges = 0
  let plus = 0
  let minus = 0
  let strengths = 0
  let adx = 0
  return {
    push(high, low, close) {
      if (seen > 0) {
        const rise = high - lastHigh
        const fall = lastLow - low
        const up = rise > fall && rise > 0 ? rise : 0
        const down = fall > rise && fall > 0 ? fall : 0
        const range = trueRange(high, low, lastClose)
        const keep = seen > period ? 1 - 1 / period : 1
        ranges = ranges * keep + range
        plus = plus * keep + up
        minus = minus * keep + down
      }
      lastHigh = high
      lastLow = low
      lastClose = close
      if (seen <= period) seen++
      if (seen <= period) return undefined
      const plusDi = ranges === 0 ? 0 : (100 * plus) / ranges
      const minusDi = ranges === 0 ? 0 : (100 * minus) / ranges
      const sum = plusDi + minusDi
      const strength = sum === 0 ? 0 : (100 * Math.abs(plusDi - minusDi)) / sum
      if (strengths < period) {
        adx += strength / period
        strengths++
      } else adx += (strength - adx) / period
      return { plusDi, minusDi, adx: strengths < period ? undefined : adx }
    },
    reset() {
      seen = 0
      ranges = 0
      plus = 0
      minus = 0
      strengths = 0
      adx = 0
    },
  }
}
