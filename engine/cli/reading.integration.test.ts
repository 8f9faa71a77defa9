/** How commands read the file they are given: a pipe as a file, bars from their newest on, and a terminal that is told how far it is. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { aegis } from './main.ts'

const folder = mkdtempSync(join(tmpdir(), 'aegis-reading-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const START = Date.UTC(2024, 0, 1)
const ROWS = Array.from({ length: 240 }, (_, i) => {
  const [open, close] = [40_000 + ((i * 37) % 101), 40_000 + ((i * 53) % 101)]
  return `${START + i * 60_000},${open},${Math.max(open, close) + 3},${Math.min(open, close) - 3},${close},${i % 9}`
})
const HEADER = 'open_time,open,high,low,close,volume'
const SORTED = [HEADER, ...ROWS, ''].join('\n')
const NEWEST_FIRST = [HEADER, ...ROWS.toReversed(), ''].join('\n')
const FILLS = `symbol,id,side,price,qty,time
BTCUSDT,1,BUY,100,1,1700000000000
BTCUSDT,2,SELL,110,1,1700000001000
`
const FRAME = {
  stream: 'btcusdt@trade',
  data: { e: 'trade', E: START, T: START, s: 'BTCUSDT', t: 1, p: '100', q: '1', X: 'MARKET', m: false },
}

interface Told {
  readonly code: number
  readonly out: string
  readonly err: string
  readonly shown: string
}

async function told(args: readonly string[], terminal = false): Promise<Told> {
  let [out, err, shown] = ['', '', '']
  const code = await aegis(args, {
    out: (text) => void (out += text),
    err: (line) => void (err += `${line}\n`),
    ...(terminal ? { terminal: { write: (text: string) => void (shown += text) } } : {}),
    stopped: new Promise<void>(() => {}),
  })
  return { code, out, err, shown }
}

/** What is the same whatever the file is called (a sweep's hash knows its name) and however long it took. */
const plain = ({ code, out, err }: Told, path: string): unknown => ({
  code,
  err: err.replaceAll(path, 'FILE'),
  out: out.replaceAll(path, 'FILE').replaceAll(/"(durationMs|barsPerSecond|sweepHash)":("\w+"|\d+)/g, ''),
})

function file(content: string | Buffer): string {
  const path = join(folder, 'file.csv')
  writeFileSync(path, content)
  return path
}

/** The command on a pipe that gives `content` once. */
async function onPipe(content: string | Buffer, args: (path: string) => readonly string[]): Promise<readonly [Told, string]> {
  const path = join(folder, 'pipe')
  rmSync(path, { force: true })
  execFileSync('mkfifo', [path])
  const bytes = join(folder, 'bytes')
  writeFileSync(bytes, content)
  // Another process writes: a command may read without letting this one go on. One that wrongly opens the pipe again, and so waits
  // for a writer without end, is let go with nothing after a while.
  const writer = spawn('sh', ['-c', 'cat "$0" > "$1"; sleep 20; : > "$1"', bytes, path], { stdio: 'ignore', detached: true })
  const ended = once(writer, 'exit')
  const result = await told(args(path))
  process.kill(-(writer.pid ?? 0), 'SIGKILL')
  await ended
  return [result, path]
}

const OUT = join(folder, 'out')
const COMMANDS: readonly (readonly [name: string, content: string, args: (path: string) => readonly string[]])[] = [
  ['analyze', SORTED, (path) => ['analyze', '--file', path, '--out', OUT, '--json']],
  ['validate', SORTED, (path) => ['validate', '--file', path, '--json']],
  ['validate of frames', JSON.stringify(FRAME), (path) => ['validate', '--file', path, '--json']],
  ['backtest', SORTED, (path) => ['backtest', '--file', path, '--strategy', 'placeholder', '--json']],
  ['backtest --out', SORTED, (path) => ['backtest', '--file', path, '--strategy', 'placeholder', '--out', OUT, '--json']],
  ['a sweep', SORTED, (path) => ['backtest', '--file', path, '--strategy', 'placeholder', '--sweep', 'rsiPeriod=9,14', '--json']],
  ['ledger', FILLS, (path) => ['ledger', '--fills', path, '--json']],
]

