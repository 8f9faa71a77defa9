import { useEffect, useMemo, useRef, useState } from 'react'
import type { ChartBar } from '../../engine/contract/cockpit.ts'
import { DataTable, downloadTable, type Column } from '../controls/data-table.tsx'
import { Panel } from '../controls/panel.tsx'
import { aggregate } from '../replica/candle-book.ts'
import { useScreen, usePanelState, useSymbol, useUi, useView } from '../screen.ts'
import { isOld } from '../replica/freshness.ts'
import { toNumberLossy, signOf } from '../text/decimal.ts'
import { formatMinute } from '../text/time.ts'
import { useColors } from '../theme/use-theme.ts'
import { CandleChart, type ChartLine } from './candle-chart.ts'
import { chartMarks } from './chart-marks.ts'

const INTERVALS = [1, 5, 15, 60] as const
const label = (minutes: number): string => (minutes < 60 ? `${minutes}m` : `${minutes / 60}h`)

/** Bars are floats for the chart; the legend shows them with the instrument's decimals. */
const price = (value: number, decimals: number): string => value.toFixed(decimals).replace(/\B(?=(\d{3})+(?=\.|$))/g, ',')

/** Re-reads the candle book at most once per frame. */
function useBars(symbol: string, minutes: number, paused: boolean): readonly ChartBar[] {
  const { session } = useScreen()
  const [bars, setBars] = useState<readonly ChartBar[]>([])
  useEffect(() => {
    const read = (): void => setBars(aggregate(session.candles.bars(symbol), minutes))
    read()
    if (paused) return
    let frame = 0
    const stop = session.candles.onChange((change) => {
      if (change.symbol !== symbol || frame !== 0) return
      frame = requestAnimationFrame(() => {
        frame = 0
        read()
      })
    })
    return () => {
      stop()
      cancelAnimationFrame(frame)
    }
  }, [session, symbol, minutes, paused])
  return bars
}

export function CandlesPanel() {
  const { ui } = useScreen()
  const symbol = useSymbol()
  const minutes = useUi((u) => u.minutes)
  const table = useUi((u) => u.chartTable)
  const frozen = useUi((u) => u.frozenAt !== null)
  const bars = useBars(symbol, minutes, frozen)
  const state = usePanelState((replica) => ({
    awaiting: `candles of ${symbol === '' ? 'the first symbol' : symbol}`,
    receivedAt: bars.length === 0 ? null : (replica.receipt.ticks[symbol] ?? null),
    staleBecause: `no ${symbol} tick`,
  }))
  const decimals = useView((s) => s.market.find((row) => row.symbol === symbol)?.priceDecimals ?? 2) ?? 2
  const columns = useMemo(() => barColumns(decimals), [decimals])
  const newestFirst = useMemo(() => (table ? [...bars].reverse() : []), [bars, table])
  return (
    <Panel
      id="candles"
      title={`Candles ${symbol}`}
      state={state}
      tools={
        <>
          <div className="segments" role="group" aria-label="Bar length">
            {INTERVALS.map((m) => (
              <button key={m} type="button" aria-pressed={m === minutes} onClick={() => ui.setState({ minutes: m })}>
                {label(m)}
              </button>
            ))}
          </div>
          <button
            type="button"
            className="tool"
            aria-pressed={table}
            onClick={() => ui.setState({ chartTable: !table })}
            title="Table under the chart (T)"
          >
            Table
          </button>
          <button
            type="button"
            className="tool"
            onClick={() => downloadTable(`${symbol}-${label(minutes)}`, columns, bars, '')}
            title="Candles as CSV"
          >
            CSV
          </button>
        </>
      }
    >
      <div className={table ? 'chart-and-table' : 'chart-only'}>
        <Chart symbol={symbol} bars={bars} minutes={minutes} decimals={decimals} old={isOld(state)} />
        {table ? (
          <div className="chart-table">
            <DataTable
              label={`Candles of ${symbol}`}
              columns={columns}
              rows={newestFirst}
              rowKey={(bar) => String(bar.time)}
              empty="No candles yet."
            />
          </div>
        ) : null}
      </div>
    </Panel>
  )
}

