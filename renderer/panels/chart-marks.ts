/** Fills and signals of one symbol as chart marks, each on the bar it belongs to; those without a bar are left out. Gaps. */
import type { ChartBar } from '../../engine/contract/cockpit.ts'
import type { FillRow, SignalRow } from '../../engine/contract/processes.ts'
import { LONG_GAP_MIN } from '../../engine/market/timeframe.ts'
import type { ChartMark } from './candle-chart.ts'

/** Holes of more than five minutes in the one-minute bars, each marked on the chart's bar that holds the first minute after it. */
export function gapMarks(minutes: readonly ChartBar[], seconds: number): ChartMark[] {
  const marks: ChartMark[] = []
  let before: ChartBar | undefined
  for (const bar of minutes) {
    if (!bar.present) continue
    const missing = before === undefined ? 0 : (bar.time - before.time) / 60 - 1
    before = bar
    if (missing > LONG_GAP_MIN)
      marks.push({ id: `g:${bar.time}`, time: Math.floor(bar.time / seconds) * seconds, kind: 'gap', text: `gap ${missing} min` })
  }
  return marks
}

export function chartMarks(
  bars: readonly ChartBar[],
  fills: readonly FillRow[],
  signals: readonly SignalRow[],
  symbol: string,
  seconds: number,
): ChartMark[] {
  const present = new Set(bars.filter((bar) => bar.present).map((bar) => bar.time))
  const snap = (ms: number): number => Math.floor(ms / 1000 / seconds) * seconds
  const marks: ChartMark[] = []
  for (const signal of signals) {
    const time = snap(signal.time)
    if (signal.symbol === symbol && present.has(time)) marks.push({ id: `s:${signal.id}`, time, kind: 'signal', text: '' })
  }
  for (const fill of fills) {
    const time = snap(fill.time)
    if (fill.symbol !== symbol || !present.has(time)) continue
    marks.push({ id: `f:${fill.tradeId}`, time, kind: fill.side === 'BUY' ? 'buy' : 'sell', text: fill.side === 'BUY' ? 'B' : 'S' })
  }
  return marks
}
