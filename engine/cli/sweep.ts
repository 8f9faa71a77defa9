/** `aegis backtest --sweep …` and `--walk-forward …`: many back-tests over worker threads, their table, and the best. */
import { ok, type Failure, type Result } from '../contract/result.ts'
import { openBacktestTape, type FileBars } from '../replay/backtest-tape.ts'
import { shared } from '../replay/shared-columns.ts'
import { combinationText, parseSweep, sweepNames, type SweepParameter, type SweptSettings } from '../replay/sweep-parameters.ts'
import type { SweepFigures, SweepInput } from '../replay/sweep-play.ts'
import { defaultWorkers, MAX_WORKERS } from '../replay/sweep-pool.ts'
import { sweepCsv, sweepHtml, walkForwardCsv, walkForwardHtml } from '../replay/sweep-report.ts'
import { writeTogether } from '../replay/whole-files.ts'
import { objectiveOf, OBJECTIVES, runSweep, type Objective, type SweepReport } from '../replay/sweep.ts'
import { MAX_WINDOWS, runWalkForward, spanOf, type WalkForwardReport } from '../replay/walk-forward.ts'
import { parseNumber, refuse, usage, type ExitCode, type Io, type Usage } from './command.ts'
import { showProgress } from './progress.ts'

export const SWEEP_FLAGS = {
  sweep: { type: 'string', multiple: true },
  workers: { type: 'string' },
  'walk-forward': { type: 'string' },
  objective: { type: 'string' },
} as const

/** Lines a terminal can show beside the flags. */
function wrapped(names: readonly string[]): readonly string[] {
  const lines: string[] = []
  for (const name of names) {
    const last = lines.at(-1)
    if (last === undefined || last.length + name.length > 90) lines.push(name)
    else lines[lines.length - 1] = `${last}, ${name}`
  }
  return lines
}

export const SWEEP_USAGE: readonly (readonly [string, string])[] = [
  [
    '--sweep NAME=A,B,C',
    'every value of a strategy parameter or a rail (rails.maxDailyLoss=250,500); repeated: every combination; with --out sweep.html, .csv, .json',
  ],
  ...wrapped(sweepNames()).map((names, i): [string, string] => ['', `${i === 0 ? 'names: ' : '       '}${names}`]),
  ['--walk-forward K[:SHARE]', 'K windows: the best of the in-sample SHARE (default 0.7) is played on what follows it'],
  ['--objective NAME', `${OBJECTIVES.join(', ')}: what "best" means (default sharpe)`],
  ['--workers N', 'worker threads (default: one per core)'],
]

export interface SweepValues {
  readonly sweep?: string[]
  readonly workers?: string
  readonly 'walk-forward'?: string
  readonly objective?: string
  readonly out?: string
  readonly json?: boolean
}

export interface SweepPlan {
  readonly parameters: readonly SweepParameter[]
  readonly objective: Objective
  readonly workers: number
  readonly walkForward: { readonly windows: number; readonly trainShare: number } | null
}

/** null when no flag of a sweep is there. */
export function planOf(values: SweepValues): Result<SweepPlan | null, Failure> {
  if (values.sweep === undefined && values['walk-forward'] === undefined) {
    for (const flag of ['workers', 'objective'] as const)
      if (values[flag] !== undefined) return usage(`--${flag} goes with --sweep or --walk-forward`)
    return ok(null)
  }
  const parameters = parseSweep(values.sweep ?? [])
  if (!parameters.ok) return parameters
  const objective = OBJECTIVES.find((one) => one === (values.objective ?? 'sharpe'))
  if (objective === undefined) return usage(`--objective is one of ${OBJECTIVES.join(', ')}`)
  const workers = values.workers === undefined ? ok(defaultWorkers()) : wholeNumber('workers', values.workers, 1, MAX_WORKERS)
  if (!workers.ok) return workers
  const walkForward = values['walk-forward'] === undefined ? ok(null) : walkForwardOf(values['walk-forward'])
  if (!walkForward.ok) return walkForward
  return ok({ parameters: parameters.value, objective, workers: workers.value, walkForward: walkForward.value })
}

