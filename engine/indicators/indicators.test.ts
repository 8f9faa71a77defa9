import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createAdx } from './adx.ts'
import { createAtr, createTrueRange, trueRange } from './atr.ts'
import { createBollinger } from './bollinger.ts'
import { createMacd } from './macd.ts'
import { createEma, createSma } from './moving-average.ts'
import { createRsi } from './rsi.ts'
import { createVwap } from './vwap.ts'

const fixtures = new URL('./fixtures/', import.meta.url)

interface TaLibCase {
  readonly unstablePeriod: number
  readonly startIdx: number
  readonly endIdx: number
  readonly period: number
  readonly compatibility?: string
  readonly type?: string
  readonly outIndex: number
  readonly value: string
  readonly outBegIdx: number
  readonly outNbElement: number
}

describe('known answers', () => {
  it('RSI(14) equals the StockCharts example at 2 and 4 decimals', () => {
    const example = JSON.parse(readFileSync(new URL('stockcharts-rsi14.json', fixtures), 'utf8'))
    const rsi = createRsi(14)
    const out = example.closes.map((close: string) => rsi.push(Number(close))).filter((x: number | undefined) => x !== undefined)
    expect(out.map((x: number) => x.toFixed(2))).toEqual(example.expected_2dp)
    expect(out.map((x: number) => x.toFixed(4))).toEqual(example.expected_4dp_talib_0_6_8.map((x: string) => Number(x).toFixed(4)))
  })

  it('RSI, TR, ATR, SMA and EMA equal TA-Lib’s regression tables within 0.01', () => {
    const table = JSON.parse(readFileSync(new URL('ta_regtest_known_answers.json', fixtures), 'utf8'))
    const column = (name: string): number[] => table.input[name].map(Number)
    const [high, low, close] = [column('high'), column('low'), column('close')]
    const series = (push: (i: number) => number | undefined): (number | undefined)[] => close.map((_, i) => push(i))
    // Our series always starts at bar 0, so only rows whose seed is bar 0 speak of the same thing.
    const fromBarZero = (c: TaLibCase, lookback: number): boolean =>
      c.outNbElement > 0 && c.compatibility !== 'metastock' && c.startIdx <= lookback + c.unstablePeriod
    let compared = 0
    const check = (
      cases: TaLibCase[],
      lookback: (c: TaLibCase) => number,
      make: (c: TaLibCase) => (i: number) => number | undefined,
    ): void => {
      for (const c of cases) {
        if (!fromBarZero(c, lookback(c))) continue
        const got = series(make(c))[c.outBegIdx + c.outIndex]
        expect(Math.abs((got ?? Number.NaN) - Number(c.value)), JSON.stringify(c)).toBeLessThan(0.01)
        compared++
      }
    }
    const at = (values: number[], i: number): number => values[i] ?? Number.NaN
    check(
      table.expected.rsi,
      (c) => c.period,
      (c) => {
        const x = createRsi(c.period)
        return (i) => x.push(at(close, i))
      },
    )
    check(
      table.expected.trange,
      () => 1,
      () => {
        const x = createTrueRange()
        return (i) => x.push(at(high, i), at(low, i), at(close, i))
      },
    )
    check(
      table.expected.atr,
      (c) => c.period,
      (c) => {
        const x = createAtr(c.period)
        return (i) => x.push(at(high, i), at(low, i), at(close, i))
      },
    )
    check(
      table.expected.ma.filter((c: TaLibCase) => c.type === 'SMA' || c.type === 'EMA'),
      (c) => c.period - 1,
      (c) => {
        const x = c.type === 'SMA' ? createSma(c.period) : createEma(c.period)
        return (i) => x.push(at(close, i))
      },
    )
    expect(compared).toBeGreaterThan(40)
  })
})

const price = fc.double({ min: 0.01, max: 100_000, noNaN: true })
const prices = fc.array(price, { minLength: 1, maxLength: 300 })
const period = fc.integer({ min: 2, max: 30 })
const close9 = (got: number | undefined, want: number | undefined): void => {
  if (want === undefined) expect(got).toBeUndefined()
  else expect(Math.abs((got ?? Number.NaN) - want)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(want)) + 1e-7)
}

