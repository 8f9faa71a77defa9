/**
 * Does a sweep scale with the cores: the same grid over one worker thread and over two, in turn, round by round. The bar is 1.6 times
 * the runs a second with two (on a machine with two cores or more). Noise is told beside it: what other programs took of the machine,
 * and the spread of the rounds. Every round must give the same hash.
 */
import { availableParallelism } from 'node:os'
import { parseSettings } from '../engine/contract/settings.ts'
import { backtest } from '../engine/replay/backtest.ts'
import { gridOf } from '../engine/replay/sweep-parameters.ts'
import { runSweep } from '../engine/replay/sweep.ts'
import { foreignLoad } from './ring/machine.ts'

const BAR = 1.6
const PARAMETERS = [
  { name: 'rsiPeriod', values: [7, 14] },
  { name: 'riskPerTradePct', values: [0.05, 0.1, 0.2, 0.4] },
]
const RUNS = gridOf(PARAMETERS).length

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const round2 = (value: number): number => Math.round(value * 100) / 100

/** Bars that take about `ms` of one core, warm. */
async function barsIn(ms: number): Promise<number> {
  const play = () => backtest({ tape: 'synthetic', symbol: 'BTCUSDT', strategy: 'placeholder', seed: 1, horizonMs: 4_000 * 60_000 })
  await play()
  const result = await play()
  return result.ok ? Math.max(500, Math.round((result.value.report.barsPerSecond * ms) / 1_000)) : 500
}

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const quick = options.quick === true
  const cores = availableParallelism()
  const settings = parseSettings({ strategy: { name: 'placeholder' } })
  if (!settings.ok) return { bench: 'sweep', ok: false, error: settings.error.message }
  const bars = await barsIn(quick ? 400 : 1_000)
  const hashes = new Set<string>()
  let failed = 0
  const seconds = async (workers: number): Promise<number> => {
    const result = await runSweep({
      input: { tape: 'synthetic', symbol: 'BTCUSDT', seed: 1, balance: '10000', latencyMs: 0, horizonMs: bars * 60_000, asRun: null },
      parameters: PARAMETERS,
      base: settings.value.strategy,
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
    return result.value.durationMs / 1_000
  }
  const foreignBefore = await foreignLoad(500)
  const rounds: { readonly one: number; readonly two: number; readonly ratio: number }[] = []
  for (let i = 0; i < (quick ? 2 : 4); i++) {
    const one = await seconds(1)
    const two = await seconds(2)
    rounds.push({ one: round2(one), two: round2(two), ratio: round2(one / two) })
  }
  const ratio = median(rounds.map((one) => one.ratio))
  const ratios = rounds.map((one) => one.ratio)
  return {
    bench: 'sweep',
    unit: 'times as fast with two workers as with one',
    ratio,
    bound: BAR,
    ok: failed === 0 && hashes.size === 1 && (cores < 2 || ratio >= BAR),
    cores,
    runs: RUNS,
    barsPerRun: bars,
    runsPerSecond: { one: round2(RUNS / median(rounds.map((one) => one.one))), two: round2(RUNS / median(rounds.map((one) => one.two))) },
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
