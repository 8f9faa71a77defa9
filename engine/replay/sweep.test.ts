/** Sweeps: parameters parsed or refused in one line, the grid, the ranking, the windows, the picture. */
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { decimalText } from '../contract/decimal-text.ts'
import { heatMapOf, heatMapSvg } from './heat-map.ts'
import { parseSettings } from '../contract/settings.ts'
import { gridOf, parseSweep, settingsOf, type SweptSettings } from './sweep-parameters.ts'
import type { SweepFigures, SweepOutcome } from './sweep-play.ts'
import { sweepCsv } from './sweep-report.ts'
import { hashOf, ranking, rowsOf } from './sweep.ts'
import { windowsOf } from './walk-forward.ts'

const MINUTE = 60_000
const text = (value: string): SweepFigures['netProfit'] => v.parse(decimalText, value)
const zero = text('0')

const figures = (part: Partial<SweepFigures>): SweepOutcome => ({
  ok: true,
  value: {
    tape: 'x',
    symbol: 'BTCUSDT',
    strategy: 'teacher',
    seed: 1,
    latencyMs: 0,
    from: '2024-01-01T00:00:00.000Z',
    to: '2024-01-02T00:00:00.000Z',
    bars: 1_440,
    gaps: 0,
    missingBars: 0,
    warmUpBars: 0,
    signals: 0,
    orders: 0,
    fills: 0,
    trades: 0,
    wins: 0,
    losses: 0,
    winRate: null,
    profitFactor: null,
    exposure: 0,
    startBalance: zero,
    endEquity: zero,
    netProfit: zero,
    grossProfit: zero,
    grossLoss: zero,
    averageTrade: zero,
    fees: zero,
    funding: zero,
    unrealizedPnl: zero,
    netProfitPct: 0,
    openPositions: 0,
    refusals: {},
    tripped: null,
    exact: true,
    maxDrawdown: 0,
    maxDrawdownUsdt: 0,
    longestDrawdownMs: 0,
    sharpe: null,
    sortino: null,
    days: 1,
    tradesHash: 'a'.repeat(64),
    ordersHash: 'b'.repeat(64),
    ...part,
  },
})

describe('parameters', () => {
  const message = (...texts: string[]): string => {
    const parsed = parseSweep(texts)
    return parsed.ok ? 'ok' : parsed.error.message
  }
  it.each([
    ['rsiPeriod', 'expects NAME=VALUE'],
    ['noSuch=1', 'no parameter "noSuch" (there is: name, rsiPeriod'],
    ['rsiPeriod=', 'a value is missing'],
    ['rsiPeriod=7,,9', 'a value is missing'],
    ['rsiPeriod=seven', '"seven" is not a number'],
    ['rsiPeriod=1', 'rsiPeriod=1: '],
    ['rsiPeriod=7.5', 'rsiPeriod=7.5: '],
    ['rsiPeriod=7,7.0', '7.0 stands there twice'],
    ['riskPerTradePct=99', 'riskPerTradePct=99: '],
    ['name=guesser', 'name=guesser: '],
    ['__proto__=1', 'no parameter "__proto__"'],
    ['file=a', 'no parameter "file"'],
    ['rails.rsiPeriod=7', 'no parameter "rails.rsiPeriod" (there is: name, rsiPeriod'],
    ['rails.maxDailyLoss=much', 'rails.maxDailyLoss: "much" is not a number'],
    ['maxDailyLoss=-1', 'rails.maxDailyLoss=-1: must not be negative'],
    ['rails.maxDailyLoss=100,100.0', '100.0 stands there twice'],
    ['maxDrawdownFromPeakPct=95', 'rails.maxDrawdownFromPeakPct=95: '],
    ['maxOpenPositions=1.5', 'rails.maxOpenPositions=1.5: '],
    ['rails.maxLeverageTeacher=5', 'rails.maxLeverageTeacher=5: '],
    ['trailAtr=0', 'trailAtr=0: '],
  ])('refuses %s in one line', (text, words) => {
    expect(message(text)).toContain(words)
    expect(message(text)).not.toContain('\n')
  })
  it('refuses one name twice, and more combinations than anybody can read', () => {
    const many = (count: number): string => Array.from({ length: count }, (_, i) => i + 2).join(',')
    expect(message('rsiPeriod=7', 'rsiPeriod=9')).toContain('rsiPeriod is given twice')
    expect(message('rails.coolDownSeconds=60', 'coolDownSeconds=90')).toContain('rails.coolDownSeconds is given twice')
    expect(message(`rsiPeriod=${many(150)}`, `atrPeriod=${many(66)}`)).toBe('ok')
    expect(message(`rsiPeriod=${many(150)}`, `atrPeriod=${many(67)}`)).toContain('10050 combinations; at most 10000')
  })
  it('makes the product, the last parameter running fastest', () => {
    const parsed = parseSweep(['name=teacher,student', 'rsiPeriod=7,14'])
    expect(parsed.ok && gridOf(parsed.value)).toEqual([
      { name: 'teacher', rsiPeriod: 7 },
      { name: 'teacher', rsiPeriod: 14 },
      { name: 'student', rsiPeriod: 7 },
      { name: 'student', rsiPeriod: 14 },
    ])
    expect(gridOf([])).toEqual([{}])
  })
  it('takes rails by their own name or with their room, money as text', () => {
    const parsed = parseSweep(['maxDailyLoss=250,1000', 'rails.coolDownSeconds=0', 'trailAtr=2.5'])
    expect(parsed.ok && parsed.value).toEqual([
      { name: 'rails.maxDailyLoss', values: ['250', '1000'] },
      { name: 'rails.coolDownSeconds', values: [0] },
      { name: 'trailAtr', values: [2.5] },
    ])
  })
  it('leaves what a combination does not name as it was', () => {
    const settings = parseSettings({ strategy: { name: 'teacher', rsiPeriod: 9 }, rails: { maxOrdersPerMinute: 7 } })
    if (!settings.ok) throw new Error(settings.error.message)
    const base: SweptSettings = { strategy: settings.value.strategy, rails: settings.value.rails }
    expect(settingsOf(base, {})).toEqual({ ok: true, value: base })
    expect(settingsOf(base, { atrPeriod: 21, 'rails.maxDailyLoss': '250', 'rails.coolDownSeconds': 0 })).toEqual({
      ok: true,
      value: { strategy: { ...base.strategy, atrPeriod: 21 }, rails: { ...base.rails, maxDailyLoss: '250', coolDownSeconds: 0 } },
    })
    const bad = settingsOf(base, { 'rails.maxDailyLoss': 'much' })
    expect(bad.ok ? '' : bad.error.message).toContain('rails.maxDailyLoss: expected plain decimal text')
  })
})

