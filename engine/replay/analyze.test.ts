import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { analyze, type AnalyzeOptions } from './analyze.ts'
import { readOhlcv } from './ohlcv-file.ts'
import { parseTime } from './ohlcv-layout.ts'

const folder = mkdtempSync(join(tmpdir(), 'analyze-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const file = (name: string, text: string): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const options = (path: string, out = join(folder, 'out')): AnalyzeOptions => ({
  file: path,
  out,
  swingLength: 5,
  closeBreak: true,
  closeMitigation: false,
  session: 'London',
})

describe('times', () => {
  it.each([
    ['2022.10.10 00:00:00', Date.UTC(2022, 9, 10)],
    ['2022-10-10T00:00:00Z', Date.UTC(2022, 9, 10)],
    ['2022-10-10 00:15', Date.UTC(2022, 9, 10, 0, 15)],
    ['2022/10/10', Date.UTC(2022, 9, 10)],
    ['2022-10-10T02:00:00+02:00', Date.UTC(2022, 9, 10)],
    ['1613692800000', 1_613_692_800_000],
    ['2022-10-10 02:00:00+02', Date.UTC(2022, 9, 10)],
    ['20221010', Date.UTC(2022, 9, 10)],
    ['20221010001500', Date.UTC(2022, 9, 10, 0, 15)],
    ['20221010 001500', Date.UTC(2022, 9, 10, 0, 15)],
    ['20221010 00:15:00', Date.UTC(2022, 9, 10, 0, 15)],
    ['20221010T001500Z', Date.UTC(2022, 9, 10, 0, 15)],
    ['1613692800', 1_613_692_800_000],
    ['1613692800000000', 1_613_692_800_000],
  ])('%s', (text, ms) => expect(parseTime(text)).toBe(ms))
  it.each(['', 'yesterday', '2022-02-31', '2022-02-31T00:00:00+02:00', '20220231 000000', '-5', '0', '2022-13-01', 'NaN'])(
    'refuses "%s"',
    (text) => expect(parseTime(text)).toBeUndefined(),
  )
})

describe('bad files are named by line and field', () => {
  const head = 'Date,Open,High,Low,Close,Volume\n2022-01-01 00:00,1,2,1,2,5\n'
  it.each([
    ['no time', 'Open,High,Low,Close,Volume\n', 'line 1: no time column'],
    ['no close', 'Date,Open,High,Low,Volume\n', 'line 1: no column close'],
    ['text', `${head}2022-01-01 00:01,1,x,1,2,5\n`, 'line 3: high "x" is not a number'],
    ['nan', `${head}2022-01-01 00:01,1,NaN,1,2,5\n`, 'line 3: high "NaN" is not a number'],
    ['infinity', `${head}2022-01-01 00:01,1,Infinity,1,2,5\n`, 'line 3: high "Infinity" is not a number'],
    ['missing cell', `${head}2022-01-01 00:01,1,2\n`, 'line 3: low "" is not a number'],
    ['zero', `${head}2022-01-01 00:01,0,2,1,2,5\n`, 'line 3: open 0 must be positive'],
    ['negative volume', `${head}2022-01-01 00:01,1,2,1,2,-5\n`, 'line 3: volume -5 must not be negative'],
    ['high below low', `${head}2022-01-01 00:01,1,1,2,1,5\n`, 'line 3: high 1 is below low 2'],
    ['close outside', `${head}2022-01-01 00:01,1,2,1,3,5\n`, 'line 3: open or close lies outside'],
    ['duplicate', `${head}2022-01-01 00:00,1,2,1,2,5\n`, 'line 3: duplicate time'],
    ['unsorted', `${head}2021-01-01 00:00,1,2,1,2,5\n`, 'line 3: time 2021-01-01 00:00 is before the line above'],
    ['empty', '', 'no rows'],
    ['header only', 'Date,Open,High,Low,Close,Volume\n', 'no rows'],
    ['no volume', 'Date,Open,High,Low,Close\n2022-01-01,1,2,1,2\n', 'no volume.csv: line 1: no column volume'],
  ])('%s', async (name, text, message) => {
    const result = await analyze(options(file(`${name}.csv`, text), join(folder, `out-${name}`)))
    expect(result.ok).toBe(false)
    if (!result.ok) expect(result.error.message).toContain(message)
    expect(existsSync(join(folder, `out-${name}`))).toBe(false)
  })
  it.runIf(process.platform === 'linux')('a folder that can never be made is refused, not waited for', async () => {
    const good = file('good.csv', `${head}2022-01-01 00:01,1,2,1,2,5\n`)
    const result = await analyze(options(good, '/proc/x/y'))
    expect(result.ok ? '' : result.error.code).toBe('unwritable')
  })
  it('a folder where a table would stand is named before anything is replaced', async () => {
    const good = file('good.csv', `${head}2022-01-01 00:01,1,2,1,2,5\n`)
    const out = join(folder, 'taken')
    const taken = join(out, 'retracements_result_data.csv')
    mkdirSync(taken, { recursive: true })
    writeFileSync(join(out, 'indicators.csv'), 'old')
    const result = await analyze(options(good, out))
    expect(result).toEqual({ ok: false, error: { code: 'unwritable', message: `${taken} is a directory; nothing was replaced` } })
    expect(readdirSync(out).toSorted()).toEqual(['indicators.csv', 'retracements_result_data.csv'])
    expect(readFileSync(join(out, 'indicators.csv'), 'utf8')).toBe('old')
    // The same when it comes to be there while the tables are made.
    rmSync(taken, { recursive: true })
    const late = await analyze(options(good, out), () => mkdirSync(taken, { recursive: true }))
    expect(late).toEqual(result)
    expect(readdirSync(out).toSorted()).toEqual(['indicators.csv', 'retracements_result_data.csv'])
    expect(readFileSync(join(out, 'indicators.csv'), 'utf8')).toBe('old')
  })
  it('absent file', async () => {
    const result = await readOhlcv(join(folder, 'absent.csv'))
    expect(result.ok ? '' : result.error.code).toBe('unreadable')
  })
})