function wholeNumber(flag: string, text: string, min: number, max: number): Result<number, Usage> {
  return /^\d+$/.test(text) ? parseNumber(flag, text, min, max) : usage(`--${flag} expects a whole number from ${min} to ${max}`)
}

function walkForwardOf(text: string): Result<NonNullable<SweepPlan['walkForward']>, Usage> {
  const [count = '', share, more] = text.split(':')
  const windows = wholeNumber('walk-forward', count, 1, MAX_WINDOWS)
  if (!windows.ok) return windows
  const trainShare = share === undefined ? ok(0.7) : parseNumber('walk-forward K:SHARE', share, 0.1, 0.95)
  if (!trainShare.ok) return trainShare
  if (more !== undefined) return usage('--walk-forward expects K or K:SHARE')
  return ok({ windows: windows.value, trainShare: trainShare.value })
}

export interface SweepCommand {
  readonly plan: SweepPlan
  readonly input: SweepInput
  /** Those of the input's tape; null where it is no file of bars. */
  readonly bars: FileBars | null
  readonly base: SweptSettings
  readonly from: number | null
  readonly to: number | null
  readonly out: string | undefined
  readonly json: boolean
}

export async function sweepCommand(command: SweepCommand, io: Io): Promise<ExitCode> {
  const { plan, input, bars, base, from, to } = command
  if (plan.walkForward !== null && input.horizonMs !== null)
    return refuse(io, usage('--walk-forward needs a recorded tape; --for does not go with it').error)
  // A tape that cannot be played is one clear line, before any thread starts.
  const tape = await openBacktestTape(input.tape, input.symbol, { from, to, loop: input.horizonMs !== null }, bars)
  if (!tape.ok) return refuse(io, tape.error)
  const stop = new AbortController()
  void io.stopped.then(() => stop.abort())
  const progress = showProgress(io, command.json, () => performance.now())
  const common = {
    input,
    bars: bars === null ? null : shared(bars),
    base,
    parameters: plan.parameters,
    objective: plan.objective,
    workers: plan.workers,
    signal: stop.signal,
    onProgress: (done: number, total: number) => progress.note(done, total),
  }
  if (plan.walkForward === null) {
    const result = await runSweep({ ...common, from, to })
    progress.end()
    return result.ok ? showSweep(command, result.value, io) : stopped(io, result.error)
  }
  const span = spanOf(tape.value)
  if (!span.ok) return refuse(io, span.error)
  const result = await runWalkForward({ ...common, ...plan.walkForward, span: span.value })
  progress.end()
  return result.ok ? showWalkForward(command, result.value, io) : stopped(io, result.error)
}

function stopped(io: Io, error: Failure): ExitCode {
  if (error.code !== 'stopped') return refuse(io, error)
  io.err(`aegis: ${error.message}; nothing was written`)
  return 1
}

/** What a program is told beside the report: how the file was read, and where the report went. */
const toldOf = ({ bars, out }: SweepCommand, written: readonly string[]) => ({
  newestFirst: bars?.newestFirst ?? false,
  out: out ?? null,
  written,
})

const titleOf = ({ input, base }: SweepCommand, what: string): string => `${input.symbol} · ${base.strategy.name} · ${what}`

