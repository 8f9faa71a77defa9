/** Seeded bars without any recording: regimes of trend, range, crash and gap follow each other for ever. */
import type { Regime } from '../exchange.ts'
import type { Instrument } from '../instrument.ts'
import type { Rng } from '../random.ts'
import { MINUTE, type BarSource, type UnitBar } from './bars.ts'
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

/**
 * @param startPrice USDT; the first open
 * @param minuteNotional USDT traded in a quiet minute
 */
export function syntheticBars(
  instrument: Instrument,
  rng: Rng,
  options: { startTime: number; startPrice: number; regimes?: readonly Regime[]; minuteNotional?: number },
): BarSource {
  const regimes = options.regimes === undefined || options.regimes.length === 0 ? DEFAULT_REGIMES : options.regimes
  const notional = options.minuteNotional ?? 2_000_000
  const floor = (instrument.minPrice / instrument.priceScale) * 2
  const ceiling = (instrument.maxPrice / instrument.priceScale) * 0.5
  let time = options.startTime
  let price = options.startPrice
  let phaseIndex = 0
  let phase = beginPhase(present(regimes[0]), price, rng)
  const bound = (value: number): number => Math.min(ceiling, Math.max(floor, value))
  return {
    startTime: options.startTime,
    endTime: null,
    next(): UnitBar {
      if (phase.left === 0) {
        phaseIndex = (phaseIndex + 1) % regimes.length
        phase = beginPhase(present(regimes[phaseIndex]), price, rng)
        if (phase.regime === 'gap') price = bound(phase.anchor)
      }
      phase.left--
      const open = price
      const pull = phase.regime === 'range' || phase.regime === 'gap' ? 0.03 * (phase.anchor / open - 1) : 0
      const move = phase.drift + pull + phase.volatility * rng.normal()
      const close = bound(open * (1 + Math.max(-0.2, Math.min(0.2, move))))
      const wick = (): number => phase.volatility * 0.6 * rng.next()
      const high = bound(Math.max(open, close) * (1 + wick()))
      const low = bound(Math.min(open, close) * (1 - wick()))
      price = close
      const busy = (0.4 + 1.2 * rng.next()) * (1 + Math.min(8, Math.abs(move) / phase.volatility))
      const lots = Math.max(12, Math.round(((notional / close) * busy * instrument.qtyScale) / instrument.step / 2))
      const bar = {
        openTime: time,
        open: instrument.tickOf(open),
        high: instrument.tickOf(high),
        low: instrument.tickOf(low),
        close: instrument.tickOf(close),
        volume: lots * instrument.step,
      }
      time += MINUTE
      return bar
    },
  }
}

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
