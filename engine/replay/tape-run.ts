/**
 * The brain on the embedded exchange in one process at full speed: the real reducer, orders, ledger and matching, no wire, virtual
 * time. It follows the lock-step barrier of a headless run step by step (processes/brain/runtime.ts, simulator playback), so the same
 * tape and seed give the same orders and fills. What it leaves out is the transport only.
 *
 * - INV-06: one event at a time; requests go through the brain shell's own queue (processes/brain/requests.ts).
 * - INV-13: a hole in the tape is told as a gap, nothing is computed across it.
 * - Moments at which neither the exchange nor the brain can do anything are left out (tape/reach.ts, quiet.ts): it shows in the time
 *   a run takes and in nothing else.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { JournalEntry } from '../contract/journal-kinds.ts'
import type { LogLine, SimulatorAccount } from '../contract/processes.ts'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'
import type { Rails, StrategySettings } from '../contract/settings.ts'
import type { UserEvent } from '../contract/venue.ts'
import { accountView } from '../brain/views.ts'
import type { BrainEvent, Command } from '../brain/events.ts'
import type { Recorder } from '../brain/recorder.ts'
import { reduce } from '../brain/reducer.ts'
import { unresolvedIds } from '../brain/standing.ts'
import { createBrain, type BrainState } from '../brain/state.ts'
import { reduceTicks } from '../brain/ticks.ts'
import { createRequests, isRequest, type BrainRequests } from '../processes/brain/requests.ts'
import { createExchange } from '../simulator/core.ts'
import type { Exchange, Latency, TapeSpec } from '../simulator/exchange.ts'
import { symbolSpec, type SymbolSpec } from '../simulator/symbols.ts'
import { strategyFactory } from '../strategy/registry.ts'
import type { Bar, StrategyFactory } from '../strategy/strategy.ts'
import { decodeUserFrame } from '../venue/codec/user-events.ts'
import { closedBars, filtersOf } from './exchange-reading.ts'
import { createInProcessVenue } from './in-process-venue.ts'
import { BATCH, MarketBatch } from './market-batch.ts'
import { MarkedEquity } from './marked-equity.ts'
import { quietOf } from './quiet.ts'
import { QuietStretch } from './quiet-stretch.ts'

const MINUTE = 60_000
const KEY = 'backtest'
const ROUNDS = 10_000
/** As a headless run at speed. */
const STEPS_PER_MINUTE = 12

export interface TapeRunOptions {
  readonly symbols: readonly string[]
  readonly tapes: Readonly<Record<string, TapeSpec>>
  readonly seed: number
  readonly balance: DecimalText
  readonly rails: Rails
  readonly strategy: StrategySettings
  /** Instead of the registry's, for a strategy of one's own. */
  readonly createStrategy?: StrategyFactory
  readonly leverage: number
  /** Virtual ms to play; null = to the tape's end. */
  readonly horizonMs: number | null
  /** [a-z0-9]{8}; part of every client id. */
  readonly session?: string
  /** Real bars before the tape, by symbol: the strategy's warm-up. */
  readonly history?: Readonly<Record<string, readonly Bar[]>>
  /** Invented bars before the tape, and how many of them the strategy warms up on, as in a headless run. */
  readonly prelude?: { readonly bars: number; readonly given: number }
  /** Virtual seconds per local second a live brain would see: data age and retry pauses are judged by it. */
  readonly rate?: number
  /** Default none: an order is matched at the moment it is sent. */
  readonly latency?: Partial<Latency>
  readonly recorder?: Recorder
  /** Every journal entry, in order. */
  readonly onEntry?: (entry: JournalEntry) => void
  readonly onLog?: (line: LogLine) => void
  /** Each closed bar as the exchange published it. */
  readonly onKline?: (symbolId: number, bar: Bar) => void
  /** After each closed bar of any symbol has been decided on; equity in USDT at the marks of its close, a chart's double. */
  readonly onBar?: (time: number, equity: number, exposed: boolean) => void
  /** Plays every moment, also those at which nothing can happen: what the faster way is compared with. */
  readonly everyMoment?: boolean
}

