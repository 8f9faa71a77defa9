/**
 * Starts and wires the engine: simulator → feed → reconciler and brain → start-up reconciliation → release → play.
 *
 * - INV-08: the latch is read before anything starts; a latched engine starts halted and carries an unconfirmed kill on.
 * - The brain trades only after a clean reconciliation of this incarnation: every restart of the brain repeats that.
 * - The host never waits on the engine: every relay is fire and forget or has a time limit.
 */
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import type {
  AccountView,
  BrainEvents,
  BrainMethods,
  BudgetObservation,
  Credentials,
  FeedEvents,
  FeedMethods,
  HostForReconciler,
  LogLine,
  ProcessInit,
  ReconcilerEvents,
  ReconcilerMethods,
  SimulatorEvents,
  SimulatorMethods,
  VenueEndpoints,
} from '../contract/processes.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import type { EngineDeps, EngineEvent, EngineHandle } from './engine-handle.ts'
import { lockDataDir } from './instance-lock.ts'
import { killSwitch } from './kill-switch.ts'
import { LATCH_FILE, latchStore } from './latch.ts'
import { lockStep } from './lock-step.ts'
import { RESTART_POLICY } from './restart-budget.ts'
import { clearRing, ringPathFor } from './ring-path.ts'
import { newSession } from './session.ts'
import { criticalOpen, tradingGate } from './trading-gate.ts'
import { cleanEnvironment, processEntry } from './spawner.ts'
import { removeStatus, writeStatus } from './status-file.ts'
import { supervise, type Supervised, type Timings } from './supervised.ts'

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
  const environment = deps.env ?? process.env
  const ringPath = ringPathFor(deps.dataDir, environment)
  clearRing(ringPath)

  const timings: Timings = { ...DEFAULT_TIMINGS, ...deps.timings }
  const entry = deps.entry ?? ((name) => processEntry(name))
  const env = cleanEnvironment(environment)
  const startedAt = Date.now()
  const monotonic = (): number => performance.now()
  const listeners = new Set<(event: EngineEvent) => void>()
  const emit = (event: EngineEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const log = (source: string, line: LogLine): void => emit({ kind: 'log', source, time: Date.now(), line })
  const hostLog = (level: LogLine['level'], text: string): void => log('host', { level, text })

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

  let lastPulse = monotonic()
  let stopping = false
  const common = {
    spawner: deps.spawner,
    env,
    timings,
    onChange,
    now: () => Date.now(),
    monotonic,
    lastPulse: () => lastPulse,
  }

  /* ---------------------------------------------------------------- what the brain may do */
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

  const killer = killSwitch(latchStore(deps.dataDir), {
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
    record: () => {},
  })
  const down = (): Promise<Result<never>> => Promise.resolve(fail('closed', 'the process is down'))

  /* ---------------------------------------------------------------- venue */
  const simulated = settings.mode !== 'live'
  let endpoints: VenueEndpoints | null = simulated
    ? null
    : { rest: settings.upstream.rest, ws: settings.upstream.ws, rate: 1, real: settings.upstream.rest.startsWith('https:') }
  let credentials: Credentials = deps.credentials ?? { key: '', secret: '' }
  const atVenue = async (): Promise<VenueEndpoints> => {
    while (endpoints === null) await changed()
    return endpoints
  }
  const init = (at: VenueEndpoints): ProcessInit => ({
    settings,
    symbols: settings.symbols,
    ringPath,
    dataDir: deps.dataDir,
    endpoints: at,
    build: deps.build,
    session,
  })
  const relayBudget = (observation: BudgetObservation): void => {
    if (observation.source !== 'feed') void feed.link?.call('budget', observation, 2_000)
    if (observation.source !== 'brain') void brain.link?.call('budget', observation, 2_000)
    if (observation.source !== 'reconciler') void reconciler.link?.call('budget', observation, 2_000)
    emit({ kind: 'budget', observation })
  }

  /* ---------------------------------------------------------------- processes */
  const steps = lockStep({
    feed: () => feed.link,
    brain: () => brain.link,
    simulator: () => simulator.link,
    changed,
    onTrouble: (text) => hostLog('warn', text),
  })

  const simulator: Supervised<SimulatorMethods, SimulatorEvents> = supervise<SimulatorMethods, SimulatorEvents>({
    ...common,
    name: 'simulator',
    entry: entry('simulator'),
    serves: {},
    attach(link) {
      link.on('barrier', (at) => steps.barrier(at))
      link.on('ended', ({ time }) => emit({ kind: 'ended', time }))
      link.on('progress', (progress) => emit({ kind: 'progress', progress }))
    },
    async bringUp(link) {
      const ready = await link.call(
        'init',
        {
          settings,
          symbols: settings.symbols,
          port: deps.simulator?.port ?? 0,
          dataDir: deps.dataDir,
          timebase: deps.simulator?.timebase ?? 'wall',
          horizonMs: deps.simulator?.horizonMs ?? null,
          credentials: { key: randomBytes(32).toString('hex'), secret: randomBytes(32).toString('hex') },
        },
        timings.startMs,
      )
      if (!ready.ok) return ready
      credentials = { key: ready.value.key, secret: ready.value.secret }
      endpoints = { rest: ready.value.rest, ws: ready.value.ws, rate: settings.speed, real: false }
      return ready
    },
    onRunning(first) {
      if (first) return
      /* the account died with the exchange: everyone starts over on the new one */
      hostLog('error', 'the embedded exchange was restarted with a fresh account')
      for (const other of [feed, reconciler, brain]) other.restart('the exchange was restarted')
    },
    onDown() {
      endpoints = null
    },
    onLog: (line) => log('simulator', line),
  })

  const feed: Supervised<FeedMethods, FeedEvents> = supervise<FeedMethods, FeedEvents>({
    ...common,
    name: 'feed',
    entry: entry('feed'),
    serves: {},
    attach(link) {
      link.on('budget', relayBudget)
      link.on('status', (status) => emit({ kind: 'feed', status }))
    },
    bringUp: async (link) => link.call('init', init(await atVenue()), timings.startMs),
    onRunning() {},
    onDown() {},
    onLog: (line) => log('feed', line),
  })

  /** The ring exists once the feed ran. */
  const afterFeed = async (): Promise<VenueEndpoints> => {
    const at = await atVenue()
    while (feed.state !== 'running' && !stopping) await changed()
    return at
  }

  const reconciler: Supervised<ReconcilerMethods, ReconcilerEvents> = supervise<ReconcilerMethods, ReconcilerEvents>({
    ...common,
    name: 'reconciler',
    entry: entry('reconciler'),
    serves: {
      book: async () => {
        const book = await brain.link?.call('book', null, 5_000)
        return book?.ok === true ? book.value : null
      },
      repair: async (repair) => {
        const done = await brain.link?.call('repair', repair, 5_000)
        if (done === undefined) return { applied: false, reason: 'the brain is down' }
        return done.ok ? done.value : { applied: false, reason: done.error.message }
      },
    } satisfies { [M in keyof HostForReconciler]: (arg: Parameters<HostForReconciler[M]>[0]) => Promise<ReturnType<HostForReconciler[M]>> },
    attach(link) {
      link.on('budget', relayBudget)
      link.on('report', (report) => gate.onReport(report))
      link.on('mismatches', (list) => emit({ kind: 'mismatches', list }))
      link.on('kill', ({ items }) => killer.progress(items))
      link.on('halt', ({ reason }) => gate.hold(reason))
      link.on('deadMan', (state) => emit({ kind: 'deadMan', state }))
      link.on('metrics', (metrics) => emit({ kind: 'venue', metrics }))
    },
    bringUp: async (link) => link.call('init', { ...init(await afterFeed()), credentials }, timings.startMs),
    onRunning() {
      killer.carryOn()
      void gate.admit()
    },
    onDown() {},
    onLog: (line) => log('reconciler', line),
  })

  const brain: Supervised<BrainMethods, BrainEvents> = supervise<BrainMethods, BrainEvents>({
    ...common,
    name: 'brain',
    entry: entry('brain'),
    serves: {},
    attach(link) {
      link.on('budget', relayBudget)
      link.on('account', (view) => emit({ kind: 'account', view }))
      link.on('risk', (view) => emit({ kind: 'risk', view }))
      link.on('fill', (row) => emit({ kind: 'fill', row }))
      link.on('signal', (row) => emit({ kind: 'signal', row }))
      link.on('counters', (counters) => emit({ kind: 'counters', counters }))
      link.on('reconcile', ({ reason }) => void gate.reconcile(reason))
      link.on('trip', ({ level, reason }) => void killer.kill(level, reason, 'rail'))
    },
    async bringUp(link) {
      const at = await afterFeed()
      return link.call('init', { ...init(at), credentials, tradingState: gate.stateForInit() }, timings.startMs)
    },
    onRunning() {
      void gate.brainRuns()
    },
    onDown() {
      gate.brainDown()
    },
    onLog: (line) => log('brain', line),
  })

  /* ---------------------------------------------------------------- start */
  const all = [simulator, feed, brain, reconciler] as const
  const running = simulated ? all : ([feed, brain, reconciler] as const)

  const pulseTimer = setInterval(() => {
    lastPulse = monotonic()
  }, PULSE_MS)
  let lastWatch = monotonic()
  let latchSeen = ''
  const watchTimer = setInterval(() => {
    const now = monotonic()
    const grace = now - lastWatch > HOST_ASLEEP_MS
    lastWatch = now
    for (const one of running) one.watch(grace)
    const found = statSync(join(deps.dataDir, LATCH_FILE), { throwIfNoEntry: false })
    const seen = found === undefined ? '' : `${found.ino}:${found.mtimeMs}`
    if (seen !== latchSeen && seen !== '') killer.refresh()
    latchSeen = seen
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
      latch: killer.state.latch,
      killRunning: killer.state.running,
      account:
        account === null
          ? null
          : { equity: account.equity, dayPnl: account.dayPnl, positions: account.positions.length, orders: account.orders.length },
      processes: running.map((one) => one.row()),
    })
  }, STATUS_MS)

  const ready = (async (): Promise<Result<null, Failure>> => {
    const starts = running.map((one) => one.start())
    const refused = new Promise<Result<null, Failure>>((resolve) => {
      for (const start of starts) void start.then((result) => (result.ok ? undefined : resolve(result)))
    })
    const started = Promise.all(starts).then(async (results) => results.find((result) => !result.ok) ?? (await gate.settled))
    const result = await Promise.race([refused, started])
    if (result.ok && simulated && !stopping) {
      const played = await simulator.link?.call('play', null)
      if (played !== undefined && !played.ok) return played
    }
    return result
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
      return endpoints
    },
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    processes: () => running.map((one) => one.row()),
    get tradingState() {
      return gate.wanted().state
    },
    get released() {
      return gate.released
    },
    get killState() {
      return killer.state
    },
    kill: (level, reason, by) => killer.kill(level, reason, by),
    releaseKill: (phrase) => killer.release(phrase),
    reconcile: (reason) => gate.reconcile(reason),
    resolveMismatch: (arg) => reconciler.link?.call('resolve', arg, RECONCILE_MS) ?? down(),
    restart(name, reason) {
      running.find((one) => one.name === name)?.restart(reason)
    },
    crash(name) {
      running.find((one) => one.name === name)?.kill()
    },
    book: () => brain.link?.call('book', null) ?? down(),
    snapshot: () => reconciler.link?.call('snapshot', null, RECONCILE_MS) ?? down(),
    async rails(rails) {
      const answer = await (brain.link?.call('rails', rails) ?? down())
      return answer.ok ? ok(null) : answer
    },
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
      if (simulated) await simulator.stop()
      clearRing(ringPath)
      removeStatus(deps.dataDir)
      lock.release()
      emit({ kind: 'stopped' })
      listeners.clear()
    },
  })
}
