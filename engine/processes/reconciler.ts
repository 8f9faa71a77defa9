/**
 * The reconciler as a process: an independent REST view of the account, compared with the brain's book on a schedule, and the
 * independent hands of the kill switch. Wiring, timers and I/O; what it thinks is in engine/reconciliation, how it asks in ./reconciler.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { processPort } from '../contract/ports/process.ts'
import type { HostForReconciler, ReconcilerEvents, ReconcilerInit, ReconcilerMethods } from '../contract/processes.ts'
import { InvariantError, ok, toPlainError } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { openJournal, type Journal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import { decimal, type Decimal } from '../money/decimal.ts'
import { afterLook, dueLook, IN_FLIGHT_THRESHOLD_MS, scheduleFrom } from '../reconciliation/schedule.ts'
import { createVenue, type Venue } from '../venue/index.ts'
import { createDeadMan, type DeadMan } from './reconciler/dead-man.ts'
import { createJournalView } from './reconciler/journal-view.ts'
import { createKillHands, type KillHands } from './reconciler/kill-hands.ts'
import { createPasses, type Passes } from './reconciler/passes.ts'

const HEARTBEAT_MS = 250
const TICK_MS = 250
const METRICS_EVERY_MS = 1_000
const BOOK_TIMEOUT_MS = 5_000
const MARKS_EVERY_MS = 30_000
const REPAIR_TIMEOUT_MS = 10_000
/** The dead-man's switch is wound up only while the last conclusive look is no older than this. */
const HEALTHY_MS = 45_000

interface Running {
  readonly venue: Venue
  readonly passes: Passes
  readonly hands: KillHands
  readonly deadMan: DeadMan
  readonly journal: Journal | null
  readonly confirmFlat: () => ReturnType<ReconcilerMethods['confirmFlat']> | Promise<ReturnType<ReconcilerMethods['confirmFlat']>>
  readonly snapshot: () => Promise<ReturnType<ReconcilerMethods['snapshot']>>
  readonly stop: () => void
}

