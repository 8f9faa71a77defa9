/**
 * Public events of an upstream (or of a recording) as a tape: trades print and reach resting orders, the book's top and the mark
 * follow theirs. Anything that is not a known event in a known shape is ignored and counted.
 */
import * as v from 'valibot'
import type { TapeBar } from '../exchange.ts'
import { parseNumber } from '../instrument.ts'
import type { World } from '../matching/world.ts'
import type { TapePlayer } from '../tape/player.ts'
import type { Publisher } from './publisher.ts'
import { present } from '../present.ts'

const amount = v.pipe(v.string(), v.regex(/^\d{1,18}(\.\d{1,18})?$/))
const TradeSchema = v.object({
  e: v.picklist(['aggTrade', 'trade']),
  s: v.string(),
  p: amount,
  q: amount,
  T: v.number(),
  m: v.optional(v.boolean()),
})
const TopSchema = v.object({ e: v.literal('bookTicker'), s: v.string(), b: amount, B: amount, a: amount, A: amount })
const MarkSchema = v.object({
  e: v.literal('markPriceUpdate'),
  s: v.string(),
  p: amount,
  i: amount,
  r: v.optional(v.pipe(v.string(), v.regex(/^-?\d(\.\d{1,8})?$/))),
})
const EventSchema = v.variant('e', [TradeSchema, TopSchema, MarkSchema])

export class LiveFeed {
  ignored = 0
  readonly #world: World
  readonly #players: ReadonlyMap<string, TapePlayer>
  readonly #publishers: ReadonlyMap<string, Publisher>
  readonly #minute = new Map<string, number>()

  constructor(world: World, players: ReadonlyMap<string, TapePlayer>, publishers: ReadonlyMap<string, Publisher>) {
    this.#world = world
    this.#players = players
    this.#publishers = publishers
  }

  push(data: unknown): void {
    const parsed = v.safeParse(EventSchema, data)
    const player = parsed.success ? this.#players.get(parsed.output.s) : undefined
    if (!parsed.success || player === undefined) {
      this.ignored++
      return
    }
    const event = parsed.output
    const { market } = player
    const { instrument } = market
    const { now } = this.#world
    const price = (text: string): number => instrument.tickOf(Number(text))
    const qty = (text: string): number => Math.round((Number(text) * instrument.qtyScale) / instrument.step) * instrument.step
    switch (event.e) {
      case 'aggTrade':
      case 'trade': {
        this.#closeMinutes(event.s, now)
        const takerBuys = event.m === undefined ? undefined : !event.m
        player.play(now, market.tapePrice(price(event.p)), Math.max(instrument.step, qty(event.q)), takerBuys)
        return
      }
      case 'bookTicker': {
        const bid = price(event.b) / instrument.tick
        const ask = Math.max(price(event.a) / instrument.tick, bid + 1)
        market.external.top = true
        market.ladder.recentre(bid, ask)
        market.ladder.show('BUY', bid, qty(event.B))
        market.ladder.show('SELL', ask, qty(event.A))
        market.updateId++
        player.settle()
        present(this.#publishers.get(event.s)).bookChanged(now)
        return
      }
      case 'markPriceUpdate':
        market.external.mark = true
        market.external.fundingRate = event.r ?? ''
        market.mark = this.#units(event.p, instrument.priceDigits)
        market.index = this.#units(event.i, instrument.priceDigits)
        player.settle()
    }
  }

  /** Bars from the upstream's REST, oldest first; they replace what was known before the first of them. */
  history(symbol: string, bars: readonly TapeBar[]): void {
    const player = this.#players.get(symbol)
    const last = bars.at(-1)
    if (player === undefined || last === undefined) return
    const { market } = player
    const { instrument } = market
    market.minutes.bars.length = 0
    for (const key of Array.from(market.series.keys())) if (key !== '1m') market.series.delete(key)
    for (const bar of bars) {
      market.addHistory({
        openTime: bar.openTime,
        open: instrument.tickOf(Number(bar.open)),
        high: instrument.tickOf(Number(bar.high)),
        low: instrument.tickOf(Number(bar.low)),
        close: instrument.tickOf(Number(bar.close)),
        volume: Math.round((Number(bar.volume) * instrument.qtyScale) / instrument.step) * instrument.step,
      })
    }
    market.open(this.#world.now, instrument.tickOf(Number(last.close)), [])
  }

  #closeMinutes(symbol: string, now: number): void {
    const openTime = Math.floor(now / 60_000) * 60_000
    const before = this.#minute.get(symbol)
    this.#minute.set(symbol, openTime)
    if (before !== undefined && before !== openTime) present(this.#publishers.get(symbol)).minuteClosed(before, now)
  }

  #units(text: string, digits: number): number {
    const [whole = '0', fraction = ''] = text.split('.')
    return parseNumber(`${whole}.${fraction.slice(0, digits)}`)?.units(digits) ?? 1
  }
}
