/**
 * The brain on the embedded exchange in one process at full speed: the real reducer, orders, ledger and matching, no wire, virtual
 * time. It follows the lock-step barrier of a headless run step by step (processes/brain/runtime.ts, simulator playback), so the same
 * tape and seed give the same orders and fills. What it leaves out is the transport only.
 *
 * - INV-06: one event at a time; requests go through the brain shell's own queue (processes/brain/requests.ts).
 * - INV-13: a hole in the tape is told as a gap, nothing is computed across it.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { JournalEntry } from '../contract/journal-kinds.ts'
import type { LogLine, SimulatorAccount } from '../contract/processes.ts'
import { fail, InvariantError, ok, type Failure, type Result } from '../contract/result.ts'
import type { Rails, StrategySettings } from '../contract/settings.ts'
import { TICK_WORDS, TickKind, writeTick } from '../contract/tick.ts'
import type { UserEvent } from '../contract/venue.ts'
import { accountView } from '../brain/views.ts'
import type { BrainEvent, Command } from '../brain/events.ts'
import { equityOf } from '../brain/account.ts'
import type { Recorder } from '../brain/recorder.ts'
import { reduce } from '../brain/reducer.ts'
import { unresolvedIds } from '../brain/standing.ts'
import { createBrain, type BrainState } from '../brain/state.ts'
import { reduceTicks } from '../brain/ticks.ts'
import { createRequests, isRequest } from '../processes/brain/requests.ts'
import { createExchange } from '../simulator/core.ts'
import type { Exchange, Latency, MarketEvent, TapeSpec } from '../simulator/exchange.ts'
import { symbolSpec, type SymbolSpec } from '../simulator/symbols.ts'
import { strategyFactory } from '../strategy/registry.ts'
import type { Bar, StrategyFactory } from '../strategy/strategy.ts'
import { decodeUserFrame } from '../venue/codec/user-events.ts'
import { isCalm } from './calm.ts'
import { closedBars, filtersOf } from './exchange-reading.ts'
import { createInProcessVenue } from './in-process-venue.ts'

const MINUTE = 60_000
const BATCH = 4_096
const KEY = 'backtest'
const ROUNDS = 10_000

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
  readonly stepsPerMinute?: number
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
  /** After each closed bar of any symbol has been decided on; equity in USDT. */
  readonly onBar?: (time: number, equity: number, exposed: boolean) => void
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

interface KlineData {
  readonly k: {
    readonly t: number
    readonly o: string
    readonly h: string
    readonly l: string
    readonly c: string
    readonly v: string
    readonly x: boolean
  }
}
interface MarkData {
  readonly E: number
  readonly p: string
  readonly i: string
  readonly r: string
  readonly T: number
}

export async function runTape(options: TapeRunOptions): Promise<Result<TapeRunResult, Failure>> {
  const specs: SymbolSpec[] = []
  for (const symbol of options.symbols) {
    const spec = symbolSpec(symbol)
    if (spec === undefined) return fail('unknown-symbol', `there is no contract data for ${symbol}`)
    specs.push(spec)
  }
  const factory = options.createStrategy === undefined ? strategyFactory(options.strategy) : ok(options.createStrategy)
  if (!factory.ok) return factory
  const run = new TapeRun(options, specs, factory.value)
  return run.play()
}

class TapeRun {
  readonly #options: TapeRunOptions
  readonly #exchange: Exchange
  readonly #venue: ReturnType<typeof createInProcessVenue>
  readonly #factory: StrategyFactory
  readonly #ids: ReadonlyMap<string, number>
  readonly #view = new Float64Array(TICK_WORDS * BATCH)
  readonly #delayed: boolean
  readonly #out: Command[] = []
  readonly #lastBar: number[]
  #users: UserEvent[] = []
  #waiting = 0
  #connected = false
  #bars = 0
  #barTime = 0
  #gaps = 0
  #missing = 0
  #warnings = 0
  #tripped: string | null = null
  #bug: Error | null = null

