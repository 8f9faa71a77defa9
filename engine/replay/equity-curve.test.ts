/** The curve against its definition: every n-th point of all of them and the last, and figures over all of them. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EquityCurve } from './equity-curve.ts'

const MINUTE = 60_000
const START = Date.UTC(2024, 0, 1)
const KEPT = 2_000

describe('equity curve', () => {
  it('shows evenly spaced points of the whole run, and its last', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12_000 }), fc.integer({ min: 1, max: 1_000_000 }), (length, seed) => {
        const curve = new EquityCurve(1_000)
        let x = seed
        let equity = 1_000
        let peak = 1_000
        let [worst, worstUsdt] = [0, 0]
        const all = Array.from({ length }, (_, i) => {
          x = (Math.imul(x, 1_103_515_245) + 12_345) >>> 1
          equity += (x % 2_001) / 1_000 - 1
          peak = Math.max(peak, equity)
          const drawdown = (peak - equity) / peak
          worst = Math.max(worst, drawdown)
          worstUsdt = Math.max(worstUsdt, peak - equity)
          const point = { time: START + (i + 1) * MINUTE, equity, drawdown }
          curve.add(point.time, point.equity)
          return point
        })
        let stride = 1
        while (Math.ceil(length / stride) > KEPT) stride *= 2
        const want = all.filter((_, i) => i % stride === 0)
        const last = all[length - 1]
        const got = curve.points()
        expect(got.slice(0, want.length)).toEqual(want)
        expect(got.length).toBe(want.length + ((length - 1) % stride === 0 ? 0 : 1))
        expect(got.at(-1)).toMatchObject({ time: last?.time, equity: last?.equity })
        expect(curve.figures()).toMatchObject({ maxDrawdown: worst, maxDrawdownUsdt: worstUsdt, days: Math.ceil(length / 1_440) })
      }),
      {
        numRuns: 60,
        examples: [
          [1, 1],
          [2_000, 1],
          [2_001, 1],
          [4_001, 7],
        ],
      },
    )
  })

  it('has nothing to show before the first bar', () => {
    expect(new EquityCurve(5).points()).toEqual([])
    expect(new EquityCurve(5).figures()).toMatchObject({ maxDrawdown: 0, longestDrawdownMs: 0, sharpe: null, sortino: null })
  })
})
