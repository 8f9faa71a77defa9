/** Builds the exchange from its parts and drives its virtual time. */
import { invariant } from '../contract/result.ts'
import { Account } from './account/account.ts'
import { RiskDesk } from './account/liquidation.ts'
import { UserDispatch } from './dispatch.ts'
import { truth } from './documents/account.ts'
import { HashedLog } from './event-log.ts'
import type { EngineEntry, Exchange, ExchangeConfig, Latency, MarketFault, Outcome, Params, Route, TapeBar } from './exchange.ts'
import { IdCounters } from './ids.ts'
import { StreamHub } from './market/hub.ts'
import { LiveFeed } from './market/live.ts'
import { Market } from './market/market.ts'
import { Publisher } from './market/publisher.ts'
import { parseStream } from './market/streams.ts'
import { Totals } from './market/totals.ts'
import { ConditionalBook } from './matching/conditional.ts'
import { Engine } from './matching/engine.ts'
import { Resting } from './matching/resting.ts'
import type { World } from './matching/world.ts'
import { hash32, Rng, textSeed } from './random.ts'
import { Router } from './router.ts'
import { rankOf, Schedule } from './schedule.ts'
import { openTape } from './tape/open.ts'
import { TapePlayer, type Parts, type Symbols } from './tape/player.ts'
import { present } from './present.ts'

const MINUTE = 60_000
const DEFAULT_START = Date.UTC(2024, 0, 1)
const NO_LATENCY: Latency = { orderIn: { min: 0, max: 0 }, ack: { min: 0, max: 0 }, eventOut: { min: 0, max: 40 } }

class SeededExchange implements Exchange, Symbols {
  readonly startTime: number
  readonly endTime: number | null
  readonly symbols: readonly string[]
  readonly #world: World
  readonly #schedule: Schedule
  readonly #log = new HashedLog()
  readonly #books = new Map<string, Resting>()
  readonly #publishers = new Map<string, Publisher>()
  readonly #accounts = new Map<string, Account>()
  readonly #latency: Latency
  readonly #latencyRng: Rng
  readonly #ids: IdCounters
  readonly #hub: StreamHub
  readonly #dispatch: UserDispatch
  readonly #router: Router
  readonly #totals: Totals
  readonly #live: LiveFeed
  readonly #players = new Map<string, TapePlayer>()
  /** Steps until then are due; the tape's first one waits for time to move. */
  #due: number

