/** Small charts as inline SVG: a line over time, and the candles around one trade. Everything variable is a number or escaped. */
import type { Bar } from '../strategy/strategy.ts'
import type { ClosedTrade } from './trade-book.ts'

const WIDTH = 1_000
const HEIGHT = 220
const PAD = 8
const MAX_CANDLES = 200

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

interface Scale {
  x(value: number): string
  y(value: number): string
}

function scaleOf(x0: number, x1: number, y0: number, y1: number): Scale {
  const dx = x1 > x0 ? x1 - x0 : 1
  const dy = y1 > y0 ? y1 - y0 : 1
  return {
    x: (value) => (PAD + ((value - x0) / dx) * (WIDTH - 2 * PAD)).toFixed(1),
    y: (value) => (HEIGHT - PAD - ((value - y0) / dy) * (HEIGHT - 2 * PAD)).toFixed(1),
  }
}

const extent = (values: readonly number[]): readonly [number, number] => {
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}

export function lineChart(points: readonly (readonly [number, number])[], label: string): string {
  if (points.length < 2) return '<p>not enough data</p>'
  const [x0, x1] = extent(points.map(([x]) => x))
  const [y0, y1] = extent(points.map(([, y]) => y))
  const scale = scaleOf(x0, x1, y0, y1)
  const path = points.map(([x, y]) => `${scale.x(x)},${scale.y(y)}`).join(' ')
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(label)}"><polyline fill="none" stroke="#3b82f6" stroke-width="1.5" points="${path}"/><text x="12" y="16" font-size="11" fill="currentColor">${escapeHtml(label)}: ${y0.toFixed(2)} … ${y1.toFixed(2)}</text></svg>`
}

/** Neighbouring bars joined until there are at most MAX_CANDLES. */
function joined(bars: readonly Bar[]): readonly Bar[] {
  const size = Math.ceil(bars.length / MAX_CANDLES)
  if (size <= 1) return bars
  const out: Bar[] = []
  for (let i = 0; i < bars.length; i += size) {
    const part = bars.slice(i, i + size)
    const [first, last] = [part[0], part.at(-1)]
    if (first === undefined || last === undefined) continue
    const [low, high] = extent(part.flatMap((bar) => [bar.low, bar.high]))
    out.push({ ...first, close: last.close, low, high })
  }
  return out
}

export function candleChart(all: readonly Bar[], trade: ClosedTrade): string {
  const bars = joined(all)
  const [first, last] = [bars[0], bars.at(-1)]
  if (first === undefined || last === undefined) return ''
  const entry = Number(trade.entryPrice)
  const exit = Number(trade.exitPrice)
  const [y0, y1] = extent([...bars.flatMap((bar) => [bar.low, bar.high]), entry, exit])
  const scale = scaleOf(first.openTime, Math.max(last.openTime, trade.exitTime), y0, y1)
  const half = Math.max(0.5, (WIDTH - 2 * PAD) / bars.length / 3)
  const candles = bars.map((bar) => {
    const x = Number(scale.x(bar.openTime))
    const colour = bar.close >= bar.open ? '#1a7f4b' : '#c0392b'
    const top = Number(scale.y(Math.max(bar.open, bar.close)))
    const height = Math.max(1, Number(scale.y(Math.min(bar.open, bar.close))) - top)
    return `<path d="M${x} ${scale.y(bar.high)}V${scale.y(bar.low)}" stroke="${colour}"/><rect x="${(x - half).toFixed(1)}" y="${top}" width="${(2 * half).toFixed(1)}" height="${height.toFixed(1)}" fill="${colour}"/>`
  })
  const level = (value: number, colour: string): string =>
    value >= y0 && value <= y1 ? `<path d="M${PAD} ${scale.y(value)}H${WIDTH - PAD}" stroke="${colour}" stroke-dasharray="4 4"/>` : ''
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="candles of trade ${trade.number}">${candles.join('')}${level(Number(trade.stop), '#c0392b')}${level(Number(trade.takeProfit), '#1a7f4b')}<path d="M${scale.x(trade.entryTime)} ${scale.y(entry)}L${scale.x(trade.exitTime)} ${scale.y(exit)}" stroke="#3b82f6" stroke-width="2"/><circle cx="${scale.x(trade.entryTime)}" cy="${scale.y(entry)}" r="4" fill="#3b82f6"/><circle cx="${scale.x(trade.exitTime)}" cy="${scale.y(exit)}" r="4" fill="none" stroke="#3b82f6" stroke-width="2"/></svg>`
}
