/** The reader of OHLCV files: rows read from their bytes are what the same rows read as text are, and what is wrong keeps its words. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { readOhlcv, type OhlcvFile } from './ohlcv-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'ohlcv-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const START = Date.UTC(2024, 0, 1)
const MINUTE = 60_000

function write(content: string | Buffer): string {
  const path = join(folder, 'file.csv')
  writeFileSync(path, content)
  return path
}
async function read(content: string | Buffer): Promise<OhlcvFile> {
  const result = await readOhlcv(write(content))
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}
async function problem(content: string | Buffer): Promise<string> {
  const result = await readOhlcv(write(content))
  return result.ok ? 'ok' : `${result.error.code} ${result.error.message}`
}
const columns = ({ bars }: OhlcvFile): readonly (readonly number[])[] =>
  [bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume].map((column) => [...column])

/** More than one piece of the file, with Binance's twelve columns. */
const ROWS = 6_000
const row = (i: number): string => {
  const open = 40_000 + ((i * 7_919) % 4_001) / 10
  const close = 40_000 + ((i * 104_729) % 4_001) / 10
  const cells = [open, Math.max(open, close) + 0.3, Math.min(open, close) - 0.7, close].map((price) => price.toFixed(2))
  return `${START + i * MINUTE},${cells.join(',')},${(i % 997) / 8},${START + i * MINUTE + 59_999},1234.5,17,0.5,6.25,0`
}
const rows = (count = ROWS): string[] => Array.from({ length: count }, (_, i) => row(i))

describe('rows read from their bytes', () => {
  it('are the rows read as text, whatever ends a line and the file, packed or not', async () => {
    // A quote anywhere in a row makes it a row for the reader of text.
    const text = await read(
      rows()
        .map((line) => `"${line.replace(',', '",')}`)
        .join('\n'),
    )
    expect(text.bars.length).toBe(ROWS)
    for (const content of [rows().join('\n'), `${rows().join('\n')}\n`, rows().join('\r\n'), gzipSync(rows().join('\n'))]) {
      const plain = await read(content)
      expect(columns(plain)).toEqual(columns(text))
      expect(plain).toMatchObject({ intervalMs: MINUTE, gaps: [] })
    }
  })
  it('are the numbers that Number() makes of them, to the last bit', async () => {
    const figure = fc.oneof(
      fc.tuple(fc.bigInt({ min: 0n, max: 10n ** 17n }), fc.integer({ min: 0, max: 17 })).map(([digits, places]) => {
        const padded = String(digits).padStart(places + 1, '0')
        return places === 0 ? padded : `${padded.slice(0, -places)}.${padded.slice(-places)}`
      }),
      fc.constantFrom('0', '5.', '.5', '007', '1e3', '1.5E-2', '+3', '0.000000000000001', '999999999999999', '9007199254740993'),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(figure, { minLength: 1, maxLength: 40 }), async (figures) => {
        const { bars } = await read(figures.map((text, i) => `${START + i * MINUTE},1,1,1,1,${text}\n`).join(''))
        expect([...bars.volume]).toEqual(figures.map(Number))
      }),
      { numRuns: 150 },
    )
  })
  it('may stand beside rows that are not plain, in any order of columns', async () => {
    const { bars } = await read(
      'volume,ignored,close,low,high,open,time\n1,"a,b",2,1,3,2,1704067200\n2,x,2,1,3,2,1704067260000\n3,ü,2,1,3,2,2024-01-01 00:02\n 4 ,x, 2,1,3,2,1704067380000\n5,,2,1,3,2,1704067440000000\n',
    )
    expect([...bars.time]).toEqual([0, 1, 2, 3, 4].map((minute) => START + minute * MINUTE))
    expect([...bars.volume]).toEqual([1, 2, 3, 4, 5])
  })
  it('tell their holes and their interval', async () => {
    const held = rows(400).filter((_, i) => i < 100 || i >= 140)
    expect(await read(held.join('\n'))).toMatchObject({ intervalMs: MINUTE, gaps: [{ after: 99, missing: 40 }] })
    expect(await read(row(0))).toMatchObject({ intervalMs: MINUTE, gaps: [] })
  })
})

