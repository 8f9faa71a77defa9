/** A recorded series of one-minute bars as a tape: shifted to a start time, optionally re-based in price and played in a loop. */
import { invariant } from '../../contract/result.ts'
import type { TapeBar, TapeColumns } from '../exchange.ts'
import type { Instrument } from '../instrument.ts'
import { MINUTE, newBar, type BarSource, type UnitBar } from './bars.ts'

interface Placement {
  /** First bar opens here; default: its recorded time. */
  readonly startTime?: number
  readonly loop: boolean
  /** USDT; default: recorded prices. */
  readonly startPrice?: number
}

export function columnsOf(bars: readonly TapeBar[]): TapeColumns {
  const column = (of: (bar: TapeBar) => number): Float64Array => Float64Array.from(bars, of)
  return {
    length: bars.length,
    time: column((bar) => bar.openTime),
    open: column((bar) => Number(bar.open)),
    high: column((bar) => Number(bar.high)),
    low: column((bar) => Number(bar.low)),
    close: column((bar) => Number(bar.close)),
    volume: column((bar) => Number(bar.volume)),
  }
}

/**
 * Prices are rounded to the symbol's tick and volumes to its step: recordings of another market (spot) have finer ones.
 * When looping, every pass is scaled so that its first open is the last close.
 */
export function recordedBars(columns: TapeColumns, instrument: Instrument, placement: Placement): BarSource {
  const { time, open: opens, high: highs, low: lows, close: closes, volume: volumes, length } = columns
  invariant(length > 0, 'a bars tape has at least one bar')
  const firstTime = time[0] ?? 0
  const firstOpen = opens[0] ?? 0
  const startTime = placement.startTime ?? firstTime
  const span = (time[length - 1] ?? 0) - firstTime + MINUTE
  let at = 0
  let shift = startTime - firstTime
  let factor = placement.startPrice === undefined ? 1 : placement.startPrice / firstOpen
  let lastClose = 0
  const bar = newBar()
  const unit = (price: number | undefined): number => instrument.tickOf((price ?? 0) * factor)
  return {
    startTime,
    endTime: placement.loop ? null : startTime + span,
    next(): UnitBar | null {
      if (at === length) {
        if (!placement.loop) return null
        at = 0
        shift += span
        factor = lastClose / instrument.priceScale / firstOpen
      }
      const i = at++
      const open = unit(opens[i])
      const close = unit(closes[i])
      lastClose = close
      const lots = Math.round(((volumes[i] ?? 0) * instrument.qtyScale) / instrument.step)
      bar.openTime = (time[i] ?? 0) + shift
      bar.open = open
      bar.high = Math.max(open, close, unit(highs[i]))
      bar.low = Math.min(open, close, unit(lows[i]))
      bar.close = close
      bar.volume = lots * instrument.step
      return bar
    },
  }
}