function barColumns(decimals: number): readonly Column<ChartBar>[] {
  const of = (pick: (bar: ChartBar) => number, digits: number) => (bar: ChartBar) => (bar.present ? price(pick(bar), digits) : '—')
  return [
    { id: 'time', head: 'Open time (UTC)', text: (bar) => formatMinute(bar.time * 1000) },
    { id: 'o', head: 'Open', end: true, text: of((b) => b.open, decimals) },
    { id: 'h', head: 'High', end: true, text: of((b) => b.high, decimals) },
    { id: 'l', head: 'Low', end: true, text: of((b) => b.low, decimals) },
    { id: 'c', head: 'Close', end: true, text: of((b) => b.close, decimals) },
    { id: 'v', head: 'Volume', end: true, text: of((b) => b.volume, 3) },
  ]
}

interface ChartProps {
  readonly symbol: string
  readonly bars: readonly ChartBar[]
  readonly minutes: number
  readonly decimals: number
  readonly old: boolean
}

function Chart({ symbol, bars, minutes, decimals, old }: ChartProps) {
  const colors = useColors()
  const container = useRef<HTMLDivElement>(null)
  const chart = useRef<CandleChart | null>(null)
  const drawn = useRef<{ key: string; length: number; first: number; newest: number }>({ key: '', length: 0, first: 0, newest: 0 })
  const [hover, setHover] = useState<number | null>(null)
  const fills = useView((s) => s.fills)
  const signals = useView((s) => s.signals)
  const positions = useView((s) => s.account?.positions ?? null)

  useEffect(() => {
    if (container.current === null) return
    const made = new CandleChart(container.current, colors)
    made.onHover(setHover)
    chart.current = made
    drawn.current = { key: '', length: 0, first: 0, newest: 0 }
    return () => {
      chart.current = null
      made.destroy()
    }
    // The chart lives as long as the panel; colours follow below.
  }, [])
  useEffect(() => chart.current?.setColors(colors), [colors])
  useEffect(() => chart.current?.setDecimals(decimals), [decimals])
  useEffect(() => {
    const view = chart.current
    if (view === null) return
    const key = `${symbol}/${minutes}/${colors.up}/${colors['bg-1']}`
    const before = drawn.current
    const first = bars[0]?.time ?? 0
    const tail = bars.filter((bar) => bar.time >= before.newest)
    const grown = bars.length - before.length === tail.length - 1
    const appended = key === before.key && first === before.first && before.length > 0 && grown
    if (!appended || !view.updateTail(tail)) {
      view.setBars(bars)
      if (key !== before.key) view.toNow()
    }
    drawn.current = { key, length: bars.length, first, newest: bars.at(-1)?.time ?? 0 }
  }, [bars, symbol, minutes, colors])

  const barCount = bars.length
  useEffect(() => {
    chart.current?.setMarks(chartMarks(bars, fills ?? [], signals ?? [], symbol, minutes))
    // A running bar changes no mark; a new bar does.
  }, [barCount, fills, signals, symbol, minutes, colors])
  useEffect(() => {
    const lines: ChartLine[] = []
    for (const p of positions ?? []) {
      if (p.symbol !== symbol || signOf(p.quantity) === 0) continue
      lines.push({ price: toNumberLossy(p.averageEntry), title: 'entry', tone: 'fg-1' })
      if (p.stopPrice !== null) lines.push({ price: toNumberLossy(p.stopPrice), title: 'stop', tone: 'crit' })
      if (p.takeProfitPrice !== null) lines.push({ price: toNumberLossy(p.takeProfitPrice), title: 'target', tone: 'ok' })
    }
    chart.current?.setLines(lines)
  }, [positions, symbol, colors])

  const shown = hover === null ? bars.at(-1) : bars.find((bar) => bar.time === hover)
  return (
    <div className="chart">
      <div
        className="chart-canvas"
        ref={container}
        role="img"
        aria-label={`Candles of ${symbol}, ${label(minutes)} bars. Press T for the same data as a table.`}
      />
      {old ? <div className="hatch" aria-hidden="true" /> : null}
      <Legend bar={shown} decimals={decimals} />
    </div>
  )
}

function Legend({ bar, decimals }: { readonly bar: ChartBar | undefined; readonly decimals: number }) {
  if (bar === undefined) return null
  if (!bar.present) return <p className="chart-legend">{formatMinute(bar.time * 1000)} no data (gap)</p>
  const tone = bar.close >= bar.open ? 'up' : 'down'
  return (
    <p className="chart-legend">
      {formatMinute(bar.time * 1000)} UTC <b>O</b> {price(bar.open, decimals)} <b>H</b> {price(bar.high, decimals)} <b>L</b>{' '}
      {price(bar.low, decimals)} <b>C</b> <span className={tone}>{price(bar.close, decimals)}</span> <b>V</b> {price(bar.volume, 3)}
    </p>
  )
}