describe('what is wrong far down in a file is named by line and field', () => {
  const at = ROWS - 10
  const cell = (place: number, text: string): string => row(at).split(',').with(place, text).join(',')
  it.each([
    ['no number', cell(2, 'x'), 'high "x" is not a number'],
    ['NaN', cell(4, 'NaN'), 'close "NaN" is not a number'],
    ['infinity', cell(5, '1e999'), 'volume "1e999" is not a number'],
    ['empty', cell(3, ''), 'low "" is not a number'],
    ['two points', cell(1, '1.2.3'), 'open "1.2.3" is not a number'],
    ['a point alone', cell(1, '.'), 'open "." is not a number'],
    ['zero', cell(3, '0.00'), 'low 0 must be positive'],
    ['negative', cell(5, '-1'), 'volume -1 must not be negative'],
    ['short', row(at).split(',').slice(0, 4).join(','), 'close "" is not a number'],
    ['high below low', `${START + at * MINUTE},5,4,6,5,1`, 'high 4 is below low 6'],
    ['close outside', `${START + at * MINUTE},5,6,4,7,1`, 'open or close lies outside low 4 … high 6'],
    ['duplicate', row(at - 1), `duplicate time ${START + (at - 1) * MINUTE}`],
    ['unsorted', row(at - 2), `time ${START + (at - 2) * MINUTE} is before the line above it; the file must be sorted`],
    ['no time', cell(0, '0'), 'time "0" is not a date or a number'],
    ['half a millisecond', cell(0, '1.5.2'), 'time "1.5.2" is not a date or a number'],
    ['not UTF-8', Buffer.from([0x31, 0x2c, 0xff, 0xfe]), 'not UTF-8 text'],
    ['too long', 'x'.repeat(1_048_577), 'longer than 1 MiB'],
  ])('%s', async (_, bad, words) => {
    const [before, after] = [
      rows(at).join('\n'),
      rows()
        .slice(at + 1)
        .join('\n'),
    ]
    const content = Buffer.concat([Buffer.from(`${before}\n`), Buffer.from(bad), Buffer.from(`\n${after}`)])
    expect(await problem(content)).toBe(`bad-row line ${at + 1}: ${words}`)
  })
  it('a line of a mebibyte is still read', async () => {
    const long = `${row(0)},${'x'.repeat(1_048_576 - row(0).length - 1)}`
    expect((await read(`${long}\n${row(1)}`)).bars.length).toBe(2)
    expect(await problem(`${row(0)}\n${row(1)},${long}`)).toBe('bad-row line 2: longer than 1 MiB')
  })
  it('a broken archive is unreadable, not a shorter file', async () => {
    const packed = gzipSync(rows().join('\n'))
    expect(await problem(packed.subarray(0, packed.length / 2))).toContain('unreadable')
  })
})

describe('a file from its newest bar to its oldest', () => {
  it('is turned round and said to be, packed or not, from plain rows and from text', async () => {
    const sorted = await read(rows().join('\n'))
    expect(sorted.newestFirst).toBe(false)
    const fallen = rows().toReversed().join('\n')
    for (const content of [fallen, gzipSync(fallen), `open_time,open,high,low,close,volume\n${fallen.replaceAll(/^\d+/gm, '"$&"')}`]) {
      const turned = await read(content)
      expect(turned.newestFirst).toBe(true)
      expect(columns(turned)).toEqual(columns(sorted))
    }
    const held = rows(400).filter((_, i) => i < 100 || i >= 140)
    expect(await read(held.toReversed().join('\n'))).toMatchObject({ intervalMs: MINUTE, gaps: [{ after: 99, missing: 40 }] })
  })
  it.each([
    ['rises again', [3, 2, 1, 4], `line 4: time ${START + 4 * MINUTE} is after the line above it; the file must be sorted, and the lines`],
    ['rises at once', [1, 0, 2], `line 3: time ${START + 2 * MINUTE} is after the line above it; the file must be sorted, and the lines`],
    ['stands still', [3, 2, 1, 1], `line 4: duplicate time ${START + MINUTE}`],
    ['has two rows, which may be a mistake as well', [1, 0], `line 2: time ${START} is before the line above it; the file must be sorted`],
  ])('is refused when it %s', async (_, minutes, words) => {
    expect(await problem(minutes.map(row).join('\n'))).toContain(words)
  })
})

