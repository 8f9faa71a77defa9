/** A recorded series of one-minute bars as a tape: shifted to a start time, optionally re-based in price and played in a loop. */
import { invariant } from '../../contract/result.ts'
import type { TapeBar } from '../exchange.ts'
import type { Instrument } from '../instrument.ts'
import { MINUTE, type BarSource, type UnitBar } from './bars.ts'
import { present } from '../present.ts'

interface Placement {
  /** First bar opens here; default: its recorded time. */
  readonly startTime?: number
  readonly loop: boolean
  /** USDT; default: recorded prices. */
  readonly startPrice?: number
}

/**
 * Prices are rounded to the symbol's tick and volumes to its step: recordings of another market (spot) have finer ones.
 * When looping, every pass is scaled so that its first open is the last close.
 */
export function recordedBars(bars: readonly TapeBar[], instrument: Instrument, placement: Placement): BarSource {
  const first = bars[0]
  const last = bars.at(-1)
  invariant(first !== undefined && last !== undefined, 'a bars tape has at least one bar')
  const startTime = placement.startTime ?? first.openTime
  const span = last.openTime - first.openTime + MINUTE
  let at = 0
  let shift = startTime - first.openTime
  let factor = placement.startPrice === undefined ? 1 : placement.startPrice / Number(first.open)
  let lastClose = 0
  const unit = (text: string): number => instrument.tickOf(Number(text) * factor)
  return {
    startTime,
    endTime: placement.loop ? null : startTime + span,
    next(): UnitBar | null {
      if (at === bars.length) {
        if (!placement.loop) return null
        at = 0
        shift += span
        factor = lastClose / instrument.priceScale / Number(first.open)
      }
      const bar = present(bars[at++])
      const open = unit(bar.open)
      const close = unit(bar.close)
      lastClose = close
      const lots = Math.round((Number(bar.volume) * instrument.qtyScale) / instrument.step)
      return {
        openTime: bar.openTime + shift,
        open,
        high: Math.max(open, close, unit(bar.high)),
        low: Math.min(open, close, unit(bar.low)),
        close,
        volume: lots * instrument.step,
      }
    },
  }
}
