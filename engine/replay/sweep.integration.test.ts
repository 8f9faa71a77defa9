/** Sweeps over real threads: the same to the hash for any number of workers; a dying worker is named; a signal ends them all. */
import { writeFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { aegis } from '../cli/main.ts'
import { parseSettings } from '../contract/settings.ts'
import { backtest } from './backtest.ts'
import { runSweep, type SweepOptions, type SweepReport } from './sweep.ts'
import { runWalkForward } from './walk-forward.ts'

const START = Date.UTC(2024, 0, 1)
const MINUTE = 60_000
const BARS = 700
let folder: string
let file: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sweep-'))
  file = join(folder, 'walk.csv')
  const rows = ['open_time,open,high,low,close,volume']
  let price = 60_000
  for (let i = 0; i < BARS; i++) {
    const open = price
    price = Math.round(60_000 + 900 * Math.sin(i / 37) + 350 * Math.sin(i / 5.3) + 120 * Math.sin(i * 1.7))
    rows.push([START + i * MINUTE, open, Math.max(open, price) + 15, Math.min(open, price) - 15, price, 10].join(','))
  }
  writeFileSync(file, rows.join('\n'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function options(more: Partial<SweepOptions> = {}): SweepOptions {
  const settings = parseSettings({ strategy: { name: 'placeholder' } })
  if (!settings.ok) throw new Error(settings.error.message)
  return {
    input: { tape: file, symbol: 'BTCUSDT', seed: 1, balance: '10000', latencyMs: 0, horizonMs: null, asRun: null },
    parameters: [
      { name: 'rsiPeriod', values: [5, 9, 14] },
      { name: 'riskPerTradePct', values: [0.05, 0.1] },
    ],
    base: settings.value,
    objective: 'profit',
    workers: 1,
    from: null,
    to: null,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...more,
  }
}

const withoutTiming = (report: SweepReport): SweepReport => ({ ...report, workers: 0, durationMs: 0 })

it('gives one report for one, two and five workers', async () => {
  const seen: number[] = []
  const one = await runSweep(options({ onProgress: (done) => seen.push(done) }))
  if (!one.ok) throw new Error(one.error.message)
  expect(seen).toEqual([1, 2, 3, 4, 5, 6])
  expect(one.value).toMatchObject({ combinations: 6, failed: 0, exact: true })
  expect(new Set(one.value.rows.map((row) => row.figures?.tradesHash)).size).toBe(6)
  expect(one.value.rows.every((row) => (row.figures?.trades ?? 0) > 3)).toBe(true)
  for (const workers of [2, 5]) {
    const more = await runSweep(options({ workers }))
    if (!more.ok) throw new Error(more.error.message)
    expect(more.value.sweepHash).toBe(one.value.sweepHash)
    expect(withoutTiming(more.value)).toEqual(withoutTiming(one.value))
  }
})

it('walks forward the same with any number of workers, and tests only the chosen', async () => {
  const span = { from: START, to: START + (BARS - 1) * MINUTE }
  const run = (workers: number): ReturnType<typeof runWalkForward> =>
    runWalkForward({ ...options({ workers }), span, windows: 3, trainShare: 0.6 })
  const [one, two] = [await run(1), await run(2)]
  if (!one.ok || !two.ok) throw new Error('failed')
  expect(two.value.walkForwardHash).toBe(one.value.walkForwardHash)
  expect(one.value).toMatchObject({ runs: 21, failed: 0, exact: true, combinations: 6 })
  for (const window of one.value.windows) {
    expect(window.best).toEqual(window.rows.find((row) => row.rank === 1)?.combination)
    expect(window.outOfSampleFigures?.from).toBe(new Date(window.outOfSample.from).toISOString())
    expect(window.inSampleFigures?.bars).toBe((window.inSample.to - window.inSample.from) / MINUTE + 1)
  }
})

/** A worker's program that ends itself in its own way at the given number of tasks. */
function dying(name: string, at: string): URL {
  const entry = join(folder, name)
  writeFileSync(
    entry,
    `import { parentPort } from 'node:worker_threads'
parentPort.on('message', (task) => {
  if (${at}) throw new Error('planted death')
  parentPort.postMessage({ ok: false, error: { code: 'fixture', message: 'played' } })
})`,
  )
  return new URL(`file://${entry}`)
}

it('names the run whose worker died, and plays the others', async () => {
  const report = await runSweep(
    options({ workers: 2, entry: dying('one.mjs', 'task.strategy.rsiPeriod === 9 && task.strategy.riskPerTradePct === 0.1') }),
  )
  if (!report.ok) throw new Error(report.error.message)
  const played = 'played'
  expect(report.value.rows.map((row) => row.error)).toEqual([played, played, played, 'its worker ended: planted death', played, played])
  expect(report.value).toMatchObject({ failed: 6, best: null })
})

it('stops replacing workers that keep dying, and says what was not played', async () => {
  const parameters = [{ name: 'rsiPeriod', values: Array.from({ length: 30 }, (_, i) => i + 2) }]
  const report = await runSweep(options({ parameters, workers: 2, entry: dying('all.mjs', 'true') }))
  if (!report.ok) throw new Error(report.error.message)
  const errors = report.value.rows.map((row) => row.error)
  expect(errors).toHaveLength(30)
  expect(errors.filter((one) => one === 'its worker ended: planted death').length).toBeGreaterThan(3)
  expect(errors.filter((one) => one === 'not played: too many workers ended').length).toBeGreaterThan(15)
})

it('ends its workers when stopped, in the middle of a run too', async () => {
  const stop = new AbortController()
  let done = 0
  const result = await runSweep(
    options({
      workers: 2,
      signal: stop.signal,
      onProgress: (count) => {
        done = count
        stop.abort()
      },
    }),
  )
  expect(result).toMatchObject({ ok: false, error: { code: 'stopped', message: 'stopped after 1 of 6 runs' } })
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(done).toBe(1)
})

interface Told {
  readonly code: number
  readonly out: string
  readonly err: readonly string[]
}
async function cli(args: readonly string[], stopped: Promise<void> = new Promise(() => {})): Promise<Told> {
  let out = ''
  const err: string[] = []
  const code = await aegis(['backtest', '--file', file, '--strategy', 'placeholder', ...args], {
    out: (text) => void (out += text),
    err: (line) => void err.push(line),
    stopped,
  })
  return { code, out, err }
}

it('is a command: the row of a combination is the back-test of it; files in --out', async () => {
  const out = join(folder, 'out')
  const alone = JSON.parse((await cli(['--json'])).out) as { tradesHash: string }
  const swept = await cli([
    '--sweep',
    'rsiPeriod=9,14',
    '--sweep',
    'atrPeriod=14,20',
    '--workers',
    '2',
    '--objective',
    'profit',
    '--out',
    out,
    '--json',
  ])
  expect(swept.code).toBe(0)
  const report = JSON.parse(swept.out) as SweepReport
  const same = report.rows.find(({ combination }) => combination['rsiPeriod'] === 14 && combination['atrPeriod'] === 14)
  expect(same?.figures?.tradesHash).toBe(alone.tradesHash)
  expect(readdirSync(out).toSorted()).toEqual(['sweep.csv', 'sweep.html', 'sweep.json'])
  const html = readFileSync(join(out, 'sweep.html'), 'utf8')
  expect(html).toContain('<svg')
  expect(html).not.toMatch(/NaN|undefined|src=|href=|<script/)
  expect(swept.err.at(-1)).toContain('4 of 4 runs (100 %)')

  const walked = await cli(['--sweep', 'rsiPeriod=9,14', '--walk-forward', '2:0.5', '--workers', '2', '--out', out])
  expect(walked.code).toBe(0)
  expect(walked.out).toContain('out-of-sample: net profit')
  expect(readFileSync(join(out, 'walk-forward.csv'), 'utf8').trim().split('\n')).toHaveLength(3)
})

it('sweeps rails: each row is the back-test under them, in the table, the picture and the files', async () => {
  const out = join(folder, 'rails')
  const swept = await cli(['--sweep', 'maxDailyLoss=5,500', '--sweep', 'rails.coolDownSeconds=60,7200', '--out', out, '--json'])
  expect(swept.code).toBe(0)
  const report = JSON.parse(swept.out) as SweepReport
  expect(report.rows.map(({ combination }) => combination)).toEqual([
    { 'rails.maxDailyLoss': '5', 'rails.coolDownSeconds': 60 },
    { 'rails.maxDailyLoss': '5', 'rails.coolDownSeconds': 7_200 },
    { 'rails.maxDailyLoss': '500', 'rails.coolDownSeconds': 60 },
    { 'rails.maxDailyLoss': '500', 'rails.coolDownSeconds': 7_200 },
  ])
  for (const { combination, figures } of report.rows) {
    const rails = parseSettings({
      rails: { maxDailyLoss: combination['rails.maxDailyLoss'], coolDownSeconds: combination['rails.coolDownSeconds'] },
    })
    if (!rails.ok) throw new Error(rails.error.message)
    const alone = await backtest({ tape: file, symbol: 'BTCUSDT', strategy: 'placeholder', seed: 1, rails: rails.value.rails })
    expect(figures?.tradesHash).toBe(alone.ok ? alone.value.report.tradesHash : alone.error.message)
    expect(figures?.refusals).toEqual(alone.ok ? alone.value.report.refusals : {})
  }
  const [tight, , wide, patient] = report.rows.map(({ figures }) => figures)
  expect(tight?.refusals['daily-loss']).toBeGreaterThan(0)
  expect(wide?.refusals['daily-loss']).toBeUndefined()
  expect(patient?.refusals['cool-down']).toBeGreaterThan(0)
  expect(readFileSync(join(out, 'sweep.csv'), 'utf8').split('\n')[0]).toContain('rank,rails.maxDailyLoss,rails.coolDownSeconds,trades')
  expect(readFileSync(join(out, 'sweep.html'), 'utf8')).toContain('rails.maxDailyLoss')

  // Under the defaults named, it is the back-test without any.
  const alone = JSON.parse((await cli(['--json'])).out) as { tradesHash: string }
  const plain = JSON.parse((await cli(['--sweep', 'rails.maxDailyLoss=500', '--json'])).out) as SweepReport
  expect(plain.rows[0]?.figures?.tradesHash).toBe(alone.tradesHash)

  const refused = await backtest({ tape: file, symbol: 'BTCUSDT', strategy: 'placeholder', seed: 1, rails: { maxOpenPositions: 0 } })
  expect(refused.ok ? '' : refused.error.message).toContain('rails.maxOpenPositions')
})

it('says in one line what it cannot sweep, and that it was stopped', async () => {
  for (const args of [
    ['--sweep', 'rsiPeriod=0'],
    ['--sweep', 'colour=red'],
    ['--sweep', 'rails.maxDailyLoss=-5'],
    ['--sweep', 'rails.colour=red'],
    ['--sweep', 'rsiPeriod=7', '--workers', '0'],
    ['--sweep', 'rsiPeriod=7', '--workers', '1.5'],
    ['--sweep', 'rsiPeriod=7', '--objective', 'luck'],
    ['--walk-forward', '0'],
    ['--walk-forward', '3:0.99'],
    ['--walk-forward', '3:0.5:1'],
    ['--walk-forward', '3', '--for', '1d'],
    ['--walk-forward', '150', '--from', '2024-01-01T10:00', '--to', '2024-01-01T11:00'],
    ['--sweep', 'rsiPeriod=7', '--from', '2030-01-01'],
    ['--workers', '2'],
    ['--objective', 'profit'],
  ]) {
    const told = await cli(args)
    expect([told.code, told.out, told.err.length]).toEqual([2, '', 1])
  }
  const told = await cli(['--sweep', 'rsiPeriod=7,9', '--out', join(folder, 'none')], Promise.resolve())
  expect(told.code).toBe(1)
  expect(told.err.at(-1)).toContain('stopped after 0 of 2 runs; nothing was written')
  expect(readdirSync(folder)).not.toContain('none')
})
