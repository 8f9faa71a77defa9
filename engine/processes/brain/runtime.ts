/**
 * The brain at work: reducer, journal, venue and ring reader tied together. Start-up and crash recovery are one path: the journal
 * is played again, the private stream opens, the venue's view is read, whatever was in flight is looked up by client id.
 *
 * - INV-03: rows of a step are on disk before its requests leave; when they cannot be, nothing leaves.
 * - Lock-step: ticks, user frames and requests wait for the barrier that names them.
 */
import type { Monotonic } from '../../contract/clock.ts'
import type { Repair } from '../../contract/mismatch.ts'
import type { BrainEvents, BrainInit, BrainMethods } from '../../contract/processes.ts'
import { fail, ok, type Result } from '../../contract/result.ts'
import type { PrivateVenue, UserEvent, UserStream } from '../../contract/venue.ts'
import { accountOf, startLedgerRebuild } from './recovery.ts'
import { createBrainJournal } from './journal-writer.ts'
import { createRequests, isRequest, unsent, type RequestCommand } from './requests.ts'
import { createLatency } from './latency.ts'
import { accountFaultOf, patiently, readReference } from './reference.ts'
import { loadStrategy } from './strategy-file.ts'
import type { BrainEvent, Command, RepairAnswer } from '../../brain/events.ts'
import type { Recorder } from '../../brain/recorder.ts'
import { reduce } from '../../brain/reducer.ts'
import { unresolvedIds } from '../../brain/standing.ts'
import { createBrain, type BrainState } from '../../brain/state.ts'
import { reduceTicks } from '../../brain/ticks.ts'
import { heldQuantity } from '../../brain/account.ts'
import { learningView } from '../../brain/learning.ts'
import { baseLeverage } from '../../brain/leverage.ts'
import { accountView, riskView } from '../../brain/views.ts'
import type { Journal } from '../../journal/journal.ts'
import type { RingReader } from '../../ring/index.ts'
import type { Venue } from '../../venue/index.ts'

export { patiently }

export interface BrainRuntimeOptions {
  readonly init: BrainInit
  readonly journal: Journal
  readonly venue: Venue
  /** Absent in tests that hand ticks over themselves. */
  readonly ring?: RingReader
  readonly emit: <E extends keyof BrainEvents>(topic: E, data: BrainEvents[E]) => void
  readonly monotonic: Monotonic
  readonly onBug: (thrown: unknown) => void
  readonly recorder?: Recorder
}

export interface BrainRuntime {
  /** Resolves when the account is complete and the host may release entries. */
  start(): Promise<Result<null>>
  ticks(view: Float64Array, count: number, lostNow: number): void
  barrier: (arg: Parameters<BrainMethods['barrier']>[0]) => Promise<ReturnType<BrainMethods['barrier']>>
  event(event: BrainEvent): RepairAnswer | null
  repair(repair: Repair): RepairAnswer
  readonly state: BrainState
  /** Emits account, risk and counters if they changed; `all` = in any case. */
  publish(all: boolean): void
  stop(): Promise<void>
}

const START_MS = 15_000
/** recvWindow is 5,000 ms; a faster venue stretches it. */
const PROOF_MS = 6_000
const CLOCK_MS = 50
const VIEW_MS = 100
const COUNTERS_MS = 500
/** User frames a barrier names but a broken stream will never deliver: read over REST instead after this long, local ms. */
const FRAMES_MS = 10_000
/** The same right after a (re)connection, when some may have gone to the old one. */
const NEW_CONNECTION_FRAMES_MS = 150
const NEW_CONNECTION_BARRIERS = 20

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Builds the runtime: reads what the venue says about symbols and mode, and the journal's rows of this account. */
export async function createBrainRuntime(options: BrainRuntimeOptions): Promise<Result<BrainRuntime>> {
  const { init, venue, emit, monotonic, ring } = options
  const { settings } = init
  const account = venue.private
  const stream = venue.userStream
  if (account === undefined || stream === undefined) return fail('no-keys', 'the brain needs API keys')
  const strategy = await loadStrategy(settings.strategy)
  if (!strategy.ok) return strategy
  const reference = await readReference(venue, account, init)
  if (!reference.ok) return reference
  const state = createBrain({
    session: init.session,
    symbols: init.symbols,
    filters: reference.value.filters,
    tiers: reference.value.tiers,
    rails: settings.rails,
    strategySettings: settings.strategy,
    createStrategy: strategy.value,
    leverage: settings.leverage,
    leverageUnknown: true,
    hedge: reference.value.hedge,
    ...accountFaultOf(settings.positionMode === 'hedge', reference.value.hedge),
    rate: init.endpoints.rate,
    proofMs: PROOF_MS * (settings.lockStep ? 1 : Math.max(1, init.endpoints.rate)),
    tradingState: init.tradingState,
    counter: 0,
    startedAt: Math.round(venue.clock.nowMs()),
  })
  const recovered = startLedgerRebuild(state, options.journal, {
    account: accountOf(init.credentials),
    session: init.session,
    mode: settings.mode,
    symbols: init.symbols,
    time: Math.round(venue.clock.nowMs()),
  })
  if (!recovered.ok) return recovered
  return ok(assemble(options, state, account, stream, venue, ring, emit, monotonic, recovered.value))
}

