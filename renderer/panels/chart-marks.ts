/** Fills and signals of one symbol as chart marks, each on the bar it belongs to; those without a bar are left out. */
import type { ChartBar } from '../../engine/contract/cockpit.ts'
import type { FillRow, SignalRow } from '../../engine/contract/processes.ts'
import type { ChartMark } from './candle-chart.ts'

export function chartMarks(
  bars: readonly ChartBar[],
  fills: readonly FillRow[],
  signals: readonly SignalRow[],
  symbol: string,
  minutes: number,
): ChartMark[] {
  const present = new Set(bars.filter((bar) => bar.present).map((bar) => bar.time))
  const bucket = minutes * 60
  const snap = (ms: number): number => Math.floor(ms / 1000 / bucket) * bucket
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
