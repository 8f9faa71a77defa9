import { useEffect, useMemo, useRef, useState } from 'react'
import { LONG_GAP_MIN } from '../../engine/market/timeframe.ts'
import { DataTable, downloadTable, type Column } from '../controls/data-table.tsx'
import { Panel } from '../controls/panel.tsx'
import { CHART_TIMEFRAMES, incompleteness, LongBars, type ChartTimeframe, type LongBar } from '../replica/long-bars.ts'
import { useScreen, usePanelState, useSymbol, useUi, useView } from '../screen.ts'
import { isOld } from '../replica/freshness.ts'
import { plural } from '../text/count.ts'
import { toNumberLossy, signOf } from '../text/decimal.ts'
import { formatMinute } from '../text/time.ts'
import { useColors } from '../theme/use-theme.ts'
import { CandleChart, type ChartLine } from './candle-chart.ts'
import { chartMarks, gapMarks } from './chart-marks.ts'

const label = (timeframe: ChartTimeframe): string => (timeframe === '1d' ? '1D' : timeframe)
const secondsOf = (bars: readonly LongBar[]): number => (bars[0]?.of ?? 1) * 60

/** Bars are floats for the chart; the legend shows them with the instrument's decimals. */
const price = (value: number, decimals: number): string => value.toFixed(decimals).replace(/\B(?=(\d{3})+(?=\.|$))/g, ',')

/** Folded as minutes come, shown at most once per frame. */
function useBars(symbol: string, timeframe: ChartTimeframe, paused: boolean): readonly LongBar[] {
  const { session } = useScreen()
  const [bars, setBars] = useState<readonly LongBar[]>([])
  useEffect(() => {
    const long = new LongBars(timeframe)
    long.replace(session.candles.bars(symbol))
    setBars(long.bars)
    if (paused) return
    let frame = 0
    const stop = session.candles.onChange((change) => {
      if (change.symbol !== symbol) return
      const minutes = session.candles.bars(symbol)
      if (change.kind === 'replaced') long.replace(minutes)
      else long.update(minutes.slice(minutes.findLastIndex((bar) => bar.time < change.from) + 1))
      if (frame !== 0) return
      frame = requestAnimationFrame(() => {
        frame = 0
        setBars(long.bars)
      })
    })
    return () => {
      stop()
      cancelAnimationFrame(frame)
    }
  }, [session, symbol, timeframe, paused])
  return bars
}

export function CandlesPanel() {
  const { ui } = useScreen()
  const symbol = useSymbol()
  const timeframe = useUi((u) => u.timeframe)
  const table = useUi((u) => u.chartTable)
  const frozen = useUi((u) => u.frozenAt !== null)
  const bars = useBars(symbol, timeframe, frozen)
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
            {CHART_TIMEFRAMES.map((one) => (
              <button key={one} type="button" aria-pressed={one === timeframe} onClick={() => ui.setState({ timeframe: one })}>
                {label(one)}
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
            onClick={() => downloadTable(`${symbol}-${label(timeframe)}`, columns, bars, '')}
            title="Candles as CSV"
          >
            CSV
          </button>
        </>
      }
    >
      <div className={table ? 'chart-and-table' : 'chart-only'}>
        <Chart symbol={symbol} bars={bars} timeframe={timeframe} decimals={decimals} old={isOld(state)} />
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

function barColumns(decimals: number): readonly Column<LongBar>[] {
  const of = (pick: (bar: LongBar) => number, digits: number) => (bar: LongBar) => (bar.present ? price(pick(bar), digits) : '—')
  return [
    { id: 'time', head: 'Open time (UTC)', text: (bar) => formatMinute(bar.time * 1000) },
    { id: 'o', head: 'Open', end: true, text: of((b) => b.open, decimals) },
    { id: 'h', head: 'High', end: true, text: of((b) => b.high, decimals) },
    { id: 'l', head: 'Low', end: true, text: of((b) => b.low, decimals) },
    { id: 'c', head: 'Close', end: true, text: of((b) => b.close, decimals) },
    { id: 'v', head: 'Volume', end: true, text: of((b) => b.volume, 3) },
    { id: 'whole', head: 'Whole', text: (bar) => (bar.present ? (incompleteness(bar) ?? 'yes') : 'gap') },
  ]
}

interface ChartProps {
  readonly symbol: string
  readonly bars: readonly LongBar[]
  readonly timeframe: ChartTimeframe
  readonly decimals: number
  readonly old: boolean
}

function Chart({ symbol, bars, timeframe, decimals, old }: ChartProps) {
  const colors = useColors()
  const container = useRef<HTMLDivElement>(null)
  const chart = useRef<CandleChart | null>(null)
  const drawn = useRef<{ key: string; length: number; first: number; newest: number }>({ key: '', length: 0, first: 0, newest: 0 })
  const [hover, setHover] = useState<number | null>(null)
  const [gaps, setGaps] = useState(0)
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
    const key = `${symbol}/${timeframe}/${colors.up}/${colors['bg-1']}`
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
  }, [bars, symbol, timeframe, colors])

  const { session } = useScreen()
  const barCount = bars.length
  useEffect(() => {
    const seconds = secondsOf(bars)
    const gaps = gapMarks(session.candles.bars(symbol), seconds)
    setGaps(gaps.length)
    chart.current?.setMarks([...gaps, ...chartMarks(bars, fills ?? [], signals ?? [], symbol, seconds)])
    // A running bar changes no mark; a new bar does.
  }, [session, barCount, fills, signals, symbol, timeframe, colors])
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
        aria-label={`Candles of ${symbol}, ${label(timeframe)} bars${gaps === 0 ? '' : `, ${plural(gaps, 'gap')} of more than ${LONG_GAP_MIN} minutes`}. Press T for the same data as a table.`}
      />
      {old ? <div className="hatch" aria-hidden="true" /> : null}
      <Legend bar={shown} decimals={decimals} />
    </div>
  )
}

function Legend({ bar, decimals }: { readonly bar: LongBar | undefined; readonly decimals: number }) {
  if (bar === undefined) return null
  if (!bar.present) return <p className="chart-legend">{formatMinute(bar.time * 1000)} no data (gap)</p>
  const tone = bar.close >= bar.open ? 'up' : 'down'
  const lacks = incompleteness(bar)
  return (
    <p className="chart-legend">
      {formatMinute(bar.time * 1000)} UTC <b>O</b> {price(bar.open, decimals)} <b>H</b> {price(bar.high, decimals)} <b>L</b>{' '}
      {price(bar.low, decimals)} <b>C</b> <span className={tone}>{price(bar.close, decimals)}</span> <b>V</b> {price(bar.volume, 3)}
      {lacks === null ? null : <span className="chart-lacks"> · {lacks}</span>}
    </p>
  )
}
