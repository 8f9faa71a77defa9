/**
 * Everything the reconciler does once it knows its venue: the venue adapter, the journal, the looks on their schedule, the hands, the
 * dead-man's switch, put together. The shell (../reconciler.ts) gives it its link to the host.
 */
import type { ReconciliationReport } from '../../contract/mismatch.ts'
import type { HostForReconciler, ReconcilerEvents, ReconcilerInit, ReconcilerMethods } from '../../contract/processes.ts'
import { ok } from '../../contract/result.ts'
import type { Peer, Served } from '../../contract/rpc.ts'
import type { SymbolFilters } from '../../contract/venue.ts'
import { openJournal, type Journal } from '../../journal/journal.ts'
import { journalPath } from '../../journal/location.ts'
import { decimal } from '../../money/decimal.ts'
import { afterLook, dueLook, IN_FLIGHT_THRESHOLD_MS, scheduleFrom } from '../../reconciliation/schedule.ts'
import { createVenue, type Venue } from '../../venue/index.ts'
import { createKeyCheck, type KeyCheck } from './key-check.ts'
import { createDeadMan, type DeadMan } from './dead-man.ts'
import { createJournalView } from './journal-view.ts'
import { createKillHands, type KillHands } from './kill-hands.ts'
import { watchMarket } from './market-watch.ts'
import { createPasses, type Passes } from './passes.ts'

const TICK_MS = 250
const METRICS_EVERY_MS = 1_000
const BOOK_TIMEOUT_MS = 5_000
/** Local age from which market data count as stale for comparing, whatever stricter limit the rails have for entries. */
const STALE_MS = 15_000
const MARKS_EVERY_MS = 30_000
const REPAIR_TIMEOUT_MS = 10_000
/** The dead-man's switch is wound up only while the last conclusive look is no older than this. */
const HEALTHY_MS = 45_000

export type Host = Peer<HostForReconciler, object> & Served<ReconcilerEvents>

export interface Running {
  readonly venue: Venue
  readonly passes: Passes
  readonly hands: KillHands
  readonly deadMan: DeadMan
  readonly keyCheck: KeyCheck
  readonly journal: Journal | null
  readonly confirmFlat: () => ReturnType<ReconcilerMethods['confirmFlat']> | Promise<ReturnType<ReconcilerMethods['confirmFlat']>>
  readonly snapshot: () => Promise<ReturnType<ReconcilerMethods['snapshot']>>
  readonly stop: () => void
}

const IDS_IN_RECORD = 12

/** What the journal keeps of a deep audit: at most 2 KB, whatever was found (the mismatches have rows of their own). */
const auditRecord = (report: ReconciliationReport): { text: string; detail: object } => {
  const open = report.mismatches.filter((m) => m.state === 'open')
  const { reason, conclusive, error, compared, durationMs } = report
  return {
    text: `reconciliation (${reason}): ${conclusive ? `${open.length} open` : `inconclusive: ${error?.slice(0, 200) ?? ''}`}`,
    detail: {
      compared,
      durationMs: Math.round(durationMs),
      open: open.length,
      ids: open.slice(0, IDS_IN_RECORD).map((m) => m.id.slice(0, 100)),
    },
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const monotonic = (): number => performance.now()

/** @param die called with what nobody expected */
export async function startReconciler(init: ReconcilerInit, host: Host, die: (thrown: unknown) => void): Promise<Running> {
  const log = (level: 'debug' | 'info' | 'warn' | 'error', text: string): void => host.emit('log', { level, text })
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
  const market = watchMarket(init.ringPath, symbols, monotonic)
  let marksAsked = -Infinity
  const refreshMarks = async (): Promise<void> => {
    if (monotonic() - marksAsked < MARKS_EVERY_MS) return
    marksAsked = monotonic()
    const read = await venue.public.markPrices()
    if (read.ok) for (const { symbol, mark } of read.value) market.marks.set(symbol, decimal(mark))
  }

  const append = (write: (to: Journal) => { readonly ok: boolean }): void => {
    if (journal !== null && !write(journal).ok) log('error', 'the journal refused a row of the reconciler')
  }
  const keyCheck = createKeyCheck({
    async ask() {
      await freshen()
      return account.keyPermissions()
    },
    emit: (verdict) => host.emit('key', verdict),
    record: (verdict) => append((to) => to.append('note', { text: `key: ${verdict.use}`, detail: { warnings: verdict.warnings } }, now())),
    sleep,
  })
  const hands = createKillHands({
    venue: account,
    tied: () => (keyCheck.verdict?.use === 'read-only' ? (keyCheck.verdict.warnings[0] ?? null) : null),
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
    maxDataAgeMs: Math.max(settings.rails.maxDataAgeMs, STALE_MS),
    now,
    freshen,
    monotonic,
    sleep,
    marks: { known: market.marks, refresh: () => void refreshMarks() },
    // In lock-step time stands still whenever somebody thinks.
    dataAgeMs: () => (settings.lockStep ? null : market.ageMs()),
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
      if (report.reason === 'deep' || report.reason === 'start') append((to) => to.append('note', auditRecord(report), now()))
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

  keyCheck.start().catch(die)
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
      if (depth === 'deep') {
        if (!settings.lockStep) await venue.clock.sync()
        await keyCheck.again()
      }
      const report = await passes.reconcile(depth === 'deep' ? 'deep' : 'timer', depth)
      schedule = afterLook(schedule, depth, report.conclusive, monotonic())
    } finally {
      looking = false
    }
  }
  const tick = setInterval(() => {
    market.poll()
    lookIfDue().catch(die)
    const bar = keyCheck.verdict?.use === 'read-only' ? 'the key may only read' : null
    deadMan.tick(passes.openSymbols, monotonic() - lastGood < HEALTHY_MS, bar).catch(die)
  }, TICK_MS)
  const metrics = setInterval(() => host.emit('metrics', venue.metrics()), METRICS_EVERY_MS)

  return {
    venue,
    passes,
    hands,
    deadMan,
    keyCheck,
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
      keyCheck.stop()
      market.close()
    },
  }
}