describe('small and odd files give complete, finite results', () => {
  it.each([1, 2, 3, 12])('%s flat bars without volume', async (n) => {
    const rows = Array.from({ length: n }, (_, i) => `${1_600_000_000_000 + i * 60_000},7,7,7,7,0`)
    const out = join(folder, `flat-${n}`)
    const result = await analyze(options(file(`flat-${n}.csv`, `open_time,OPEN,high,Low,close,VOLUME\r\n${rows.join('\r\n')}\r\n`), out))
    expect(result.ok && result.value.bars).toBe(n)
    expect(readdirSync(out)).toHaveLength(12)
    for (const name of readdirSync(out)) {
      const text = readFileSync(join(out, name), 'utf8')
      expect(text.trimEnd().split('\n'), name).toHaveLength(n + 1)
      expect(text, name).not.toMatch(/nan|infinity|undefined/i)
    }
  })
  it('tells how far it is, from the file to the last table', async () => {
    const rows = Array.from({ length: 9_000 }, (_, i) => `${1_600_000_000_000 + i * 60_000},7,7,7,7,0`)
    const path = file('steps.csv', `open_time,open,high,low,close,volume\n${rows.join('\n')}`)
    const steps: number[] = []
    const result = await analyze(options(path, join(folder, 'steps')), (done, total) => steps.push(done / total))
    expect(result.ok && result.value.newestFirst).toBe(false)
    expect(steps).toEqual(steps.toSorted((a, b) => a - b))
    expect([steps[0], steps.at(-1), new Set(steps).size]).toEqual([expect.closeTo(1 / 13 / 2, 1), 1, steps.length])
    expect(steps.length).toBeGreaterThan(12 * 2)
  })
  it('a file from its newest bar on gives the tables of the same file sorted', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => `${1_600_000_000_000 + i * 60_000},${7 + (i % 5)},12,7,${8 + (i % 3)},${i}`)
    const tables: string[][] = []
    for (const order of [rows, rows.toReversed()]) {
      const out = join(folder, `order-${tables.length}`)
      const result = await analyze(options(file('order.csv', order.join('\n')), out))
      expect(result.ok && result.value.newestFirst).toBe(order !== rows)
      tables.push(readdirSync(out).map((name) => readFileSync(join(out, name), 'utf8')))
    }
    expect(tables[1]).toEqual(tables[0])
  })
  it('says where bars are missing', async () => {
    const text = 'time,open,high,low,close,volume\n60,1,2,1,2,5\n120,1,2,1,2,5\n180,1,2,1,2,5\n420,1,2,1,2,5\n'
    const result = await readOhlcv(file('gap.csv', text))
    expect(result.ok && result.value.gaps).toEqual([{ after: 2, missing: 3 }])
  })
})

const eurusd = fileURLToPath(new URL('../../../shared/data/smc-eurusd-15m/', import.meta.url))
const present = existsSync(eurusd)
if (!present) console.log('skipped: analyze of EURUSD 15m: ../shared/data/smc-eurusd-15m is absent')
describe.runIf(present)('on the reference file', () => {
  it('writes tables with the reference’s columns and as many rows', async () => {
    const out = join(folder, 'eurusd')
    const result = await analyze(options(join(eurusd, 'EURUSD_15M.csv'), out))
    expect(result.ok && [result.value.bars, result.value.gaps]).toEqual([24_424, 52])
    for (const name of readdirSync(eurusd).filter((n) => n.endsWith('_data.csv') || /_data_(4h|1D|W)\.csv$/.test(n))) {
      const [want, got] = [join(eurusd, name), join(out, name)].map((path) => readFileSync(path, 'utf8').trimEnd().split(/\r?\n/))
      expect(got?.[0], name).toBe(want?.[0])
      // Trailing rows without any value are empty lines to some readers, so only commas tell them apart.
      expect(got?.length, name).toBe(want?.length)
    }
  })
})
