/**
 * A sweep over two parameters as a picture: one cell per pair of values, its figure written in it, blue for the better half and orange
 * for the worse (told apart by colour-blind eyes). Other parameters: the cell shows the best over them. Numbers and escaped text only.
 */
import { objectiveOf, type Objective, type SweepRow } from './sweep.ts'
import type { SweepParameter, SweepValue } from './sweep-parameters.ts'
import { escapeHtml } from './svg-charts.ts'

const CELL = { width: 84, height: 30 } as const
const LEFT = 130
const TOP = 34
/** A larger table is a table, not a picture. */
const MAX_SIDE = 60

export interface HeatMap {
  readonly x: SweepParameter
  readonly y: SweepParameter | null
  /** [y][x]; null where nothing could be judged. */
  readonly cells: readonly (readonly (number | null)[])[]
}

/** null when fewer than one parameter varies, or a side is too long to be looked at. */
export function heatMapOf(parameters: readonly SweepParameter[], rows: readonly SweepRow[], objective: Objective): HeatMap | null {
  const [x, y = null] = parameters.filter(({ values }) => values.length > 1)
  if (x === undefined || x.values.length > MAX_SIDE || (y?.values.length ?? 0) > MAX_SIDE) return null
  const at = (column: SweepValue, line: SweepValue | null): number | null => {
    let best: number | null = null
    for (const { combination, figures } of rows) {
      if (figures === null || combination[x.name] !== column || (y !== null && combination[y.name] !== line)) continue
      const value = objectiveOf(figures, objective)
      if (value !== null && (best === null || value > best)) best = value
    }
    return best
  }
  return { x, y, cells: (y?.values ?? [null]).map((line) => x.values.map((column) => at(column, line))) }
}

const figure = (value: number | null): string => (value === null ? '–' : Number.isFinite(value) ? value.toFixed(2) : '∞')

/** Half to half by rank, so that one outlier does not turn everything else grey. */
function shadeOf(cells: readonly (number | null)[]): (value: number | null) => string {
  const sorted = [...new Set(cells.flatMap((value) => value ?? []))].sort((a, b) => a - b)
  return (value) => {
    if (value === null) return '#80808033'
    const share = sorted.length < 2 ? 0.5 : sorted.indexOf(value) / (sorted.length - 1)
    const alpha = (0.12 + Math.abs(share - 0.5) * 1.2).toFixed(2)
    return share >= 0.5 ? `rgb(47 129 247 / ${alpha})` : `rgb(240 136 62 / ${alpha})`
  }
}

export function heatMapSvg(map: HeatMap, objective: Objective): string {
  const { x, y, cells } = map
  const shade = shadeOf(cells.flat())
  const width = LEFT + x.values.length * CELL.width
  const height = TOP + cells.length * CELL.height
  const text = (px: number, py: number, words: string, anchor: 'start' | 'middle' | 'end'): string =>
    `<text x="${px}" y="${py}" text-anchor="${anchor}" font-size="12" fill="currentColor">${escapeHtml(words)}</text>`
  const heads = x.values.map((value, i) => text(LEFT + (i + 0.5) * CELL.width, TOP - 10, String(value), 'middle'))
  const lines = cells.map((line, j) => {
    const top = TOP + j * CELL.height
    const name = y === null ? objective : `${y.name} ${y.values[j] ?? ''}`
    const boxes = line.map((value, i) => {
      const left = LEFT + i * CELL.width
      return `<rect x="${left}" y="${top}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="2" fill="${shade(value)}"/>${text(left + CELL.width / 2 - 1, top + 19, figure(value), 'middle')}`
    })
    return text(LEFT - 10, top + 19, name, 'end') + boxes.join('')
  })
  const label = `${objective} over ${x.name}${y === null ? '' : ` and ${y.name}`}`
  return `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeHtml(label)}">${text(LEFT - 10, TOP - 10, x.name, 'end')}${heads.join('')}${lines.join('')}</svg>`
}
