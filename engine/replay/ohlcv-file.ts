/**
 * Reads OHLCV CSV files of any common shape as a stream of lines: a time column (Date, open_time, time, timestamp, datetime) and
 * Open, High, Low, Close, Volume in any case and order. INV-13: a bad row is a clear error that names line and field; nothing is skipped.
 */
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import type { Bars } from '../structure/bars.ts'

export interface OhlcvFile {
  readonly bars: Bars
  /** The time column as it stands in the file, for reports. */
  readonly intervalMs: number
  /** Holes: bar index before the hole and how many intervals are missing. */
  readonly gaps: readonly { readonly after: number; readonly missing: number }[]
}

export type OhlcvFailure = Failure<'unreadable' | 'bad-header' | 'bad-row' | 'empty'>

const TIME_NAMES = ['open_time', 'opentime', 'date', 'datetime', 'time', 'timestamp', 'open time', 'gmt time']
const PRICE_NAMES = ['open', 'high', 'low', 'close'] as const
const VOLUME_NAMES = ['volume', 'vol']

/** Milliseconds since the epoch, or undefined. Numbers: s, ms or µs by magnitude; text: ISO-like, UTC unless an offset is given. */
export function parseTime(text: string): number | undefined {
  const trimmed = text.trim()
  if (/^\d{1,17}(\.0+)?$/.test(trimmed)) {
    const value = Number(trimmed)
    const ms = value >= 1e14 ? value / 1000 : value >= 1e11 ? value : value * 1000
    return ms > 0 ? ms : undefined
  }
  const match = /^(\d{4})[.\-/](\d{2})[.\-/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/.exec(trimmed)
  if (match === null) return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`}`
  const ms = Date.parse(iso)
  // Date.parse rolls 31 February over; a date that does not come back the same is not a date.
  return Number.isNaN(ms) || (zone === 'Z' && !new Date(ms).toISOString().startsWith(`${year}-${month}-${day}`)) ? undefined : ms
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/

/** A column that grows by doubling, so that a large file costs little more than its figures. */
class Column {
  private data = new Float64Array(4096)
  length = 0
  push(value: number): void {
    if (this.length === this.data.length) {
      const larger = new Float64Array(this.length * 2)
      larger.set(this.data)
      this.data = larger
    }
    this.data[this.length++] = value
  }
  last(): number | undefined {
    return this.length === 0 ? undefined : this.data[this.length - 1]
  }
  take(): Float64Array {
    return this.data.slice(0, this.length)
  }
}

/** Column numbers; prices are open, high, low, close. */
export interface Layout {
  readonly time: number
  readonly prices: readonly number[]
  readonly volume: number
}

/** Columns by their names in any case and order. */
export function layoutOf(header: string): Result<Layout, OhlcvFailure> {
  const names = header
    .replace(/^\uFEFF/, '')
    .split(',')
    .map((name) => name.trim().toLowerCase().replaceAll('"', ''))
  const time = names.findIndex((name) => TIME_NAMES.includes(name))
  if (time < 0) return fail('bad-header', `line 1: no time column (one of ${TIME_NAMES.slice(0, 6).join(', ')})`)
  const prices = PRICE_NAMES.map((name) => names.indexOf(name))
  const absent = prices.indexOf(-1)
  if (absent >= 0) return fail('bad-header', `line 1: no column ${PRICE_NAMES[absent]}`)
  const volume = names.findIndex((name) => VOLUME_NAMES.includes(name))
  if (volume < 0) return fail('bad-header', 'line 1: no column volume')
  return ok({ time, prices, volume })
}

/** Reads the whole file into columns; `.gz` is unpacked on the way. */
export async function readOhlcv(path: string): Promise<Result<OhlcvFile, OhlcvFailure>> {
  const [time, open, high, low, close, volume] = Array.from({ length: 6 }, () => new Column()) as [
    Column,
    Column,
    Column,
    Column,
    Column,
    Column,
  ]
  const file = createReadStream(path)
  const source = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  if (source !== file) file.once('error', (error: Error) => source.destroy(error))
  const lines = createInterface({ input: source, crlfDelay: Number.POSITIVE_INFINITY })
  let layout: Layout | undefined
  let number = 0
  let problem: Result<never, OhlcvFailure> | undefined
  try {
    for await (const line of lines) {
      number++
      if (line.trim() === '') continue
      if (layout === undefined) {
        const found = layoutOf(line)
        if (!found.ok) {
          problem = found
          break
        }
        layout = found.value
        continue
      }
      const text = row(line.split(','), layout, number)
      if (text !== undefined) {
        problem = fail('bad-row', `line ${number}: ${text}`)
        break
      }
    }
  } catch (thrown) {
    return fail('unreadable', `${path}: ${toPlainError(thrown).message}`)
  } finally {
    lines.close()
    file.destroy()
  }
  if (problem !== undefined) return problem
  if (layout === undefined || time.length === 0) return fail('empty', `${path}: no rows`)
  const bars: Bars = {
    length: time.length,
    time: time.take(),
    open: open.take(),
    high: high.take(),
    low: low.take(),
    close: close.take(),
    volume: volume.take(),
  }
  const intervalMs = usualInterval(bars.time)
  const gaps: { after: number; missing: number }[] = []
  for (let i = 1; i < bars.length; i++) {
    const missing = Math.round(((bars.time[i] ?? 0) - (bars.time[i - 1] ?? 0)) / intervalMs) - 1
    if (missing > 0) gaps.push({ after: i - 1, missing })
  }
  return ok({ bars, intervalMs, gaps })

  function row(cells: readonly string[], at: Layout, line: number): string | undefined {
    const when = parseTime((cells[at.time] ?? '').replaceAll('"', ''))
    if (when === undefined) return `time "${cells[at.time] ?? ''}" is not a date or a number`
    const before = time.last()
    if (before !== undefined && when === before) return `duplicate time ${cells[at.time]}`
    if (before !== undefined && when < before) return `time ${cells[at.time]} is before the line above it; the file must be sorted`
    const values = [...at.prices, at.volume].map((k) => {
      const text = (cells[k] ?? '').trim()
      return NUMBER.test(text) ? Number(text) : Number.NaN
    })
    const names = [...PRICE_NAMES, 'volume']
    for (const [k, value] of values.entries()) {
      if (!Number.isFinite(value)) return `${names[k]} "${(cells[[...at.prices, at.volume][k] ?? 0] ?? '').trim()}" is not a number`
      if (k < 4 ? value <= 0 : value < 0) return `${names[k]} ${value} must ${k < 4 ? 'be positive' : 'not be negative'}`
    }
    const [o = 0, h = 0, l = 0, c = 0, v = 0] = values
    if (h < l) return `high ${h} is below low ${l}`
    if (o > h || o < l || c > h || c < l) return `open or close lies outside low ${l} … high ${h}`
    if (line > 5e7) return 'more than 50,000,000 lines'
    time.push(when)
    open.push(o)
    high.push(h)
    low.push(l)
    close.push(c)
    volume.push(v)
    return undefined
  }
}

/** The most frequent distance between neighbouring bars (60,000 for a one-bar file). */
function usualInterval(time: Float64Array): number {
  const counts = new Map<number, number>()
  for (let i = 1; i < Math.min(time.length, 10_000); i++) {
    const distance = (time[i] ?? 0) - (time[i - 1] ?? 0)
    counts.set(distance, (counts.get(distance) ?? 0) + 1)
  }
  let best = 60_000
  let most = 0
  for (const [distance, count] of counts) {
    if (count > most) {
      best = distance
      most = count
    }
  }
  return best
}