describe.runIf(process.platform !== 'win32')('a pipe is read as a file is', () => {
  it.each(COMMANDS)('%s', async (_, content, args) => {
    const path = file(content)
    const want = plain(await told(args(path)), path)
    expect(want).toMatchObject({ code: 0 })
    for (const written of [content, gzipSync(content)]) {
      const [got, pipe] = await onPipe(written, args)
      expect(plain(got, pipe)).toEqual(want)
    }
  })

  it('frames to play come from a pipe by --tape, but for a sweep, which reads them once per worker', async () => {
    const args = (path: string) => ['backtest', '--tape', path, '--strategy', 'placeholder', '--json']
    const [alone] = await onPipe(JSON.stringify(FRAME), args)
    expect(alone).toMatchObject({ code: 0, err: '' })
    const path = join(folder, 'pipe')
    const swept = await told([...args(path), '--sweep', 'rsiPeriod=9,14'])
    expect(swept).toMatchObject({ code: 2, out: '' })
    expect(swept.err).toBe(`aegis: --tape ${path} can be read once only; a sweep reads frames once per worker: give it a file\n`)
  })

  it('what is wrong in it is one clear line', async () => {
    const bad = SORTED.replace(`${START + 600_000},`, 'soon,')
    for (const command of ['analyze', 'backtest']) {
      const [{ code, err }] = await onPipe(bad, (path) => [command, '--file', path, ...(command === 'analyze' ? ['--out', OUT] : [])])
      expect([code, err]).toEqual([2, `aegis: ${join(folder, 'pipe')}: line 12: time "soon" is not a date or a number\n`])
      const [cut] = await onPipe(gzipSync(SORTED).subarray(0, 90), (path) => [command, '--file', path, '--out', OUT])
      expect([cut.code, cut.err]).toEqual([2, `aegis: ${join(folder, 'pipe')}: unexpected end of file\n`])
      const [other] = await onPipe('hello\n', (path) => [command, '--file', path, '--out', OUT])
      expect([other.code, other.err]).toEqual([2, expect.stringMatching(/^aegis: .*pipe: line 1: no time column .*\n$/)])
    }
  })
})

describe('bars from their newest on', () => {
  const SAID = 'runs from newest to oldest'

  it.each(COMMANDS.filter(([, content]) => content === SORTED))(
    '%s gives what it gives of the sorted file, and says so',
    async (name, _, args) => {
      const path = file(SORTED)
      const sorted = await told(args(path))
      file(NEWEST_FIRST)
      const turned = await told(args(path))
      expect(sorted.err).not.toContain(SAID)
      expect(turned.err.split('\n').filter((line) => line.startsWith(`note: ${path} ${SAID}`))).toHaveLength(1)
      const [want, got] = [plain(sorted, path), plain(turned, path)]
      expect(JSON.parse(turned.out)).toMatchObject({ newestFirst: true })
      expect(JSON.parse(sorted.out)).toMatchObject({ newestFirst: false })
      const normal = JSON.stringify(got).replace(String.raw`\"newestFirst\":true`, String.raw`\"newestFirst\":false`)
      expect({ ...JSON.parse(normal), err: '' }, name).toEqual({ ...Object(want), err: '' })
    },
  )

  it.each([
    ['analyze', ['--out', OUT]],
    ['backtest', []],
  ])('%s refuses a file that is neither, in one line', async (command, more) => {
    const path = file([HEADER, ROWS[5], ROWS[4], ROWS[3], ROWS[9]].join('\n'))
    const { code, err } = await told([command, '--file', path, ...more])
    const time = START + 9 * 60_000
    expect([code, err]).toEqual([
      2,
      `aegis: ${path}: line 5: time ${time} is after the line above it; the file must be sorted, and the lines before it run from newest to oldest\n`,
    ])
  })

  it('and a file without volume is said to have none', async () => {
    const path = file('Date,Open,High,Low,Close,Adj Close\n2024-01-01,1,1,1,1,1\n')
    for (const args of [['analyze', '--out', OUT], ['backtest'], ['validate']]) {
      const { code, err } = await told([...args, '--file', path])
      expect([code, err.split('\n').length]).toEqual([2, 2])
      expect(err).toMatch(/file\.csv: .*line 1: no column volume/)
    }
  })
})

describe('analyze on a terminal', () => {
  it('shows how far it is, and ends on a fresh line; elsewhere nothing is said', async () => {
    const args = ['analyze', '--file', file(SORTED), '--out', OUT, '--json']
    const { code, out, err, shown } = await told(args, true)
    expect([code, err]).toEqual([0, ''])
    expect(shown).toMatch(/^\r.*\[[#·]{30}\] \d+ of 13 steps \(\d+ %\)/)
    expect(shown).toMatch(/13 of 13 steps \(100 %\)\n$/)
    expect(await told(args)).toMatchObject({ code: 0, out, err: '' })
    expect(readFileSync(join(OUT, 'indicators.csv'), 'utf8').split('\n')).toHaveLength(ROWS.length + 2)
  })
})