describe('ranking', () => {
  const outcomes: readonly SweepOutcome[] = [
    figures({ sharpe: 1, profitFactor: 1.2, netProfit: text('5') }),
    { ok: false, error: { code: 'worker-died', message: 'its worker ended: exit 1' } },
    figures({ sharpe: 2, profitFactor: null, wins: 3, netProfit: text('-5') }),
    figures({ sharpe: null }),
    figures({ sharpe: 2, profitFactor: 0.5, netProfit: text('50') }),
  ]
  it('puts the best first, equal ones as in the grid, nothing to judge last, failures nowhere', () => {
    expect(ranking(outcomes, 'sharpe')).toEqual([2, 4, 0, 3])
    expect(ranking(outcomes, 'profit')).toEqual([4, 0, 3, 2])
    expect(ranking(outcomes, 'profitFactor')).toEqual([2, 0, 4, 3])
  })
  it('keeps a failed run in the table, the CSV and the hash', () => {
    const grid = [7, 9, 11, 13, 15].map((rsiPeriod) => ({ rsiPeriod }))
    const rows = rowsOf(grid, outcomes, 'sharpe')
    expect(rows[1]).toEqual({ combination: { rsiPeriod: 9 }, rank: null, figures: null, error: 'its worker ended: exit 1' })
    const csv = sweepCsv([{ name: 'rsiPeriod', values: [7, 9, 11, 13, 15] }], rows)
    expect(csv.trim().split('\n')).toHaveLength(6)
    expect(csv).toContain('its worker ended: exit 1')
    expect(hashOf(rows)).not.toBe(hashOf(rowsOf(grid, [...outcomes].reverse(), 'sharpe')))
  })
  it('draws the best over what the two axes do not show', () => {
    const parameters = [
      { name: 'rsiPeriod', values: [7, 9] },
      { name: 'atrPeriod', values: [14] },
      { name: 'riskPerTradePct', values: [1, 2] },
    ]
    const grid = gridOf(parameters)
    const rows = rowsOf(grid, [figures({ sharpe: 1 }), figures({ sharpe: 3 }), figures({}), figures({ sharpe: -1 })], 'sharpe')
    const map = heatMapOf(parameters, rows, 'sharpe')
    expect(map?.cells).toEqual([
      [1, null],
      [3, -1],
    ])
    expect(map === null ? '' : heatMapSvg(map, 'sharpe')).toMatch(/<svg[^]*3\.00[^]*–|–[^]*3\.00/)
    expect(heatMapOf([{ name: 'rsiPeriod', values: [7] }], rows, 'sharpe')).toBeNull()
  })
})

describe('walk-forward windows', () => {
  it('tests every bar after the first in-sample part exactly once, and never one that was trained on before', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 100_000 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 10, max: 95 }),
        (bars, count, share) => {
          const from = Date.UTC(2024, 0, 1)
          const span = { from, to: from + (bars - 1) * MINUTE }
          const windows = windowsOf(span, count, share / 100)
          if (!windows.ok) return
          let next = windows.value[0]?.outOfSample.from ?? 0
          for (const { inSample, outOfSample } of windows.value) {
            expect(inSample.from).toBeGreaterThanOrEqual(from)
            expect(inSample.to + MINUTE).toBe(outOfSample.from)
            expect(outOfSample.from).toBe(next)
            expect(inSample.to).toBeGreaterThan(inSample.from)
            next = outOfSample.to + MINUTE
          }
          expect(next).toBe(span.to + MINUTE)
          expect(windows.value[0]?.inSample.from).toBe(from)
        },
      ),
      { numRuns: 2_000 },
    )
  })
  it('refuses windows without a bar', () => {
    expect(windowsOf({ from: 0, to: 10 * MINUTE }, 20, 0.7)).toMatchObject({ ok: false, error: { code: 'usage' } })
    expect(windowsOf({ from: 0, to: 0 }, 1, 0.5).ok).toBe(false)
  })
})