describe('dates in digits', () => {
  it.each([
    ['202401020300', Date.UTC(2024, 0, 2, 3)],
    ['20240102', Date.UTC(2024, 0, 2)],
    ['20240102030059', Date.UTC(2024, 0, 2, 3, 0, 59)],
    ['1704164400000', Date.UTC(2024, 0, 2, 3)],
    ['1704164400', Date.UTC(2024, 0, 2, 3)],
  ])('%s', async (written, ms) => expect((await read(`${written},1,1,1,1,1`)).bars.time[0]).toBe(ms))
  it.each(['202413020300', '202402300300', '202401022500', '202401020360', '20240230', '20240102030060'])(
    '%s is no day or hour, and nothing else either',
    async (written) => {
      const words = `bad-row line 2: time "${written}" is not a date or a number`
      expect(await problem(`time,open,high,low,close,volume\n${written},1,1,1,1,1`)).toBe(words)
    },
  )
})

describe('what stands above the rows', () => {
  const NAMES = 'unix,date,symbol,open,high,low,close,Volume BTC,Volume USDT'
  const named = (n: number): string => `${START + n * MINUTE},2024-01-01 00:0${n}:00,BTCUSDT,1,2,1,2,${n},9`
  it.each([
    ['an address', `https://www.CryptoDataDownload.com\n${NAMES}\n${named(1)}\n${named(2)}`],
    ['a title, comments and empty lines', `# made today\n\nBitcoin\n# in dollars\n${NAMES}\n${named(1)}\n${named(2)}\n`],
    ['an index without a name', `,open,high,low,close,volume\n2024-01-01 00:01,1,2,1,2,1\n2024-01-01 00:02,1,2,1,2,2`],
  ])('%s', async (_, content) => {
    const { bars } = await read(content)
    expect([[...bars.time], [...bars.volume]]).toEqual([
      [START + MINUTE, START + 2 * MINUTE],
      [1, 2],
    ])
  })
  it.each([
    ['a title and nothing below it', 'hello\n', 'bad-header line 1: no time column'],
    ['a title above figures', `hello\n${row(0)}\n${row(1)}`, 'bad-header line 1: no time column'],
    ['two titles', `hello\nworld\n${NAMES}\n${named(1)}`, 'bad-header line 2: no time column'],
    ['a title above names that lack one', `# made today\nBitcoin\ndate,open,high,low,close\n`, 'missing-column line 3: no column volume'],
    ['an index without a name that is not first', 'open,,high,low,close,volume\n', 'bad-header line 1: no time column'],
  ])('refused, by its line: %s', async (_, content, words) => expect(await problem(content)).toContain(words))
})

describe('a file that lacks a column says which', () => {
  it.each([
    ['with a header', 'Date,Open,High,Low,Close\n2024-01-01,1,1,1,1', 'missing-column line 1: no column volume'],
    ['with another in its place', 'Date,Open,High,Low,Close,Adj Close\n', 'missing-column line 1: no column volume'],
    ['without a header', '1704067200000,1,1,1,1\n', 'missing-column line 1: no column volume (five columns and no header'],
    ['with a header that names nothing', 't,o,h,l,c,v\n', 'bad-header line 1: no time column'],
  ])('%s', async (_, content, words) => expect(await problem(content)).toContain(words))
})

describe.runIf(process.platform !== 'win32')('a pipe', () => {
  const pipe = join(folder, 'pipe')
  it.each([
    ['plain', rows().join('\n'), 65_536],
    ['packed', gzipSync(rows().join('\n')), 65_536],
    ['packed, its first byte alone', gzipSync(rows().join('\n')), 1],
  ])('is read as a file is: %s', async (_, content, first) => {
    rmSync(pipe, { force: true })
    execFileSync('mkfifo', [pipe])
    const bytes = Buffer.from(content)
    const write = async (): Promise<void> => {
      const end = await open(pipe, 'w')
      await end.write(bytes.subarray(0, first))
      await new Promise((resolve) => setTimeout(resolve, 20))
      await end.writeFile(bytes.subarray(first))
      await end.close()
    }
    const [result] = await Promise.all([readOhlcv(pipe), write()])
    expect(result.ok ? columns(result.value) : result.error).toEqual(columns(await read(bytes)))
  })
})
