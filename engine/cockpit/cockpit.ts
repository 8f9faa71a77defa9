/**
 * The engine's face, the same for both hosts: owns the running engine (switching modes restarts it), keeps the one state, answers
 * calls. Every argument is checked against CockpitArgs; every failure is a Result; nothing here blocks on the engine.
 */
import { join } from 'node:path'
import * as v from 'valibot'
import {
  CockpitArgs,
  type CandleMessage,
  type CockpitApi,
  type CockpitArg,
  type CockpitMethod,
  type CockpitReturns,
  type CockpitState,
  type CockpitTopics,
  type Topic,
} from '../contract/cockpit.ts'
import type { AuditReport, ChaosReport, CheckResult, ProofRunner, ScenarioResult } from '../contract/proof.ts'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import type { Mode, Settings } from '../contract/settings.ts'
import type { EngineHandle } from '../supervisor/engine-handle.ts'
import { displayDecimals } from './contract-data.ts'
import { applyEngineEvent, EMPTY_RECONCILIATION, EMPTY_STATUS } from './engine-slices.ts'
import { hostMeter } from './host-row.ts'
import { askJournal } from './journal-question.ts'
import { journalTail } from './journal-reading.ts'
import { marketView, type MarketView } from './market-view.ts'
import { modeView, NOT_READY, settingsForMode, type LiveReadiness } from './modes.ts'
import { emptyProof, proofDesk } from './proofs.ts'
import { replayDesk } from './replay-desk.ts'
import { stateStore } from './state-store.ts'

export interface CockpitOptions {
  readonly settings: Settings
  readonly version: string
  /** Starts an engine with these settings; the cockpit stops the former one first. */
  launch(settings: Settings): Result<EngineHandle, Failure>
  readonly audit?: ProofRunner<AuditReport>
  readonly chaos?: ProofRunner<ChaosReport>
  /** What live still needs. Default: everything. */
  live?(): LiveReadiness
}

export interface Cockpit extends CockpitApi {
  /** The running engine; another one after a mode switch. */
  readonly engine: EngineHandle
  readonly state: CockpitState
  stop(): Promise<void>
}

type Handlers = { [M in CockpitMethod]: (arg: CockpitArg<M>) => Promise<Result<CockpitReturns[M]>> | Result<CockpitReturns[M]> }

const PROCESS_ROWS_MS = 250