async function showSweep(command: SweepCommand, report: SweepReport, io: Io): Promise<ExitCode> {
  const written = await write(command, [
    ['sweep.json', `${JSON.stringify(report, null, 2)}\n`],
    ['sweep.csv', sweepCsv(report.parameters, report.rows)],
    ['sweep.html', sweepHtml(titleOf(command, 'parameter sweep'), report)],
  ])
  if (!written.ok) return refuse(io, written.error)
  if (command.json) io.out(`${JSON.stringify({ ...report, ...toldOf(command, written.value) })}\n`)
  else {
    const ranked = report.rows.filter(({ rank }) => rank !== null).toSorted((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
    io.out(`${HEADS}\n`)
    for (const { rank, combination, figures } of ranked.slice(0, SHOWN))
      if (figures !== null) io.out(`${line(String(rank), figures)} ${combinationText(combination)}\n`)
    if (ranked.length > SHOWN) io.out(`… and ${ranked.length - SHOWN} more\n`)
    io.out(`${report.combinations} combinations in ${(report.durationMs / 1_000).toFixed(1)} s, hash ${report.sweepHash}\n`)
    if (command.out !== undefined) io.out(`${written.value.join(', ')} in ${command.out}\n`)
  }
  if (report.rows.every(({ figures }) => figures === null || objectiveOf(figures, report.objective) === null))
    io.err(`note: there is no ${report.objective} to rank by (no trades, or fewer than three days); rows stand in the grid's order`)
  for (const { combination, error } of report.rows) if (error !== null) io.err(`aegis: ${combinationText(combination)}: ${error}`)
  return verdict(report, io)
}

async function showWalkForward(command: SweepCommand, report: WalkForwardReport, io: Io): Promise<ExitCode> {
  const { parameters } = command.plan
  const written = await write(command, [
    ['walk-forward.json', `${JSON.stringify(report, null, 2)}\n`],
    ['walk-forward.csv', walkForwardCsv(report)],
    ['walk-forward.html', walkForwardHtml(titleOf(command, 'walk-forward'), parameters, report)],
  ])
  if (!written.ok) return refuse(io, written.error)
  if (command.json) io.out(`${JSON.stringify({ ...report, ...toldOf(command, written.value) })}\n`)
  else {
    io.out(`${HEADS}\n`)
    for (const [i, { best, inSampleFigures, outOfSampleFigures }] of report.windows.entries()) {
      const name = best === null ? '' : combinationText(best)
      if (inSampleFigures !== null) io.out(`${line(`${i + 1} in`, inSampleFigures)} ${name}\n`)
      if (outOfSampleFigures !== null) io.out(`${line(`${i + 1} out`, outOfSampleFigures)} ${name}\n`)
    }
    const efficiency = report.efficiency === null ? '–' : report.efficiency.toFixed(2)
    io.out(
      `out-of-sample: net profit ${report.netProfit} USDT, ${report.trades} trades, ${report.profitableWindows} of ${report.windows.length} windows with profit, efficiency ${efficiency}\n`,
    )
    io.out(`${report.runs} runs in ${(report.durationMs / 1_000).toFixed(1)} s, hash ${report.walkForwardHash}\n`)
    if (command.out !== undefined) io.out(`${written.value.join(', ')} in ${command.out}\n`)
  }
  for (const [i, { error, rows }] of report.windows.entries()) {
    for (const row of rows) if (row.error !== null) io.err(`aegis: window ${i + 1}, ${combinationText(row.combination)}: ${row.error}`)
    if (error !== null) io.err(`aegis: window ${i + 1}, out-of-sample: ${error}`)
  }
  return verdict(report, io)
}

const SHOWN = 20
const HEADS = '     #  trades     net profit  drawdown  sharpe  trades hash   parameters'
const line = (head: string, { trades, netProfit, maxDrawdown, sharpe, tradesHash }: SweepFigures): string =>
  [
    head.padStart(6),
    String(trades).padStart(7),
    Number(netProfit).toFixed(2).padStart(14),
    `${(maxDrawdown * 100).toFixed(2)} %`.padStart(9),
    (sharpe === null ? '–' : sharpe.toFixed(2)).padStart(7),
    ` ${tradesHash.slice(0, 12)} `,
  ].join(' ')

const write = (command: SweepCommand, files: readonly (readonly [string, string])[]): Promise<Result<readonly string[], Failure>> =>
  command.out === undefined ? Promise.resolve(ok([])) : writeTogether(command.out, files)

function verdict(report: { readonly failed: number; readonly exact: boolean }, io: Io): ExitCode {
  if (report.failed > 0) io.err(`aegis: ${report.failed} runs failed`)
  if (!report.exact) io.err('aegis: ledger and exchange disagree')
  return report.failed === 0 && report.exact ? 0 : 1
}
