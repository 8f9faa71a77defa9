/**
 * The engine's processes wired to one another through the host: simulator → feed (creates the ring) → reconciler and brain.
 * Every relay is fire and forget or has a time limit: the host never waits on the engine.
 */
import { randomBytes } from 'node:crypto'
import type {
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
import { fail, type Result } from '../contract/result.ts'
import type { Settings } from '../contract/settings.ts'
import type { EngineDeps, EngineEvent } from './engine-handle.ts'
import type { KillSwitch } from './kill-switch.ts'
import type { Barrier } from './lock-step.ts'
import { cleanEnvironment, processEntry } from './spawner.ts'
import { supervise, type Supervised, type Timings } from './supervised.ts'
import type { TradingGate } from './trading-gate.ts'

const RELAY_MS = 2_000
const ASK_BRAIN_MS = 5_000

export interface ProcessWiring {
  readonly settings: Settings
  readonly deps: EngineDeps
  readonly timings: Timings
  readonly ringPath: string
  readonly session: string
  /** Both exist before any process starts; handed over late because they in turn need the processes. */
  gate(): TradingGate
  killer(): KillSwitch
  readonly stopping: () => boolean
  barrier(at: Barrier): void
  /** Resolves when any process changed its state. */
  changed(): Promise<void>
  onChange(): void
  emit(event: EngineEvent): void
  log(source: string, line: LogLine): void
  monotonic(): number
  lastPulse(): number
}

export interface EngineProcesses {
  readonly simulator: Supervised<SimulatorMethods, SimulatorEvents>
  readonly feed: Supervised<FeedMethods, FeedEvents>
  readonly brain: Supervised<BrainMethods, BrainEvents>
  readonly reconciler: Supervised<ReconcilerMethods, ReconcilerEvents>
  /** Those that this mode runs. */
  readonly used: readonly Pick<Supervised<object, object>, 'name' | 'start' | 'row' | 'watch' | 'restart' | 'kill'>[]
  readonly endpoints: VenueEndpoints | null
  /** Starts the tape of a simulator that stands still since its start; does nothing otherwise. */
  play(): Promise<Result<null>>
}

export function wireProcesses(wiring: ProcessWiring): EngineProcesses {
  const { settings, deps, timings, emit, log, changed, stopping } = wiring
  const environment = deps.env ?? process.env
  const entry = deps.entry ?? ((name) => processEntry(name))
  const common = {
    spawner: deps.spawner,
    env: cleanEnvironment(environment),
    timings,
    onChange: wiring.onChange,
    now: () => Date.now(),
    monotonic: wiring.monotonic,
    lastPulse: wiring.lastPulse,
  }

  const simulated = settings.mode !== 'live'
  let endpoints: VenueEndpoints | null = simulated
    ? null
    : { rest: settings.upstream.rest, ws: settings.upstream.ws, rate: 1, real: settings.upstream.rest.startsWith('https:') }
  let credentials: Credentials = deps.credentials ?? { key: '', secret: '' }
  let standsStill = false

  /** null when the engine stops meanwhile. */
  const atVenue = async (): Promise<VenueEndpoints | null> => {
    while (endpoints === null && !stopping()) await changed()
    return stopping() ? null : endpoints
  }
  /** The ring exists once the feed ran. */
  const afterFeed = async (): Promise<VenueEndpoints | null> => {
    while (feed.state !== 'running' && !stopping()) await changed()
    return atVenue()
  }
  const stopped = fail('stopped', 'the engine is stopping')
  const init = (at: VenueEndpoints): ProcessInit => ({
    settings,
    symbols: settings.symbols,
    ringPath: wiring.ringPath,
    dataDir: deps.dataDir,
    endpoints: at,
    build: deps.build,
    session: wiring.session,
  })
  const relayBudget = (observation: BudgetObservation): void => {
    if (observation.source !== 'feed') void feed.link?.call('budget', observation, RELAY_MS)
    if (observation.source !== 'brain') void brain.link?.call('budget', observation, RELAY_MS)
    if (observation.source !== 'reconciler') void reconciler.link?.call('budget', observation, RELAY_MS)
    emit({ kind: 'budget', observation })
  }

  const simulator: EngineProcesses['simulator'] = supervise<SimulatorMethods, SimulatorEvents>({
    ...common,
    name: 'simulator',
    entry: entry('simulator'),
    serves: {},
    attach(link) {
      link.on('barrier', (at) => wiring.barrier(at))
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
      standsStill = true
      return ready
    },
    onRunning(first) {
      if (first) return
      /* the account died with the exchange: everyone starts over on the new one */
      log('host', { level: 'error', text: 'the embedded exchange was restarted with a fresh account' })
      for (const other of [feed, reconciler, brain]) other.restart('the exchange was restarted')
    },
    onDown() {
      endpoints = null
    },
    onLog: (line) => log('simulator', line),
  })

  const feed: EngineProcesses['feed'] = supervise<FeedMethods, FeedEvents>({
    ...common,
    name: 'feed',
    entry: entry('feed'),
    serves: {},
    attach(link) {
      link.on('budget', relayBudget)
      link.on('status', (status) => emit({ kind: 'feed', status }))
    },
    async bringUp(link) {
      const at = await atVenue()
      return at === null ? stopped : link.call('init', init(at), timings.startMs)
    },
    onRunning() {},
    onDown() {},
    onLog: (line) => log('feed', line),
  })

  const reconciler: EngineProcesses['reconciler'] = supervise<ReconcilerMethods, ReconcilerEvents>({
    ...common,
    name: 'reconciler',
    entry: entry('reconciler'),
    serves: {
      book: async () => {
        const book = await brain.link?.call('book', null, ASK_BRAIN_MS)
        return book?.ok === true ? book.value : null
      },
      repair: async (repair) => {
        const done = await brain.link?.call('repair', repair, ASK_BRAIN_MS)
        if (done === undefined) return { applied: false, reason: 'the brain is down' }
        return done.ok ? done.value : { applied: false, reason: done.error.message }
      },
    } satisfies { [M in keyof HostForReconciler]: (arg: Parameters<HostForReconciler[M]>[0]) => Promise<ReturnType<HostForReconciler[M]>> },
    attach(link) {
      link.on('budget', relayBudget)
      link.on('report', (report) => wiring.gate().onReport(report))
      link.on('mismatches', (list) => emit({ kind: 'mismatches', list }))
      link.on('kill', ({ items }) => wiring.killer().progress(items))
      link.on('halt', ({ reason }) => wiring.gate().hold(reason))
      link.on('key', (verdict) => wiring.gate().onKey(verdict))
      link.on('deadMan', (state) => emit({ kind: 'deadMan', state }))
      link.on('metrics', (metrics) => emit({ kind: 'venue', metrics }))
    },
    async bringUp(link) {
      const at = await afterFeed()
      return at === null ? stopped : link.call('init', { ...init(at), credentials }, timings.startMs)
    },
    onRunning() {
      wiring.killer().carryOn()
      void wiring.gate().admit()
    },
    onDown() {},
    onLog: (line) => log('reconciler', line),
  })

  const brain: EngineProcesses['brain'] = supervise<BrainMethods, BrainEvents>({
    ...common,
    name: 'brain',
    entry: entry('brain'),
    serves: {},
    attach(link) {
      link.on('budget', relayBudget)
      link.on('account', (view) => emit({ kind: 'account', view }))
      link.on('risk', (view) => emit({ kind: 'risk', view }))
      link.on('learning', (view) => emit({ kind: 'learning', view }))
      link.on('fill', (row) => emit({ kind: 'fill', row }))
      link.on('signal', (row) => emit({ kind: 'signal', row }))
      link.on('counters', (counters) => emit({ kind: 'counters', counters }))
      link.on('reconcile', ({ reason }) => void wiring.gate().reconcile(reason))
      link.on('trip', ({ level, reason }) => void wiring.killer().kill(level, reason, 'rail'))
    },
    async bringUp(link) {
      const at = await afterFeed()
      if (at === null) return stopped
      return link.call('init', { ...init(at), credentials, tradingState: wiring.gate().stateForInit() }, timings.startMs)
    },
    onRunning(first) {
      /* the ring holds minutes, not hours: a successor warms its indicators up on the feed's whole history */
      if (!first) void feed.link?.call('history', { symbols: null })
      void wiring.gate().brainRuns()
    },
    onDown() {
      wiring.gate().brainDown()
    },
    onLog: (line) => log('brain', line),
  })

  return {
    simulator,
    feed,
    brain,
    reconciler,
    used: simulated ? [simulator, feed, brain, reconciler] : [feed, brain, reconciler],
    get endpoints() {
      return endpoints
    },
    async play() {
      if (!standsStill || simulator.link === null || stopping()) return { ok: true, value: null }
      standsStill = false
      return simulator.link.call('play', null)
    },
  }
}
