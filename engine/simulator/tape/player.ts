/**
 * Plays one symbol's tape into its market. A step of a path that can reach nobody (no listener, no order, trigger, liquidation or
 * watched mark within its reach) is not scheduled: it is owed, and played in order before the next thing that looks at the market.
 * Invariant: owed or scheduled, the same steps give the same market, orders, fills and digest (core.test.ts, reach.test.ts).
 */
import type { Market } from '../market/market.ts'
import type { Publisher } from '../market/publisher.ts'
import type { Totals } from '../market/totals.ts'
import type { ConditionalBook } from '../matching/conditional.ts'
import type { Engine } from '../matching/engine.ts'
import type { Resting } from '../matching/resting.ts'
import type { World } from '../matching/world.ts'
import type { RiskDesk } from '../account/liquidation.ts'
import { hash32, Rng } from '../random.ts'
import type { Entry } from '../schedule.ts'
import { BarPath, MINUTE, type BarSource, type UnitBar } from './bars.ts'
import { Reach } from './reach.ts'

export interface Parts {
  readonly world: World
  readonly engine: Engine
  readonly conditional: ConditionalBook
  readonly risk: RiskDesk
  /** Told of every step played: streams of all symbols may be due. */
  readonly totals: Totals
  readonly symbols: Symbols
}

export interface Symbols {
  /** Plays what is owed until now, of every symbol. */
  catchUp(): void
}

export interface Tape {
  readonly source: BarSource
  /** The bar already taken from the source to know the first price. */
  readonly first: UnitBar | null
  readonly seed: number
  readonly stepsPerMinute: number
  /** Among the exchange's symbols: who is first when two step at the same time. */
  readonly rank: number
}

export class TapePlayer {
  readonly market: Market
  readonly rank: number
  readonly reach: Reach
  readonly #book: Resting
  readonly #publisher: Publisher
  readonly #parts: Parts
  readonly #tape: Tape
  readonly #path: BarPath
  readonly #rng = new Rng(0)
  #pending: UnitBar | null
  /** Of the bar being played. */
  #openTime = 0
  /** The bar's end: on the agenda while a bar is played. */
  readonly #closing: Entry = { time: 0, order: 0, run: () => this.#close() }
  /** Steps of the path played so far. */
  #played: number
  #armed: Entry | null = null
  #armedAt = 0

  constructor(book: Resting, publisher: Publisher, parts: Parts, tape: Tape) {
    this.market = book.market
    this.rank = tape.rank
    this.#book = book
    this.#publisher = publisher
    this.#parts = parts
    this.#tape = tape
    this.#pending = tape.first
    this.#path = new BarPath(tape.stepsPerMinute)
    this.#played = this.#path.length
    this.reach = new Reach(book, parts.world, parts.risk)
  }

  /** Begins the next bar; each bar is drawn from its own seed, whatever happened before it. */
  begin(): void {
    const bar = this.#pending ?? this.#tape.source.next()
    this.#pending = null
    if (bar === null) return
    const { market } = this
    const { instrument } = market
    market.beginBar(bar)
    this.#rng.restart(hash32(this.#tape.seed, bar.openTime / MINUTE))
    this.#path.draw(bar, instrument.tick, instrument.step, this.#rng)
    this.#played = 0
    this.#openTime = bar.openTime
    this.#parts.world.schedule.again(this.#closing, bar.openTime + MINUTE)
    this.arm()
  }

  /** Plays what is owed until `now`. */
  catchUp(now: number): void {
    const { times } = this.#path
    const from = this.#played
    // A step that can reach somebody is the agenda's to play.
    const end = this.#armed === null ? this.#path.length : this.#armedAt
    let to = (times[end - 1] ?? Infinity) <= now ? end : from
    while (to < end && (times[to] ?? 0) <= now) to++
    if (to === from) return
    this.#played = to
    this.market.glide(this.#path, from, to)
    this.#publisher.tell()
  }

  /** Schedules the next step that can reach somebody; called whenever orders, listeners or the market's rules may have changed. */
  arm(): void {
    const next = this.#played === this.#path.length ? this.#played : this.reach.next(this.#path, this.#played)
    if (this.#armed !== null) {
      if (this.#armedAt === next) return
      this.#armed.run = null
      this.#armed = null
    }
    if (next === this.#path.length) return
    this.#armedAt = next
    this.#armed = this.#parts.world.schedule.addStep(this.#path.times[next] ?? 0, this.rank, this.#step)
  }

  readonly #step = (): void => {
    const at = this.#armedAt
    const { times, prices, quantities } = this.#path
    this.#armed = null
    if (at > this.#played) this.market.glide(this.#path, this.#played, at)
    this.#played = at + 1
    this.play(times[at] ?? 0, this.market.tapePrice(prices[at] ?? 0), quantities[at] ?? 0)
    this.arm()
  }

  /** One step: price and book move, the trade prints and reaches resting orders, triggers and margins are checked. */
  play(time: number, price: number, qty: number, takerBuys?: boolean): void {
    const { world, engine } = this.#parts
    const { market } = this
    const buys = market.step(time, price, takerBuys)
    if (qty > 0) {
      const left = engine.tapeTrade(this.#book, price, qty, buys)
      if (left > 0) this.#publisher.trade(market.print(time, price, left, buys, true))
    }
    market.digest.add(time, price, qty, buys)
    this.settle()
    this.#publisher.moved(world.now)
    this.#parts.totals.moved(world.now)
  }

  /** After last, mark or the book's top moved: crossing orders trade, triggers fire, margins are checked. */
  settle(): void {
    const { engine, conditional, risk } = this.#parts
    engine.uncross(this.#book)
    conditional.evaluate(this.#book)
    risk.check(this.market)
  }

  #close(): void {
    // Whoever decides on this bar decides on every market as it is now.
    this.#parts.symbols.catchUp()
    this.#publisher.minuteClosed(this.#openTime, this.#parts.world.now)
    this.begin()
  }
}
