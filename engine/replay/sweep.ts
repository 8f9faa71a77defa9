/**
 * A sweep: one back-test per combination of parameters, ranked by an objective. Everything in the report but `workers` and
 * `durationMs` is a function of the input: `sweepHash` covers combinations and their orders, in the grid's order.
 */
import { createHash } from 'node:crypto'
import { ok, unreachable, type Failure, type Result } from '../contract/result.ts'
import { canonicalJson } from '../journal/canonical.ts'
import { readBars } from './backtest-tape.ts'
import { shared, type SharedColumns } from './shared-columns.ts'
import { gridOf, settingsOf, type Combination, type SweepParameter, type SweptSettings } from './sweep-parameters.ts'
import type { SweepFigures, SweepInput, SweepOutcome, SweepTask } from './sweep-play.ts'
import { playTasks } from './sweep-pool.ts'

export const OBJECTIVES = ['sharpe', 'profit', 'profitFactor'] as const
export type Objective = (typeof OBJECTIVES)[number]

export interface SweepOptions {
  readonly input: SweepInput
  /** The tape's bars, when they have been read already. */
  readonly bars?: SharedColumns | null
  readonly parameters: readonly SweepParameter[]
  /** What a combination does not name. */
  readonly base: SweptSettings
  readonly objective: Objective
  readonly workers: number
  readonly from: number | null
  readonly to: number | null
  readonly signal: AbortSignal
  readonly onProgress: (done: number, total: number) => void
  /** The worker's program; tests put a fixture here. */
  readonly entry?: URL
}

/** `figures` is null when the run failed; `error` says why. */
export interface SweepRow {
  readonly combination: Combination
  /** 1 = best; null when it failed. */
  readonly rank: number | null
  readonly figures: SweepFigures | null
  readonly error: string | null
}

export interface SweepReport {
  readonly objective: Objective
  readonly parameters: readonly SweepParameter[]
  readonly combinations: number
  readonly failed: number
  readonly exact: boolean
  readonly best: Combination | null
  readonly rows: readonly SweepRow[]
  readonly sweepHash: string
  readonly workers: number
  readonly durationMs: number
}

/** null = there is nothing to judge by (no trade, too few days), which ranks last. Without a loss the profit factor is without bound. */
export function objectiveOf(figures: SweepFigures, objective: Objective): number | null {
  switch (objective) {
    case 'sharpe':
      return figures.sharpe
    case 'profit':
      return Number(figures.netProfit)
    case 'profitFactor':
      return figures.profitFactor ?? (figures.wins > 0 ? Infinity : null)
    default:
      return unreachable(objective)
  }
}

/** Places of the outcomes that did not fail, best first; equal ones in the grid's order. */
export function ranking(outcomes: readonly SweepOutcome[], objective: Objective): readonly number[] {
  const valued = outcomes.flatMap((outcome, place) =>
    outcome.ok ? [{ place, value: objectiveOf(outcome.value, objective) ?? -Infinity }] : [],
  )
  return valued.sort((a, b) => (a.value === b.value ? a.place - b.place : b.value - a.value)).map(({ place }) => place)
}

/** One task per combination. Fails when a combination is outside the settings' ranges. */
export function tasksOf(
  grid: readonly Combination[],
  base: SweptSettings,
  window: { readonly from: number | null; readonly to: number | null },
): Result<readonly SweepTask[], Failure> {
  const tasks: SweepTask[] = []
  for (const combination of grid) {
    const settings = settingsOf(base, combination)
    if (!settings.ok) return settings
    tasks.push({ ...settings.value, from: window.from, to: window.to })
  }
  return ok(tasks)
}

export function rowsOf(grid: readonly Combination[], outcomes: readonly SweepOutcome[], objective: Objective): readonly SweepRow[] {
  const ranks = new Map(ranking(outcomes, objective).map((place, rank) => [place, rank + 1]))
  return grid.map((combination, place) => {
    const outcome = outcomes[place]
    return outcome?.ok === true
      ? { combination, rank: ranks.get(place) ?? null, figures: outcome.value, error: null }
      : { combination, rank: null, figures: null, error: outcome?.error.message ?? 'no outcome' }
  })
}

export function hashOf(rows: readonly SweepRow[]): string {
  const hash = createHash('sha256')
  for (const { combination, rank, figures, error } of rows) {
    hash.update(`${canonicalJson({ combination, rank, figures, error })}\n`)
  }
  return hash.digest('hex')
}

/** Read once, whoever plays it and how often. */
export async function barsOf({ input, bars }: Pick<SweepOptions, 'input' | 'bars'>): Promise<Result<SharedColumns | null, Failure>> {
  if (bars !== undefined) return ok(bars)
  const read = await readBars(input.tape)
  return read.ok ? ok(read.value === null ? null : shared(read.value)) : read
}

export async function runSweep(options: SweepOptions): Promise<Result<SweepReport, Failure>> {
  const { input, parameters, base, objective, workers, from, to, signal, onProgress, entry } = options
  const startedAt = performance.now()
  const grid = gridOf(parameters)
  const tasks = tasksOf(grid, base, { from, to })
  if (!tasks.ok) return tasks
  const bars = await barsOf(options)
  if (!bars.ok) return bars
  const played = await playTasks({
    input,
    bars: bars.value,
    tasks: tasks.value,
    workers,
    signal,
    onDone: (done) => onProgress(done, grid.length),
    ...(entry === undefined ? {} : { entry }),
  })
  if (!played.ok) return played
  const rows = rowsOf(grid, played.value, objective)
  return ok({
    objective,
    parameters,
    combinations: grid.length,
    failed: rows.filter((row) => row.figures === null).length,
    exact: rows.every((row) => row.figures?.exact !== false),
    best: rows.find((row) => row.rank === 1)?.combination ?? null,
    rows,
    sweepHash: hashOf(rows),
    workers,
    durationMs: Math.round(performance.now() - startedAt),
  })
}
