/**
 * Does a sweep scale with the cores: the same grid over one worker thread and over two, in turn, round by round. The bar is 1.6 times
 * the runs a second with two. In each round a loop that touches no memory is timed on one and two threads as well: what the machine
 * gives is printed beside what the sweep took of it, with what other programs took and the spread. Every round must give the same hash.
 */
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { parseSettings } from '../engine/contract/settings.ts'
import { gridOf } from '../engine/replay/sweep-parameters.ts'
import { runSweep } from '../engine/replay/sweep.ts'
import { foreignLoad } from './ring/machine.ts'

const BAR = 1.6
/** Risk so small that no run ends early at a rail: every one plays the whole tape. */
const PARAMETERS = [
  { name: 'rsiPeriod', values: [7, 14, 21] },
  { name: 'riskPerTradePct', values: [0.01, 0.02, 0.03, 0.04] },
]
const RUNS = gridOf(PARAMETERS).length

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const round2 = (value: number): number => Math.round(value * 100) / 100

const LOOP = `const { workerData } = require('node:worker_threads')
let x = 0
for (let i = 0; i < workerData; i++) x = (x * 1664525 + i) | 0`

/** Seconds for the same loop twice, on as many threads. */
async function loopSeconds(threads: number, steps: number): Promise<number> {
  const from = performance.now()
  const each = (2 * steps) / threads
  await Promise.all(Array.from({ length: threads }, () => once(new Worker(LOOP, { eval: true, workerData: each }), 'exit')))
  return (performance.now() - from) / 1_000
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const quick = options.quick === true
  const cores = availableParallelism()
  const settings = parseSettings({ strategy: { name: 'placeholder' } })
  if (!settings.ok) return { bench: 'sweep', ok: false, error: settings.error.message }
  // A worker takes a second of a core until its code is compiled: the work must outweigh that.
  const bars = quick ? 40_000 : 200_000
  const hashes = new Set<string>()
  let failed = 0
  const cpu: Record<number, number[]> = { 1: [], 2: [] }
  const seconds = async (workers: 1 | 2): Promise<number> => {
    const before = process.cpuUsage()
    const result = await runSweep({
      input: { tape: 'synthetic', symbol: 'BTCUSDT', seed: 1, balance: '10000', latencyMs: 0, horizonMs: bars * 60_000, asRun: null },
      parameters: PARAMETERS,
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
  const steps = quick ? 2e8 : 5e8
  const rounds: { readonly one: number; readonly two: number; readonly ratio: number; readonly machine: number }[] = []
  for (let i = 0; i < (quick ? 2 : 5); i++) {
    const loop = await loopSeconds(1, steps)
    const one = await seconds(1)
    const two = await seconds(2)
    rounds.push({ one: round2(one), two: round2(two), ratio: round2(one / two), machine: round2(loop / (await loopSeconds(2, steps))) })
  }
  const ratio = median(rounds.map((one) => one.ratio))
  const machine = median(rounds.map((one) => one.machine))
  const ratios = rounds.map((one) => one.ratio)
  return {
    bench: 'sweep',
    unit: 'times as fast with two workers as with one',
    ratio,
    bound: BAR,
    machine,
    ofMachine: round2(ratio / machine),
    ok: failed === 0 && hashes.size === 1 && (cores < 2 || ratio >= BAR),
    cores,
    runs: RUNS,
    barsPerRun: bars,
    runsPerSecond: { one: round2(RUNS / median(rounds.map((one) => one.one))), two: round2(RUNS / median(rounds.map((one) => one.two))) },
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