let running: Running | undefined
const started = (): Running => {
  if (running === undefined) throw new InvariantError('Invariant: init comes first')
  return running
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const monotonic = (): number => performance.now()

const handlers: {
  [M in keyof ReconcilerMethods]: (
    arg: Parameters<ReconcilerMethods[M]>[0],
  ) => ReturnType<ReconcilerMethods[M]> | Promise<ReturnType<ReconcilerMethods[M]>>
} = {
  async init(init) {
    if (running !== undefined) throw new InvariantError('Invariant: init comes once')
    running = await start(init)
    return null
  },
  reconcile: ({ reason }) => started().passes.reconcile(reason),
  resolve: ({ id, action, reason }) => started().passes.resolve(id, action, reason),
  kill: ({ level, reason }) => started().hands.run(level, reason),
  confirmFlat: () => started().confirmFlat(),
  snapshot: () => started().snapshot(),
  budget(observation) {
    running?.venue.observeBudget(observation)
  },
  async stop() {
    const was = running
    clearInterval(beat)
    was?.stop()
    await was?.deadMan.disarm()
    await was?.venue.close()
    was?.journal?.close()
    setTimeout(() => process.exit(0), 50).unref()
    return null
  },
}

const host = connect<typeof handlers, ReconcilerEvents, HostForReconciler, object>(processPort(), handlers)
const log = (level: 'debug' | 'info' | 'warn' | 'error', text: string): void => host.emit('log', { level, text })

async function start(init: ReconcilerInit): Promise<Running> {
  const { settings, endpoints, credentials, symbols } = init
  const venue = createVenue({
    endpoints,
    credentials,
    source: 'reconciler',
    random: Math.random,
    lockStep: settings.lockStep,
    onBudget: (observation) => host.emit('budget', observation),
    onLog: (line) => host.emit('log', line),
  })
  const account = venue.private
  if (account === undefined) throw new Error('the reconciler needs API keys')
  const opened = openJournal(journalPath(init.dataDir), { build: init.build, session: init.session, process: 'reconciler' })
  const journal = opened.ok ? opened.value : null
  if (!opened.ok) log('error', `the journal cannot be opened: ${opened.error.message}`)
  /** Whole milliseconds: the venue refuses fractions in a query. */
  const now = (): number => Math.round(venue.clock.nowMs())
  /** In lock-step virtual time stands still for us: it is read from the venue before it is used. */
  const freshen = async (): ReturnType<typeof venue.clock.sync> => {
    if (!settings.lockStep) return ok(undefined)
    const time = await venue.public.serverTime()
    if (!time.ok) return time
    venue.clock.set(time.value)
    return ok(undefined)
  }
  const synced = settings.lockStep ? await freshen() : await venue.clock.sync()
  if (!synced.ok) log('warn', `the venue's clock could not be read: ${synced.error.message}`)

  const filters = new Map<string, SymbolFilters>()
  const learnFilters = async (): Promise<void> => {
    const read = await venue.public.symbols()
    if (read.ok) for (const one of read.value) if (!filters.has(one.symbol)) filters.set(one.symbol, one)
  }
  // Not waited for: market data may be held back by the rate budget, and the first look must not.
  void learnFilters()
  const knownMarks = new Map<string, Decimal>()
  let marksAsked = -Infinity
  const refreshMarks = async (): Promise<void> => {
    if (monotonic() - marksAsked < MARKS_EVERY_MS) return
    marksAsked = monotonic()
    const read = await venue.public.markPrices()
    if (read.ok) for (const { symbol, mark } of read.value) knownMarks.set(symbol, decimal(mark))
  }

  const append = (write: (to: Journal) => { readonly ok: boolean }): void => {
    if (journal !== null && !write(journal).ok) log('error', 'the journal refused a row of the reconciler')
  }
  const hands = createKillHands({
    venue: account,
    session: init.session,
    filters: (symbol) => filters.get(symbol),
    journal: (step) => append((to) => to.append('kill-step', step, now())),
    progress: (items) => host.emit('kill', { items }),
    log,
    now: () => Date.now(),
    freshen: async () => void (await freshen()),
    sleep,
  })
  let lastGood = -Infinity
  const passes = createPasses({
    venue: account,
    market: venue.public,
    symbols,
    journal: createJournalView(journal),
    hands,
    filters,
    rate: endpoints.rate,
    maxDataAgeMs: settings.rails.maxDataAgeMs,
    now,
    freshen,
    monotonic,
    sleep,
    marks: { known: knownMarks, refresh: () => void refreshMarks() },
    dataAgeMs: () => null,
    clockSkewMs: () => (endpoints.rate === 1 && !settings.lockStep ? venue.clock.skewMs : null),
    async book() {
      const answer = await host.call('book', null, BOOK_TIMEOUT_MS)
      return answer.ok ? answer.value : null
    },
    async repair(repair) {
      const answer = await host.call('repair', repair, REPAIR_TIMEOUT_MS)
      return answer.ok ? answer.value : { applied: false, reason: answer.error.message }
    },
    record: (kind, payload, ref, symbol) => append((to) => to.append(kind, payload, now(), { ref, symbol })),
    emitReport(report) {
      if (report.conclusive) lastGood = monotonic()
      host.emit('report', report)
    },
    emitMismatches: (list) => host.emit('mismatches', list),
    emitHalt: (reason) => host.emit('halt', { reason }),
    log,
  })
  const deadMan = createDeadMan({
    venue: account,
    periodMs: settings.lockStep ? 0 : settings.deadManMs,
    rate: endpoints.rate,
    monotonic,
    now: () => Date.now(),
    emit: (state) => host.emit('deadMan', state),
  })

  let schedule = scheduleFrom(monotonic())
  let looking = false
  const inFlightDue = async (): Promise<boolean> => {
    const answer = await host.call('book', null, BOOK_TIMEOUT_MS)
    if (!answer.ok || answer.value === null) return false
    const { takenAt, openOrders, unresolved } = answer.value
    const old = IN_FLIGHT_THRESHOLD_MS * Math.max(1, endpoints.rate)
    const waits = new Set(unresolved)
    return openOrders.some((o) => (o.state.includes('InFlight') || waits.has(o.clientId)) && takenAt - o.updatedAt >= old)
  }
  const lookIfDue = async (): Promise<void> => {
    const depth = dueLook(schedule, monotonic())
    if (depth === null || looking || hands.running) return
    looking = true
    try {
      if (depth === 'in-flight') {
        const report = (await inFlightDue()) ? await passes.reconcile('timer', 'orders') : null
        schedule = afterLook(schedule, depth, report?.conclusive ?? true, monotonic())
        return
      }
      if (filters.size === 0) await learnFilters()
      if (depth === 'deep' && !settings.lockStep) await venue.clock.sync()
      const report = await passes.reconcile(depth === 'deep' ? 'deep' : 'timer', depth)
      schedule = afterLook(schedule, depth, report.conclusive, monotonic())
    } finally {
      looking = false
    }
  }
  const tick = setInterval(() => {
    lookIfDue().catch(die)
    deadMan.tick(passes.openSymbols, monotonic() - lastGood < HEALTHY_MS).catch(die)
  }, TICK_MS)
  const metrics = setInterval(() => host.emit('metrics', venue.metrics()), METRICS_EVERY_MS)

  return {
    venue,
    passes,
    hands,
    deadMan,
    journal,
    async confirmFlat() {
      await freshen()
      const view = await account.snapshot('kill')
      if (!view.ok) return { flat: false, orders: 0, positions: 0, error: view.error.message }
      const { openOrders, positions } = view.value
      return {
        flat: openOrders.length === 0 && positions.length === 0,
        orders: openOrders.length,
        positions: positions.length,
        error: null,
      }
    },
    async snapshot() {
      await freshen()
      const view = await account.snapshot('account')
      if (!view.ok) throw new Error(view.error.message)
      return view.value
    },
    stop() {
      clearInterval(tick)
      clearInterval(metrics)
    },
  }
}

const delay = monitorEventLoopDelay({ resolution: 10 })
delay.enable()
let cpu = process.cpuUsage()
let cpuAt = monotonic()
const beat = setInterval(() => {
  const used = process.cpuUsage(cpu)
  const at = monotonic()
  const { rss, heapUsed } = process.memoryUsage()
  host.emit('heartbeat', {
    rssBytes: rss,
    heapBytes: heapUsed,
    loopDelayP99Ms: Math.max(0, delay.percentile(99) / 1e6 - 10),
    cpuFraction: (used.user + used.system) / 1_000 / Math.max(1, at - cpuAt),
  })
  delay.reset()
  cpu = process.cpuUsage()
  cpuAt = at
}, HEARTBEAT_MS)

function die(thrown: unknown): void {
  host.emit('fatal', toPlainError(thrown))
  process.exitCode = 1
  setTimeout(() => process.exit(1), 50)
}
process.on('uncaughtException', die)
process.on('unhandledRejection', die)
