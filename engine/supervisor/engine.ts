/**
 * Starts and wires the engine: simulator → feed → reconciler and brain → start-up reconciliation → release → play.
 *
 * - INV-08: the latch is read before anything starts; a latched engine starts halted and carries an unconfirmed kill on.
 * - The brain trades only after a clean reconciliation of this incarnation: every restart of the brain repeats that.
 * - The host never waits on the engine: every relay is fire and forget or has a time limit.
 */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { AccountView, LogLine } from '../contract/processes.ts'
import { fail, invariant, ok, type Failure, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import { removeRing } from '../ring/location.ts'
import type { EngineDeps, EngineEvent, EngineHandle } from './engine-handle.ts'
import { hostJournal } from './host-journal.ts'
import { lockDataDir } from './instance-lock.ts'
import { killSwitch, type KillSwitch } from './kill-switch.ts'
import { LATCH_FILE, latchStore } from './latch.ts'
import { lockStep } from './lock-step.ts'
import { wireProcesses, type EngineProcesses } from './processes.ts'
import { RESTART_POLICY } from './restart-budget.ts'
import { claimRing, clearDeadRings, ringPathFor } from './ring-path.ts'
import { newSession } from './session.ts'
import { removeStatus, writeStatus } from './status-file.ts'
import type { Timings } from './supervised.ts'
import { criticalOpen, tradingGate } from './trading-gate.ts'

export const DEFAULT_TIMINGS: Timings = { stallMs: 2_000, startMs: 20_000, stopMs: 3_000, restart: RESTART_POLICY }
const WATCH_MS = 100
const PULSE_MS = 20
const STATUS_MS = 1_000
/** The host slept (suspended, debugger): children get a fresh deadline. */
const HOST_ASLEEP_MS = 1_000
const RECONCILE_MS = 30_000
const KILL_MS = 120_000

/**
 * Locks the data folder and starts the engine; returns at once, `handle.ready` tells the rest.
 * Failures: 'data-dir', 'in-use'.
 */
export function startEngine(settings: Settings, deps: EngineDeps): Result<EngineHandle, Failure<'data-dir' | 'in-use'>> {
  invariant(
    settings.symbols.every((symbol) => !symbol.includes(':')),
    'symbols are chosen before the engine starts',
  )
  const locked = lockDataDir(deps.dataDir, deps.host)
  if (!locked.ok) return locked
  const lock = locked.value
  let session: string
  try {
    session = newSession(deps.dataDir, settings)
  } catch (thrown) {
    lock.release()
    return fail(
      'data-dir',
      `the data folder ${deps.dataDir} cannot be written (${thrown instanceof Error ? thrown.message : String(thrown)})`,
    )
  }
  const ringPath = ringPathFor(deps.dataDir, deps.env ?? process.env)
  claimRing(ringPath, deps.dataDir)
  clearDeadRings(ringPath)

  const timings: Timings = { ...DEFAULT_TIMINGS, ...deps.timings }
  const startedAt = Date.now()
  const monotonic = (): number => performance.now()
  const listeners = new Set<(event: EngineEvent) => void>()
  const emit = (event: EngineEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const log = (source: string, line: LogLine): void => emit({ kind: 'log', source, time: Date.now(), line })
  const hostLog = (level: LogLine['level'], text: string): void => log('host', { level, text })
  const journal = hostJournal({ dataDir: deps.dataDir, build: deps.build, session }, (text) => hostLog('error', text))

  /* Somebody waits for any process to change its state (lock-step, kill retries). */
  let waiters: (() => void)[] = []
  const changed = (): Promise<void> => new Promise((resolve) => waiters.push(resolve))
  const onChange = (): void => {
    const woken = waiters
    waiters = []
    for (const wake of woken) wake()
    emit({ kind: 'processes' })
  }
  const pause = (ms: number): Promise<void> => Promise.race([changed(), new Promise<void>((resolve) => setTimeout(resolve, ms))])
  const down = (): Promise<Result<never>> => Promise.resolve(fail('closed', 'the process is down'))
  let lastPulse = monotonic()
  let stopping = false

  const gate = tradingGate({
    latched: () => ({ state: killer.tradingState, reason: killer.state.latch?.reason ?? '' }),
    latch: (reason) => void killer.kill('reduceOnly', reason, 'supervisor'),
    brain: () => brain.link,
    reconciler: () => reconciler.link,
    pause,
    monotonic,
    log: hostLog,
    emit,
  })
  const killer: KillSwitch = killSwitch(latchStore(deps.dataDir), {
    tellBrain: () => gate.tellBrain(),
    kill: (level, reason) => reconciler.link?.call('kill', { level, reason }, KILL_MS) ?? down(),
    confirmFlat: () => reconciler.link?.call('confirmFlat', null, RECONCILE_MS) ?? down(),
    async reconcileClean() {
      const report = await gate.reconcile('kill')
      if (!report.ok) return report.error.message
      if (!report.value.conclusive) return report.value.error ?? 'the venue could not be asked'
      return criticalOpen(report.value)[0] ?? null
    },
    pause,
    now: () => Date.now(),
    changed: (state) => emit({ kind: 'kill', state }),
    log: hostLog,
    recordLatch: (latch, reason) => journal.record('kill-latch', { latch, reason }),
    recordStep: (level, step, items) => journal.record('kill-step', { level, step, items }),
  })
  const steps = lockStep({
    feed: () => feed.link,
    brain: () => brain.link,
    simulator: () => simulator.link,
    changed,
    onTrouble: (text) => hostLog('warn', text),
  })
  const processes: EngineProcesses = wireProcesses({
    settings,
    deps,
    timings,
    ringPath,
    session,
    gate: () => gate,
    killer: () => killer,
    stopping: () => stopping,
    barrier: (at) => steps.barrier(at),
    changed,
    onChange,
    emit,
    log,
    monotonic,
    lastPulse: () => lastPulse,
  })
  const { simulator, feed, brain, reconciler, used } = processes

  const pulseTimer = setInterval(() => {
    lastPulse = monotonic()
  }, PULSE_MS)
  let lastWatch = monotonic()
  let latchSeen = ''
  const watchTimer = setInterval(() => {
    const now = monotonic()
    const grace = now - lastWatch > HOST_ASLEEP_MS
    lastWatch = now
    for (const one of used) one.watch(grace)
    /* another program may latch (aegis kill) */
    const found = statSync(join(deps.dataDir, LATCH_FILE), { throwIfNoEntry: false })
    const seen = found === undefined ? '' : `${found.ino}:${found.mtimeMs}`
    if (seen !== latchSeen && seen !== '') killer.refresh()
    latchSeen = seen
    /* a simulator stands still until the brain was judged fit to trade, at the start and after its own restart */
    if (gate.judged) void processes.play()
  }, WATCH_MS)
  let account: AccountView | null = null
  listeners.add((event) => {
    if (event.kind === 'account') account = event.view
  })
  const statusTimer = setInterval(() => {
    writeStatus(deps.dataDir, {
      v: 1,
      pid: process.pid,
      host: deps.host,
      session,
      mode: settings.mode,
      build: deps.build,
      symbols: settings.symbols,
      startedAt,
      at: Date.now(),
      tradingState: gate.wanted().state,
      released: gate.released,
      key: gate.key,
      latch: killer.state.latch,
      killRunning: killer.state.running,
      account:
        account === null
          ? null
          : { equity: account.equity, dayPnl: account.dayPnl, positions: account.positions.length, orders: account.orders.length },
      processes: used.map((one) => one.row()),
    })
  }, STATUS_MS)

  const ready = (async (): Promise<Result<null, Failure>> => {
    const starts = used.map((one) => one.start())
    const refused = new Promise<Result<null, Failure>>((resolve) => {
      for (const start of starts) void start.then((result) => (result.ok ? undefined : resolve(result)))
    })
    const started = Promise.all(starts).then(async (results) => results.find((result) => !result.ok) ?? (await gate.settled))
    const result = await Promise.race([refused, started])
    return result.ok ? processes.play() : result
  })()

  return ok({
    settings,
    dataDir: deps.dataDir,
    build: deps.build,
    host: deps.host,
    session,
    startedAt,
    ringPath,
    ready,
    get endpoints() {
      return processes.endpoints
    },
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    processes: () => used.map((one) => one.row()),
    get tradingState() {
      return gate.wanted().state
    },
    get released() {
      return gate.released
    },
    get key() {
      return gate.key
    },
    get killState() {
      return killer.state
    },
    kill: (level, reason, by) => killer.kill(level, reason, by),
    releaseKill: (phrase) => killer.release(phrase),
    reconcile: (reason) => gate.reconcile(reason),
    resolveMismatch: (arg) => reconciler.link?.call('resolve', arg, RECONCILE_MS) ?? down(),
    async amendOrder(arg) {
      const answer = await (brain.link?.call('amend', arg) ?? down())
      return answer.ok ? ok({ done: answer.value.applied, text: answer.value.reason }) : answer
    },
    restart(name, reason) {
      used.find((one) => one.name === name)?.restart(reason)
    },
    crash(name) {
      used.find((one) => one.name === name)?.kill()
    },
    book: () => brain.link?.call('book', null) ?? down(),
    snapshot: () => reconciler.link?.call('snapshot', null, RECONCILE_MS) ?? down(),
    async rails(rails) {
      const answer = await (brain.link?.call('rails', rails) ?? down())
      return answer.ok ? ok(null) : answer
    },
    record: (kind, payload) => journal.record(kind, payload),
    simulator: {
      account: () => simulator.link?.call('account', null) ?? down(),
      fault: (plan) => simulator.link?.call('fault', plan) ?? down(),
      play: () => simulator.link?.call('play', null) ?? down(),
      pause: () => simulator.link?.call('pause', null) ?? down(),
    },
    async stop() {
      if (stopping) return
      stopping = true
      clearInterval(pulseTimer)
      clearInterval(watchTimer)
      clearInterval(statusTimer)
      steps.stop()
      gate.stop()
      killer.stop()
      onChange()
      /* the brain first, then its sources; the simulator last, so that what is in flight gets its answer */
      await brain.stop()
      await Promise.all([feed.stop(), reconciler.stop()])
      await simulator.stop()
      await journal.close()
      removeRing(ringPath)
      removeStatus(deps.dataDir)
      lock.release()
      emit({ kind: 'stopped' })
      listeners.clear()
    },
  })
}
