import { BaselineSeries, createChart, type IChartApi, type ISeriesApi, type UTCTimestamp } from 'lightweight-charts'
import { useEffect, useRef } from 'react'
import { useStore } from 'zustand'
import { Gain } from '../controls/figures.tsx'
import { useScreen, useView } from '../screen.ts'
import { formatDecimal } from '../text/decimal.ts'
import { formatDateTime } from '../text/time.ts'
import { useColors } from '../theme/use-theme.ts'

export function EquityView() {
  const { equity } = useScreen()
  const points = useStore(equity)
  const account = useView((s) => s.account)
  const colors = useColors()
  const container = useRef<HTMLDivElement>(null)
  const made = useRef<{ chart: IChartApi; series: ISeriesApi<'Baseline'> } | null>(null)
  useEffect(() => {
    if (container.current === null) return
    const chart = createChart(container.current, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, background: { color: colors['bg-1'] }, textColor: colors['fg-2'] },
      grid: { vertLines: { visible: false }, horzLines: { color: `${colors.line}66` } },
      timeScale: { timeVisible: true, secondsVisible: true, borderColor: colors.line },
      rightPriceScale: { borderColor: colors.line },
    })
    const series = chart.addSeries(BaselineSeries, {
      topLineColor: colors.up,
      topFillColor1: `${colors.up}33`,
      topFillColor2: `${colors.up}05`,
      bottomLineColor: colors.down,
      bottomFillColor1: `${colors.down}05`,
      bottomFillColor2: `${colors.down}33`,
      lineWidth: 2,
    })
    made.current = { chart, series }
    return () => {
      made.current = null
      chart.remove()
    }
  }, [colors])
  useEffect(() => {
    const now = made.current
    if (now === null) return
    const first = points[0]
    if (first !== undefined) now.series.applyOptions({ baseValue: { type: 'price', price: first.value } })
    now.series.setData(points.map((p) => ({ time: p.time as UTCTimestamp, value: p.value })))
    now.chart.timeScale().fitContent()
  }, [points, colors])
  const since = points[0]
  return (
    <div className="equity">
      <dl className="facts">
        <Fact name="Equity" value={formatDecimal(account?.equity, { decimals: 2 })} />
        <Fact name="Wallet" value={formatDecimal(account?.wallet, { decimals: 2 })} />
        <Fact name="Peak" value={formatDecimal(account?.peakEquity, { decimals: 2 })} />
        <Fact name="Realised" value={<Gain text={account?.realizedPnl} />} />
        <Fact name="Unrealised" value={<Gain text={account?.unrealizedPnl} />} />
        <Fact name="Fees" value={formatDecimal(account?.fees, { decimals: 2 })} />
        <Fact name="Funding" value={<Gain text={account?.funding} />} />
      </dl>
      <div className="equity-chart" role="img" aria-label="Equity since this window opened" ref={container} />
      {since === undefined ? (
        <p className="panel-line">Waiting for the account.</p>
      ) : (
        <p className="equity-note">since {formatDateTime(since.time * 1000)} UTC (this window), USDT</p>
      )}
    </div>
  )
}

const Fact = ({ name, value }: { readonly name: string; readonly value: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)
