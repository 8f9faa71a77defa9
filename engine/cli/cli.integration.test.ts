/** The `aegis` command as a user runs it: a real process per test, exit codes, one document on stdout, one clear line on stderr. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { latchStore } from '../supervisor/latch.ts'
import { HOST_FILE } from './reconcile.ts'

const AEGIS = new URL('./aegis.mjs', import.meta.url).pathname
const TAPE = new URL('../../../shared/data/market/BTCUSDT-spot-1m-2021-02-19_2021-02-25.csv', import.meta.url).pathname
const HAVE_TAPE = existsSync(TAPE)

const folders: string[] = []
const running: ChildProcess[] = []
afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'aegis-cli-'))
  folders.push(path)
  return path
}
const aegis = (...args: string[]) => aegisIn(process.env, ...args)
const aegisIn = (env: NodeJS.ProcessEnv, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [AEGIS, ...args], { encoding: 'utf8', timeout: 100_000, env })
  return { code: status, stdout, stderr }
}
/** One line, no stack. */
const expectUsage = (result: { code: number | null; stdout: string; stderr: string }, text: string | RegExp): void => {
  expect(result.stderr).toMatch(text)
  expect(result.stderr.trimEnd().split('\n').length).toBe(1)
  expect(result.stderr).toMatch(/^aegis: /)
  expect(result.stdout).toBe('')
  expect(result.code).toBe(2)
}
/** Two days of one-minute bars around 50,000 that swing enough for the placeholder rule to trade. */
const tape = (dir: string, minutes = 360): string => {
  const start = Date.UTC(2024, 0, 1)
  let price = 50_000
  const lines: string[] = []
  for (let i = 0; i < minutes; i += 1) {
    const open = price
    price = Math.round((50_000 + 900 * Math.sin(i / 25) + 120 * Math.sin(i * 1.7)) * 10) / 10
    const high = Math.max(open, price) + 15
    const low = Math.min(open, price) - 15
    lines.push(
      [start + i * 60_000, open.toFixed(1), high.toFixed(1), low.toFixed(1), price.toFixed(1), (20 + (i % 7)).toFixed(3)].join(','),
    )
  }
  const file = join(dir, 'BTCUSDT-test.csv')
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}
const host = async (dataDir: string, ...args: string[]): Promise<{ child: ChildProcess; url: string }> => {
  const child = spawn(process.execPath, [AEGIS, 'run', '--data', dataDir, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.push(child)
  const [data] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, url: data.toString().trim() }
}
const until = async (what: string, condition: () => boolean, ms = 30_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

describe('usage', () => {
  it('help lists every command; every command has help', () => {
    const help = aegis('help')
    expect(help.code).toBe(0)
    for (const name of ['run', 'simulator', 'audit', 'chaos', 'doctor', 'status', 'kill', 'journal', 'ledger', 'reconcile']) {
      expect(help.stdout).toContain(`\n  ${name} `)
    }
    expect(aegis('run', '--help').stdout).toContain('--headless')
  })

  it('tells its version and build, as a line and as a document', () => {
    expect(aegis('--version')).toEqual({ code: 0, stdout: expect.stringMatching(/^aegis \d+\.\d+\.\d+ \(build \S+\)\n$/), stderr: '' })
    expect(JSON.parse(aegis('--version', '--json').stdout)).toEqual({ version: expect.any(String), build: expect.any(String) })
  })

  it('a back-test that does not come about leaves no folder', () => {
    const out = join(folder(), 'a', 'b')
    expectUsage(aegis('backtest', '--file', '/nonexistent.csv', '--out', out), /nonexistent\.csv/)
    expectUsage(aegis('backtest', '--file', '/nonexistent.csv', '--sweep', 'riskPerTradePct=0.25,0.5', '--out', out), /nonexistent\.csv/)
    expect(existsSync(join(out, '..'))).toBe(false)
  })

  it.each<[string, string[], RegExp]>([
    ['an unknown command', ['fly'], /no command "fly"/],
    ['an unknown flag', ['run', '--headles'], /--headles/],
    ['a flag without its value', ['run', '--headless', '--tape'], /--tape/],
    ['a stray word', ['run', '--headless', 'now'], /unexpected "now"/],
    ['a missing tape', ['run', '--headless', '--tape', '/nonexistent.csv'], /does not exist/],
    ['a folder as tape', ['run', '--headless', '--tape', '/tmp'], /not a file/],
    ['a bad speed', ['run', '--headless', '--speed', 'fast'], /--speed expects a number/],
    ['a speed in paper', ['run', '--mode', 'paper', '--speed', '10'], /--speed goes with --mode simulated: paper runs in real time/],
    ['a key right there is not', ['run', '--key-rights', 'all'], /--key-rights expects one of trade, read-only/],
    ['a position mode there is not', ['run', '--position-mode', 'both'], /--position-mode expects one of one-way, hedge/],
    ['a trail too wide', ['run', '--trail-atr', '21'], /--trail-atr expects a number from 0\.1 to 20/],
    ['no symbols to choose', ['run', '--symbols', 'auto:0'], /symbols\.0: expected a symbol such as BTCUSDT, or auto:10/],
    [
      'a venue that may not be asked',
      ['run', '--mode', 'paper', '--upstream-rest', 'https://evil.example', '--upstream-ws', 'wss://evil.example'],
      /upstream\.rest: expected a Binance futures host/,
    ],
    ['a bad time', ['run', '--headless', '--for', 'soon'], /--for expects a time/],
    ['a bad symbol', ['run', '--headless', '--symbols', 'btc/usdt'], /symbols/],
    ['an unknown symbol', ['run', '--symbols', 'NOPE', '--data', '/nonexistent/x'], /no contract data for NOPE/],
    ['a symbol twice', ['run', '--symbols', 'BTCUSDT,BTCUSDT', '--data', '/nonexistent/x'], /each symbol once/],
    ['a report folder that cannot be', ['audit', '--only', 'C1.1', '--report', '/dev/null'], /--report .* cannot be created or written/],
    ['a report folder that can never be', ['chaos', '--only', 'tsunami', '--report', '/proc/nope/x'], /--report \/proc\/nope\/x cannot be/],
    ['a result folder that can never be', ['backtest', '--tape', 'demo', '--out', '/proc/nope/x'], /--out \/proc\/nope\/x cannot be/],
    ['a result folder under a file', ['backtest', '--tape', 'demo', '--out', `${AEGIS}/x`], /--out .* cannot be created or written/],
    [
      'a result folder that is a file',
      ['backtest', '--tape', 'demo', '--sweep', 'riskPerTradePct=0.25,0.5', '--out', AEGIS],
      /--out .* cannot be created or written/,
    ],
    ['help for a command there is not', ['help', 'nope'], /no command "nope"/],
    ['help for two commands', ['help', 'run', 'kill'], /unexpected "kill"/],
    ['a version of something', ['--version', 'now'], /unexpected "now"/],
    ['a bad mode', ['run', '--headless', '--mode', 'dream'], /mode/],
    ['live', ['run', '--headless', '--mode', 'live'], /live is locked: it lacks/],
    ['a bad settings file', ['run', '--settings', '/nonexistent.json'], /--settings .* cannot be read/],
    ['--json without --headless', ['run', '--json'], /goes with --headless/],
    ['a folder where no engine ran', ['status', '--data', '/nonexistent'], /no engine has run/],
    ['journal without an action', ['journal'], /verify or export/],
    ['ledger without a file', ['ledger'], /--fills FILE or --stream FILE/],
    ['two kill levels', ['kill', '--flatten', '--reduce-only'], /exclude each other/],
    ['a bad simulator port', ['simulator', '--port', '99999'], /--port/],
  ])('%s: one clear line, exit 2', (_name, args, text) => {
    expectUsage(aegis(...args), text)
  })

  it('a corrupt tape: one clear line, exit 2, nothing written', () => {
    const dir = folder()
    const good = readFileSync(tape(dir), 'utf8').split('\n')
    for (const [name, lines] of [
      ['text', ['hello', 'world']],
      ['high below low', [...good.slice(0, 5), '1704067500000,50000,49000,51000,50000,1']],
      ['NaN', [...good.slice(0, 5), '1704067500000,50000,NaN,49000,50000,1']],
      ['cut', [good[0] ?? '', '17040672']],
      ['empty', ['']],
    ] as const) {
      const file = join(dir, 'bad.csv')
      writeFileSync(file, lines.join('\n'))
      const dataDir = join(dir, `data-${name}`)
      expectUsage(aegis('run', '--headless', '--tape', file, '--data', dataDir), 'bad.csv')
      expect(existsSync(dataDir)).toBe(false)
    }
  })

  it('a read-only data folder: one clear line, exit 2', () => {
    const dir = folder()
    const file = tape(dir)
    const locked = join(dir, 'locked')
    mkdirSync(locked)
    chmodSync(locked, 0o500)
    /* root may write anywhere: then a file in the way is the same failure */
    const asRoot = process.getuid?.() === 0
    if (asRoot) writeFileSync(join(dir, 'file'), '')
    expectUsage(aegis('run', '--headless', '--tape', file, '--data', asRoot ? join(dir, 'file', 'data') : locked), /cannot be written/)
    expect(readdirSync(locked)).toEqual([])
    if (process.platform === 'linux') expectUsage(aegis('run', '--headless', '--tape', file, '--data', '/proc/x/y'), /cannot be written/)
  })

  it('an old Node hands over or says one clear line', () => {
    const text = readFileSync(AEGIS, 'utf8')
    const imports = [...text.matchAll(/^import .* from '([^']+)'/gm)].map((match) => match[1])
    expect(imports.every((name) => name?.startsWith('node:'))).toBe(true)
    const old = ['/usr/local/bin/node', '/usr/bin/node'].find(
      (path) => existsSync(path) && spawnSync(path, ['-p', 'process.versions.napi'], { encoding: 'utf8' }).stdout.trim() === '9',
    )
    if (old === undefined) return console.warn('no old Node on this machine: the hand-over itself is not tried')
    const handed = spawnSync(old, [AEGIS, 'status', '--data', '/nonexistent'], { encoding: 'utf8' })
    expect(handed.status).toBe(2)
    expect(handed.stderr).toMatch(/no engine has run/)
  })
})

describe('run --headless', () => {
  it('trades a tape, agrees with the exchange to the last digit, twice the same, and leaves nothing behind', () => {
    const dir = folder()
    const file = tape(dir)
    const own = join(dir, 'tmp')
    mkdirSync(own)
    const runs = [1, 2].map(() =>
      aegisIn({ ...process.env, TMPDIR: own }, 'run', '--headless', '--tape', file, '--speed', '20000', '--json'),
    )
    const documents = runs.map((one) => JSON.parse(one.stdout) as Record<string, unknown> & { simulator: Record<string, unknown> })
    for (const [i, document] of documents.entries()) {
      expect(runs[i]?.stderr ?? '').not.toMatch(/^aegis:/m)
      expect(runs[i]?.code).toBe(0)
      expect(runs[i]?.stdout.trimEnd().split('\n').length).toBe(1)
      for (const count of ['ticks', 'candles', 'signals', 'orders', 'fills', 'mismatches', 'restarts', 'dropped'])
        expect(document[count]).toBeTypeOf('number')
      for (const money of ['realizedPnl', 'unrealizedPnl', 'fees', 'equity']) expect(document[money]).toMatch(/^-?\d+(\.\d+)?$/)
      expect(document['fills']).toBeGreaterThan(0)
      expect(document).toMatchObject({
        mismatches: 0,
        restarts: 0,
        dropped: 0,
        equity: document.simulator['equity'],
        fees: document.simulator['fees'],
      })
    }
    expect(documents[0]?.['ordersHash']).toMatch(/^[0-9a-f]{64}$/)
    expect({ ...documents[1], durationMs: 0 }).toEqual({ ...documents[0], durationMs: 0 })
    expect(readdirSync(own)).toEqual([])
  })

  it('another seed is another market', () => {
    const dir = folder()
    const file = tape(dir)
    const hashes = [1, 2].map(
      (seed) =>
        JSON.parse(aegis('run', '--headless', '--tape', file, '--speed', '20000', '--seed', String(seed), '--json').stdout)
          .ordersHash as string,
    )
    expect(hashes[0]).not.toBe(hashes[1])
  })

  it('keeps a named data folder, whose journal verifies and whose fills export', () => {
    const dir = folder()
    const dataDir = join(dir, 'data')
    const run = aegis('run', '--headless', '--tape', tape(dir), '--speed', '20000', '--data', dataDir, '--json')
    expect(run.code).toBe(0)
    const fills = (JSON.parse(run.stdout) as { fills: number }).fills
    const verified = aegis('journal', 'verify', '--data', dataDir, '--json')
    expect(JSON.parse(verified.stdout)).toMatchObject({ ok: true })
    expect(aegis('journal', 'export', '--fills', '--data', dataDir).stdout.trimEnd().split('\r\n').length).toBe(fills + 1)
    expect(
      aegis('journal', 'export', '--data', dataDir)
        .stdout.split('\n')
        .filter((line) => line.includes('"kind":"fill"')).length,
    ).toBe(fills)
  })

  it.runIf(HAVE_TAPE)('the recorded tape: trades, no mismatch, equity equal', () => {
    const run = aegis('run', '--headless', '--tape', TAPE, '--speed', '3000', '--for', '6s', '--json')
    expect(run.code).toBe(0)
    const document = JSON.parse(run.stdout) as {
      fills: number
      equity: string
      mismatches: number
      virtualMs: number
      simulator: { equity: string }
    }
    expect(document.fills).toBeGreaterThan(0)
    expect(document.mismatches).toBe(0)
    expect(document.equity).toBe(document.simulator.equity)
    expect(document.virtualMs).toBe(18_000_000)
  })
  if (!HAVE_TAPE) console.warn('skipped: "the recorded tape", ../shared/data/market is not here')
})

describe('paper', () => {
  it("follows the upstream's prices in real time, with fills of its own exchange", async () => {
    const upstream = spawn(process.execPath, [AEGIS, 'simulator', '--tape', 'synthetic', '--seed', '7'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    running.push(upstream)
    const [line] = (await once(upstream.stdout, 'data')) as [Buffer]
    const { rest, ws } = JSON.parse(line.toString()) as { rest: string; ws: string }
    const { code, stdout } = await new Promise<{ code: number | null; stdout: string }>((resolve) => {
      const child = spawn(
        process.execPath,
        [AEGIS, 'run', '--headless', '--mode', 'paper', '--upstream-rest', rest, '--upstream-ws', ws, '--for', '8s', '--json'],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      )
      running.push(child)
      let text = ''
      child.stdout.on('data', (part: Buffer) => (text += part.toString()))
      child.on('exit', (exit) => resolve({ code: exit, stdout: text }))
    })
    const document = JSON.parse(stdout) as {
      ticks: number
      mode: string
      tape: string
      mismatches: number
      equity: string
      simulator: { equity: string }
    }
    expect(document).toMatchObject({ mode: 'paper', tape: 'live', mismatches: 0 })
    expect(document.ticks).toBeGreaterThan(10)
    expect(document.equity).toBe(document.simulator.equity)
    expect(code).toBe(0)
  })
})

describe('a running engine', () => {
  it('status, second instance, kill, latch across a restart, journal, reconcile; the token file is private', async () => {
    const dataDir = join(folder(), 'data')
    const first = await host(dataDir, '--speed', '60')
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#t=[\w-]{43}$/)
    expect(statSync(join(dataDir, HOST_FILE)).mode & 0o777).toBe(0o600)
    const status = () =>
      JSON.parse(aegis('status', '--data', dataDir, '--json').stdout) as {
        running: boolean
        latch: unknown
        engine: { released: boolean } | null
      }
    await until('a released engine', () => status().engine?.released === true)
    expectUsage(aegis('run', '--data', dataDir), /another A\.E\.G\.I\.S\. is running/)
    expectUsage(aegis('run', '--headless', '--data', dataDir), /another A\.E\.G\.I\.S\. is running/)
    const report = aegis('reconcile', '--data', dataDir, '--json')
    expect(JSON.parse(report.stdout)).toMatchObject({ by: 'engine', conclusive: true })
    const killed = aegis('kill', '--flatten', '--reason', 'a test', '--data', dataDir, '--json')
    expect(JSON.parse(killed.stdout)).toMatchObject({
      confirmed: true,
      running: true,
      latch: { level: 'flatten', by: 'cli', reason: 'a test' },
    })
    expect(killed.code).toBe(0)
    first.child.kill('SIGTERM')
    expect(await once(first.child, 'exit')).toEqual([0, null])
    expect(existsSync(join(dataDir, HOST_FILE))).toBe(false)
    expect(status()).toMatchObject({ running: false, latch: { level: 'flatten' } })
    expectUsage(aegis('reconcile', '--data', dataDir), /no engine runs on .* embedded exchange, which exists only while the engine runs/)

    await host(dataDir)
    await until('the second engine', () => status().running)
    expect(status().latch).toMatchObject({ level: 'flatten' })
    expect(aegis('status', '--data', dataDir).stdout).toContain('trading: halted')
  })

  it('kill without an engine latches and says that nothing was confirmed', () => {
    const dataDir = folder()
    const killed = aegis('kill', '--data', dataDir)
    expect(killed.code).toBe(1)
    expect(killed.stdout).toMatch(/latched; no engine runs/)
    expect(latchStore(dataDir).read()).toMatchObject({ level: 'halt', confirmedAt: null })
    aegis('kill', '--reduce-only', '--data', dataDir)
    expect(latchStore(dataDir).read()).toMatchObject({ level: 'halt' })
  })

  it('a port in use: one clear line, exit 2, nothing written', async () => {
    const dataDir = join(folder(), 'data')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expectUsage(aegis('run', '--port', String(port), '--data', dataDir), /in use/)
    expect(existsSync(dataDir)).toBe(false)
    server.close()
    expect((await host(dataDir)).url).toContain('http://127.0.0.1:')
  })
})

describe('doctor', () => {
  it('names every part, with a remedy for what is missing', () => {
    const result = aegis('doctor', '--data', join(folder(), 'new'), '--json')
    const { ready, findings } = JSON.parse(result.stdout) as { ready: boolean; findings: { id: string; state: string; remedy?: string }[] }
    expect(findings.map((one) => one.id)).toEqual([
      'node',
      'sqlite',
      'ring',
      'shared-memory',
      'data-folder',
      'cockpit',
      'electron',
      'browser',
      'clock',
      'machine',
    ])
    expect(findings.every((one) => one.state === 'ok' || one.remedy !== undefined)).toBe(true)
    expect(ready).toBe(true)
    expect(result.code).toBe(0)
  })
})
