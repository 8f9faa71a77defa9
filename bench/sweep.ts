/**
 * Does a sweep scale with the cores: the same grid over one worker thread and over two, in turn, round by round. The bar is 1.6 times
 * the runs a second with two, the median of five rounds.
 *
 * - The work is a trader's: 24 combinations over a month of minutes, traded to the end. A worker has its start and its compiler to
 *   pay (its own, and with two workers on two cores there is no idle core to pay the compiler on): a grid that is done in seconds shows
 *   little else.
 * - Both begin after the same start: code is in the compile cache, as with the `aegis` command.
 * - Beside it, what the machine gives: a loop that touches no memory, and one that reads all over more memory than a core has to itself.
 *   Ratios near those are the machine's; what lies between is the sweep's.
 * - Every round must give the same hash. What other programs took is printed: with one worker a second core stands idle to be taken,
 *   with two there is none, so that anybody else's work lowers the ratio. A quiet moment is waited for, but not for long.
 */
import { once } from 'node:events'
import { enableCompileCache } from 'node:module'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { parseSettings } from '../engine/contract/settings.ts'
import { gridOf } from '../engine/replay/sweep-parameters.ts'
import { runSweep } from '../engine/replay/sweep.ts'
import { foreignLoad, quietMoment } from './ring/machine.ts'

const BAR = 1.6
const DAY_BARS = 1_440
/** So large that fees do not use it up. */
const BALANCE = '100000'
/** Out of the way: every run trades to its last bar. One that a rail has ended early plays the rest in next to no time. */
const RAILS = { maxDrawdownFromPeakPct: 90, maxDrawdownFromDayStartPct: 90, maxDailyLoss: '1000000' }
const PARAMETERS = [
  { name: 'rsiPeriod', values: [5, 7, 10, 14] },
  { name: 'atrPeriod', values: [7, 14, 21] },
  { name: 'riskPerTradePct', values: [0.01, 0.02] },
]
const QUICK = [
  { name: 'rsiPeriod', values: [7, 14, 21] },
  { name: 'riskPerTradePct', values: [0.01, 0.02] },
]

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const round2 = (value: number): number => Math.round(value * 100) / 100

const LOOP = `const { workerData } = require('node:worker_threads')
let x = 0
for (let i = 0; i < workerData; i++) x = (x * 1664525 + i) | 0`

/** Eight megabytes, of which every word is as likely to be next as any other. */
const READER = `const { workerData } = require('node:worker_threads')
const words = new Int32Array(2 ** 21).fill(1)
let x = 0
for (let i = 0; i < workerData / 4; i++) {
  x = (x * 1664525 + i + words[x & 2097151]) | 0
  words[(x >>> 7) & 2097151] = x
}`

/** Seconds for the same program twice, on as many threads. */
async function controlSeconds(program: string, threads: number, steps: number): Promise<number> {
  const from = performance.now()
  const each = (2 * steps) / threads
  await Promise.all(Array.from({ length: threads }, () => once(new Worker(program, { eval: true, workerData: each }), 'exit')))
  return (performance.now() - from) / 1_000
}

async function control(program: string, steps: number): Promise<number> {
  const one = await controlSeconds(program, 1, steps)
  return round2(one / (await controlSeconds(program, 2, steps)))
}

interface Round {
  readonly one: number
  readonly two: number
  readonly ratio: number
  readonly machine: number
  readonly memory: number
  /** CPUs that others used just before each. */
  readonly foreign: readonly number[]
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const quick = options.quick === true
  const cores = availableParallelism()
  const settings = parseSettings({ strategy: { name: 'placeholder' }, rails: RAILS })
  if (!settings.ok) return { bench: 'sweep', ok: false, error: settings.error.message }
  enableCompileCache(join(tmpdir(), 'aegis-bench-cache'))
  const bars = (quick ? 10 : 30) * DAY_BARS
  const parameters = quick ? QUICK : PARAMETERS
  const runs = gridOf(parameters).length
  const hashes = new Set<string>()
  let failed = 0
  const cpu: Record<number, number[]> = { 1: [], 2: [] }
  const seconds = async (workers: 1 | 2): Promise<number> => {
    const before = process.cpuUsage()
    const result = await runSweep({
      input: { tape: 'synthetic', symbol: 'BTCUSDT', seed: 1, balance: BALANCE, latencyMs: 0, horizonMs: bars * 60_000, asRun: null },
      parameters,
      base: settings.value,
      objective: 'profit',
      workers,
      from: null,
      to: null,
      signal: new AbortController().signal,
      onProgress: () => {},
    })
    if (!result.ok) throw new Error(result.error.message)
    hashes.add(result.value.sweepHash)
    failed += result.value.failed
    const used = process.cpuUsage(before)
    cpu[workers]?.push((used.user + used.system) / 1e6)
    return result.value.durationMs / 1_000
  }
  const foreignBefore = await foreignLoad(500)
  const waitMs = quick ? 1_000 : 20_000
  const steps = quick ? 1e8 : 5e8
  const rounds: Round[] = []
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    const before = await quietMoment(waitMs)
    const one = await seconds(1)
    const between = await quietMoment(waitMs)
    const two = await seconds(2)
    const ratio = round2(one / two)
    rounds.push({
      one: round2(one),
      two: round2(two),
      ratio,
      machine: await control(LOOP, steps),
      memory: await control(READER, steps),
      foreign: [round2(before), round2(between)],
    })
    process.stderr.write(`sweep: round ${rounds.length}, ${round2(one)} s with one worker, ${round2(two)} s with two\n`)
  }
  const ratios = rounds.map((one) => one.ratio)
  const ratio = median(ratios)
  const machine = median(rounds.map((one) => one.machine))
  return {
    bench: 'sweep',
    unit: 'times as fast with two workers as with one',
    ratio,
    bound: BAR,
    machine,
    /** The same with memory: what a program that lives in it can gain here. */
    memory: median(rounds.map((one) => one.memory)),
    ofMachine: round2(ratio / machine),
    ok: failed === 0 && hashes.size === 1 && (cores < 2 || ratio >= BAR),
    cores,
    runs,
    barsPerRun: bars,
    runsPerSecond: { one: round2(runs / median(rounds.map((one) => one.one))), two: round2(runs / median(rounds.map((one) => one.two))) },
    /** Work of both: what a second worker adds is its start. */
    cpuSeconds: { one: round2(median(cpu[1] ?? [])), two: round2(median(cpu[2] ?? [])) },
    rounds,
    noise: {
      spread: round2(Math.max(...ratios) - Math.min(...ratios)),
      foreignCpuBefore: foreignBefore,
      foreignCpuAfter: await foreignLoad(500),
    },
    sameHash: hashes.size === 1,
    failed,
  }
}
