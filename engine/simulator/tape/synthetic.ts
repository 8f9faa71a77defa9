/** Seeded bars without any recording: regimes of trend, range, crash and gap follow each other for ever. */
import type { Regime } from '../exchange.ts'
import type { Instrument } from '../instrument.ts'
import type { Rng } from '../random.ts'
import { MINUTE, newBar, type BarSource, type UnitBar } from './bars.ts'
import { present } from '../present.ts'

const DEFAULT_REGIMES: readonly Regime[] = ['trend', 'range', 'range', 'trend', 'crash', 'range', 'gap']

interface Phase {
  readonly regime: Regime
  left: number
  /** Drift a minute, as a fraction. */
  readonly drift: number
  readonly volatility: number
  readonly anchor: number
}

function beginPhase(regime: Regime, price: number, rng: Rng): Phase {
  const sign = rng.next() < 0.5 ? -1 : 1
  switch (regime) {
    case 'trend':
      return { regime, left: rng.int(120, 480), drift: sign * (0.00004 + 0.00012 * rng.next()), volatility: 0.0006, anchor: price }
    case 'range':
      return { regime, left: rng.int(120, 600), drift: 0, volatility: 0.0005, anchor: price }
    case 'crash':
      return { regime, left: rng.int(12, 30), drift: -0.004 - 0.006 * rng.next(), volatility: 0.003, anchor: price }
    case 'gap':
      return { regime, left: rng.int(30, 90), drift: 0, volatility: 0.0008, anchor: price * (1 + sign * (0.01 + 0.02 * rng.next())) }
  }
}

interface SyntheticTape {
  readonly startTime: number
  /** USDT; the first open. */
  readonly startPrice: number
  readonly regimes?: readonly Regime[]
  /** USDT traded in a quiet minute. */
  readonly minuteNotional?: number
}

class SyntheticBars implements BarSource {
  readonly startTime: number
  readonly endTime = null
  readonly #instrument: Instrument
  readonly #rng: Rng
  readonly #regimes: readonly Regime[]
  readonly #notional: number
  readonly #floor: number
  readonly #ceiling: number
  readonly #bar = newBar()
  #time: number
  #price: number
  #phaseIndex = 0
  #phase: Phase

  constructor(instrument: Instrument, rng: Rng, options: SyntheticTape) {
    this.startTime = options.startTime
    this.#instrument = instrument
    this.#rng = rng
    this.#regimes = options.regimes === undefined || options.regimes.length === 0 ? DEFAULT_REGIMES : options.regimes
    this.#notional = options.minuteNotional ?? 2_000_000
    this.#floor = (instrument.minPrice / instrument.priceScale) * 2
    this.#ceiling = (instrument.maxPrice / instrument.priceScale) * 0.5
    this.#time = options.startTime
    this.#price = options.startPrice
    this.#phase = beginPhase(present(this.#regimes[0]), this.#price, rng)
  }

  next(): UnitBar {
    const phase = this.#nextPhase()
    const rng = this.#rng
    const instrument = this.#instrument
    const open = this.#price
    const { volatility } = phase
    const pull = phase.regime === 'range' || phase.regime === 'gap' ? 0.03 * (phase.anchor / open - 1) : 0
    const move = phase.drift + pull + volatility * rng.normal()
    const close = this.#bound(open * (1 + Math.max(-0.2, Math.min(0.2, move))))
    const high = this.#bound(Math.max(open, close) * (1 + volatility * 0.6 * rng.next()))
    const low = this.#bound(Math.min(open, close) * (1 - volatility * 0.6 * rng.next()))
    this.#price = close
    const busy = (0.4 + 1.2 * rng.next()) * (1 + Math.min(8, Math.abs(move) / volatility))
    const lots = Math.max(12, Math.round(((this.#notional / close) * busy * instrument.qtyScale) / instrument.step / 2))
    const bar = this.#bar
    bar.openTime = this.#time
    bar.open = instrument.tickOf(open)
    bar.high = instrument.tickOf(high)
    bar.low = instrument.tickOf(low)
    bar.close = instrument.tickOf(close)
    bar.volume = lots * instrument.step
    this.#time += MINUTE
    return bar
  }

  #nextPhase(): Phase {
    if (this.#phase.left === 0) {
      this.#phaseIndex = (this.#phaseIndex + 1) % this.#regimes.length
      this.#phase = beginPhase(present(this.#regimes[this.#phaseIndex]), this.#price, this.#rng)
      if (this.#phase.regime === 'gap') this.#price = this.#bound(this.#phase.anchor)
    }
    this.#phase.left--
    return this.#phase
  }

  #bound(value: number): number {
    return Math.min(this.#ceiling, Math.max(this.#floor, value))
  }
}

export const syntheticBars = (instrument: Instrument, rng: Rng, options: SyntheticTape): BarSource =>
  new SyntheticBars(instrument, rng, options)

/** `count` quiet bars ending at `endTime` (exclusive) whose last close is `endPrice`: what REST shows before the tape begins. */
export function preludeBars(
  instrument: Instrument,
  rng: Rng,
  count: number,
  endTime: number,
  endPrice: number,
  minuteVolume: number,
): UnitBar[] {
  const closes: number[] = []
  let price = instrument.tickOf(endPrice)
  for (let i = 0; i < count; i++) {
    closes.push(price)
    price = instrument.tickOf((price / instrument.priceScale) * (1 + 0.0006 * rng.normal()))
  }
  closes.push(price)
  closes.reverse()
  return closes.slice(1).map((close, i) => {
    const open = present(closes[i])
    const reach = (): number => Math.round((0.0004 * rng.next() * close) / instrument.tick) * instrument.tick
    const lots = Math.max(1, Math.round((minuteVolume * (0.3 + 1.4 * rng.next())) / instrument.step))
    return {
      openTime: endTime - (count - i) * MINUTE,
      open,
      high: Math.max(open, close) + reach(),
      low: Math.max(instrument.tick, Math.min(open, close) - reach()),
      close,
      volume: lots * instrument.step,
    }
  })
}