  constructor(config: ExchangeConfig) {
    invariant(config.symbols.length > 0, 'an exchange has at least one symbol')
    const schedule = new Schedule()
    this.#schedule = schedule
    this.#latency = { ...NO_LATENCY, ...config.latency }
    this.#latencyRng = new Rng(hash32(config.seed, 101))
    this.#ids = new IdCounters(config.firstOrderId)
    this.#hub = new StreamHub(schedule, config.sinks?.onMarket)
    this.#dispatch = new UserDispatch(hash32(config.seed, 103), schedule, this.#latency.eventOut, config.sinks ?? {})
    this.symbols = config.symbols.map((spec) => spec.symbol)
    this.startTime = startOf(config)
    this.#due = this.startTime - 1

    const markets = config.symbols.map((spec) => new Market(spec, config.seed))
    const accounts = config.accounts.map((spec) => new Account(spec, this.startTime))
    for (const account of accounts) for (const key of account.keys) this.#accounts.set(key, account)
    const books = this.#books
    for (const market of markets) books.set(market.symbol, new Resting(market))

    const world: World = {
      now: this.startTime,
      disturbed: false,
      schedule,
      dispatch: this.#dispatch,
      log: this.#log,
      hub: this.#hub,
      ids: this.#ids,
      accounts,
      books,
      printed: (book, trade) => present(this.#publishers.get(book.market.symbol)).trade(trade),
      bookChanged: (book) => {
        book.market.updateId++
        present(this.#publishers.get(book.market.symbol)).bookChanged(world.now)
      },
      liquidated: (book, order) => this.#totals.liquidated(book, order, world.now),
    }
    this.#world = world
    const engine = new Engine(world)
    const conditional = new ConditionalBook(world, engine)
    const risk = new RiskDesk(world, engine)
    engine.onPositionChanged = (account, position) => {
      world.disturbed = true
      engine.knockOut(account, position.market.symbol)
      conditional.positionChanged(account, position)
    }
    engine.onOrderDone = (order) => conditional.orderDone(order)
    this.#totals = new Totals(this.#hub, markets)
    const parts: Parts = { world, engine, conditional, risk, totals: this.#totals, symbols: this }

    let end: number | null = this.startTime
    for (const [rank, market] of markets.entries()) {
      const book = present(books.get(market.symbol))
      const publisher = new Publisher(book, this.#hub, rank, config.sinks?.numbers)
      this.#publishers.set(market.symbol, publisher)
      const tape = openTape(market, config, this.startTime)
      market.inventsHistory = config.tapes?.[market.symbol]?.kind !== 'live'
      market.open(this.startTime, tape.firstPrice, tape.history)
      const seed = textSeed(config.seed, `${market.symbol}/path`)
      const { source, first } = tape
      const player = new TapePlayer(book, publisher, parts, { source, first, seed, rank, stepsPerMinute: config.stepsPerMinute ?? 12 })
      this.#players.set(market.symbol, player)
      for (const frame of tape.frames) schedule.add(frame.time, () => this.#live.push(frame.data))
      if (tape.playsBars) player.begin()
      end = end === null || tape.endTime === null ? null : Math.max(end, tape.endTime)
      this.#armFunding(market, risk)
    }
    this.endTime = end
    this.#live = new LiveFeed(world, this.#players, this.#publishers)
    this.#router = new Router({ world, engine, conditional, publishers: this.#publishers, legacyAcks: config.legacyAcks ?? false })
  }

  get now(): number {
    return this.#world.now
  }

  advanceTo(timeMs: number): void {
    for (;;) {
      const entry = this.#schedule.takeDue(timeMs)
      if (entry === null) break
      if (entry.time > this.#world.now) this.#world.now = entry.time
      const rank = rankOf(entry)
      // Steps come first at their time: any other event finds those of its own time done.
      this.#due = rank === Infinity ? this.now : this.now - 1
      entry.run?.()
      if (this.#world.disturbed) this.#rearm(rank)
    }
    if (timeMs > this.#world.now) this.#world.now = timeMs
    this.#due = this.now
  }

  nextTime(): number | null {
    const next = this.#schedule.nextTime()
    return next === null ? null : Math.max(next, this.now)
  }

  step(): boolean {
    const next = this.nextTime()
    if (next === null) return false
    this.advanceTo(next)
    return true
  }

  after(delayMs: number, callback: () => void): () => void {
    const entry = this.#schedule.add(this.now + Math.max(0, delayMs), callback)
    return () => {
      entry.run = null
    }
  }

  subscribe(stream: string): boolean {
    const parsed = parseStream(stream)
    if (parsed === null) return false
    const publisher = parsed.symbol === null ? undefined : this.#publishers.get(parsed.symbol)
    if (parsed.symbol !== null && publisher === undefined) return false
    this.catchUp()
    if (publisher === undefined) this.#hub.add(stream)
    else publisher.subscribe(stream, parsed.kind)
    this.#rearm()
    return true
  }

  unsubscribe(stream: string): void {
    const parsed = parseStream(stream)
    if (parsed === null) return
    if (parsed.symbol === null) this.#hub.delete(stream)
    else this.#publishers.get(parsed.symbol)?.unsubscribe(stream, parsed.kind)
  }

  watchMark(symbol: string, low: number, high: number): void {
    const player = present(this.#players.get(symbol))
    const { priceScale } = player.market.instrument
    player.catchUp(this.#due)
    player.reach.watch(low * priceScale, high * priceScale)
    player.arm()
  }

  request(route: Route, account: string | null, params: Params): Outcome {
    this.catchUp()
    const outcome = this.#router.serve(route, account === null ? undefined : this.#accounts.get(account), params)
    if (!route.startsWith('GET')) this.#rearm()
    return outcome
  }

  submit(route: Route, account: string | null, params: Params, done: (outcome: Outcome) => void, entry?: EngineEntry): void {
    const { orderIn, ack } = this.#latency
    const inbound = (orderIn.max === 0 ? 0 : this.#latencyRng.int(orderIn.min, orderIn.max)) + (entry?.delayMs ?? 0)
    const outbound = ack.max === 0 ? 0 : this.#latencyRng.int(ack.min, ack.max)
    const serve = (): void => {
      const outcome = entry?.refusal() ?? this.request(route, account, params)
      if (outbound === 0) done(outcome)
      else this.#schedule.add(this.now + outbound, () => done(outcome))
    }
    if (inbound === 0) serve()
    else this.#schedule.add(this.now + inbound, serve)
  }

  secretOf(key: string): string | undefined {
    return this.#accounts.get(key)?.secret
  }

  account(key: string) {
    const account = this.#accounts.get(key)
    invariant(account !== undefined, 'the account exists')
    this.catchUp()
    return truth(account)
  }

  eventLog() {
    this.catchUp()
    return this.#log.digest([...this.#players.values()].map((player) => player.market))
  }

  pushLive(data: unknown): void {
    this.catchUp()
    this.#live.push(data)
    this.#rearm()
  }

  pushHistory(symbol: string, bars: readonly TapeBar[]): void {
    this.#live.history(symbol, bars)
  }

  fault(fault: MarketFault): boolean {
    this.catchUp()
    const known = this.#apply(fault)
    this.#rearm()
    return known
  }

  #apply(fault: MarketFault): boolean {
    if (fault.kind === 'ids') {
      this.#ids.startAt(fault.from)
      return true
    }
    if (fault.kind === 'user') {
      const account = this.#accounts.get(fault.account)
      if (account === undefined) return false
      this.#dispatch.trouble({ ...fault, account: account.key })
      return true
    }
    const book = this.#books.get(fault.symbol)
    const publisher = this.#publishers.get(fault.symbol)
    if (book === undefined || publisher === undefined) return false
    switch (fault.kind) {
      case 'filters':
        return book.market.change(fault.change)
      case 'status':
        return book.market.instrument.change({ status: fault.status })
      case 'jump':
        book.market.jump(Number(fault.fraction))
        return true
      case 'depthGap':
        publisher.depth.loseUpdates(fault.updates)
        return true
      case 'kline':
        publisher.trouble(fault.how)
        return true
    }
  }

  #armFunding(market: Market, risk: RiskDesk): void {
    this.#schedule.add(market.nextFundingTime, () => {
      this.catchUp()
      risk.fund(market, this.now)
      this.#rearm()
      this.#armFunding(market, risk)
    })
  }

  /** Whoever looks at a market finds it as of now. */
  catchUp(): void {
    for (const player of this.#players.values()) player.catchUp(this.#due)
  }

  /** What can be reached may have changed: by an event between steps, or by a step of the symbol with this rank. */
  #rearm(rank = Infinity): void {
    this.#world.disturbed = false
    for (const player of this.#players.values()) {
      player.catchUp(rank === Infinity ? this.#due : player.rank < rank ? this.now : this.now - 1)
      player.arm()
    }
  }
}

/** The earliest first bar of any recorded tape, or the configured start; whole minutes. */
function startOf(config: ExchangeConfig): number {
  if (config.startTime !== undefined) return Math.floor(config.startTime / MINUTE) * MINUTE
  let start = Infinity
  for (const tape of Object.values(config.tapes ?? {})) {
    if (tape.kind === 'bars') start = Math.min(start, tape.bars[0]?.openTime ?? Infinity)
    if (tape.kind === 'columns') start = Math.min(start, tape.columns.time[0] ?? Infinity)
    if (tape.kind === 'frames') start = Math.min(start, tape.frames[0]?.time ?? Infinity)
  }
  return Number.isFinite(start) ? Math.floor(start / MINUTE) * MINUTE : DEFAULT_START
}

/** A fresh exchange at its start time. Throws InvariantError for a config no tape or symbol satisfies. */
export function createExchange(config: ExchangeConfig): Exchange {
  return new SeededExchange(config)
}