/** Fails as `launch` fails. */
export function createCockpit(options: CockpitOptions): Result<Cockpit, Failure> {
  const configured = options.settings
  const readiness = (): LiveReadiness => options.live?.() ?? NOT_READY
  const first = options.launch(settingsForMode(configured, configured.mode))
  if (!first.ok) return first
  let engine = first.value
  let logId = 0

  const tapeText = (settings: Settings): string =>
    'file' in settings.tape ? `${settings.tape.kind} ${settings.tape.file}` : settings.tape.kind
  const info = (of: EngineHandle): CockpitState['engine'] => ({
    version: options.version,
    build: of.build,
    host: of.host,
    session: of.session,
    startedAt: of.startedAt,
    ringBackend: 'unknown',
    symbols: of.settings.symbols,
    speed: of.settings.speed,
    seed: of.settings.seed,
    tape: tapeText(of.settings),
    dataDir: of.dataDir,
  })
  const store = stateStore({
    engine: info(engine),
    mode: modeView(engine.settings.mode, false, readiness()),
    market: [],
    account: null,
    risk: null,
    learning: null,
    fills: [],
    signals: [],
    reconciliation: EMPTY_RECONCILIATION,
    processes: [],
    kill: engine.killState,
    log: [],
    audit: emptyProof<AuditReport, CheckResult>(options.audit),
    chaos: emptyProof<ChaosReport, ScenarioResult>(options.chaos),
    status: EMPTY_STATUS,
  })
  const log = (level: 'info' | 'warn' | 'error', text: string): void =>
    applyEngineEvent(store, { kind: 'log', source: 'host', time: Date.now(), line: { level, text } }, () => ++logId)

  /* ---------------------------------------------------------------- the engine in use */
  const candleListeners = new Set<(message: CandleMessage) => void>()
  const meter = hostMeter(engine.startedAt)
  let market: MarketView
  let detach: () => void = () => {}
  const processRows = (): void => store.set('processes', [meter.row(), ...engine.processes()])

  const attach = (next: EngineHandle): void => {
    engine = next
    let decimalsAsked = false
    const off = next.on((event) => {
      applyEngineEvent(store, event, () => ++logId)
      if (event.kind === 'feed' && event.status.ringBackend !== store.state.engine.ringBackend)
        store.update('engine', (before) => ({ ...before, ringBackend: event.status.ringBackend }))
      if (event.kind !== 'processes') return
      processRows()
      const at = next.endpoints
      if (at === null || decimalsAsked) return
      decimalsAsked = true
      const view = market
      void displayDecimals(at.rest, next.settings.symbols).then((list) => {
        for (const one of list) view.setDecimals(one.symbol, one.price, one.quantity)
      })
    })
    market = marketView(next.ringPath, next.settings.symbols, {
      rows: (rows) => store.set('market', rows),
      candles: (message) => {
        for (const listener of candleListeners) listener(message)
      },
    })
    const view = market
    detach = () => {
      off()
      view.close()
    }
    store.set('engine', info(next))
    store.set('mode', modeView(next.settings.mode, false, readiness()))
    store.set('market', view.rows)
    store.set('account', null)
    store.set('risk', null)
    store.set('learning', null)
    store.set('fills', [])
    store.set('signals', [])
    store.set('reconciliation', EMPTY_RECONCILIATION)
    store.set('kill', next.killState)
    store.set('status', EMPTY_STATUS)
    processRows()
    void next.ready.then((result) => {
      /* a refused key has said so itself */
      if (!result.ok && result.error.code !== 'key-refused') log('error', `the engine did not start: ${result.error.message}`)
    })
    for (const message of view.history()) for (const listener of candleListeners) listener(message)
  }
  attach(engine)
  const rowsTimer = setInterval(processRows, PROCESS_ROWS_MS)

  /* ---------------------------------------------------------------- modes */
  let switching = false
  const setMode = async (mode: Mode): Promise<Result<CockpitReturns['setMode']>> => {
    const before = engine.settings.mode
    if (mode === before) return ok({ mode, reason: `already ${mode}` })
    if (switching) return fail('busy', 'a mode switch is under way')
    const option = store.state.mode.options.find((one) => one.mode === mode)
    if (option === undefined || option.locked) return fail('locked', `${mode} is locked; it lacks: ${option?.lacks.join('; ') ?? mode}`)
    switching = true
    store.set('mode', modeView(before, true, readiness()))
    try {
      detach()
      await engine.stop()
      const next = options.launch(settingsForMode(configured, mode))
      if (next.ok) {
        attach(next.value)
        next.value.record('mode', { from: before, to: mode, reason: 'chosen in the cockpit' })
        log('info', `mode: ${before} → ${mode}`)
        return ok({ mode, reason: 'switched' })
      }
      log('error', `mode ${mode} did not start: ${next.error.message}`)
      const back = options.launch(settingsForMode(configured, before))
      if (!back.ok) return fail('failed', `${mode} did not start (${next.error.message}), nor did ${before} (${back.error.message})`)
      attach(back.value)
      return fail('failed', `${mode} did not start: ${next.error.message}; back in ${before}`)
    } finally {
      switching = false
      store.set('mode', modeView(engine.settings.mode, false, readiness()))
    }
  }

  /* ---------------------------------------------------------------- proofs */
  const reportDir = join(engine.dataDir, 'reports')
  const isCheck = (last: unknown): last is CheckResult => typeof last === 'object' && last !== null && 'suite' in last && 'status' in last
  const isScenario = (last: unknown): last is ScenarioResult => typeof last === 'object' && last !== null && 'verdict' in last
  const common = { seed: configured.seed, reportDir, log, now: () => Date.now() }
  const audits = proofDesk<AuditReport, CheckResult>({
    ...common,
    name: 'audit',
    runner: options.audit,
    isItem: isCheck,
    summary({ checks }) {
      const count = (status: CheckResult['status']): number => checks.filter((check) => check.status === status).length
      return {
        summary: `${count('pass')} of ${checks.length} pass, ${count('warn')} warn, ${count('fail')} fail, ${count('skip')} skip`,
        ok: count('fail') === 0 && count('skip') === 0,
      }
    },
    view: () => store.state.audit,
    publish: (view) => store.set('audit', view),
    finished: (report, summary) => engine.record('audit', { id: report.id, summary, document: report }),
  })
  const chaos = proofDesk<ChaosReport, ScenarioResult>({
    ...common,
    name: 'chaos',
    runner: options.chaos,
    isItem: isScenario,
    summary({ scenarios }) {
      const count = (verdict: ScenarioResult['verdict']): number => scenarios.filter((one) => one.verdict === verdict).length
      return {
        summary: `${count('SURVIVED')} of ${scenarios.length} survived, ${count('DEGRADED')} degraded, ${count('FAILED')} failed`,
        ok: count('SURVIVED') === scenarios.length,
      }
    },
    view: () => store.state.chaos,
    publish: (view) => store.set('chaos', view),
    finished: (report, summary) => engine.record('chaos', { id: report.id, summary, document: report }),
  })

  const replays = replayDesk({ dataDir: () => engine.dataDir, session: () => engine.session })

  const handlers: Handlers = {
    ping: () => ok({ time: Date.now() }),
    halt: async ({ level, reason }) => ok(await engine.kill(level, reason, 'person')),
    releaseHalt: async ({ phrase }) => ok(await engine.releaseKill(phrase)),
    reconcile: () => engine.reconcile('manual'),
    resolveMismatch: (arg) => engine.resolveMismatch(arg),
    amendOrder: ({ clientId, price, quantity }) =>
      engine.amendOrder({ clientId, ...(price === undefined ? {} : { price }), ...(quantity === undefined ? {} : { quantity }) }),
    setMode: ({ mode }) => setMode(mode),
    runAudit: (arg) => audits.start(chosen(arg)),
    runChaos(arg) {
      if (engine.settings.mode === 'live') return fail('refused', 'chaos runs do not exist in live mode (INV-14)')
      return chaos.start(chosen(arg))
    },
    stopProof() {
      audits.stop()
      chaos.stop()
      return ok(null)
    },
    restartProcess({ name }) {
      engine.restart(name, 'restarted by hand')
      return ok(null)
    },
    exportFills: () => askJournal(engine.dataDir, 'exportFills'),
    journalTail: ({ limit }) => journalTail(engine.dataDir, limit),
    verifyJournal: () => askJournal(engine.dataDir, 'verifyJournal'),
    recordings: () => replays.recordings(),
    replayOpen: ({ session }) => replays.open(session),
    replayStatus: () => ok(replays.status()),
    replayMoments: (arg) => replays.moments(arg),
    replayAt: (arg) => replays.at(arg),
    replayBars: (arg) => replays.bars(arg),
    async replayClose() {
      await replays.close()
      return ok(null)
    },
  }

  return ok({
    get engine() {
      return engine
    },
    get state() {
      return store.state
    },
    async call<M extends CockpitMethod>(method: M, arg: CockpitArg<M>): Promise<Result<CockpitReturns[M]>> {
      if (!Object.hasOwn(CockpitArgs, method)) return fail('unknown-method', `there is no ${method}`)
      const parsed = v.safeParse(CockpitArgs[method], arg)
      if (!parsed.success)
        return fail('bad-argument', `${method}: ${v.getDotPath(parsed.issues[0]) ?? 'argument'}: ${parsed.issues[0].message}`)
      try {
        return await handlers[method](parsed.output as CockpitArg<M>)
      } catch (thrown) {
        const error = toPlainError(thrown)
        log('error', `${method}: ${error.message}`)
        return fail('thrown', error.message)
      }
    },
    subscribe<T extends Topic>(topic: T, listener: (message: CockpitTopics[T]) => void): () => void {
      if (topic === 'state') return store.subscribe(listener as (message: CockpitTopics['state']) => void)
      const candles = listener as (message: CandleMessage) => void
      for (const message of market.history()) candles(message)
      candleListeners.add(candles)
      return () => candleListeners.delete(candles)
    },
    async stop() {
      clearInterval(rowsTimer)
      audits.stop()
      chaos.stop()
      await replays.close()
      detach()
      meter.close()
      await engine.stop()
      store.close()
      candleListeners.clear()
    },
  })
}

const chosen = (arg: { ids?: string[] | undefined; suites?: string[] | undefined }): { ids?: string[]; suites?: string[] } => ({
  ...(arg.ids === undefined ? {} : { ids: arg.ids }),
  ...(arg.suites === undefined ? {} : { suites: arg.suites }),
})
