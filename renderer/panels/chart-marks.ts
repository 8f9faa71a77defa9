/** Fills and signals of one symbol as chart marks on the bars they belong to; those without a bar are left out. Gaps. */
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

const LETTER = { signal: '', buy: 'B', sell: 'S' } as const

/** One mark a bar and kind; how many it stands for is written beside it when there is more than one. */
export function chartMarks(
  bars: readonly ChartBar[],
  fills: readonly FillRow[],
  signals: readonly SignalRow[],
  symbol: string,
  seconds: number,
): ChartMark[] {
  const present = new Set(bars.filter((bar) => bar.present).map((bar) => bar.time))
  const counts = { signal: new Map<number, number>(), buy: new Map<number, number>(), sell: new Map<number, number>() }
  const count = (kind: keyof typeof counts, row: FillRow | SignalRow): void => {
    const time = Math.floor(row.time / 1000 / seconds) * seconds
    if (row.symbol === symbol && present.has(time)) counts[kind].set(time, (counts[kind].get(time) ?? 0) + 1)
  }
  for (const signal of signals) count('signal', signal)
  for (const fill of fills) count(fill.side === 'BUY' ? 'buy' : 'sell', fill)
  return (['signal', 'buy', 'sell'] as const).flatMap((kind) =>
    [...counts[kind]].map(([time, many]) => ({
      id: `${kind}:${time}`,
      time,
      kind,
      text: many === 1 ? LETTER[kind] : `${LETTER[kind]}${many}`,
    })),
  )
}
