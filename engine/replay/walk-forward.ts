/**
 * Walk-forward: the tape in K windows of an in-sample and the out-of-sample part that follows it. In each window every combination is
 * played in-sample, and the best by the objective, and it alone, is played on what it has not seen. The out-of-sample parts lie one
 * behind the other without hole or overlap; each run begins with the same balance, and the bars before it warm the strategy up.
 */
import { createHash } from 'node:crypto'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'
import type { DecimalText } from '../contract/decimal-text.ts'
import { decimal, toText, ZERO } from '../money/decimal.ts'
import type { BacktestTape } from './backtest-tape.ts'
import { gridOf, MAX_COMBINATIONS, type Combination } from './sweep-parameters.ts'
import type { SweepFigures } from './sweep-play.ts'
import { playTasks } from './sweep-pool.ts'
import { barsOf, hashOf, rowsOf, tasksOf, type Objective, type SweepOptions, type SweepRow } from './sweep.ts'

const MINUTE = 60_000
const DAY_MS = 86_400_000
export const MAX_WINDOWS = 200

/** First and last open time, both played. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface Window {
  readonly inSample: Span
  readonly outOfSample: Span
}

export interface WalkForwardOptions extends Omit<SweepOptions, 'from' | 'to'> {
  readonly span: Span
  readonly windows: number
  /** In-sample share of a window, 0.1 … 0.95. */
  readonly trainShare: number
}

export interface WalkForwardRow extends Window {
  /** null when every combination failed in-sample. */
  readonly best: Combination | null
  /** Of the best, in-sample. */
  readonly inSampleFigures: SweepFigures | null
  readonly outOfSampleFigures: SweepFigures | null
  readonly error: string | null
  readonly rows: readonly SweepRow[]
}

export interface WalkForwardReport {
  readonly objective: Objective
  readonly trainShare: number
  readonly combinations: number
  readonly runs: number
  readonly failed: number
  readonly exact: boolean
  readonly windows: readonly WalkForwardRow[]
  /** Out-of-sample, all windows together. */
  readonly netProfit: DecimalText
  readonly trades: number
  readonly profitableWindows: number
  /** Out-of-sample profit per day over in-sample profit per day of the chosen; null when that was no profit. */
  readonly efficiency: number | null
  readonly walkForwardHash: string
  readonly workers: number
  readonly durationMs: number
}

/** Where a recorded tape begins and ends. Code 'usage' for one that never ends. */
export function spanOf(tape: BacktestTape): Result<Span, Failure> {
  switch (tape.spec.kind) {
    case 'bars': {
      const { bars } = tape.spec
      const [first, last] = [bars[0], bars.at(-1)]
      if (first === undefined || last === undefined) throw new InvariantError('Invariant: an opened tape has bars')
      return ok({ from: first.openTime, to: last.openTime })
    }
    case 'columns': {
      const { time } = tape.spec.columns
      return ok({ from: time[0] ?? 0, to: time.at(-1) ?? 0 })
    }
    case 'frames': {
      const { frames } = tape.spec
      const [first, last] = [frames[0], frames.at(-1)]
      if (first === undefined || last === undefined) throw new InvariantError('Invariant: an opened tape has frames')
      return ok({ from: Math.floor(first.time / MINUTE) * MINUTE, to: Math.floor(last.time / MINUTE) * MINUTE })
    }
    default:
      return fail('usage', '--walk-forward needs a recorded tape')
  }
}

/** Windows that slide by their out-of-sample part; the last one ends with the tape. */
export function windowsOf(span: Span, count: number, trainShare: number): Result<readonly Window[], Failure> {
  const minutes = Math.round((span.to - span.from) / MINUTE) + 1
  const length = minutes / (trainShare + count * (1 - trainShare))
  const at = (minute: number): number => span.from + Math.round(minute) * MINUTE
  // One formula for the end of a window and the split of the next: two would round apart.
  const split = (i: number): number => (i === count ? at(minutes) : at(length * (trainShare + i * (1 - trainShare))))
  const windows = Array.from({ length: count }, (_, i): Window => ({
    inSample: { from: at(length * (1 - trainShare) * i), to: split(i) - MINUTE },
    outOfSample: { from: split(i), to: split(i + 1) - MINUTE },
  }))
  const short = windows.some(({ inSample, outOfSample }) => inSample.to <= inSample.from || outOfSample.to <= outOfSample.from)
  return short ? fail('usage', `--walk-forward: ${minutes} bars are too few for ${count} windows`) : ok(windows)
}

