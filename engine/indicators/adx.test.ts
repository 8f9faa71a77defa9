/** ADX, MACD, Bollinger and VWAP against their definitions written out over whole series, and against an independent library. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { ADX, BollingerBands, MACD, EMA } from 'trading-signals'
import { expect, it } from 'vitest'
import { createAdx } from './adx.ts'
import { trueRange } from './atr.ts'
import { createBollinger } from './bollinger.ts'
import { createMacd } from './macd.ts'
import { createVwap } from './vwap.ts'

const table = new URL('./fixtures/ta_regtest_known_answers.json', import.meta.url)
const cents = fc.integer({ min: 1, max: 100_000 })
const bars = fc.array(fc.tuple(cents, cents, cents), { minLength: 30, maxLength: 80 }).map((list) =>
  list.map(([a, b, c]) => {
    const [low = 0, close = 0, high = 0] = [a, b, c].toSorted((x, y) => x - y).map((x) => x / 100)
    return { high, low, close }
  }),
)

it('ADX by Wilder’s definition, written out over the whole series', () => {
  fc.assert(
    fc.property(bars, fc.integer({ min: 2, max: 8 }), (list, n) => {
      const adx = createAdx(n)
      const got = list.map((bar) => adx.push(bar.high, bar.low, bar.close))
      const moves = list.slice(1).map((bar, i) => {
        const before = list[i] ?? bar
        const [up, down] = [bar.high - before.high, before.low - bar.low]
        return {
          plus: up > down && up > 0 ? up : 0,
          minus: down > up && down > 0 ? down : 0,
          range: trueRange(bar.high, bar.low, before.close),
        }
      })
      /** Sum of the first n, then each time one n-th is given up for the newest. */
      const smoothed = (pick: (move: (typeof moves)[number]) => number, until: number): number =>
        moves.slice(n, until).reduce(
          (sum, move) => sum - sum / n + pick(move),
          moves.slice(0, n).reduce((sum, move) => sum + pick(move), 0),
        )
      const strengths: number[] = []
      got.forEach((value, i) => {
        if (i < n) return expect(value).toBeUndefined()
        const range = smoothed((m) => m.range, i)
        const share = (sum: number): number => (range === 0 ? 0 : (100 * sum) / range)
        const [plus, minus] = [share(smoothed((m) => m.plus, i)), share(smoothed((m) => m.minus, i))]
        strengths.push(plus + minus === 0 ? 0 : (100 * Math.abs(plus - minus)) / (plus + minus))
        expect(value?.plusDi).toBeCloseTo(plus, 6)
        expect(value?.minusDi).toBeCloseTo(minus, 6)
        if (strengths.length < n) return expect(value?.adx).toBeUndefined()
        const first = strengths.slice(0, n).reduce((a, b) => a + b, 0) / n
        expect(value?.adx).toBeCloseTo(
          strengths.slice(n).reduce((mean, x) => (mean * (n - 1) + x) / n, first),
          6,
        )
      })
    }),
  )
})

it('VWAP is the day’s turnover at the typical price by its volume', () => {
  fc.assert(
    fc.property(bars, fc.array(fc.nat(50), { minLength: 80, maxLength: 80 }), (list, volumes) => {
      const vwap = createVwap()
      const start = Date.UTC(2024, 0, 1, 23, 30)
      let turnover = 0
      let volume = 0
      list.forEach(({ high, low, close }, i) => {
        const time = start + i * 60_000
        if (i === 30) turnover = volume = 0
        turnover += ((high + low + close) / 3) * (volumes[i] ?? 0)
        volume += volumes[i] ?? 0
        const got = vwap.push(time, high, low, close, volumes[i] ?? 0)
        if (volume === 0) expect(got).toBeUndefined()
        else expect(got).toBeCloseTo(turnover / volume, 6)
      })
    }),
  )
})

it('agrees with an independent library on TA-Lib’s 252 bars', () => {
  const { input }: { input: Readonly<Record<'high' | 'low' | 'close', readonly (number | string)[]>> } = JSON.parse(
    readFileSync(table, 'utf8'),
  )
  const [ours, theirs] = [createAdx(14), new ADX(14)]
  const [bands, theirBands] = [createBollinger(20, 2), new BollingerBands(20, 2)]
  const [macd, theirMacd] = [createMacd(12, 26, 9), new MACD(new EMA(12), new EMA(26), new EMA(9))]
  let compared = 0
  input.close.forEach((text, i) => {
    const [high, low, close] = [Number(input.high[i]), Number(input.low[i]), Number(text)]
    const mine = ours.push(high, low, close)
    const other = theirs.add({ high, low, close })
    // It takes the first bar's range into its first average; Wilder's smoothing forgets that by a fourteenth a bar.
    if (i > 200) expect(Math.abs((mine?.adx ?? Number.NaN) - Number(other))).toBeLessThan(0.001)
    const [band, theirBand] = [bands.push(close), theirBands.add(close)]
    if (band !== undefined && theirBand !== null) {
      compared++
      expect(band.upper).toBeCloseTo(Number(theirBand.upper), 9)
      expect(band.lower).toBeCloseTo(Number(theirBand.lower), 9)
    }
    const [line, theirLine] = [macd.push(close), theirMacd.add(close)]
    // EMAs seeded differently come together by (1 − 2/27) a bar.
    if (i > 220 && theirLine !== null) {
      expect(line?.macd).toBeCloseTo(Number(theirLine.macd), 4)
      expect(line?.histogram).toBeCloseTo(Number(theirLine.histogram), 4)
    }
  })
  expect(compared).toBeGreaterThan(200)
})
