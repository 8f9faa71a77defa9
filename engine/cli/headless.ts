/**
 * `aegis run --headless`: one engine, one tape, no screen; ends with one JSON document. On a recorded or synthetic tape the run is
 * lock-step: virtual time moves only when feed and brain have consumed what the simulator sent, so the same seed and tape give the
 * same orders and fills. `--for` × `--speed` is then the virtual time to play.
 */
import { createHash } from 'node:crypto'
import type { Mismatch } from '../contract/mismatch.ts'
import type { AccountView, BrainCounters, SimulatorAccount } from '../contract/processes.ts'
import { ok, type Failure, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import { withJournal } from '../cockpit/journal-reading.ts'
import type { EngineHandle } from '../supervisor/engine-handle.ts'
import type { ExitCode, Io } from './command.ts'
import { launchEngine, type DataDir } from './launch.ts'

export interface HeadlessOptions {
  readonly settings: Settings
  /** Real ms to run (virtual: × speed in lock-step); null = to the tape's end or until stopped. */
  readonly forMs: number | null
  readonly dataDir: DataDir
  /** Keep the folder at the end. */
  readonly keep: boolean
}

export interface HeadlessDocument {
  readonly ticks: number
  readonly candles: number
  readonly signals: number
  readonly orders: number
  readonly fills: number
  readonly realizedPnl: string
  readonly unrealizedPnl: string
  readonly fees: string
  readonly funding: string
  readonly equity: string
  readonly mismatches: number
  readonly restarts: number
  readonly dropped: number
  readonly unresolved: number
  /** The embedded exchange's own account, exact. */
  readonly simulator: SimulatorAccount | null
  /** Over every intent and fill in the journal, in order: same seed and tape, same hash. */
  readonly ordersHash: string
  readonly seed: number
  readonly mode: string
  readonly tape: string
  readonly virtualMs: number
  readonly durationMs: number
  readonly build: string
}

const SETTLE_MS = 5_000
const PROGRESS_MS = 5_000
const START_HINT_MS = 10_000

export async function runHeadless(
  options: HeadlessOptions,
  io: Io,
): Promise<Result<{ document: HeadlessDocument; code: ExitCode }, Failure>> {
  const { settings, dataDir } = options
  const startedAt = performance.now()
  const horizonMs = settings.lockStep && options.forMs !== null ? Math.round(options.forMs * settings.speed) : null
  const launched = launchEngine(settings, dataDir.path, { timebase: settings.lockStep ? 'tape' : 'wall', horizonMs })
  if (!launched.ok) {
    dataDir.discard()
    return launched
  }
  const engine = launched.value
  const seen = watch(engine, io)
  const slow = setInterval(() => io.err(`waiting for: ${notRunning(engine)}`), START_HINT_MS)
  const ready = await Promise.race([engine.ready, io.stopped.then(() => ok(null))])
  clearInterval(slow)
  if (!ready.ok) {
    await engine.stop()
    dataDir.discard()
    return ready
  }
  const time = options.forMs !== null && !settings.lockStep ? pause(options.forMs) : new Promise<void>(() => {})
  await Promise.race([seen.ended, time, io.stopped])
  await engine.simulator.pause()
  await settle(engine, seen)

  const simulator = await engine.simulator.account()
  const report = await engine.reconcile('manual')
  if (report.ok) seen.note(report.value.mismatches)
  const restarts = engine.processes().reduce((sum, row) => sum + row.restarts, 0)
  await engine.stop()

  const { account, counters } = seen
  const proof = journaled(dataDir.path, engine.session)
  const document: HeadlessDocument = {
    ticks: counters?.ticks ?? 0,
    candles: counters?.candles ?? 0,
    signals: counters?.signals ?? 0,
    orders: proof.orders,
    fills: counters?.fills ?? 0,
    realizedPnl: account?.realizedPnl ?? '0',
    unrealizedPnl: account?.unrealizedPnl ?? '0',
    fees: account?.fees ?? '0',
    funding: account?.funding ?? '0',
    equity: account?.equity ?? '0',
    mismatches: seen.mismatches.size,
    restarts,
    dropped: counters?.dropped ?? 0,
    unresolved: counters?.unresolved ?? 0,
    simulator: simulator.ok ? simulator.value : null,
    ordersHash: proof.hash,
    seed: settings.seed,
    mode: settings.mode,
    tape: 'file' in settings.tape ? settings.tape.file : settings.tape.kind,
    virtualMs: seen.virtualMs,
    durationMs: Math.round(performance.now() - startedAt),
    build: engine.build,
  }
  if (!options.keep) dataDir.discard()
  const problems = [
    ...seen.fatal,
    ...(account === null ? ['the brain reported no account'] : []),
    ...(!simulator.ok ? [`the embedded exchange did not answer: ${simulator.error.message}`] : []),
    ...(simulator.ok && account !== null && simulator.value.equity !== account.equity
      ? [`equity differs: ledger ${account.equity}, exchange ${simulator.value.equity}`]
      : []),
    ...(!report.ok
      ? [`the last reconciliation failed: ${report.error.message}`]
      : report.value.conclusive
        ? []
        : ['the last reconciliation was inconclusive']),
    ...(document.mismatches > 0 ? [`${document.mismatches} mismatches: ${[...seen.mismatches.values()][0] ?? ''}`] : []),
  ]
  for (const problem of problems) io.err(`aegis: ${problem}`)
  return ok({ document, code: problems.length === 0 ? 0 : 1 })
}

const notRunning = (engine: EngineHandle): string => {
  const rows = engine.processes().filter((row) => row.state !== 'running')
  return rows.length === 0
    ? 'the start-up reconciliation'
    : rows.map((row) => `${row.name} (${row.state}${row.lastExit === null ? '' : `, ${row.lastExit}`})`).join(', ')
}

interface Seen {
  account: AccountView | null
  counters: BrainCounters | null
  virtualMs: number
  /** Mismatch id → summary, over the whole run. */
  readonly mismatches: Map<string, string>
  readonly fatal: string[]
  readonly ended: Promise<void>
  note(list: readonly Mismatch[]): void
  /** Resolves at the next account and counters. */
  fresh(): Promise<void>
}

function watch(engine: EngineHandle, io: Io): Seen {
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  let waiters: { account: boolean; counters: boolean; done: () => void }[] = []
  let spokenAt = performance.now()
  const told = (what: 'account' | 'counters'): void => {
    for (const waiter of waiters) {
      waiter[what] = true
      if (waiter.account && waiter.counters) waiter.done()
    }
    waiters = waiters.filter((waiter) => !(waiter.account && waiter.counters))
  }
  const seen: Seen = {
    account: null,
    counters: null,
    virtualMs: 0,
    mismatches: new Map(),
    fatal: [],
    ended,
    note(list) {
      for (const mismatch of list) seen.mismatches.set(mismatch.id, mismatch.summary)
    },
    fresh: () =>
      new Promise((resolve) => {
        waiters.push({ account: false, counters: false, done: resolve })
      }),
  }
  engine.on((event) => {
    switch (event.kind) {
      case 'log':
        if (event.line.level !== 'debug' && event.line.level !== 'info') io.err(`${event.source}: ${event.line.text}`)
        return
      case 'account':
        seen.account = event.view
        return told('account')
      case 'counters':
        seen.counters = event.counters
        return told('counters')
      case 'mismatches':
        return seen.note(event.list)
      case 'progress': {
        const { time, startTime, endTime } = event.progress
        seen.virtualMs = time - startTime
        if (performance.now() - spokenAt < PROGRESS_MS) return
        spokenAt = performance.now()
        const share = endTime === null ? '' : `${(((time - startTime) / (endTime - startTime)) * 100).toFixed(1)} % `
        io.err(`${share}${new Date(time).toISOString()} fills ${seen.counters?.fills ?? 0} equity ${seen.account?.equity ?? '?'}`)
        return
      }
      case 'ended':
        end()
        return
      case 'processes':
        for (const row of engine.processes()) {
          const text = `${row.name} stays down: ${row.lastExit ?? 'no reason given'}`
          if (row.state === 'failed' && !seen.fatal.includes(text)) {
            seen.fatal.push(text)
            end()
          }
        }
        return
      default:
        return
    }
  })
  return seen
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref())

/** Nothing is unresolved and the figures are newer than the last event of the market. */
async function settle(engine: EngineHandle, seen: Seen): Promise<void> {
  const until = performance.now() + SETTLE_MS
  do {
    await Promise.race([seen.fresh(), pause(1_500)])
    const book = await engine.book()
    if (!book.ok || book.value.unresolved.length === 0) break
  } while (performance.now() < until)
}

/** From the journal, so that it holds whatever was killed on the way: every intent and fill in order, and how many orders were placed. */
function journaled(dataDir: string, session: string): { readonly hash: string; readonly orders: number } {
  const hash = createHash('sha256')
  let orders = 0
  const read = withJournal(dataDir, (journal) =>
    journal.each({ kinds: ['intent', 'fill'], sessions: [session] }, ({ kind, time, ref, payload }) => {
      if (kind === 'intent' && 'action' in payload && payload.action === 'place') orders += 1
      hash.update(JSON.stringify([kind, time, ref, payload]))
    }),
  )
  return read.ok ? { hash: hash.digest('hex'), orders } : { hash: '', orders: 0 }
}
