/**
 * Reads OHLCV CSV files of any common shape (ohlcv-layout.ts) as a stream of lines. INV-13: a bad row is a clear error that names line
 * and field; nothing is skipped. INV-11: one line and the columns are held, never the text. A file that runs from its newest bar to its
 * oldest, as many vendors export, is turned round, and said to be.
 */
import { isAscii, isUtf8 } from 'node:buffer'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import type { Bars } from '../structure/bars.ts'
import { fileBlocks, lineAt, type OnRead } from './file-lines.ts'
import { cellsOf, firstRow, isBlank, mayBeTitle, NUMBER, parseTime, timeText, type Layout } from './ohlcv-layout.ts'
import { PlainRows } from './ohlcv-plain.ts'

export interface OhlcvFile {
  readonly bars: Bars
  /** The file ran from its newest bar to its oldest; `bars` do not. */
  readonly newestFirst: boolean
  /** The time column as it stands in the file, for reports. */
  readonly intervalMs: number
  /** Holes: bar index before the hole and how many intervals are missing. */
  readonly gaps: readonly { readonly after: number; readonly missing: number }[]
}

export type OhlcvFailure = Failure<'unreadable' | 'bad-header' | 'missing-column' | 'bad-row' | 'empty'>

/** Bars one file may hold: nine years of minutes. A million of them take about 490 MB at the peak (INV-11). */
const MAX_BARS = 5_000_000
const NEWLINE = 10
const FIELDS = ['open', 'high', 'low', 'close', 'volume'] as const

/** Reads the whole file into columns; gzip is unpacked on the way, by its magic number and not by its name. */
export async function readOhlcv(path: string, onRead?: OnRead): Promise<Result<OhlcvFile, OhlcvFailure>> {
  const columns = new OhlcvColumns()
  const reader = new RowReader(columns)
  try {
    for await (const block of fileBlocks(path, onRead)) {
      const failure = reader.read(block)
      if (failure !== null) return failure
    }
  } catch (thrown) {
    return fail('unreadable', `${path}: ${toPlainError(thrown).message}`)
  }
  const failure = reader.end()
  if (failure !== null) return failure
  const newestFirst = columns.order < 0
  const bars = columns.take()
  if (bars.length === 0) return fail('empty', `${path}: no rows`)
  const intervalMs = usualInterval(bars.time)
  const gaps: { after: number; missing: number }[] = []
  for (let i = 1; i < bars.length; i++) {
    const missing = Math.round(((bars.time[i] ?? 0) - (bars.time[i - 1] ?? 0)) / intervalMs) - 1
    if (missing > 0) gaps.push({ after: i - 1, missing })
  }
  return ok({ bars, newestFirst, intervalMs, gaps })
}

/** The failure in words that name the file; a row's or a header's names its line only. */
export const namingFile = (path: string, error: OhlcvFailure): OhlcvFailure =>
  error.code === 'unreadable' || error.code === 'empty' ? error : { ...error, message: `${path}: ${error.message}` }

type RowFailure = { readonly ok: false; readonly error: OhlcvFailure }

/** Rows of one file, block by block: plain ones from their bytes, every other one as text. */
class RowReader {
  readonly #columns: OhlcvColumns
  #layout: Layout | undefined
  #plain: PlainRows | null = null
  #number = 0
  /** Why the line above the header is none, where there was one. */
  #title: RowFailure | null = null
  /** Why a file that ends here would not be sorted: it fell once, and one step down may be a mistake as well as an order. */
  #fell: RowFailure | null = null

  constructor(columns: OhlcvColumns) {
    this.#columns = columns
  }

  read(block: Buffer | null): RowFailure | null {
    if (block === null) return fail('bad-row', `line ${this.#number + 1}: longer than 1 MiB`)
    const ascii = isAscii(block)
    for (let at = 0; at < block.length;) {
      this.#number++
      const next = ascii && this.#plain !== null ? this.#plain.read(block, at) : -1
      if (next !== -1 && this.#plain !== null && this.#columns.takes(this.#plain.row)) {
        at = next
        continue
      }
      const newline = block.indexOf(NEWLINE, at)
      const end = newline === -1 ? block.length : newline
      const failure = this.#text(lineAt(block, at, end))
      if (failure !== null) return failure
      at = end + 1
    }
    return null
  }