describe('incremental equals batch', () => {
  it('SMA and Bollinger', () => {
    fc.assert(
      fc.property(prices, period, (values, n) => {
        const sma = createSma(n)
        const bands = createBollinger(n, 2)
        values.forEach((value, i) => {
          const window = values.slice(i - n + 1, i + 1)
          const mean = i + 1 < n ? undefined : window.reduce((a, b) => a + b, 0) / n
          close9(sma.push(value), mean)
          const got = bands.push(value)
          if (mean === undefined) return expect(got).toBeUndefined()
          const deviation = Math.sqrt(window.reduce((a, b) => a + (b - mean) ** 2, 0) / n)
          close9(got?.middle, mean)
          // A deviation near zero is the square root of rounding noise, whose scale is the largest price of the last lap.
          const scale = Math.max(...values.slice(0, i + 1))
          expect(Math.abs((got?.upper ?? Number.NaN) - (mean + 2 * deviation))).toBeLessThan(1e-7 * scale)
        })
      }),
    )
  })

  it('RSI and ATR by the definition, written out over the whole series', () => {
    fc.assert(
      fc.property(prices, period, (values, n) => {
        const rsi = createRsi(n)
        const atr = createAtr(n)
        const got = values.map((v) => [rsi.push(v), atr.push(v * 1.01, v * 0.99, v)] as const)
        const changes = values.slice(1).map((v, i) => v - (values[i] ?? 0))
        const ranges = values.slice(1).map((v, i) => trueRange(v * 1.01, v * 0.99, values[i] ?? 0))
        const wilder = (xs: number[]): number => {
          let average = xs.slice(0, n).reduce((a, b) => a + b, 0) / n
          for (const x of xs.slice(n)) average = (average * (n - 1) + x) / n
          return average
        }
        got.forEach(([r, a], i) => {
          if (i < n) return expect([r, a]).toEqual([undefined, undefined])
          const gain = wilder(changes.slice(0, i).map((c) => Math.max(c, 0)))
          const loss = wilder(changes.slice(0, i).map((c) => Math.max(-c, 0)))
          close9(r, gain + loss === 0 ? 50 : 100 - 100 / (1 + gain / loss))
          close9(a, wilder(ranges.slice(0, i)))
        })
      }),
    )
  })

  it('EMA and MACD', () => {
    fc.assert(
      fc.property(prices, period, (values, n) => {
        const ema = createEma(n)
        const macd = createMacd(n, n + 5, 4)
        const fast = createEma(n)
        const slow = createEma(n + 5)
        let batch = 0
        values.forEach((value, i) => {
          batch = i + 1 < n ? 0 : i + 1 === n ? values.slice(0, n).reduce((a, b) => a + b, 0) / n : batch + (2 / (n + 1)) * (value - batch)
          close9(ema.push(value), i + 1 < n ? undefined : batch)
          const [f, s] = [fast.push(value), slow.push(value)]
          close9(macd.push(value)?.macd, f === undefined || s === undefined ? undefined : f - s)
        })
      }),
    )
  })
})

describe('edges', () => {
  it('flat prices: RSI 50, ATR 0, bands shut, ADX 0', () => {
    const rsi = createRsi(14)
    const atr = createAtr(14)
    const bands = createBollinger()
    const adx = createAdx()
    let last: unknown[] = []
    for (let i = 0; i < 60; i++) last = [rsi.push(7), atr.push(7, 7, 7), bands.push(7), adx.push(7, 7, 7)]
    expect(last).toEqual([50, 0, { middle: 7, upper: 7, lower: 7 }, { plusDi: 0, minusDi: 0, adx: 0 }])
  })

  it('a steady climb is RSI 100 and ADX 100', () => {
    const rsi = createRsi(14)
    const adx = createAdx(14)
    let last: { adx: number | undefined } | undefined
    for (let i = 1; i < 60; i++) {
      rsi.push(i)
      last = adx.push(i + 0.5, i - 0.5, i)
    }
    expect(rsi.value).toBe(100)
    expect(last?.adx).toBeCloseTo(100, 9)
  })

  it('reset forgets everything: the next values equal those of a fresh one', () => {
    const make = () => [createRsi(3), createSma(3), createEma(3)] as const
    const used = make()
    for (const x of [5, 9, 2, 7]) for (const i of used) i.push(x)
    for (const i of used) i.reset()
    const fresh = make()
    for (const x of [1, 4, 2, 8, 3]) expect(used.map((i) => i.push(x))).toEqual(fresh.map((i) => i.push(x)))
  })

  it('VWAP restarts at 00:00 UTC and is absent without volume', () => {
    const vwap = createVwap()
    const day = Date.UTC(2021, 1, 22)
    expect(vwap.push(day, 3, 1, 2, 0)).toBeUndefined()
    expect(vwap.push(day + 60_000, 3, 1, 2, 10)).toBe(2)
    expect(vwap.push(day + 120_000, 6, 6, 6, 10)).toBe(4)
    expect(vwap.push(day + 86_400_000, 9, 9, 9, 1)).toBe(9)
  })
})