const perDay = (figures: SweepFigures, span: Span): number => (Number(figures.netProfit) / (span.to - span.from + MINUTE)) * DAY_MS

export async function runWalkForward(options: WalkForwardOptions): Promise<Result<WalkForwardReport, Failure>> {
  const { input, base, objective, workers, signal, trainShare, entry } = options
  const startedAt = performance.now()
  const grid = gridOf(options.parameters)
  const windows = windowsOf(options.span, options.windows, trainShare)
  if (!windows.ok) return windows
  const training = windows.value.length * grid.length
  const total = training + windows.value.length
  if (total > MAX_COMBINATIONS) return fail('usage', `--walk-forward: ${total} runs; at most ${MAX_COMBINATIONS}`)
  const bars = await barsOf(options)
  if (!bars.ok) return bars
  const pool = { input, bars: bars.value, workers, signal, ...(entry === undefined ? {} : { entry }) }

  const tasks = []
  for (const { inSample } of windows.value) {
    const own = tasksOf(grid, base, inSample)
    if (!own.ok) return own
    tasks.push(...own.value)
  }
  const trained = await playTasks({ ...pool, tasks, onDone: (done) => options.onProgress(done, total) })
  if (!trained.ok) return trained
  const tables = windows.value.map((_, i) => rowsOf(grid, trained.value.slice(i * grid.length, (i + 1) * grid.length), objective))

  const chosen = tables.map((rows) => rows.find((row) => row.rank === 1) ?? null)
  const tests = []
  const testOf: (number | null)[] = []
  for (const [i, window] of windows.value.entries()) {
    const best = chosen[i]
    testOf.push(best === null || best === undefined ? null : tests.length)
    if (best === null || best === undefined) continue
    const own = tasksOf([best.combination], base, window.outOfSample)
    if (!own.ok) return own
    tests.push(...own.value)
  }
  const tested = await playTasks({ ...pool, tasks: tests, onDone: (done) => options.onProgress(training + done, total) })
  if (!tested.ok) return tested

  const rows = windows.value.map((window, i): WalkForwardRow => {
    const best = chosen[i] ?? null
    const place = testOf[i] ?? null
    const outcome = place === null ? undefined : tested.value[place]
    return {
      ...window,
      best: best?.combination ?? null,
      inSampleFigures: best?.figures ?? null,
      outOfSampleFigures: outcome?.ok === true ? outcome.value : null,
      error: outcome?.ok === true ? null : (outcome?.error.message ?? 'every combination failed in-sample'),
      rows: tables[i] ?? [],
    }
  })
  return ok({
    objective,
    trainShare,
    combinations: grid.length,
    runs: total,
    ...summaryOf(rows),
    windows: rows,
    workers,
    durationMs: Math.round(performance.now() - startedAt),
  })
}

type Summary = 'failed' | 'exact' | 'netProfit' | 'trades' | 'profitableWindows' | 'efficiency' | 'walkForwardHash'

function summaryOf(rows: readonly WalkForwardRow[]): Pick<WalkForwardReport, Summary> {
  const tests = rows.flatMap((row) => row.outOfSampleFigures ?? [])
  const inSample = rows.reduce((sum, row) => sum + (row.inSampleFigures === null ? 0 : perDay(row.inSampleFigures, row.inSample)), 0)
  const outOfSample = rows.reduce(
    (sum, row) => sum + (row.outOfSampleFigures === null ? 0 : perDay(row.outOfSampleFigures, row.outOfSample)),
    0,
  )
  const hash = createHash('sha256')
  for (const { inSample: train, outOfSample: test, best, outOfSampleFigures, error, rows: table } of rows) {
    hash.update(`${JSON.stringify([train, test, hashOf(table), best, outOfSampleFigures, error])}\n`)
  }
  return {
    failed:
      rows.reduce((count, row) => count + row.rows.filter((one) => one.figures === null).length, 0) +
      rows.filter((row) => row.error !== null).length,
    exact: [...tests, ...rows.flatMap((row) => row.rows.flatMap((one) => one.figures ?? []))].every((figures) => figures.exact),
    netProfit: toText(tests.reduce((sum, figures) => sum.plus(decimal(figures.netProfit)), ZERO)),
    trades: tests.reduce((sum, figures) => sum + figures.trades, 0),
    profitableWindows: tests.filter((figures) => decimal(figures.netProfit).gt(0)).length,
    efficiency: inSample > 0 ? outOfSample / inSample : null,
    walkForwardHash: hash.digest('hex'),
  }
}
