/**
 * Longer bars from before the minutes that are kept: a seeded walk that ends where the first known bar opens, so that clients
 * asking for days of hourly history get a full answer. Invented, like the minutes before the tape; intervals do not add up exactly.
 */
import type { Instrument } from '../instrument.ts'
import { Rng, textSeed } from '../random.ts'
import { closeTimeOf, openTimeOf, type Kline } from './klines.ts'

const MINUTE = 60_000

/** At most `count` bars ending right before `first`, oldest first. */
export function olderBars(
  instrument: Instrument,
  seed: number,
  interval: string,
  first: Kline,
  minuteVolume: number,
  count: number,
): Kline[] {
  const rng = new Rng(textSeed(seed, interval))
  const bars: Kline[] = []
  let close = first.open
  let { openTime } = first
  for (let i = 0; i < count && openTime > 0; i++) {
    openTime = openTimeOf(interval, openTime - 1)
    const closeTime = closeTimeOf(interval, openTime)
    const minutes = Math.max(1, Math.round((closeTime + 1 - openTime) / MINUTE))
    const volatility = Math.min(0.05, 0.0006 * Math.sqrt(minutes))
    const open = instrument.tickOf((close / instrument.priceScale) * Math.max(0.7, Math.min(1.4, 1 + volatility * rng.normal())))
    const reach = (): number => Math.round((volatility * 0.6 * rng.next() * close) / instrument.tick) * instrument.tick
    const lots = Math.max(1, Math.round((minuteVolume * minutes * (0.5 + rng.next())) / instrument.step))
    const volume = lots * instrument.step
    const takerVolume = Math.round(lots * (0.35 + 0.3 * rng.next())) * instrument.step
    const mean = Math.round((open + close) / 2)
    bars.push({
      openTime,
      closeTime,
      open,
      high: Math.max(open, close) + reach(),
      low: Math.max(instrument.tick, Math.min(open, close) - reach()),
      close,
      volume,
      quote: mean * volume,
      trades: minutes * 40,
      takerVolume,
      takerQuote: mean * takerVolume,
      firstId: first.firstId,
      lastId: first.firstId - 1,
    })
    close = open
  }
  return bars.reverse()
}
