/** The candles as they stood at the moment in view: bars that had closed by then, the fills and signals so far, the open position. */
import { useEffect, useMemo, useRef } from 'react'
import { useStore } from 'zustand'
import type { ReplayMoment } from '../../engine/contract/replay.ts'
import { CandleChart, type ChartLine, type ChartMark } from '../panels/candle-chart.ts'
import { signOf, toNumberLossy } from '../text/decimal.ts'
import { formatMinute } from '../text/time.ts'
import { useColors } from '../theme/use-theme.ts'
import type { ReplayDesk } from './replay-desk.ts'

const MINUTE_S = 60
const MAX_DECIMALS = 8

/** Decimals the prices really have. */
function decimalsOf(prices: readonly number[]): number {
  const digits = prices.map((price) => String(price).split('.')[1]?.length ?? 0)
  return Math.min(MAX_DECIMALS, Math.max(0, ...digits))
}

function markOf(moment: ReplayMoment, symbol: string, known: ReadonlySet<number>): ChartMark | null {
  const time = Math.floor(moment.time / 1_000 / MINUTE_S) * MINUTE_S
  if (moment.symbol !== symbol || !known.has(time)) return null
  const id = String(moment.index)
  if (moment.kind === 'signal') return { id, time, kind: 'signal', text: '' }
  if (moment.kind !== 'fill' || moment.side === null) return null
  return { id, time, kind: moment.side === 'BUY' ? 'buy' : 'sell', text: moment.side === 'BUY' ? 'B' : 'S' }
}

export function ReplayChart({ desk }: { readonly desk: ReplayDesk }) {
  const { bars, symbol, moments, index, books, status } = useStore(desk.view)
  const colors = useColors()
  const container = useRef<HTMLDivElement>(null)
  const chart = useRef<CandleChart | null>(null)
  const time = moments[index]?.time ?? 0
  const shown = useMemo(() => bars.filter((bar) => (bar.time + MINUTE_S) * 1_000 <= time), [bars, time])
  const decimals = useMemo(() => decimalsOf(bars.slice(-50).flatMap((bar) => (bar.present ? [bar.open, bar.close] : []))), [bars])
  const symbols = status.state === 'ready' ? status.summary.symbols : []
  useEffect(() => {
    if (container.current === null) return
    const made = new CandleChart(container.current, colors)
    chart.current = made
    return () => {
      chart.current = null
      made.destroy()
    }
    // The chart lives as long as the dialog; colours follow below.
  }, [])
  useEffect(() => chart.current?.setColors(colors), [colors])
  useEffect(() => chart.current?.setDecimals(decimals), [decimals])
  useEffect(() => {
    chart.current?.setBars(shown)
    chart.current?.toNow()
  }, [shown, colors])
  useEffect(() => {
    const known = new Set(shown.filter((bar) => bar.present).map((bar) => bar.time))
    chart.current?.setMarks(moments.slice(0, index + 1).flatMap((moment) => markOf(moment, symbol, known) ?? []))
  }, [shown, moments, index, symbol, colors])
  useEffect(() => {
    const lines: ChartLine[] = []
    for (const position of books?.account.positions ?? []) {
      if (position.symbol !== symbol || signOf(position.quantity) === 0) continue
      lines.push({ price: toNumberLossy(position.averageEntry), title: 'entry', tone: 'fg-1' })
      if (position.stopPrice !== null) lines.push({ price: toNumberLossy(position.stopPrice), title: 'stop', tone: 'crit' })
      if (position.takeProfitPrice !== null) lines.push({ price: toNumberLossy(position.takeProfitPrice), title: 'target', tone: 'ok' })
    }
    chart.current?.setLines(lines)
  }, [books, symbol, colors])
  const last = shown.at(-1)
  return (
    <div className="replay-chart chart">
      <div
        className="chart-canvas"
        ref={container}
        role="img"
        aria-label={`Candles of ${symbol} up to the moment in view. The moments beside it hold the same closes as text.`}
      />
      <p className="chart-legend">
        <span className="replay-chip">REPLAY · recorded</span>{' '}
        {symbols.length > 1 ? (
          <select aria-label="Symbol of the chart" value={symbol} onChange={(event) => void desk.chooseSymbol(event.target.value)}>
            {symbols.map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        ) : (
          symbol
        )}{' '}
        {last === undefined
          ? 'no bar had closed yet'
          : `${formatMinute(last.time * 1_000)} UTC close ${last.present ? last.close.toFixed(decimals) : 'unknown (gap)'}`}
      </p>
    </div>
  )
}
