/** `aegis analyze` as a user runs it: every cell of every file the peer's own tests expect, and real files of any common shape. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { aegis as runCommand } from './main.ts'

const AEGIS = new URL('./aegis.mjs', import.meta.url).pathname
const SHARED = new URL('../../../shared/data/', import.meta.url).pathname
const EURUSD = join(SHARED, 'smc-eurusd-15m')
const RECORDED = join(SHARED, 'market/BTCUSDT-spot-1m-2021-02-19_2021-02-25.csv')

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'aegis-analyze-'))
  folders.push(path)
  return path
}
/** The command in this process. */
async function aegis(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  let stdout = ''
  let stderr = ''
  const io = {
    out: (text: string) => (stdout += text),
    err: (line: string) => (stderr += `${line}\n`),
    stopped: new Promise<void>(() => {}),
  }
  const code = await runCommand(args, io)
  return { code, stdout, stderr }
}
const lines = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split(/\r?\n/)

interface Exception {
  readonly file: string
  readonly row: number
  readonly column: string
  readonly exact: number | null
}

describe('EURUSD 15m', () => {
  it('equals the reference in every cell of all 11 files, but for the listed float32 exceptions', ({ skip }) => {
    if (!existsSync(EURUSD)) return skip('../shared/data/smc-eurusd-15m is absent')
    const out = folder()
    const { status, stdout } = spawnSync(
      process.execPath,
      [AEGIS, 'analyze', '--file', join(EURUSD, 'EURUSD_15M.csv'), '--out', out, '--json'],
      { encoding: 'utf8' },
    )
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ bars: 24_424, intervalMs: 900_000 })
    const exceptions: readonly Exception[] = JSON.parse(readFileSync(join(EURUSD, 'float32_exceptions.json'), 'utf8'))
    const files = readdirSync(EURUSD).filter((name) => name.includes('_result_data'))
    expect(files).toHaveLength(11)
    let cells = 0
    const wrong: string[] = []
    for (const name of files) {
      const exact = new Map(exceptions.filter((e) => e.file === name).map((e) => [`${e.row}.${e.column}`, e.exact]))
      const [want, got] = [lines(join(EURUSD, name)), lines(join(out, name))]
      expect(got[0], name).toBe(want[0])
      expect(got.length, name).toBe(want.length)
      const columns = (want[0] ?? '').split(',')
      for (let row = 1; row < want.length; row++) {
        const [left, right] = [(want[row] ?? '').split(','), (got[row] ?? '').split(',')]
        for (const [k, column] of columns.entries()) {
          cells++
          const listed = exact.get(`${row - 1}.${column}`)
          const expected = listed === undefined ? (left[k] ?? '') : listed === null ? '' : String(listed)
          const have = right[k] ?? ''
          const same =
            expected === '' || have === ''
              ? expected === have
              : Math.abs(Number(have) - Number(expected)) <= 1e-8 + 1e-5 * Math.abs(Number(expected))
          if (!same) wrong.push(`${name} row ${row} ${column}: want "${expected}", have "${have}"`)
        }
      }
    }
    expect(wrong.slice(0, 10)).toEqual([])
    expect(cells).toBeGreaterThan(900_000)
    const indicators = lines(join(out, 'indicators.csv'))
    expect(indicators[0]).toBe('time,tr,atr14,rsi14,ema20,sma20')
    expect(indicators[1]).toMatch(/^\d+,,,,,$/)
    expect(indicators.at(-1)).toMatch(/^\d+(,\d+(\.\d+)?(e-\d+)?){5}$/)
  })
})

const START = Date.UTC(2024, 0, 1)
type Row = readonly (number | string)[]
const ROWS: readonly Row[] = Array.from({ length: 40 }, (_, i) => [
  START + i * 60_000,
  100 + (i % 7),
  103 + (i % 7),
  99 + (i % 7),
  101 + (i % 7),
  5,
])
const csv = (header: string, row: (row: Row) => Row = (r) => r, separator = ',', end = '\n'): string =>
  [header.replaceAll(',', separator), ...ROWS.map((r) => row(r).join(separator)), ''].join(end)