export interface TapeRunResult {
  readonly state: BrainState
  readonly exchange: Exchange
  readonly truth: SimulatorAccount
  /** The brain's own view at the end. */
  readonly equity: DecimalText
  readonly startTime: number
  readonly endTime: number
  readonly bars: number
  readonly gaps: number
  readonly missingBars: number
  readonly unresolved: number
  readonly warnings: number
  /** First rail that tripped the kill switch, or null: entries stopped there. */
  readonly tripped: string | null
}

const ZERO_LATENCY: Latency = { orderIn: { min: 0, max: 0 }, ack: { min: 0, max: 0 }, eventOut: { min: 0, max: 0 } }
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export async function runTape(options: TapeRunOptions): Promise<Result<TapeRunResult, Failure>> {
  const specs: SymbolSpec[] = []
  for (const symbol of options.symbols) {
    const spec = symbolSpec(symbol)
    if (spec === undefined) return fail('unknown-symbol', `there is no contract data for ${symbol}`)
    specs.push(spec)
  }
  const factory = options.createStrategy === undefined ? strategyFactory(options.strategy) : ok(options.createStrategy)
  if (!factory.ok) return factory
  return new TapeRun(options, specs, factory.value).play()
}

class TapeRun {
  readonly #options: TapeRunOptions
  readonly #exchange: Exchange
  readonly #venue: ReturnType<typeof createInProcessVenue>
  readonly #factory: StrategyFactory
  readonly #market: MarketBatch
  readonly #delayed: boolean
  /** Recorded frames come as the venue's own events, at their own times. */
  readonly #framed: boolean
  readonly #out: Command[] = []
  readonly #equity = new MarkedEquity()
  readonly #stretch: QuietStretch
  #users: UserEvent[] = []
  #connected = false
  #warnings = 0
  #tripped: string | null = null
  #bug: Error | null = null
  /** The account as the clock last saw it: what came after within the same moment waits for the next one. */
  #clocked = -1