  constructor(options: TapeRunOptions, specs: readonly SymbolSpec[], factory: StrategyFactory) {
    this.#options = options
    this.#factory = factory
    this.#ids = new Map(
      options.symbols.flatMap((symbol, id) => [
        [`${symbol.toLowerCase()}@kline_1m`, id],
        [`${symbol.toLowerCase()}@markPrice@1s`, id],
      ]),
    )
    this.#lastBar = options.symbols.map(() => 0)
    this.#delayed = options.latency !== undefined
    this.#exchange = createExchange({
      seed: options.seed,
      symbols: specs,
      tapes: options.tapes,
      accounts: [{ key: KEY, secret: KEY, balance: options.balance }],
      stepsPerMinute: options.stepsPerMinute ?? 12,
      preludeBars: options.prelude?.bars ?? 0,
      latency: { ...ZERO_LATENCY, ...options.latency },
      sinks: { onMarket: (event) => this.#market(event), onUser: (event) => this.#user(event.data) },
    })
    this.#venue = createInProcessVenue(this.#exchange, KEY)
  }

  #market(event: MarketEvent): void {
    const id = this.#ids.get(event.stream)
    if (id === undefined) return
    if (event.stream.endsWith('m')) this.#kline(id, (event.data as KlineData).k)
    else {
      const { E, p, i, r, T } = event.data as MarkData
      writeTick(this.#view, this.#slot(), id, TickKind.mark, E * 1_000, Number(p), Number(i), Number(r), T, 0)
    }
  }

  #kline(id: number, k: KlineData['k']): void {
    const last = this.#lastBar[id] ?? 0
    if (k.x && last > 0 && k.t > last + MINUTE) {
      // The feed's words for a hole that the venue's history cannot fill.
      const missing = (k.t - last) / MINUTE - 1
      this.#gaps++
      this.#missing += missing
      writeTick(this.#view, this.#slot(), id, TickKind.gap, (last + MINUTE) * 1_000, k.t - MINUTE, missing, 0, 0, 0)
    }
    if (k.x) {
      this.#lastBar[id] = k.t
      this.#barTime = k.t + MINUTE
      this.#bars++
    }
    const [open, high, low, close, volume] = [Number(k.o), Number(k.h), Number(k.l), Number(k.c), Number(k.v)]
    writeTick(this.#view, this.#slot(), id, k.x ? TickKind.barClosed : TickKind.bar, k.t * 1_000, open, high, low, close, volume)
    if (k.x) this.#options.onKline?.(id, { openTime: k.t, open, high, low, close, volume })
  }

  #slot(): number {
    if (this.#waiting === BATCH) throw new InvariantError('Invariant: one step of the tape fits the batch')
    return this.#waiting++
  }

  #user(data: unknown): void {
    if (!this.#connected) return
    const decoded = decodeUserFrame(data)
    if (!decoded.ok) throw new InvariantError(`Invariant: the exchange's user event can be read (${decoded.error.message})`)
    if (decoded.value.kind === 'event') this.#users.push(decoded.value.event)
  }

  async play(): Promise<Result<TapeRunResult, Failure>> {
    const { options: o, exchange } = { options: this.#options, exchange: this.#exchange }
    const filters = filtersOf(this.#exchange, this.#options.symbols)
    const tiers = await this.#venue.account.leverageTiers()
    const { leverage, rails } = o
    const state = createBrain({
      session: o.session ?? 'backtest',
      symbols: o.symbols,
      filters,
      tiers: tiers.ok ? tiers.value : new Map(),
      rails,
      strategySettings: o.strategy,
      createStrategy: this.#factory,
      leverage: Math.min(leverage, Math.max(rails.maxLeverageTeacher, rails.maxLeverageStudent)),
      hedge: false,
      rate: o.rate ?? 1,
      proofMs: 6_000,
      tradingState: 'active',
      counter: 0,
    })
    const now = (): number => exchange.now
    const requests = createRequests({
      venue: this.#venue.account,
      lockStep: !this.#delayed,
      now,
      onAnswer: (event) => step(event),
      onBug: (thrown) => {
        this.#bug = thrown instanceof Error ? thrown : new InvariantError('Invariant: a request threw no Error')
      },
    })
    const out = this.#out
    const carryOut = (): void => {
      if (out.length === 0) return
      const commands = out.splice(0)
      for (const command of commands) if (command.type === 'journal') o.onEntry?.(command.entry)
      for (const command of commands) {
        if (isRequest(command)) requests.send(command)
        else this.#show(command)
      }
    }
    const step = (event: BrainEvent): void => {
      o.recorder?.event(event)
      reduce(state, event, out)
      carryOut()
    }
    const ticks = (count: number): void => {
      o.recorder?.ticks(this.#view, count, now())
      if (reduceTicks(state, this.#view, 0, count, now(), out)) carryOut()
    }
    const settle = async (): Promise<void> => {
      if (requests.idle && !this.#delayed) return
      if (!this.#delayed) await requests.settle()
      // With latency an answer may have to wait for virtual time: only what can be answered now is waited for.
      else if (!requests.idle) await nextTurn()
      if (this.#bug !== null) throw this.#bug
    }
    const barrier = async (): Promise<void> => {
      for (let round = 0; ; round++) {
        if (round > ROUNDS) throw new InvariantError('Invariant: one moment of the tape comes to an end')
        const before = this.#venue.mutations
        if (this.#waiting > 0) {
          const count = this.#waiting
          this.#waiting = 0
          ticks(count)
        }
        const users = this.#users
        this.#users = []
        for (const event of users) step({ type: 'user', at: now(), event })
        step({ type: 'clock', at: now() })
        await settle()
        if (this.#users.length === 0 && this.#waiting === 0 && this.#venue.mutations === before) return
      }
    }

    for (const symbol of o.symbols) {
      const asked = this.#venue.account.setLeverage(symbol, state.config.leverage)
      while (this.#venue.waiting > 0 && exchange.step());
      await asked
    }
    exchange.advanceTo(exchange.now)
    this.#connected = true
    step({ type: 'user', at: now(), event: { kind: 'resync', reason: 'connected', eventTime: now() } })
    step({ type: 'stream', at: now(), healthy: true })
    while (!(state.synced && requests.idle && state.lookupsOut.size === 0)) {
      await settle()
      if (requests.idle && !state.synced) return fail('not-synced', 'the account could not be read at the start')
    }
    step({ type: 'release', at: now() })
    this.#giveHistory(ticks)
    this.#listen(true)

    const startTime = exchange.now
    const end = this.#end(startTime)
    const stepMs = this.#delayed ? 1 : Math.floor(MINUTE / (o.stepsPerMinute ?? 12))
    const lastStepMs = MINUTE - stepMs
    let told = 0
    let equity = equityOf(state).toNumber()
    let calm = false
    while (exchange.now < end) {
      if (calm && exchange.now % MINUTE === 0 && !this.#delayed) {
        // Nothing can happen to the account before the bar closes: only the last step's marks and bars are wanted.
        this.#listen(false)
        exchange.advanceTo(Math.min(exchange.now + lastStepMs, end))
        this.#listen(true)
      }
      const next = exchange.nextTime() ?? end
      const grid = exchange.startTime + Math.max(1, Math.ceil((next - exchange.startTime) / stepMs)) * stepMs
      const answers = this.#venue.mutations
      exchange.advanceTo(Math.max(Math.min(grid, end), exchange.now))
      if (this.#waiting === 0 && this.#users.length === 0 && this.#venue.mutations === answers) continue
      const closed = this.#barTime > told
      if (calm && !closed && this.#users.length === 0) {
        this.#flush(ticks)
        continue
      }
      await barrier()
      const wasCalm = calm
      calm = isCalm(state)
      if (closed) {
        told = this.#barTime
        const exposed = !calm && (state.ledger?.openPositions().length ?? 0) > 0
        if (!calm || !wasCalm) equity = equityOf(state).toNumber()
        o.onBar?.(told, equity, exposed)
      }
    }
    await barrier()
    return ok({
      state,
      exchange,
      truth: exchange.account(KEY),
      equity: accountView(state).equity,
      startTime,
      endTime: exchange.now,
      bars: this.#bars,
      gaps: this.#gaps,
      missingBars: this.#missing,
      unresolved: unresolvedIds(state).length,
      warnings: this.#warnings,
      tripped: this.#tripped,
    })
  }

  #listen(on: boolean): void {
    for (const stream of this.#ids.keys()) {
      if (on) this.#exchange.subscribe(stream)
      else this.#exchange.unsubscribe(stream)
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
  #giveHistory(ticks: (count: number) => void): void {
    const { history, prelude, symbols } = this.#options
    for (const [id, symbol] of symbols.entries()) {
      const bars = history?.[symbol] ?? (prelude === undefined ? [] : closedBars(this.#exchange, symbol, prelude.given))
      for (const bar of bars) {
        if (this.#waiting === BATCH) this.#flush(ticks)
        const { openTime, open, high, low, close, volume } = bar
        writeTick(this.#view, this.#slot(), id, TickKind.barHistory, openTime * 1_000, open, high, low, close, volume)
        this.#lastBar[id] = openTime
      }
      this.#flush(ticks)
    }
  }

  #flush(ticks: (count: number) => void): void {
    const count = this.#waiting
    this.#waiting = 0
    if (count > 0) ticks(count)
  }
}
