/**
 * Reads OHLCV CSV files of any common shape (ohlcv-layout.ts) as a stream of lines. INV-13: a bad row is a clear error that names line
 * and field; nothing is skipped. INV-11: one line and the columns are held, never the text.
 */
import { isUtf8 } from 'node:buffer'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import type { Bars } from '../structure/bars.ts'
import { fileLines } from './file-lines.ts'
import { cellsOf, firstRow, NUMBER, parseTime, timeText, type Layout } from './ohlcv-layout.ts'

export interface OhlcvFile {
  readonly bars: Bars
  /** The time column as it stands in the file, for reports. */
  readonly intervalMs: number
  /** Holes: bar index before the hole and how many intervals are missing. */
  readonly gaps: readonly { readonly after: number; readonly missing: number }[]
}

export type OhlcvFailure = Failure<'unreadable' | 'bad-header' | 'bad-row' | 'empty'>

/** Bars one file may hold: nine years of minutes. A million of them take about 490 MB at the peak (INV-11). */
const MAX_BARS = 5_000_000
const FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const

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

/** Reads the whole file into columns; gzip is unpacked on the way, by its magic number and not by its name. */
export async function readOhlcv(path: string): Promise<Result<OhlcvFile, OhlcvFailure>> {
  const columns = new OhlcvColumns()
  let layout: Layout | undefined
  let number = 0
  try {
    for await (const lines of fileLines(path)) {
      for (const bytes of lines) {
        number++
        if (bytes === null) return fail('bad-row', `line ${number}: longer than 1 MiB`)
        if (!isUtf8(bytes)) return fail('bad-row', `line ${number}: not UTF-8 text`)
        const text = bytes.toString('utf8')
        if (text.trim() === '' || (layout === undefined && text.startsWith('#'))) continue
        if (layout === undefined) {
          const first = firstRow(text)
          if (!first.ok) return first
          layout = first.value.layout
          if (!first.value.isBar) continue
        }
        const problem = columns.add(cellsOf(text.replace(/^\uFEFF/, ''), layout.separator), layout)
        if (problem !== undefined) return fail('bad-row', `line ${number}: ${problem}`)
      }
    }
  } catch (thrown) {
    return fail('unreadable', `${path}: ${toPlainError(thrown).message}`)
  }
  const bars = columns.take()
  if (bars.length === 0) return fail('empty', `${path}: no rows`)
  const intervalMs = usualInterval(bars.time)
  const gaps: { after: number; missing: number }[] = []
  for (let i = 1; i < bars.length; i++) {
    const missing = Math.round(((bars.time[i] ?? 0) - (bars.time[i - 1] ?? 0)) / intervalMs) - 1
    if (missing > 0) gaps.push({ after: i - 1, missing })
  }
  return ok({ bars, intervalMs, gaps })
}

class OhlcvColumns {
  private readonly time = new Column()
  private readonly values = FIELDS.map(() => new Column())
  /** The row being read. */
  private readonly row = new Float64Array(FIELDS.length)

  /** Takes a row, or says in words what is wrong with it and takes nothing. */
  add(cells: readonly string[], layout: Layout): string | undefined {
    const written = timeText(cells, layout)
    const when = parseTime(written)
    if (when === undefined) return `time "${written}" is not a date or a number`
    const before = this.time.last()
    if (before !== undefined && when === before) return `duplicate time ${written}`
    if (before !== undefined && when < before) return `time ${written} is before the line above it; the file must be sorted`
    if (this.time.length >= MAX_BARS) return `more than ${MAX_BARS} bars`
    const { row } = this
    for (let k = 0; k < row.length; k++) {
      const field = FIELDS[k] ?? ''
      const text = cells[k < 4 ? (layout.prices[k] ?? -1) : layout.volume] ?? ''
      const value = NUMBER.test(text) ? Number(text) : Number.NaN
      if (!Number.isFinite(value)) return `${field} "${text}" is not a number`
      if (k < 4 ? value <= 0 : value < 0) return `${field} ${value} must ${k < 4 ? 'be positive' : 'not be negative'}`
      row[k] = value
    }
    const [o, h, l, c] = [row[0] ?? 0, row[1] ?? 0, row[2] ?? 0, row[3] ?? 0]
    if (h < l) return `high ${h} is below low ${l}`
    if (o > h || o < l || c > h || c < l) return `open or close lies outside low ${l} … high ${h}`
    this.time.push(when)
    for (let k = 0; k < row.length; k++) this.values[k]?.push(row[k] ?? 0)
    return undefined
  }

  take(): Bars {
    const [open, high, low, close, volume] = this.values.map((column) => column.take())
    const none = new Float64Array(0)
    return {
      length: this.time.length,
      time: this.time.take(),
      open: open ?? none,
      high: high ?? none,
      low: low ?? none,
      close: close ?? none,
      volume: volume ?? none,
    }
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
