/** Back-tests give the same trades for the same input, to the hash; the report is whole; bad tapes are clear errors. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { decimal, toText, ZERO } from '../money/decimal.ts'
import { writeReport } from './backtest-report.ts'
import { backtest, type BacktestOptions, type BacktestResult } from './backtest.ts'

const market = fileURLToPath(new URL('../../../shared/data/market/', import.meta.url))
const START = Date.UTC(2024, 0, 1)
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backtest-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const SYNTHETIC: BacktestOptions = { tape: 'synthetic', symbol: 'BTCUSDT', strategy: 'placeholder', seed: 5, horizonMs: 1_000 * 60_000 }

async function play(options: BacktestOptions): Promise<BacktestResult> {
  const result = await backtest(options)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

it('gives the same trades for the same input, and others for another seed', async () => {
  const one = await play({ ...SYNTHETIC, keepBars: true })
  const two = await play(SYNTHETIC)
  expect(one.report).toMatchObject({ bars: 1_000, gaps: 0, exact: true, tripped: null })
  expect(one.trades.length).toBeGreaterThan(5)
  expect(two.trades).toEqual(one.trades)
  expect(two.report.tradesHash).toBe(one.report.tradesHash)
  expect(one.report.tradesHash).toBe('5c99f28d08a6a3a1b2732a70866ef6a1d2f68410505657df7871d3c6dac6b1bc')
  expect((await play({ ...SYNTHETIC, seed: 6 })).report.tradesHash).not.toBe(one.report.tradesHash)
  // Every USDT of the account is in a trade, in an open position, or was paid for one that is open.
  const closed = one.trades.reduce((sum, trade) => sum.plus(decimal(trade.net)), ZERO)
  if (one.report.openPositions === 0) expect(one.report.netProfit).toBe(toText(closed))
  const { ok } = await writeReport(join(folder, 'out'), one)
  expect(ok).toBe(true)
  const html = readFileSync(join(folder, 'out/report.html'), 'utf8')
  expect(html).toContain('<svg')
  expect(html).not.toMatch(/NaN|undefined|Infinity|src=|href=|<script/)
  expect(readFileSync(join(folder, 'out/trades.csv'), 'utf8').trim().split('\n')).toHaveLength(one.trades.length + 1)
})

it('latency delays fills and keeps the books exact', async () => {
  const { report } = await play({ ...SYNTHETIC, latencyMs: 150 })
  expect(report.exact).toBe(true)
  expect(report.trades).toBeGreaterThan(5)
  expect(report.tradesHash).not.toBe((await play(SYNTHETIC)).report.tradesHash)
})

const bar = (minute: number, close = 60_000): string => `${START + minute * 60_000},${close},${close + 5},${close - 5},${close},10`
const HEADER = 'open_time,open,high,low,close,volume'

it('plays flat prices, one bar, and holes without an invented figure', async () => {
  const file = join(folder, 'flat.csv')
  const rows = Array.from({ length: 300 }, (_, i) => `${START + i * 60_000},60000,60000,60000,60000,0`)
  writeFileSync(file, [HEADER, ...rows].join('\n'))
  expect((await play({ ...SYNTHETIC, tape: file, strategy: 'teacher' })).report).toMatchObject({
    bars: 300,
    trades: 0,
    netProfit: '0',
    sharpe: null,
  })
  writeFileSync(file, [HEADER, bar(0)].join('\n'))
  expect((await play({ ...SYNTHETIC, tape: file })).report).toMatchObject({ bars: 1, trades: 0, winRate: null, profitFactor: null })
  writeFileSync(file, [HEADER, ...Array.from({ length: 90 }, (_, i) => bar(i < 50 ? i : i + 7))].join('\n'))
  expect((await play({ ...SYNTHETIC, tape: file })).report).toMatchObject({ gaps: 1, missingBars: 7 })
})

it('takes the bars before --from as warm-up and plays the rest', async () => {
  const file = join(folder, 'window.csv')
  writeFileSync(file, Array.from({ length: 200 }, (_, i) => bar(i, 60_000 + (i % 7))).join('\n'))
  const window = { from: START + 150 * 60_000, to: START + 179 * 60_000 }
  expect((await play({ ...SYNTHETIC, tape: file, ...window })).report).toMatchObject({ warmUpBars: 150, bars: 30 })
})

it('refuses what it cannot play, in one sentence', async () => {
  const file = join(folder, 'bad.csv')
  const code = async (text: string, more: Partial<BacktestOptions> = {}): Promise<string> => {
    writeFileSync(file, text)
    const result = await backtest({ ...SYNTHETIC, tape: file, ...more })
    return result.ok ? 'ok' : result.error.code
  }
  expect(await code([HEADER, bar(1), bar(0)].join('\n'))).toBe('bad-row')
  expect(await code([HEADER, bar(1).replace('60005', '1')].join('\n'))).toBe('bad-row')
  expect(await code('')).toBe('empty')
  expect(await code([HEADER, bar(0), bar(15), bar(30)].join('\n'))).toBe('timeframe')
  expect(await code([HEADER, bar(0)].join('\n'), { from: START + 999_999_000 })).toBe('empty')
  expect(await code([HEADER, bar(0)].join('\n'), { symbol: 'NOSUCHUSDT' })).toBe('unknown-symbol')
})

if (existsSync(market)) {
  it('trades the flash crash of 2021-02-22 as pinned', async () => {
    const { report } = await play({
      ...SYNTHETIC,
      tape: join(market, 'BTCUSDT-spot-1m-2021-02-19_2021-02-25.csv'),
      strategy: 'teacher',
      seed: 1,
      horizonMs: 86_400_000,
      from: Date.UTC(2021, 1, 22),
      to: Date.UTC(2021, 1, 22, 23, 59),
    })
    expect(report).toMatchObject({
      bars: 1_440,
      warmUpBars: 1_500,
      exact: true,
      tradesHash: '9aa92fcac96e9ac7a9a17c3327c9a7533861d74492495b486851d1708c26880b',
    })
  })
} else console.log('skipped: flash crash back-test (../shared/data/market is absent)')
