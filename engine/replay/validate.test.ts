/** The checker of files: each planted poison is found in its line under its reason, and clean files are clean. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MAX_FINDINGS } from './findings.ts'
import { validateFile, type ValidationReport } from './validate.ts'

const market = fileURLToPath(new URL('../../../shared/data/market/', import.meta.url))
const NOW = Date.UTC(2026, 0, 1)
const START = Date.UTC(2024, 0, 1)
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'validate-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function check(content: string | Buffer): Promise<ValidationReport> {
  const file = join(folder, 'file')
  writeFileSync(file, content)
  const result = await validateFile(file, NOW)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}
const at = (minute: number): string => String(START + minute * 60_000)
const good = (minute: number): string => `${at(minute)},100,102,99,101,5`
const HEADER = 'open_time,open,high,low,close,volume'

it('finds nothing in a clean file, with or without a header, packed or not', async () => {
  const rows = Array.from({ length: 700 }, (_, i) => good(i))
  for (const text of [
    rows.join('\n'),
    [HEADER, ...rows, ''].join('\r\n'),
    `Date,Close,Open,Low,High,Volume\n2024-01-01 00:00,101,100,99,102,0\n`,
  ]) {
    expect((await check(text)).reasons).toEqual({})
    expect((await check(gzipSync(text))).clean).toBe(true)
  }
})

it.each([
  ['null,1,1,1,1,1', 'not-a-number'],
  [',1,1,1,1,1', 'missing'],
  ['0,1,1,1,1,1', 'time-zero'],
  [`${at(2)},null,102,99,101,5`, 'missing'],
  [`${at(2)},NaN,102,99,101,5`, 'not-a-number'],
  [`${at(2)},100,Infinity,99,101,5`, 'not-finite'],
  [`${at(2)},100,1e999,99,101,5`, 'not-finite'],
  [`${at(2)},0,102,0,101,5`, 'zero'],
  [`${at(2)},100,102,-99,101,5`, 'negative'],
  [`${at(2)},100,102,99,101,-5`, 'negative'],
  [`${at(2)},100,98,99,98.5,5`, 'high-below-low'],
  [`${at(2)},100,102,99,103,5`, 'outside-range'],
  [`${at(2)},600,620,590,610,5`, 'jump'],
  [`${at(2)},100,102,99,101`, 'missing'],
  [good(1), 'duplicate'],
  [good(0), 'time-back'],
  [`${Date.UTC(2030, 0, 1)},100,102,99,101,5`, 'time-future'],
  [`${START + 120_001},100,102,99,101,5`, 'misaligned'],
])('refuses the row %s as %s', async (row, reason) => {
  const report = await check([HEADER, good(0), good(1), row, good(2), good(3), good(4)].join('\n'))
  expect(report.reasons).toEqual({ [reason]: 1 })
  expect(report.findings[0]).toMatchObject({ line: 4, reason })
  expect(report.accepted).toBe(5)
})

it('counts a missing minute as a gap, before and after the interval is known', async () => {
  const rows = Array.from({ length: 1_200 }, (_, i) => good(i)).filter((_, i) => i !== 100 && i !== 900 && i !== 901)
  const report = await check([HEADER, ...rows].join('\n'))
  expect(report).toMatchObject({ reasons: { gap: 2 }, gaps: 2, missingBars: 3, intervalMs: 60_000 })
  expect(report.findings.map((one) => one.line)).toEqual([102, 901])
})

it('judges a file that runs from its newest bar to its oldest backwards', async () => {
  const rows = Array.from({ length: 1_200 }, (_, i) => good(i)).filter((_, i) => i !== 100 && i !== 900 && i !== 901)
  const report = await check([HEADER, ...rows.toReversed()].join('\n'))
  expect(report).toMatchObject({ newestFirst: true, accepted: 1_197, reasons: { gap: 2 }, missingBars: 3, intervalMs: 60_000 })
  expect(report).toMatchObject({ from: new Date(START).toISOString(), to: new Date(START + 1_199 * 60_000).toISOString() })
  expect(report.findings.map((one) => one.text)).toEqual([
    `2 bars missing before ${new Date(START + 902 * 60_000).toISOString()}`,
    `1 bars missing before ${new Date(START + 101 * 60_000).toISOString()}`,
  ])
  const fallen = await check([good(9), good(8), good(7), good(8), `${at(6)},600,620,590,610,5`, good(6)].join('\n'))
  expect(fallen.findings.map((one) => [one.line, one.reason])).toEqual([
    [4, 'time-back'],
    [5, 'jump'],
  ])
})

it.each([
  ['between rows that rise', [good(5), good(1), good(6), good(7)], [2]],
  ['before all others', [good(9), good(1), good(2), good(3)], [2, 3, 4]],
  ['at the end of two', [good(1), good(0)], [2]],
])('one step back is a row in the wrong place: %s', async (_, rows, lines) => {
  const report = await check(rows.join('\n'))
  expect(report.newestFirst).toBe(false)
  expect(report.findings.map((one) => [one.line, one.reason])).toEqual(lines.map((line) => [line, 'time-back']))
  expect(report.accepted).toBe(rows.length - lines.length)
})

it('leaves out a title and comments above names, and judges the row that would be one above figures or frames', async () => {
  const table = [HEADER, good(0), good(1)]
  const plain = await check(table.join('\n'))
  const titled = await check(['# made today', 'https://www.example.com', ...table].join('\n'))
  expect(titled).toEqual({ ...plain, file: titled.file, lines: plain.lines + 2 })
  const figures = await check(['hello', good(0), good(1)].join('\n'))
  expect(figures).toMatchObject({ judged: 3, accepted: 2, reasons: { 'not-a-number': 1 } })
  expect(figures.findings[0]).toMatchObject({ line: 1 })
  const frames = await check(['hello', trade(1, '100'), trade(2, '101')].join('\n'))
  expect(frames).toMatchObject({ kind: 'frames', judged: 3, refused: 1, accepted: 2 })
  expect(frames.findings[0]).toMatchObject({ line: 1 })
})

it.each([
  ['hello', 'line 1: no time column'],
  ['hello\nworld\nDate,Open,High,Low,Close,Volume', 'line 2: no time column'],
])('is neither when there is no more than titles: %j', async (content, words) => {
  const file = join(folder, 'file')
  writeFileSync(file, content)
  expect(await validateFile(file, NOW)).toMatchObject({ ok: false, error: { code: 'bad-header', message: expect.stringContaining(words) } })
})

it('lists the first findings and counts them all', async () => {
  const report = await check([good(0), ...Array.from({ length: 2_500 }, () => 'x,1,1,1,1,1')].join('\n'))
  expect(report.refused).toBe(2_500)
  expect(report.findings).toHaveLength(MAX_FINDINGS)
})

const trade = (id: number, price: string, time = START + id): string =>
  JSON.stringify({
    stream: 'btcusdt@trade',
    data: { e: 'trade', E: time, T: time, s: 'BTCUSDT', t: id, p: price, q: '1', X: 'MARKET', m: false },
  })

it('judges frames by the gates of the feed, and says what it does not judge', async () => {
  const lines = [
    `${(START + 1) * 1e6} ${trade(1, '100')}`,
    trade(2, 'NaN'),
    trade(3, '-1'),
    trade(3, '100'),
    trade(3, '100'),
    '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate"}}',
    '{"lastUpdateId":5,"bids":[]}',
    '{"stream":"btcusdt@tra',
    'garbage',
    `soon ${trade(4, '100')}`,
    JSON.stringify({ e: 'trade', E: START + 9, T: START + 9, s: 'BTCUSDT', t: 9, p: '100', q: '1', m: true }),
    `${(START + 10) * 1e6} ${trade(10, '100', START + 200_000)}`,
    '{"what":1}',
  ]
  const report = await check(lines.join('\n'))
  expect(report.notJudged).toEqual({ 'depth@100ms': 1, snapshot: 1, 'no event': 1 })
  expect(report.findings.map((one) => [one.line, one.reason])).toEqual([
    [2, 'not-a-number'],
    [3, 'negative'],
    [5, 'duplicate'],
    [8, 'not-json'],
    [9, 'not-json'],
    [10, 'not-json'],
    [12, 'time-future'],
    [13, 'shape'],
  ])
  expect(report.accepted).toBe(3)
})

it('says clearly what it cannot read', async () => {
  const at = join(folder, 'broken')
  expect(await validateFile(join(folder, 'none'), NOW)).toMatchObject({ ok: false, error: { code: 'unreadable' } })
  writeFileSync(at, '')
  expect(await validateFile(at, NOW)).toMatchObject({ ok: false, error: { code: 'empty' } })
  writeFileSync(at, 'hello\nworld\n')
  expect(await validateFile(at, NOW)).toMatchObject({ ok: false, error: { code: 'bad-header' } })
  writeFileSync(at, gzipSync(good(0).repeat(100)).subarray(0, 30))
  expect(await validateFile(at, NOW)).toMatchObject({ ok: false, error: { code: 'unreadable' } })
  writeFileSync(at, HEADER)
  expect(await validateFile(at, NOW)).toMatchObject({ ok: false, error: { code: 'empty' } })
})

it('a line that never ends is skipped, not held', async () => {
  const report = await check(`${HEADER}\n${good(0)}\n${'9'.repeat(3_000_000)}\n${good(1)}`)
  expect(report).toMatchObject({ accepted: 2, reasons: { oversize: 1 } })
})

if (existsSync(market)) {
  it('finds real recordings clean', async () => {
    const klines = await validateFile(join(market, 'BTCUSDT-spot-1m-2021-02-19_2021-02-25.csv'), NOW)
    expect(klines).toMatchObject({ ok: true, value: { kind: 'klines', clean: true, accepted: 10_080, intervalMs: 60_000 } })
    const frames = await validateFile(join(market, 'ws-frames/usdm_btcusdt_20240808.gz'), NOW)
    expect(frames).toMatchObject({ ok: true, value: { kind: 'frames', lines: 93_954, reasons: {}, symbols: ['BTCUSDT'] } })
  })
} else console.log('skipped: real recordings (../shared/data/market is absent)')
