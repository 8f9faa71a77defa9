/** Moving Average Convergence/Divergence (Appel): fast EMA − slow EMA, its signal EMA and the histogram. */
import { createEma } from './moving-average.ts'

export interface MacdValue {
  readonly macd: number
  /** Absent until the signal line has its own seed. */
  readonly signal: number | undefined
  readonly histogram: number | undefined
}

export interface Macd {
  /** `undefined` until `slow` closes were seen. */
  push(close: number): MacdValue | undefined
  reset(): void
}

export function createMacd(fastPeriod = 12, slowPeriod = 26, signalPeriod = 9): Macd {
  const fast = createEma(fastPeriod)
  const slow = createEma(slowPeriod)
  const smooth = createEma(signalPeriod)
  return {
    push(close) {
      const quick = fast.push(close)
      const calm = slow.push(close)
      if (quick === undefined || calm === undefined) return undefined
      const macd = quick - calm
      const signal = smooth.push(macd)
      return { macd, signal, histogram: signal === undefined ? undefined : macd - signal }
    },
    reset() {
      fast.reset()
      slow.reset()
      smooth.reset()
    },
  }
}
