/**
 * lightweight-charts behind a small face: candles and volume fed by update(), holes as whitespace, fills and signals as capped
 * markers, position lines. Colours only from tokens. The attribution logo is off because it would break the page's policy; the
 * About dialog carries the notice and the link instead.
 */
import {
  CandlestickSeries,
  createChart,
  createSeriesMarkers,
  HistogramSeries,
  LineStyle,
  type CandlestickData,
  type HistogramData,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type SeriesMarker,
  type Time,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts'
import type { ChartBar } from '../../engine/contract/cockpit.ts'
import { incompleteness, type LongBar } from '../replica/long-bars.ts'
import type { Hex, Token } from '../theme/tokens.ts'

export const MARKER_LIMIT = 200
export type Colors = Readonly<Record<Token, Hex>>

export interface ChartMark {
  readonly id: string
  /** Seconds; snapped to its bar by the caller. */
  readonly time: number
  readonly kind: 'buy' | 'sell' | 'signal' | 'gap'
  readonly text: string
}
export interface ChartLine {
  readonly price: number
  readonly title: string
  readonly tone: 'fg-1' | 'crit' | 'ok'
}

type CandleSeries = ISeriesApi<'Candlestick'>
const at = (bar: ChartBar): UTCTimestamp => bar.time as UTCTimestamp
/** A minute as it is, or a bar that knows whether it is whole. */
type Candle = ChartBar | LongBar
/** A bar that is not whole, running or with minutes missing, is hollow. */
const HOLLOW = { color: 'transparent' } as const
const candle = (bar: Candle): CandlestickData<UTCTimestamp> | WhitespaceData<UTCTimestamp> => {
  if (!bar.present) return { time: at(bar) }
  const { open, high, low, close } = bar
  return { time: at(bar), open, high, low, close, ...('running' in bar && incompleteness(bar) !== null ? HOLLOW : {}) }
}

export class CandleChart {
  readonly #chart: IChartApi
  readonly #candles: CandleSeries
  readonly #volume: ISeriesApi<'Histogram'>
  readonly #markers: ISeriesMarkersPluginApi<Time>
  #lines: IPriceLine[] = []
  #colors: Colors
  /** Newest bar given to the series, seconds; an older one forces setBars. */
  #newest = Number.NEGATIVE_INFINITY

  constructor(container: HTMLElement, colors: Colors) {
    this.#colors = colors
    this.#chart = createChart(container, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11, fontFamily: 'ui-monospace, "DejaVu Sans Mono", monospace' },
      timeScale: { timeVisible: true, secondsVisible: false, rightOffset: 6, minBarSpacing: 1 },
      crosshair: { mode: 0 },
      localization: { locale: 'en-GB' },
    })
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: '',
      priceFormat: { type: 'volume' },
      lastValueVisible: false,
      priceLineVisible: false,
    })
    this.#volume.priceScale().applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } })
    this.#candles = this.#chart.addSeries(CandlestickSeries, {})
    this.#candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.18 } })
    this.#markers = createSeriesMarkers(this.#candles, [])
    this.setColors(colors)
  }

  setColors(colors: Colors): void {
    this.#colors = colors
    this.#chart.applyOptions({
      layout: { background: { color: colors['bg-1'] }, textColor: colors['fg-2'] },
      grid: { vertLines: { color: `${colors.line}66` }, horzLines: { color: `${colors.line}66` } },
      crosshair: {
        vertLine: { color: colors.edge, labelBackgroundColor: colors['mode-paper'] },
        horzLine: { color: colors.edge, labelBackgroundColor: colors['mode-paper'] },
      },
      timeScale: { borderColor: colors.line },
      rightPriceScale: { borderColor: colors.line },
    })
    this.#candles.applyOptions({
      upColor: colors.up,
      downColor: colors.down,
      borderUpColor: colors.up,
      borderDownColor: colors.down,
      wickUpColor: colors.up,
      wickDownColor: colors.down,
      priceLineColor: colors['fg-2'],
    })
  }

  setDecimals(decimals: number): void {
    this.#candles.applyOptions({ priceFormat: { type: 'price', precision: decimals, minMove: 10 ** -decimals } })
  }

  /** All bars, ascending. */
  setBars(bars: readonly Candle[]): void {
    this.#candles.setData(bars.map(candle))
    this.#volume.setData(bars.map((bar) => this.#volumeOf(bar)))
    this.#newest = bars.at(-1)?.time ?? Number.NEGATIVE_INFINITY
  }

  /** Bars at or after the newest one; false when history must be set again. */
  updateTail(bars: readonly Candle[]): boolean {
    for (const bar of bars) {
      if (bar.time < this.#newest) return false
      this.#candles.update(candle(bar))
      this.#volume.update(this.#volumeOf(bar))
      this.#newest = bar.time
    }
    return true
  }

  /** Newest MARKER_LIMIT marks; each must sit on a bar's time. */
  setMarks(marks: readonly ChartMark[]): void {
    const newest = [...marks].sort((a, b) => a.time - b.time).slice(-MARKER_LIMIT)
    this.#markers.setMarkers(newest.map((mark) => this.#marker(mark)))
  }

  setLines(lines: readonly ChartLine[]): void {
    for (const line of this.#lines) this.#candles.removePriceLine(line)
    this.#lines = lines.map((line) =>
      this.#candles.createPriceLine({
        price: line.price,
        title: line.title,
        color: this.#colors[line.tone],
        lineWidth: 1,
        lineStyle: line.tone === 'fg-1' ? LineStyle.Solid : LineStyle.Dashed,
        axisLabelVisible: true,
      }),
    )
  }

  /** Calls with the bar's time under the pointer, or null when it leaves. */
  onHover(listener: (time: number | null) => void): void {
    this.#chart.subscribeCrosshairMove((event) => listener(typeof event.time === 'number' ? event.time : null))
  }

  /** Newest bars at the right edge again. */
  toNow(): void {
    this.#chart.timeScale().scrollToRealTime()
  }

  destroy(): void {
    this.#chart.remove()
  }

  #volumeOf(bar: ChartBar): HistogramData<UTCTimestamp> | WhitespaceData<UTCTimestamp> {
    if (!bar.present) return { time: at(bar) }
    return { time: at(bar), value: bar.volume, color: `${bar.close >= bar.open ? this.#colors.up : this.#colors.down}55` }
  }

  #marker(mark: ChartMark): SeriesMarker<Time> {
    const base = { id: mark.id, time: mark.time as UTCTimestamp, size: 1 }
    switch (mark.kind) {
      case 'buy':
        return { ...base, position: 'belowBar', shape: 'arrowUp', color: this.#colors.up, text: mark.text }
      case 'sell':
        return { ...base, position: 'aboveBar', shape: 'arrowDown', color: this.#colors.down, text: mark.text }
      case 'gap':
        return { ...base, position: 'aboveBar', shape: 'square', color: this.#colors.warn, text: mark.text }
      case 'signal':
        return { ...base, position: 'aboveBar', shape: 'circle', color: this.#colors['fg-2'], size: 0.5, text: mark.text }
    }
  }
}