  /** What only the end of the file tells. */
  end(): RowFailure | null {
    if (this.#layout === undefined) return this.#title
    return this.#columns.length === 2 ? this.#fell : null
  }

  #text(bytes: Buffer): RowFailure | null {
    const number = this.#number
    if (!isUtf8(bytes)) return fail('bad-row', `line ${number}: not UTF-8 text`)
    const text = bytes.toString('utf8')
    if (this.#layout === undefined ? isBlank(text) : text.trim() === '') return null
    if (this.#layout === undefined) {
      const first = firstRow(text, number)
      if (!first.ok && this.#title === null && mayBeTitle(text)) {
        this.#title = first
        return null
      }
      if (!first.ok) return first
      // A title stands above names; above figures it is a row that cannot be read.
      if (first.value.isBar && this.#title !== null) return this.#title
      this.#layout = first.value.layout
      this.#plain = PlainRows.of(this.#layout)
      if (!first.value.isBar) return null
    }
    const layout = this.#layout
    const cells = cellsOf(text.replace(/^\uFEFF/, ''), layout.separator)
    const problem = this.#columns.add(cells, layout)
    if (problem !== undefined) return fail('bad-row', `line ${number}: ${problem}`)
    if (this.#columns.length === 2 && this.#columns.order < 0)
      this.#fell = fail('bad-row', `line ${number}: ${notSorted(timeText(cells, layout), 'before')}`)
    return null
  }
}

const notSorted = (written: string, where: string): string => `time ${written} is ${where} the line above it; the file must be sorted`

/** Columns that grow by doubling, so that a large file costs little more than its figures. */
class OhlcvColumns {
  length = 0
  /** 1: times rise; -1: they fall, which the second row decides. */
  order = 1
  /** Time, open, high, low, close, volume. */
  #data = Array.from({ length: 6 }, () => new Float64Array(4_096))
  /** The row being read. */
  readonly #row = new Float64Array(6)

  /** Takes a row that is a bar; false when it does not come after the one before it, or there is no room for it. */
  takes(row: Float64Array): boolean {
    if (((row[0] ?? 0) - this.#lastTime()) * this.order <= 0 || this.length >= MAX_BARS) return false
    this.#push(row)
    return true
  }

  /** Takes a row, or says in words what is wrong with it and takes nothing. */
  add(cells: readonly string[], layout: Layout): string | undefined {
    const written = timeText(cells, layout)
    const when = parseTime(written)
    if (when === undefined) return `time "${written}" is not a date or a number`
    const before = this.#lastTime()
    if (when === before) return `duplicate time ${written}`
    if ((when - before) * this.order < 0 && this.length !== 1) {
      return this.order > 0
        ? notSorted(written, 'before')
        : `${notSorted(written, 'after')}, and the lines before it run from newest to oldest`
    }
    if (this.length >= MAX_BARS) return `more than ${MAX_BARS} bars`
    const row = this.#row
    row[0] = when
    for (let k = 0; k < FIELDS.length; k++) {
      const field = FIELDS[k] ?? ''
      const text = cells[k < 4 ? (layout.prices[k] ?? -1) : layout.volume] ?? ''
      const value = NUMBER.test(text) ? Number(text) : Number.NaN
      if (!Number.isFinite(value)) return `${field} "${text}" is not a number`
      if (k < 4 ? value <= 0 : value < 0) return `${field} ${value} must ${k < 4 ? 'be positive' : 'not be negative'}`
      row[k + 1] = value
    }
    const [o, h, l, c] = [row[1] ?? 0, row[2] ?? 0, row[3] ?? 0, row[4] ?? 0]
    if (h < l) return `high ${h} is below low ${l}`
    if (o > h || o < l || c > h || c < l) return `open or close lies outside low ${l} … high ${h}`
    if (when < before) this.order = -1
    this.#push(row)
    return undefined
  }

  #lastTime(): number {
    return this.length === 0 ? -Infinity : (this.#data[0]?.[this.length - 1] ?? 0)
  }

  #push(row: Float64Array): void {
    if (this.length === this.#data[0]?.length) {
      this.#data = this.#data.map((column) => resized(column, column.length * 2))
    }
    const at = this.length++
    for (let k = 0; k < row.length; k++) {
      const column = this.#data[k]
      if (column !== undefined) column[at] = row[k] ?? 0
    }
  }

  /** The columns, which end being this one's. */
  take(): Bars {
    const length = this.length
    const [time, open, high, low, close, volume] = this.#data.map((column) => {
      const part = resized(column, length)
      return this.order < 0 ? part.reverse() : part
    })
    const none = new Float64Array(0)
    this.length = 0
    this.#data = []
    return {
      length,
      time: time ?? none,
      open: open ?? none,
      high: high ?? none,
      low: low ?? none,
      close: close ?? none,
      volume: volume ?? none,
    }
  }
}

/** What it was is given back at once, and not when a collector finds the time: these are the largest things there are. */
const resized = ({ buffer }: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> =>
  new Float64Array(buffer.transfer(length * Float64Array.BYTES_PER_ELEMENT))

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
