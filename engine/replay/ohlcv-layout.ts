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
/** MetaTrader 4 exports without a header: date and time of day apart. */
const METATRADER: Omit<Layout, 'separator'> = { time: 0, clock: 1, prices: [2, 3, 4, 5], volume: 6 }
const CLOCK = /^\d{1,2}:\d{2}(?::\d{2})?$/
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

/** 20240131, 202401312359 or 20240131235900, in ms; undefined for any other number. */
function compactDate(value: number): number | undefined {
  const [date, clock] =
    value > 1e13 ? [Math.floor(value / 1e6), value % 1e6] : value > 1e11 ? [Math.floor(value / 1e4), (value % 1e4) * 100] : [value, 0]
  if (date < 19_000_101 || date > 21_001_231 || !Number.isInteger(value)) return undefined
  const [month, day] = [Math.floor(date / 100) % 100, date % 100]
  const [hour, minute, second] = [Math.floor(clock / 1e4), Math.floor(clock / 100) % 100, clock % 100]
  if (hour > 23 || minute > 59 || second > 59) return undefined
  const ms = Date.UTC(Math.floor(date / 1e4), month - 1, day, hour, minute, second)
  return new Date(ms).getUTCMonth() === month - 1 && new Date(ms).getUTCDate() === day ? ms : undefined
}

/** Of 8, 12 or 14 digits that begin with a year as people write it. */
const looksLikeDate = (value: number): boolean =>
  value < 2.2e13 && ((value > 1.9e7 && value < 2.2e7) || (value > 1.9e11 && value < 2.2e11) || value > 1.9e13)

/**
 * A time written as a number, in ms: s, ms, µs or ns by magnitude. A number that looks like a date would be seconds of 1970,
 * milliseconds of 1976 or of the years after 2570: it is the date, and no time at all where there is no such day or hour.
 */
export function epochMs(value: number): number | undefined {
  if (looksLikeDate(value)) return compactDate(value)
  const ms = value >= 1e17 ? value / 1e6 : value >= 1e14 ? value / 1_000 : value >= 1e11 ? value : value * 1_000
  return ms > 0 ? Math.round(ms * 1_000) / 1_000 : undefined
}

/** Milliseconds since the epoch, or undefined. Numbers: s, ms, µs or ns by magnitude; text: ISO-like, UTC unless an offset is given. */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d{1,19}(\.\d+)?$/.test(trimmed)) return epochMs(Number(trimmed))
  const match =
    /^(\d{4})[.\-/](\d{1,2})[.\-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/.exec(
      yearFirst(trimmed),
    )
  if (match === null) return undefined
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match
  const offset = /^[ZUG]/.test(zone) ? 'Z' : `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}`
  const date = `${year}-${pad(month)}-${pad(day)}`
  const ms = Date.parse(`${date}T${pad(hour)}:${minute}:${second}${fraction.slice(0, 4)}${offset}`)
  const midnight = Date.parse(`${date}T00:00:00Z`)
  // Date.parse rolls 31 February over; a date that does not come back the same is not a date.
  return Number.isNaN(ms) || Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date) ? undefined : ms
}

/** Dates that are not written year-month-day with separators, so written; any other text as it is. */
function yearFirst(text: string): string {
  // 13.09.2020 12:26:40.000, as the GMT exports of Dukascopy write it: dots, and the year last.
  const europe = /^(\d{2})\.(\d{2})\.(\d{4})(.*)$/.exec(text)
  if (europe !== null) return `${europe[3]}-${europe[2]}-${europe[1]}${europe[4]}`
  // 20200913 122640 and 20200913T12:26:40Z.
  const compact = /^(\d{4})(\d{2})(\d{2})[T ](\d{2}):?(\d{2})(?::?(\d{2}))?(\D.*)?$/.exec(text)
  if (compact === null) return text
  const [, year, month, day, hour, minute, second = '00', rest = ''] = compact
  return `${year}-${month}-${day} ${hour}:${minute}:${second}${rest}`
}

/** A header that names some of the columns lacks the others; one that names none of them may still mean Binance's order. */
export type HeaderFailure = Failure<'bad-header' | 'missing-column'>

/** Nothing to read in it: empty, or a comment, both only above the first row. */
export const isBlank = (text: string): boolean => text.trim() === '' || text.startsWith('#')

/** A line of one cell: above the first row it may be the vendor's name or address, as CryptoDataDownload's files begin. */
export const mayBeTitle = (text: string): boolean => !SEPARATORS.some((one) => text.includes(one))

/** The layout a file's first row, at `line`, tells, and whether that row is a bar already (Binance's files have no header). */
export function firstRow(text: string, line: number): Result<{ readonly layout: Layout; readonly isBar: boolean }, HeaderFailure> {
  const row = text.replace(/^\uFEFF/, '')
  const separator = SEPARATORS.find((one) => row.includes(one)) ?? ','
  const cells = cellsOf(row, separator)
  if (cells.length > 1 && parseTime(cells[0] ?? '') !== undefined) {
    const layout = { ...(CLOCK.test(cells[1] ?? '') ? METATRADER : BINANCE), separator }
    if (cells.length >= 6) return ok({ layout, isBar: true })
    const [, open, high, low, close] = cells
    // Said only where the five cells are a bar but for its volume: of any other row nobody knows what it lacks.
    if ([open, high, low, close].every((cell) => NUMBER.test(cell ?? '')))
      return fail('missing-column', `line ${line}: no column volume (five columns and no header: time, open, high, low, close)`)
  }
  // MetaTrader 5 writes its names in angle brackets.
  const named = namedLayout(
    cells.map((name) => name.toLowerCase().replace(/^<(.+)>$/, '$1')),
    separator,
    line,
  )
  return named.ok ? ok({ layout: named.value, isBar: false }) : named
}

function namedLayout(names: readonly string[], separator: string, line: number): Result<Layout, HeaderFailure> {
  const called = names.findIndex((name) => TIME_NAMES.includes(name))
  // A table's index has no name where pandas writes it: first, and empty.
  const time = called >= 0 ? called : names[0] === '' ? 0 : -1
  const prices = PRICE_NAMES.map((name) => names.indexOf(name))
  const exact = names.findIndex((name) => VOLUME_NAMES.includes(name))
  const volume = exact >= 0 ? exact : names.findIndex((name) => name.startsWith('volume'))
  const found = [...prices, volume].filter((column) => column >= 0).length
  const code = found === 0 || found === 5 ? 'bad-header' : 'missing-column'
  if (time < 0) return fail(code, `line ${line}: no time column (one of ${TIME_NAMES.slice(0, 6).join(', ')})`)
  const absent = prices.indexOf(-1)
  if (absent >= 0) return fail(code, `line ${line}: no column ${PRICE_NAMES[absent]}`)
  if (volume < 0) return fail(code, `line ${line}: no column volume`)
  const clock = names[time] === 'date' ? names.indexOf('time') : -1
  return ok({ separator, time, prices, volume, ...(clock < 0 ? {} : { clock }) })
}
