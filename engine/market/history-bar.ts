/** Bars from REST judged like bars from the stream (INV-13): the same poison can arrive on both ways. */
import type { VenueBar } from '../contract/venue.ts'
import type { Bar } from './bar-series.ts'
import { readDecimal, readRefusal } from './decimal-reading.ts'
import type { Refusal } from './refusals.ts'
import { BAR_MS } from './timeframe.ts'

/** Rows may be this much ahead of what is settled, ms. */
const FUTURE_MS = 3_600_000

/** A 1m bar, final when its minute was over at `settledMs` (venue time, before the bars were asked for); or why it is refused. */
export function readHistoryBar(raw: VenueBar, settledMs: number): Bar | Refusal {
  const open = readDecimal(raw.open)
  const high = readDecimal(raw.high)
  const low = readDecimal(raw.low)
  const close = readDecimal(raw.close)
  const volume = readDecimal(raw.volume)
  const bad = [open, high, low, close, volume].find((one) => one < 0)
  if (bad !== undefined) return readRefusal(bad)
  if (open === 0 || high === 0 || low === 0 || close === 0) return 'zero'
  if (raw.openTime <= 0) return 'time-zero'
  if (raw.openTime % BAR_MS !== 0) return 'misaligned'
  if (raw.openTime > settledMs + FUTURE_MS) return 'time-future'
  if (high < low) return 'high-below-low'
  if (open > high || open < low || close > high || close < low) return 'outside-range'
  return { time: raw.openTime, open, high, low, close, volume, final: raw.openTime + BAR_MS <= settledMs }
}