function assemble(
  options: BrainRuntimeOptions,
  state: BrainState,
  account: PrivateVenue,
  stream: UserStream,
  venue: Venue,
  ring: RingReader | undefined,
  emit: BrainRuntimeOptions['emit'],
  monotonic: Monotonic,
  recoveredRows: number,
): BrainRuntime {
  const { init } = options
  const { lockStep } = init.settings
  const now = (): number => Math.round(venue.clock.nowMs())
  const out: Command[] = []
  const decision = createLatency()
  const held: { readonly frame: number; readonly event: UserEvent }[] = []
  const timers: ReturnType<typeof setInterval>[] = []
  let appliedFrames = 0
  /** Frames the venue sent to connections that are gone: its count goes on, ours starts with the connection. */
  let frameOffset = 0
  /** Barriers for which the count of a new connection is still being learned. */
  let learning = NEW_CONNECTION_BARRIERS
  let lastRevision = -1
  let lastRisk = ''
  let lastLearning = -1
  let lastTicks = 0
  let stopped = false

  const requests = createRequests({ venue: account, lockStep, now, onAnswer: (event) => void step(event), onBug: options.onBug })
  const journal = createBrainJournal(options.journal, monotonic, (fault) => {
    // The reducer must not be entered from inside itself.
    queueMicrotask(() => step({ type: 'journal', at: now(), fault }))
  })

  function step(event: BrainEvent): RepairAnswer | null {
    options.recorder?.event(event)
    const answer = reduce(state, event, out)
    carryOut()
    return answer
  }

  /** First the journal, then the wire, then the screen. */
  function carryOut(): void {
    if (out.length === 0) return
    const commands = out.splice(0)
    const outgoing: RequestCommand[] = []
    let intents = false
    for (const command of commands) {
      if (command.type === 'journal') {
        journal.add(command.entry)
        if (command.entry.kind === 'intent' || command.entry.kind === 'leverage') intents = true
      } else if (isRequest(command)) outgoing.push(command)
      else show(command)
    }
    // What only takes orders away does not wait for a stalled disk.
    const durability = outgoing.every((command) => command.type === 'cancel') ? 'process' : 'disk'
    const durable = !intents || journal.flush(durability)
    const leaving: RequestCommand[] = []
    for (const command of outgoing) {
      const refused = durable ? null : unsent(command, now(), journal.fault)
      if (refused === null) leaving.push(command)
      else queueMicrotask(() => step(refused))
    }
    requests.sendAll(leaving)
  }

  function show(command: Exclude<Command, RequestCommand | { type: 'journal' }>): void {
    switch (command.type) {
      case 'fill':
        emit('fill', command.row)
        return
      case 'signal':
        emit('signal', command.row)
        return
      case 'trip':
        emit('trip', { level: command.level, reason: command.reason })
        return
      case 'reconcile':
        emit('reconcile', { reason: command.reason })
        return
      case 'log':
        emit('log', { level: command.level, text: command.text })
        return
    }
  }

  function ticks(view: Float64Array, count: number, lostNow: number): void {
    const before = monotonic.nowMs()
    const at = now()
    if (lostNow > 0) step({ type: 'lost', at, count: lostNow })
    options.recorder?.ticks(view, count, at)
    if (reduceTicks(state, view, 0, count, at, out)) {
      carryOut()
      decision.add((monotonic.nowMs() - before) * 1_000)
    }
  }

  /** One batch from the ring, for lock-step: there it is read only when the time is known, so that ticks always meet the same clock. */
  function drain(): boolean {
    const count = ring?.drain() ?? 0
    if (ring === undefined || count === 0) return false
    ticks(ring.view, count, ring.lostNow)
    return true
  }

  function takeFrames(upTo: number): void {
    while (held.length > 0 && (held[0]?.frame ?? Number.POSITIVE_INFINITY) <= upTo) {
      const next = held.shift()
      if (next !== undefined) step({ type: 'user', at: now(), event: next.event })
    }
    appliedFrames = Math.max(appliedFrames, Math.min(upTo, stream.frames))
  }

  stream.onEvent((event) => {
    if (event.kind === 'resync') learning = NEW_CONNECTION_BARRIERS
    // Before the first barrier nothing is virtual yet: the start-up runs as it comes.
    if (lockStep && stream.frames > 0 && event.kind !== 'resync') held.push({ frame: stream.frames, event })
    else {
      appliedFrames = Math.max(appliedFrames, lockStep ? 0 : stream.frames)
      step({ type: 'user', at: now(), event })
    }
  })

  const watchStream = (): void => {
    if (stream.healthy !== state.streamHealthy) step({ type: 'stream', at: now(), healthy: stream.healthy })
  }
  const clock = (): void => {
    watchStream()
    step({ type: 'clock', at: now() })
  }

  function counters(): void {
    emit('counters', {
      ticks: state.counters.ticks,
      candles: state.counters.candles,
      signals: state.counters.signals,
      orders: state.counters.orders,
      fills: state.counters.fills,
      rejects: state.counters.rejects,
      dropped: state.counters.lost + journal.droppedRows,
      unresolved: unresolvedIds(state).length,
      decisionP50Us: decision.percentile(0.5),
      decisionP99Us: decision.percentile(0.99),
      dbLagMs: journal.lagMs,
      metrics: venue.metrics(),
      userStreamHealthy: stream.healthy,
      userFrames: stream.frames,
    })
  }

  function publish(all: boolean): void {
    const moved = state.revision !== lastRevision || (state.counters.ticks !== lastTicks && (state.ledger?.openPositions().length ?? 0) > 0)
    if (all || moved) {
      lastRevision = state.revision
      lastTicks = state.counters.ticks
      emit('account', accountView(state))
    }
    const risk = riskView(state)
    const text = JSON.stringify(risk)
    if (all || text !== lastRisk) {
      lastRisk = text
      emit('risk', risk)
    }
    if (all || state.learningRevision !== lastLearning) {
      lastLearning = state.learningRevision
      emit('learning', learningView(state))
    }
    if (all) counters()
  }

  /** In lock-step before anything is virtual, so that no barrier waits for it; else the clock sees to it (brain/leverage.ts). */
  async function setLeverage(): Promise<void> {
    for (const symbol of state.symbols) {
      if (stopped || !heldQuantity(state, symbol).isZero()) continue
      const leverage = baseLeverage(state)
      const result = await account.setLeverage(symbol.symbol, leverage)
      step({ type: 'leverageSet', at: now(), symbol: symbol.symbol, leverage, result })
      /* a key without the right to trade gets the same answer for every symbol */
      if (!result.ok && result.error.code === 'auth') return
    }
  }

  return {
    state,
    ticks,
    event: step,
    repair: (repair) => step({ type: 'repair', at: now(), repair }) ?? { applied: false, reason: 'not a repair' },
    publish,
    async start() {
      if (recoveredRows > 0) emit('log', { level: 'info', text: `recovered from ${recoveredRows} journal rows` })
      if (options.journal.loss !== null) emit('log', { level: 'error', text: options.journal.loss.text })
      if (lockStep) await setLeverage()
      const opened = await stream.start()
      if (!opened.ok) return opened
      watchStream()
      const deadline = monotonic.nowMs() + START_MS
      // Each further reading of the account waits longer: a start-up must not spend the rate budget of the kill path.
      let pauseMs = lockStep ? 200 : 20
      while (!(state.synced && requests.idle && state.lookupsOut.size === 0)) {
        await requests.settle()
        if (monotonic.nowMs() > deadline) return fail('not-synced', 'the account could not be read completely')
        if (!state.synced && requests.idle && !state.snapshotOut) {
          await sleep(pauseMs)
          pauseMs = Math.min(2_000, pauseMs * 2)
          if (requests.idle && !state.snapshotOut)
            step({ type: 'user', at: now(), event: { kind: 'resync', reason: 'start-up', eventTime: now() } })
        } else await nextTurn()
      }
      if (lockStep) while (drain()) await nextTurn()
      else ring?.pump((view, count, _first, lostNow) => ticks(view, count, lostNow))
      timers.push(
        setInterval(() => publish(false), VIEW_MS),
        setInterval(counters, COUNTERS_MS),
      )
      if (!lockStep) timers.push(setInterval(clock, CLOCK_MS))
      publish(true)
      return ok(null)
    },
    async barrier({ time, ringHead, userFrames }) {
      venue.clock.set(time)
      // After a death they may still be on their way to the connection that died with the brain.
      if (userFrames === 0 && recoveredRows === 0) learning = 0
      while (ring !== undefined && ring.position <= ringHead && !stopped) if (!drain()) await nextTurn()
      const deadline = monotonic.nowMs() + (learning > 0 ? NEW_CONNECTION_FRAMES_MS : FRAMES_MS)
      while (stream.frames + frameOffset < userFrames && !stopped) {
        if (monotonic.nowMs() > deadline) {
          frameOffset = userFrames - stream.frames
          step({
            type: 'user',
            at: now(),
            event: { kind: 'resync', reason: `${frameOffset} frames went to another connection`, eventTime: now() },
          })
          break
        }
        await nextTurn()
      }
      watchStream()
      if (learning > 0) {
        learning--
        // A frame that came after all was not lost with the old connection.
        if (frameOffset > 0 && stream.frames + frameOffset > userFrames) frameOffset = Math.max(0, userFrames - stream.frames)
      }
      takeFrames(userFrames - frameOffset)
      step({ type: 'clock', at: time })
      await requests.settle()
      journal.flush()
      return { requests: requests.completed, userFrames: appliedFrames + frameOffset }
    },
    async stop() {
      stopped = true
      for (const timer of timers) clearInterval(timer)
      ring?.close()
      await Promise.race([requests.settle(), sleep(2_000)])
      publish(true)
      journal.close()
      await Promise.race([stream.stop(), sleep(500)])
      await Promise.race([venue.close(), sleep(500)])
    },
  }
}
