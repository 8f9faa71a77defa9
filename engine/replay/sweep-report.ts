/** A sweep or a walk-forward as files: JSON, CSV, and one HTML page with the table and the picture (no external resource, opens offline). */
import { heatMapOf, heatMapSvg } from './heat-map.ts'
import { combinationText, type SweepParameter } from './sweep-parameters.ts'
import type { SweepFigures } from './sweep-play.ts'
import type { SweepReport, SweepRow } from './sweep.ts'
import { escapeHtml } from './svg-charts.ts'
import type { Span, WalkForwardReport } from './walk-forward.ts'

const MAX_ROWS = 1_000

const COLUMNS = [
  'trades',
  'wins',
  'losses',
  'winRate',
  'profitFactor',
  'netProfit',
  'netProfitPct',
  'endEquity',
  'maxDrawdown',
  'maxDrawdownUsdt',
  'sharpe',
  'sortino',
  'exposure',
  'fees',
  'funding',
  'bars',
  'tripped',
  'exact',
  'tradesHash',
] as const satisfies readonly (keyof SweepFigures)[]

type Value = string | number | boolean | null | undefined

const cell = (value: Value): string => {
  const text = value === null || value === undefined ? '' : String(value)
  const safe = /^[=+@]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
const csv = (rows: readonly (readonly Value[])[]): string => `${rows.map((row) => row.map(cell).join(',')).join('\n')}\n`
const iso = (ms: number): string => new Date(ms).toISOString()
const figuresCells = (figures: SweepFigures | null): readonly Value[] => COLUMNS.map((name) => figures?.[name] ?? null)

export function sweepCsv(parameters: readonly SweepParameter[], rows: readonly SweepRow[]): string {
  const names = parameters.map(({ name }) => name)
  return csv([
    ['rank', ...names, ...COLUMNS, 'error'],
    ...rows.map(({ rank, combination, figures, error }) => [
      rank,
      ...names.map((name) => combination[name]),
      ...figuresCells(figures),
      error,
    ]),
  ])
}

export function walkForwardCsv(report: WalkForwardReport): string {
  const span = ({ from, to }: Span): readonly string[] => [iso(from), iso(to)]
  return csv([
    ['window', 'inSampleFrom', 'inSampleTo', 'outOfSampleFrom', 'outOfSampleTo', 'best'].concat(COLUMNS.map((name) => `in.${name}`)).concat(
      COLUMNS.map((name) => `out.${name}`),
      'error',
    ),
    ...report.windows.map((row, i) => [
      i + 1,
      ...span(row.inSample),
      ...span(row.outOfSample),
      row.best === null ? null : combinationText(row.best),
      ...figuresCells(row.inSampleFigures),
      ...figuresCells(row.outOfSampleFigures),
      row.error,
    ]),
  ])
}

const number = (value: number | null | undefined, digits = 2): string =>
  value === null || value === undefined ? '–' : value.toFixed(digits)
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  `<div><table><thead><tr>${heads.map((head) => `<th scope="col">${escapeHtml(head)}</th>`).join('')}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((one) => `<td>${escapeHtml(one)}</td>`).join('')}</tr>`)
    .join('\n')}</tbody></table></div>`
const FIGURE_HEADS = ['Trades', 'Win rate', 'Profit factor', 'Net profit', 'End equity', 'Max drawdown', 'Sharpe', 'Trades hash']
const figureTexts = (figures: SweepFigures): readonly string[] => [
  String(figures.trades),
  figures.winRate === null ? '–' : `${(figures.winRate * 100).toFixed(1)} %`,
  number(figures.profitFactor),
  figures.netProfit,
  figures.endEquity,
  `${(figures.maxDrawdown * 100).toFixed(2)} %${figures.tripped === null ? '' : ' (ended early)'}`,
  number(figures.sharpe),
  figures.tradesHash.slice(0, 12),
]

function rowsTable(parameters: readonly SweepParameter[], rows: readonly SweepRow[]): string {
  const names = parameters.map(({ name }) => name)
  const ranked = rows.toSorted((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity)).slice(0, MAX_ROWS)
  const body = ranked.map(({ rank, combination, figures, error }) => [
    rank === null ? '✗' : String(rank),
    ...names.map((name) => String(combination[name] ?? '')),
    ...(figures === null ? [error ?? ''] : figureTexts(figures)),
  ])
  const rest = rows.length > MAX_ROWS ? `<p>… and ${rows.length - MAX_ROWS} more in sweep.csv</p>` : ''
  return table(['#', ...names, ...FIGURE_HEADS], body) + rest
}

const page = (title: string, body: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}body{max-width:1200px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #8884;white-space:nowrap}
th{position:sticky;top:0;background:Canvas}div{overflow-x:auto}p,dd{overflow-wrap:anywhere}
</style></head><body><h1>${escapeHtml(title)}</h1>
${body}
</body></html>
`

export function sweepHtml(title: string, report: SweepReport): string {
  const { parameters, rows, objective } = report
  const map = heatMapOf(parameters, rows, objective)
  const best = report.best === null ? 'none' : combinationText(report.best)
  const failed = report.failed === 0 ? '' : ` <strong>${report.failed} runs failed.</strong>`
  return page(
    title,
    `<p>${report.combinations} combinations by ${objective}; best: ${escapeHtml(best)}.${failed}</p>
${map === null ? '' : `<div>${heatMapSvg(map, objective)}</div>`}
<h2>All runs</h2>${rowsTable(parameters, rows)}<p>Hash ${report.sweepHash}</p>`,
  )
}

export function walkForwardHtml(title: string, parameters: readonly SweepParameter[], report: WalkForwardReport): string {
  const day = (span: Span): string => `${iso(span.from).slice(0, 16)} – ${iso(span.to).slice(0, 16)}`
  const rows = report.windows.map((row, i) => [
    String(i + 1),
    day(row.inSample),
    day(row.outOfSample),
    row.best === null ? '–' : combinationText(row.best),
    row.inSampleFigures?.netProfit ?? '–',
    number(row.inSampleFigures?.sharpe),
    ...(row.outOfSampleFigures === null ? [row.error ?? ''] : figureTexts(row.outOfSampleFigures)),
  ])
  const heads = ['#', 'In-sample', 'Out-of-sample', 'Best', 'In-sample profit', 'In-sample Sharpe', ...FIGURE_HEADS]
  const maps = report.windows.map(({ rows: own }, i) => {
    const map = heatMapOf(parameters, own, report.objective)
    return map === null ? '' : `<h3>Window ${i + 1}, in-sample</h3><div>${heatMapSvg(map, report.objective)}</div>`
  })
  return page(
    title,
    `<p>${report.windows.length} windows, ${report.combinations} combinations by ${report.objective}. Out-of-sample: net profit ${report.netProfit} USDT, ${report.trades} trades, ${report.profitableWindows} of ${report.windows.length} windows with profit, efficiency ${number(report.efficiency)}.</p>
${table(heads, rows)}${maps.join('\n')}<p>Hash ${report.walkForwardHash}</p>`,
  )
}
