/**
 * How rows of an OHLCV file are laid out: separator, columns by their names in any case and order, or Binance's order without a
 * header; and how its times are written. Nothing is guessed from the figures.
 */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'

const TIME_NAMES = [
  'open_time',
  'opentime',
  'date',
  'datetime',
  'time',
  'timestamp',
  'open time',
  'gmt time',
  'unix',
  'unix timestamp',
  'unix_timestamp',
]
const PRICE_NAMES = ['open', 'high', 'low', 'close'] as const
const VOLUME_NAMES = ['volume', 'vol']
const SEPARATORS = [',', ';', '\t'] as const

/** Column numbers; prices are open, high, low, close. */
export interface Layout {
  readonly separator: string
  readonly time: number
  /** Time of day in a column of its own, beside the date. */
  readonly clock?: number
  readonly prices: readonly number[]
  readonly volume: number
}

const BINANCE: Omit<Layout, 'separator'> = { time: 0, prices: [1, 2, 3, 4], volume: 5 }
export const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** Cells of a row, trimmed; quotes as in RFC 4180. A row has its line to itself. */
export function cellsOf(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator).map((cell) => cell.trim())
  const cells: string[] = []
  let cell = ''
  let quoted = false
  for (let i = 0; i < text.length; i++) {
    const sign = text[i]
    if (sign === '"') {
      if (quoted && text[i + 1] === '"') {
        cell += '"'
        i++
      } else quoted = !quoted
    } else if (sign === separator && !quoted) {
      cells.push(cell.trim())
      cell = ''
    } else cell += sign
  }
  cells.push(cell.trim())
  return cells
}

/** The row's time as written, with the time of day beside it when that has its own column. */
export const timeText = (cells: readonly string[], layout: Layout): string =>
  layout.clock === undefined ? (cells[layout.time] ?? '') : `${cells[layout.time] ?? ''} ${cells[layout.clock] ?? ''}`

const pad = (text: string): string => text.padStart(2, '0')

/** A time written as a number, in ms: s, ms, µs or ns by magnitude. */
export function epochMs(value: number): number | undefined {
  const ms = value >= 1e17 ? value / 1e6 : value >= 1e14 ? value / 1_000 : value >= 1e11 ? value : value * 1_000
  return ms > 0 ? Math.round(ms * 1_000) / 1_000 : undefined
}

/** Milliseconds since the epoch, or undefined. Numbers: s, ms, µs or ns by magnitude; text: ISO-like, UTC unless an offset is given. */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d{1,19}(\.\d+)?$/.test(trimmed)) return epochMs(Number(trimmed))
  // 13.09.2020 12:26:40.000, as the GMT exports of Dukascopy write it: dots, and the year last.
  const europe = /^(\d{2})\.(\d{2})\.(\d{4})(.*)$/.exec(trimmed)
  const ordered = europe === null ? trimmed : `${europe[3]}-${europe[2]}-${europe[1]}${europe[4]}`
  const match =
    /^(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/.exec(
      ordered,
    )
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match
  const offset = /^[ZUG]/.test(zone) ? 'Z' : zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`
  const date = `${year}-${pad(month)}-${pad(day)}`
  const ms = Date.parse(`${date}T${pad(hour)}:${minute}:${second}${fraction.slice(0, 4)}${offset}`)
  // Date.parse rolls 31 February over; a date that does not come back the same is not a date.
  return Number.isNaN(ms) || (offset === 'Z' && !new Date(ms).toISOString().startsWith(date)) ? undefined : ms
}

/** The layout a file's first row tells, and whether that row is a bar already (Binance's files have no header). */
export function firstRow(text: string): Result<{ readonly layout: Layout; readonly isBar: boolean }, Failure<'bad-header'>> {
  const row = text.replace(/^\uFEFF/, '')
  const separator = SEPARATORS.find((one) => row.includes(one)) ?? ','
  const cells = cellsOf(row, separator)
  const isBar = cells.length >= 6 && parseTime(cells[0] ?? '') !== undefined
  if (isBar) return ok({ layout: { ...BINANCE, separator }, isBar })
  const named = namedLayout(
    cells.map((name) => name.toLowerCase()),
    separator,
  )
  return named.ok ? ok({ layout: named.value, isBar }) : named
}

function namedLayout(names: readonly string[], separator: string): Result<Layout, Failure<'bad-header'>> {
  const time = names.findIndex((name) => TIME_NAMES.includes(name))
  if (time < 0) return fail('bad-header', `line 1: no time column (one of ${TIME_NAMES.slice(0, 6).join(', ')})`)
  const prices = PRICE_NAMES.map((name) => names.indexOf(name))
  const absent = prices.indexOf(-1)
  if (absent >= 0) return fail('bad-header', `line 1: no column ${PRICE_NAMES[absent]}`)
  const exact = names.findIndex((name) => VOLUME_NAMES.includes(name))
  const volume = exact >= 0 ? exact : names.findIndex((name) => name.startsWith('volume'))
  if (volume < 0) return fail('bad-header', 'line 1: no column volume')
  const clock = names[time] === 'date' ? names.indexOf('time') : -1
  return ok({ separator, time, prices, volume, ...(clock < 0 ? {} : { clock }) })
}
