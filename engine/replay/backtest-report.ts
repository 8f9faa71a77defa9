/** A back-test as files: report.json, trades.csv, equity.csv and report.html (inline SVG, no external resource, opens offline). */
import type { Failure, Result } from '../contract/result.ts'
import type { BacktestResult } from './backtest.ts'
import { candleChart, escapeHtml, lineChart } from './svg-charts.ts'
import type { ClosedTrade } from './trade-book.ts'
import { writeTogether } from './whole-files.ts'

/** Trades with a chart of their own; the table and the CSV have all (the table up to MAX_ROWS). */
const MAX_CHARTS = 200
const MAX_ROWS = 5_000
const AROUND = 30

const COLUMNS = [
  'number',
  'symbol',
  'side',
  'entryTime',
  'exitTime',
  'quantity',
  'entryPrice',
  'exitPrice',
  'stop',
  'takeProfit',
  'realized',
  'fees',
  'funding',
  'net',
  'exit',
  'why',
  'exitReason',
  'signalId',
] as const satisfies readonly (keyof ClosedTrade)[]

const iso = (ms: number): string => new Date(ms).toISOString()
/** Quoted where CSV needs it; a leading = + @ is kept from being read as a formula. */
const cell = (value: string | number): string => {
  const text = typeof value === 'number' ? String(value) : /^[=+@]/.test(value) ? `'${value}` : value
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function tradesCsv(trades: readonly ClosedTrade[]): string {
  const rows = trades.map((trade) =>
    COLUMNS.map((name) => cell(name === 'entryTime' || name === 'exitTime' ? iso(trade[name]) : trade[name])).join(','),
  )
  return `${[COLUMNS.join(','), ...rows].join('\n')}\n`
}

const percent = (value: number | null): string => (value === null ? '–' : `${(value * 100).toFixed(2)} %`)
const ratio = (value: number | null): string => (value === null ? '–' : value.toFixed(2))

export function reportHtml({ report, trades, curve, bars }: BacktestResult): string {
  const figures: readonly (readonly [string, string])[] = [
    ['Net profit', `${report.netProfit} USDT (${report.netProfitPct.toFixed(2)} %)`],
    ['End equity', `${report.endEquity} USDT`],
    ['Trades', `${report.trades} (${report.wins} won, ${report.losses} lost)`],
    ['Win rate', percent(report.winRate)],
    ['Profit factor', ratio(report.profitFactor)],
    ['Max drawdown', `${percent(report.maxDrawdown)} (${report.maxDrawdownUsdt.toFixed(2)} USDT)`],
    ['Sharpe (daily, √365)', ratio(report.sharpe)],
    ['Sortino (daily, √365)', ratio(report.sortino)],
    ['Exposure', percent(report.exposure)],
    ['Fees / funding', `${report.fees} / ${report.funding} USDT`],
    ['Bars', `${report.bars}${report.gaps === 0 ? '' : ` (${report.missingBars} missing in ${report.gaps} holes)`}`],
    ['Ledger equals exchange', report.exact ? 'to the last digit' : 'NO'],
    ...(report.tripped === null ? [] : [['Trading ended by', report.tripped] as const]),
    ['Trades hash', report.tradesHash],
  ]
  const title = escapeHtml(`${report.symbol} · ${report.strategy} · ${report.from.slice(0, 10)} – ${report.to.slice(0, 10)}`)
  const at = (time: number): number => {
    let low = 0
    let high = bars.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((bars[middle]?.openTime ?? 0) < time) low = middle + 1
      else high = middle
    }
    return low
  }
  const rows = trades.slice(0, MAX_ROWS).map((trade, i) => {
    const chart =
      i < MAX_CHARTS && bars.length > 0
        ? candleChart(bars.slice(Math.max(0, at(trade.entryTime) - AROUND), at(trade.exitTime) + AROUND), trade)
        : ''
    const line = [trade.number, iso(trade.entryTime).slice(0, 19), iso(trade.exitTime).slice(0, 19), trade.side, trade.quantity]
    const rest = [trade.entryPrice, trade.exitPrice, trade.fees, trade.funding, trade.net, trade.exit]
    const cells = [...line, ...rest].map((one) => `<td>${escapeHtml(String(one))}</td>`).join('')
    const why = `<p>${escapeHtml(trade.why)}</p><p>${escapeHtml(trade.exitReason)}</p>`
    return `<tr class="${trade.net.startsWith('-') ? 'loss' : 'win'}">${cells}<td><details><summary>view</summary>${why}${chart}</details></td></tr>`
  })
  const heads = ['#', 'Entry', 'Exit', 'Side', 'Quantity', 'Entry price', 'Exit price', 'Fees', 'Funding', 'Net', 'By', '']
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>
:root{color-scheme:light dark;font:14px/1.5 system-ui,sans-serif}body{max-width:1100px;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}td,th{padding:.2rem .5rem;text-align:right;border-bottom:1px solid #8884}
th{position:sticky;top:0;background:Canvas}.win td:nth-child(10){color:#1a7f4b}.loss td:nth-child(10){color:#c0392b}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0;overflow-wrap:anywhere}svg{width:100%;height:auto}details{text-align:left}
</style></head><body><h1>${title}</h1>
<dl>${figures.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>
<h2>Equity</h2>${lineChart(
    curve.map((one) => [one.time, one.equity]),
    'equity, USDT',
  )}
<h2>Drawdown</h2>${lineChart(
    curve.map((one) => [one.time, -one.drawdown * 100]),
    'below the peak, %',
  )}
<h2>Trades</h2><table><thead><tr>${heads.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table>${trades.length > MAX_ROWS ? `<p>… and ${trades.length - MAX_ROWS} more in trades.csv</p>` : ''}
</body></html>
`
}

/** Writes every file under a temporary name first; answers their names. */
export function writeReport(folder: string, result: BacktestResult): Promise<Result<readonly string[], Failure>> {
  return writeTogether(folder, [
    ['report.json', `${JSON.stringify(result.report, null, 2)}\n`],
    ['trades.csv', tradesCsv(result.trades)],
    ['equity.csv', `time,equity,drawdown\n${result.curve.map((one) => `${iso(one.time)},${one.equity},${one.drawdown}`).join('\n')}\n`],
    ['report.html', reportHtml(result)],
  ])
}
