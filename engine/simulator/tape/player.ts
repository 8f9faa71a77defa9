/** Plays one symbol's bars into its market: schedules each step at its virtual time and closes each minute. */
import type { Market } from '../market/market.ts'
import type { Publisher } from '../market/publisher.ts'
import type { ConditionalBook } from '../matching/conditional.ts'
import type { Engine } from '../matching/engine.ts'
import type { Resting } from '../matching/resting.ts'
import type { World } from '../matching/world.ts'
import type { RiskDesk } from '../account/liquidation.ts'
import { MINUTE, pathOf, type BarSource, type Step, type UnitBar } from './bars.ts'

export interface Parts {
  readonly world: World
  readonly engine: Engine
  readonly conditional: ConditionalBook
  readonly risk: RiskDesk
  /** A step was played: streams of all symbols may be due. */
  moved(): void
}

export class TapePlayer {
  readonly market: Market
  readonly #book: Resting
  readonly #publisher: Publisher
  readonly #parts: Parts
  readonly #source: BarSource
  readonly #stepsPerMinute: number
  #pending: UnitBar | null
  #ended = false

  constructor(book: Resting, publisher: Publisher, parts: Parts, source: BarSource, stepsPerMinute: number, first: UnitBar | null) {
    this.market = book.market
    this.#book = book
    this.#publisher = publisher
    this.#parts = parts
    this.#source = source
    this.#stepsPerMinute = stepsPerMinute
    this.#pending = first
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Schedules the next bar's first step. */
  begin(): void {
    const bar = this.#pending ?? this.#source.next()
    this.#pending = null
    if (bar === null) {
      this.#ended = true
      return
    }
    const { instrument, rng } = this.market
    this.market.beginBar(bar)
    const path = pathOf(bar, this.#stepsPerMinute, instrument.tick, instrument.step, rng)
    const { schedule } = this.#parts.world
    schedule.add(bar.openTime + MINUTE, () => this.#close(bar.openTime))
    this.#arm(path, 0)
  }

  #arm(path: readonly Step[], at: number): void {
    const step = path[at]
    if (step === undefined) return
    this.#parts.world.schedule.add(step.time, () => {
      this.play(step)
      this.#arm(path, at + 1)
    })
  }

  /** One step: price and book move, the trade prints and reaches resting orders, triggers and margins are checked. */
  play(step: Step): void {
    const { world, engine } = this.#parts
    const { market } = this
    const price = market.tapePrice(step.price)
    const buys = market.step(step, price)
    if (step.qty > 0) {
      const left = engine.tapeTrade(this.#book, price, step.qty, buys)
      if (left > 0) this.#publisher.trade(market.print(step.time, price, left, buys, true))
    }
    world.log.add(`T ${step.time} ${market.symbol} ${price} ${step.qty} ${buys ? 'b' : 's'}`)
    this.settle()
    this.#publisher.moved(world.now)
    this.#parts.moved()
  }

  /** After last, mark or the book's top moved: crossing orders trade, triggers fire, margins are checked. */
  settle(): void {
    const { engine, conditional, risk } = this.#parts
    engine.uncross(this.#book)
    conditional.evaluate(this.#book)
    risk.check(this.market)
  }

  #close(openTime: number): void {
    this.#publisher.minuteClosed(openTime, this.#parts.world.now)
    this.begin()
  }
}