  constructor(options: TapeRunOptions, specs: readonly SymbolSpec[], factory: StrategyFactory) {
    this.#options = options
    this.#factory = factory
    this.#market = new MarketBatch(options.symbols, options.onKline)
    this.#delayed = options.latency !== undefined
    this.#framed = Object.values(options.tapes).some((tape) => tape.kind === 'frames')
    const market = this.#market
    this.#exchange = createExchange({
      seed: options.seed,
      symbols: specs,
      tapes: options.tapes,
      accounts: [{ key: KEY, secret: KEY, balance: options.balance }],
      stepsPerMinute: STEPS_PER_MINUTE,
      preludeBars: options.prelude?.bars ?? 0,
      latency: { ...ZERO_LATENCY, ...options.latency },
      sinks: {
        onUser: (event) => this.#user(event.data),
        ...(this.#framed ? { onMarket: (event) => market.event(event) } : { numbers: market }),
      },
    })
    this.#venue = createInProcessVenue(this.#exchange, KEY)
    this.#stretch = new QuietStretch(this.#exchange, options.symbols)
  }

  #user(data: unknown): void {
    if (!this.#connected) return
    const decoded = decodeUserFrame(data)
    if (!decoded.ok) throw new InvariantError(`Invariant: the exchange's user event can be read (${decoded.error.message})`)
    if (decoded.value.kind === 'event') this.#users.push(decoded.value.event)
  }

  async play(): Promise<Result<TapeRunResult, Failure>> {
    const exchange = this.#exchange
    const state = await this.#createBrain()
    const now = (): number => exchange.now
    const requests = createRequests({
      venue: this.#venue.account,
      lockStep: !this.#delayed,
      now,
      onAnswer: (event) => this.#step(state, requests, event),
      onBug: (thrown) => {
        this.#bug = thrown instanceof Error ? thrown : new InvariantError('Invariant: a request threw no Error')
      },
    })
    const started = await this.#start(state, requests)
    if (!started.ok) return started
    const startTime = exchange.now
    await this.#run(state, requests, this.#end(startTime))
    this.#stretch.end()
    await this.#barrier(state, requests)
    return ok({
      state,
      exchange,
      truth: exchange.account(KEY),
      equity: accountView(state).equity,
      startTime,
      endTime: exchange.now,
      bars: this.#market.bars,
      gaps: this.#market.gaps,
      missingBars: this.#market.missing,
      unresolved: unresolvedIds(state).length,
      warnings: this.#warnings,
      tripped: this.#tripped,
    })
  }

  async #createBrain(): Promise<BrainState> {
    const { rails, leverage, ...o } = this.#options
    const tiers = await this.#venue.account.leverageTiers()
    return createBrain({
      session: o.session ?? 'backtest',
      symbols: o.symbols,
      filters: filtersOf(this.#exchange, o.symbols),
      tiers: tiers.ok ? tiers.value : new Map(),
      rails,
      strategySettings: o.strategy,
      createStrategy: this.#factory,
      leverage: Math.min(leverage, rails.maxLeverageTeacher),
      hedge: false,
      rate: o.rate ?? 1,
      proofMs: 6_000,
      tradingState: 'active',
      counter: 0,
    })
  }

  /** Leverage, the account's beginning, the strategy's history; then the market is listened to. */
  async #start(state: BrainState, requests: BrainRequests): Promise<Result<null, Failure>> {
    const exchange = this.#exchange
    for (const { symbol } of state.symbols) {
      const asked = this.#venue.account.setLeverage(symbol, state.config.leverage)
      while (this.#venue.waiting > 0 && exchange.step());
      await asked
    }
    exchange.advanceTo(exchange.now)
    this.#market.take()
    this.#connected = true
    const at = exchange.now
    this.#step(state, requests, { type: 'user', at, event: { kind: 'resync', reason: 'connected', eventTime: at } })
    this.#step(state, requests, { type: 'stream', at, healthy: true })
    while (!(state.synced && requests.idle && state.lookupsOut.size === 0)) {
      await this.#settle(requests)
      if (requests.idle && !state.synced) return fail('not-synced', 'the account could not be read at the start')
    }
    this.#step(state, requests, { type: 'release', at: exchange.now })
    this.#market.take()
    this.#giveHistory(state)
    if (this.#framed) for (const stream of this.#market.streams) exchange.subscribe(stream)
    else this.#stretch.end()
    return ok(null)
  }

  async #run(state: BrainState, requests: BrainRequests, end: number): Promise<void> {
    const exchange = this.#exchange
    const market = this.#market
    const stepMs = this.#delayed ? 1 : MINUTE / STEPS_PER_MINUTE
    const { startTime } = exchange
    let told = 0
    while (exchange.now < end) {
      const next = exchange.nextTime() ?? end
      const grid = Math.min(startTime + Math.max(1, Math.ceil((next - startTime) / stepMs)) * stepMs, end)
      if (this.#stretch.endsBefore(grid)) continue
      const answers = this.#venue.mutations
      exchange.advanceTo(Math.max(grid, exchange.now))
      if (market.waiting === 0 && this.#users.length === 0 && this.#venue.mutations === answers) continue
      if (!this.#passes(state, requests)) {
        await this.#barrier(state, requests)
        this.#rest(state)
      }
      if (market.closedAt > told) {
        told = market.closedAt
        this.#options.onBar?.(told, this.#equity.at(state, market.closingMarks), this.#equity.exposed)
      }
    }
  }

  /** A quiet moment: only ticks came, none of them asks the venue for anything, and the clock has nothing to find. */
  #passes(state: BrainState, requests: BrainRequests): boolean {
    const stretch = this.#stretch
    if (!stretch.lasts) return false
    this.#reduce(state)
    const mark = stretch.symbol === null ? 0 : (state.bySymbol.get(stretch.symbol)?.mark ?? 0)
    if (this.#users.length === 0 && !this.#out.some(isRequest) && stretch.holds(mark)) {
      this.#carryOut(requests)
      return true
    }
    // Whatever comes of it finds every market as it is now.
    this.#stretch.end()
    this.#reduce(state)
    return false
  }

  /** After a moment that was played whole: the exchange need not stop again before something can happen. */
  #rest(state: BrainState): void {
    if (this.#delayed || this.#framed || this.#options.everyMoment === true || state.revision !== this.#clocked) return
    const quiet = quietOf(state)
    if (quiet !== null) this.#stretch.begin(quiet)
  }

  /** Ticks that wait reach the brain; their commands stay in `#out`. */
  #reduce(state: BrainState): void {
    const count = this.#market.take()
    if (count === 0) return
    const { now } = this.#exchange
    this.#options.recorder?.ticks(this.#market.view, count, now)
    reduceTicks(state, this.#market.view, 0, count, now, this.#out)
  }

  #step(state: BrainState, requests: BrainRequests, event: BrainEvent): void {
    this.#options.recorder?.event(event)
    reduce(state, event, this.#out)
    this.#carryOut(requests)
  }

  #carryOut(requests: BrainRequests): void {
    if (this.#out.length === 0) return
    const commands = this.#out.splice(0)
    for (const command of commands) if (command.type === 'journal') this.#options.onEntry?.(command.entry)
    for (const command of commands) {
      if (isRequest(command)) requests.send(command)
      else this.#show(command)
    }
  }

  async #settle(requests: BrainRequests): Promise<void> {
    if (requests.idle && !this.#delayed) return
    if (!this.#delayed) await requests.settle()
    // With latency an answer may have to wait for virtual time: only what can be answered now is waited for.
    else if (!requests.idle) await nextTurn()
    if (this.#bug !== null) throw this.#bug
  }

  async #barrier(state: BrainState, requests: BrainRequests): Promise<void> {
    for (let round = 0; ; round++) {
      if (round > ROUNDS) throw new InvariantError('Invariant: one moment of the tape comes to an end')
      const before = this.#venue.mutations
      this.#reduce(state)
      this.#carryOut(requests)
      const users = this.#users
      this.#users = []
      const at = this.#exchange.now
      for (const event of users) this.#step(state, requests, { type: 'user', at, event })
      this.#step(state, requests, { type: 'clock', at })
      if (round === 0) this.#clocked = state.revision
      await this.#settle(requests)
      if (this.#users.length === 0 && this.#market.waiting === 0 && this.#venue.mutations === before) return
    }
  }

  #end(startTime: number): number {
    const { horizonMs } = this.#options
    const { endTime } = this.#exchange
    if (horizonMs === null && endTime === null) throw new InvariantError('Invariant: a tape without end needs a horizon')
    return Math.min(endTime ?? Infinity, horizonMs === null ? Infinity : startTime + horizonMs)
  }

  #show(command: Command): void {
    if (command.type === 'log') {
      if (command.level !== 'info' && command.level !== 'debug') this.#warnings++
      this.#options.onLog?.({ level: command.level, text: command.text })
    } else if (command.type === 'trip') this.#tripped ??= command.reason
  }

  /** Closed bars from before the start, as a feed gives them to a reader that starts. */
  #giveHistory(state: BrainState): void {
    const { history, prelude, symbols } = this.#options
    for (const [id, symbol] of symbols.entries()) {
      const bars = history?.[symbol] ?? (prelude === undefined ? [] : closedBars(this.#exchange, symbol, prelude.given))
      for (const bar of bars) {
        if (this.#market.waiting === BATCH) this.#reduce(state)
        this.#market.history(id, bar)
      }
      this.#reduce(state)
    }
  }
}
