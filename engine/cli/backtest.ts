/** `aegis backtest`: the engine's own brain, orders, ledger and matching on a tape, at full speed, with a report. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newSession } from '../supervisor/session.ts'
import { backtestOn } from '../replay/backtest.ts'
import { writeReport } from '../replay/backtest-report.ts'
import { isPipe, openBacktestTape, readBars, readBarsFile } from '../replay/backtest-tape.ts'
import { parseTime } from '../replay/ohlcv-layout.ts'
import { tryStrategy } from '../processes/brain/strategy-file.ts'
import { strategyNames } from '../strategy/registry.ts'
import type { Failure } from '../contract/result.ts'
import { parseSettings, type Settings, type Tape } from '../contract/settings.ts'
import { strategyFileOf } from './settings-flags.ts'
import { parseDuration, parseFlags, parseNumber, refuse, usage, type Command, type ExitCode } from './command.ts'
import { outFolder } from './out-folder.ts'
import { planOf, SWEEP_FLAGS, SWEEP_USAGE, sweepCommand } from './sweep.ts'

const FLAGS = {
  file: { type: 'string' },
  tape: { type: 'string' },
  symbol: { type: 'string' },
  timeframe: { type: 'string' },
  strategy: { type: 'string' },
  'strategy-file': { type: 'string' },
  seed: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  for: { type: 'string' },
  balance: { type: 'string' },
  latency: { type: 'string' },
  ...SWEEP_FLAGS,
  out: { type: 'string' },
  json: { type: 'boolean' },
} as const

const WEEK_MS = 7 * 86_400_000

const tapeOf = (name: string): Tape => {
  if (name === 'demo' || name === 'synthetic') return { kind: name }
  return { kind: /\.csv(\.gz)?$/i.test(name) ? 'klines' : 'frames', file: name }
}

/** The session a lock-step run on a fresh folder would have. */
function runSession(settings: Settings, tape: Tape): string {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-backtest-'))
  try {
    return newSession(folder, { ...settings, lockStep: true, tape })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const backtest: Command = {
  name: 'backtest',
  summary: 'play a strategy over recorded bars with the real brain, orders, ledger and matching',
  usage: [
    ['--file F.csv', "1m OHLCV, any column order with a header, or Binance's without; gzip, a pipe and newest-first are read too"],
    [
      '--tape FILE|demo|synthetic',
      'instead of --file, played exactly as `run --headless` plays it (history before it is invented); also frames',
    ],
    ['--symbol S', 'default BTCUSDT; its filters, fees, tiers and funding apply'],
    ['--timeframe 1m', 'the strategies decide on 1m bars'],
    ['--strategy NAME', `${strategyNames().join(', ')} (default teacher)`],
    ['--strategy-file FILE', 'a strategy of your own (engine/strategy/WRITING-A-STRATEGY.md)'],
    ['--seed N', 'path inside each bar, book and latencies (default 1)'],
    ['--from T --to T', 'first and last bar, ISO or ms; what lies before --from warms the strategy up'],
    ['--for 7d', 'how long, for a tape without end (default 7d)'],
    ['--balance USDT', 'default 10000'],
    ['--latency 50ms', 'order to matching, answer and events back, each (default 0)'],
    ...SWEEP_USAGE,
    ['--out DIR', 'report.html, report.json, trades.csv, equity.csv'],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const plan = planOf(values)
    if (!plan.ok) return refuse(io, plan.error)
    if (values.file !== undefined && values.tape !== undefined) return refuse(io, usage('--file and --tape exclude each other').error)
    const tape = values.file ?? values.tape
    if (tape === undefined) return refuse(io, usage('--file or --tape is missing').error)
    if ((values.timeframe ?? '1m') !== '1m') return refuse(io, usage('--timeframe: the strategies decide on 1m bars').error)
    const seed = parseNumber('seed', values.seed ?? '1', 0, 2 ** 31 - 1)
    if (!seed.ok) return refuse(io, seed.error)
    const own = values['strategy-file']
    const file = own === undefined ? undefined : strategyFileOf(own, values.strategy)
    if (file !== undefined && !file.ok) return refuse(io, file.error)
    if (file !== undefined && plan.value !== null) return refuse(io, usage('--strategy-file cannot be swept').error)
    const settings = parseSettings({
      symbols: [values.symbol ?? 'BTCUSDT'],
      seed: seed.value,
      strategy: { name: values.strategy ?? 'teacher', ...(file === undefined ? {} : { file: file.value }) },
      ...(values.balance === undefined ? {} : { startingBalance: values.balance }),
    })
    if (!settings.ok) return refuse(io, settings.error)
    const times: { from?: number; to?: number } = {}
    for (const name of ['from', 'to'] as const) {
      const text = values[name]
      const time = text === undefined ? undefined : parseTime(text)
      if (text !== undefined && time === undefined)
        return refuse(io, usage(`--${name} expects a time such as 2024-01-31 or 2024-01-31T12:00`).error)
      if (time !== undefined) times[name] = time
    }
    const latency = values.latency === undefined ? null : parseDuration('latency', values.latency)
    if (latency !== null && !latency.ok) return refuse(io, latency.error)
    if (latency !== null && latency.value > 10_000) return refuse(io, usage('--latency expects at most 10s').error)
    const horizon = values.for === undefined ? null : parseDuration('for', values.for)
    if (horizon !== null && !horizon.ok) return refuse(io, horizon.error)
    const horizonMs = horizon?.value ?? (tape === 'synthetic' ? WEEK_MS : undefined)
    const symbol = settings.value.symbols[0] ?? 'BTCUSDT'
    const asRun = values.tape === undefined ? null : { session: runSession(settings.value, tapeOf(tape)), rate: settings.value.speed }
    const folder = values.out === undefined ? null : outFolder('out', values.out)
    if (folder !== null && !folder.ok) return refuse(io, folder.error)
    const refusing = (error: Failure): ExitCode => {
      folder?.value.discardEmpty()
      return refuse(io, error)
    }
    // Read here and once: a pipe gives its bytes to one reader.
    const read = values.file === undefined ? await readBars(tape) : await readBarsFile(tape)
    if (!read.ok) return refusing(read.error)
    const bars = read.value
    if (bars?.newestFirst === true) io.err(`note: ${tape} runs from newest to oldest; it is played from its oldest bar on`)
    if (plan.value !== null && bars === null && (await isPipe(tape)))
      return refusing(usage(`--tape ${tape} can be read once only; a sweep reads frames once per worker: give it a file`).error)
    if (plan.value !== null) {
      const { startingBalance: balance, strategy, rails } = settings.value
      const input = { tape, symbol, seed: seed.value, balance, latencyMs: latency?.value ?? 0, horizonMs: horizonMs ?? null, asRun }
      const window = { from: times.from ?? null, to: times.to ?? null }
      const code = await sweepCommand(
        { plan: plan.value, input, bars, base: { strategy, rails }, ...window, out: values.out, json: values.json === true },
        io,
      )
      folder?.value.discardEmpty()
      return code
    }
    const strategy = await tryStrategy(settings.value.strategy, symbol)
    if (!strategy.ok) return refusing(strategy.error)
    const loop = horizonMs !== undefined
    const opened = await openBacktestTape(tape, symbol, { from: times.from ?? null, to: times.to ?? null, loop }, bars)
    if (!opened.ok) return refusing(opened.error)
    const result = await backtestOn(opened.value, {
      tape,
      symbol,
      strategy: settings.value.strategy.name,
      seed: seed.value,
      balance: settings.value.startingBalance,
      ...(file === undefined ? {} : { createStrategy: strategy.value }),
      keepBars: values.out !== undefined,
      ...times,
      ...(asRun === null ? {} : { asRun }),
      ...(latency === null ? {} : { latencyMs: latency.value }),
      ...(horizonMs === undefined ? {} : { horizonMs }),
    })
    if (!result.ok) return refusing(result.error)
    const { report } = result.value
    let written: readonly string[] = []
    if (values.out !== undefined) {
      const wrote = await writeReport(values.out, result.value)
      if (!wrote.ok) return refuse(io, wrote.error)
      written = wrote.value
    }
    if (report.gaps > 0) io.err(`note: ${report.missingBars} bars are missing in ${report.gaps} places; indicators started over there`)
    if (report.tripped !== null) io.err(`note: trading ended early: ${report.tripped}`)
    if (values.json === true)
      io.out(`${JSON.stringify({ ...report, newestFirst: bars?.newestFirst ?? false, out: values.out ?? null, written })}\n`)
    else {
      for (const [name, value] of Object.entries(report)) {
        io.out(`${name.padEnd(20)} ${typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)}\n`)
      }
      if (values.out !== undefined) io.out(`${written.join(', ')} in ${values.out}\n`)
    }
    if (!report.exact) io.err('aegis: ledger and exchange disagree')
    return report.exact ? 0 : 1
  },
}