const time = (row: Row): string => new Date(Number(row[0])).toISOString()
const HEADER = 'open_time,open,high,low,close,volume'
const withTime =
  (write: (row: Row) => string | number) =>
  (row: Row): Row => [write(row), ...row.slice(1)]

describe('real files of any common shape', () => {
  const plain = async (): Promise<string> => {
    const [file, out] = [join(folder(), 'plain.csv'), folder()]
    writeFileSync(file, csv(HEADER))
    await aegis('analyze', '--file', file, '--out', out)
    return readFileSync(join(out, 'indicators.csv'), 'utf8')
  }

  it('give the same tables as the plain one, and pass validation', async () => {
    const shapes: Record<string, string | Buffer> = {
      'byte-order mark': `\uFEFF${csv(HEADER)}`,
      'windows line ends': csv(HEADER, (r) => r, ',', '\r\n'),
      semicolons: csv(HEADER, (r) => r, ';'),
      tabs: csv(HEADER, (r) => r, '\t'),
      'upper case, date with blank': csv(
        'Date,OPEN,High,LOW,Close,VOLUME',
        withTime((r) => time(r).slice(0, 19).replace('T', ' ')),
      ),
      'ISO with Z': csv('Date,Open,High,Low,Close,Volume', withTime(time)),
      'ISO with an offset': csv(
        'Date,Open,High,Low,Close,Volume',
        withTime((r) => `${new Date(Number(r[0]) + 7_200_000).toISOString().slice(0, 19)}+02:00`),
      ),
      'ISO without a zone': csv(
        'datetime,Open,High,Low,Close,Volume',
        withTime((r) => time(r).slice(0, 16)),
      ),
      'the word UTC': csv(
        'Date,Open,High,Low,Close,Volume',
        withTime((r) => `${time(r).slice(0, 19).replace('T', ' ')} UTC`),
      ),
      'day first with dots': csv(
        'Gmt time,Open,High,Low,Close,Volume',
        withTime((r) => time(r).replace(/^(\d+)-(\d+)-(\d+)T(.*)Z$/, '$3.$2.$1 $4')),
      ),
      'date and time apart': csv('Date,Time,Open,High,Low,Close,Volume', (r) => [
        time(r).slice(0, 10).replaceAll('-', '.'),
        time(r).slice(11, 16),
        ...r.slice(1),
      ]),
      seconds: csv(
        'timestamp,open,high,low,close,volume',
        withTime((r) => Number(r[0]) / 1_000),
      ),
      microseconds: csv(
        HEADER,
        withTime((r) => Number(r[0]) * 1_000),
      ),
      nanoseconds: csv(
        HEADER,
        withTime((r) => `${r[0]}000000`),
      ),
      quotes: csv('"open_time","open","high","low","close","volume"', (r) => r.map((cell) => `"${cell}"`)),
      'quoted separators in a further column': csv('open_time,note,open,high,low,close,volume', (r) => [
        r[0] ?? 0,
        '"a, ""b"""',
        ...r.slice(1),
      ]),
      'further columns': csv('id,Symbol,Unix,Date,Open,High,Low,Close,Volume BTC,Trades', (r) => [
        1,
        'BTCUSDT',
        r[0] ?? 0,
        time(r),
        ...r.slice(1),
        7,
      ]),
      'Binance without a header': csv('', (r) => [...r, Number(r[0]) + 59_999, 1, 2, 3, 4, 0]).trimStart(),
      'MetaTrader 5': csv(
        '<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<TICKVOL>,<VOL>,<SPREAD>',
        (r) => [time(r).slice(0, 10).replaceAll('-', '.'), time(r).slice(11, 19), ...r.slice(1, 5), 9, r[5] ?? 0, 1],
        '\t',
      ),
      'MetaTrader 4 without a header': csv('', (r) => [
        time(r).slice(0, 10).replaceAll('-', '.'),
        time(r).slice(11, 16),
        ...r.slice(1),
      ]).trimStart(),
      'dates in digits': csv(
        'Date,Open,High,Low,Close,Volume',
        withTime((r) => time(r).slice(0, 19).replaceAll(/[-T:]/g, '')),
      ),
      'comments, blank lines and spaces': `# from a recorder\n\n${csv(HEADER, (r) => r.map((cell) => ` ${cell} `), ',', '\n\n')}`,
      'gzip, whatever its name': gzipSync(csv(HEADER)),
    }
    const want = await plain()
    expect(want.split('\n').length).toBe(42)
    const at = folder()
    for (const [name, content] of Object.entries(shapes)) {
      const file = join(at, 'file.csv')
      writeFileSync(file, content)
      const out = folder()
      const analyzed = await aegis('analyze', '--file', file, '--out', out)
      expect(analyzed.stderr, name).toBe('')
      expect(analyzed.code, name).toBe(0)
      expect(readFileSync(join(out, 'indicators.csv'), 'utf8'), name).toBe(want)
      if (name.startsWith('comments')) continue
      const validated = await aegis('validate', '--file', file)
      expect(validated.stdout, name).toContain('klines: ')
      expect(validated.code, name).toBe(0)
    }
  })

  it('names what it cannot take, in one line, and writes nothing', async () => {
    const at = folder()
    const bad: readonly (readonly [string | Buffer, RegExp])[] = [
      [csv(HEADER, (r) => [r[0] ?? 0, `${r[1]},5`, ...r.slice(2)], ';'), /line 2: open "100,5" is not a number/],
      [Buffer.from(csv(HEADER), 'utf16le'), /no time column/],
      [Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(csv(HEADER), 'utf16le')]), /line 1: not UTF-8 text/],
      [`${csv(HEADER)}${HEADER}\n`, /line 42: time "open_time" is not a date/],
      [gzipSync(csv(HEADER)).subarray(0, 60), /unexpected end of file/],
      [`${csv(HEADER)}${'9'.repeat(2_000_000)}\n`, /line 42: longer than 1 MiB/],
    ]
    for (const [content, message] of bad) {
      const file = join(at, 'bad.csv')
      writeFileSync(file, content)
      const result = await aegis('analyze', '--file', file, '--out', join(at, 'out'))
      expect(result.stderr).toMatch(message)
      expect(result.stderr.trimEnd().split('\n')).toHaveLength(1)
      expect(result.code).toBe(2)
      expect(existsSync(join(at, 'out'))).toBe(false)
    }
  })

  it('the largest and smallest doubles, flat prices and no volume: no cell that is not a number', async () => {
    const at = folder()
    for (const [k, values] of [
      [1e308, 1e308, 1e308, 1e308, 1e308],
      [1e-300, 3e-300, 1e-300, 2e-300, 0],
      [7, 7, 7, 7, 0],
    ].entries()) {
      const file = join(at, `${k}.csv`)
      writeFileSync(
        file,
        csv(HEADER, (r) => [r[0] ?? 0, ...values]),
      )
      const out = join(at, `out-${k}`)
      expect((await aegis('analyze', '--file', file, '--out', out)).code).toBe(0)
      for (const name of readdirSync(out))
        expect(readFileSync(join(out, name), 'utf8').split('\n').slice(1).join('\n'), name).not.toMatch(/[a-df-z]/i)
    }
  })

  it('a session by its name in any case, as the reference writes "london close kill zone"', async () => {
    const [file, out] = [join(folder(), 'plain.csv'), folder()]
    writeFileSync(file, csv(HEADER))
    const named = (session: string) => aegis('analyze', '--file', file, '--out', out, '--session', session)
    expect((await named('london close kill zone')).code).toBe(0)
    expect((await named('Custom')).stderr).toMatch(/--session expects one of .*London close kill zone/)
  })

  it('recorded bitcoin minutes', async ({ skip }) => {
    if (!existsSync(RECORDED)) return skip('recorded minutes are not beside this checkout')
    const out = folder()
    const { code, stdout } = await aegis('analyze', '--file', RECORDED, '--out', out, '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ bars: 10_080, gaps: 0 })
  })
})
