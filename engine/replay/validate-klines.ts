/**
 * One row of OHLCV after the other, judged as the feed judges bars (INV-13): a row that is refused is named and leaves no trace in
 * the judgement of the next. Columns by header in any case and order, or Binance's order without a header. A file that runs from its
 * newest bar to its oldest is judged backwards: that is an order, and not a mistake in every line.
 */
import type { Findings } from './findings.ts'
import { cellsOf, firstRow, NUMBER, parseTime, timeText, type Layout } from './ohlcv-layout.ts'

const NAMES = ['open', 'high', 'low', 'close', 'volume'] as const
/** A price may be this many times the last close, or its fraction: the feed's own bound. */
const JUMP = 5
/** Distances looked at before the file's interval is known. */
const SAMPLE = 500

export interface Line {
  readonly text: string
  readonly line: number
}

interface Row {
  readonly line: number
  readonly time: number
  readonly high: number
  readonly low: number
  readonly close: number
}

const before = (written: string, row: Row): string => `time ${written} is before line ${row.line}`

export class KlinesJudge {
  readonly findings: Findings
  readonly #latestMs: number
  #layout: Layout | null = null
  #last: Row | null = null
  #first = 0
  /** 1: times rise; -1: they fall. */
  #order = 1
  /** The second row, when it lies before the first: a mistake or the file's order, as the third one tells. */
  #doubt: { readonly first: Row; readonly text: string } | null = null
  #interval = 0
  readonly #sample: Row[] = []
  accepted = 0
  judged = 0
  gaps = 0
  missingBars = 0

  /** `latestMs`: latest open time that may be, ms. */
  constructor(findings: Findings, latestMs: number) {
    this.findings = findings
    this.#latestMs = latestMs
  }

  get from(): number {
    return this.newestFirst ? (this.#last?.time ?? 0) : this.#first
  }

  get to(): number {
    return this.newestFirst ? this.#first : (this.#last?.time ?? 0)
  }

  get newestFirst(): boolean {
    return this.#order < 0
  }

  get intervalMs(): number {
    return this.#interval
  }

  /** Why this is no file of klines, or undefined. A `title` stands above names; above figures it is a row like any other. */
  header(text: string, line: number, title: Line | null): string | undefined {
    const first = firstRow(text, line)
    if (!first.ok) return first.error.message
    this.#layout = first.value.layout
    if (!first.value.isBar) return undefined
    if (title !== null) this.row(title.text, title.line)
    this.row(text.replace(/^\uFEFF/, ''), line)
    return undefined
  }

  row(text: string, line: number): void {
    const layout = this.#layout
    if (layout === null) return
    this.judged++
    const cells = cellsOf(text, layout.separator)
    const problem = this.#judge(cells, layout, line)
    if (problem !== undefined) this.findings.add(line, problem[0], problem[1])
  }

  #judge(cells: readonly string[], layout: Layout, line: number): readonly [string, string] | undefined {
    const written = timeText(cells, layout)
    if (written.trim() === '') return ['missing', 'no time']
    if (/^[+-]?0+$/.test(written)) return ['time-zero', `time ${written}`]
    const time = parseTime(written)
    if (time === undefined) return ['not-a-number', `time "${written}" is neither a date nor a number`]
    const values: number[] = []
    for (const [k, at] of [...layout.prices, layout.volume].entries()) {
      const cell = cells[at] ?? ''
      const name = NAMES[k] ?? ''
      if (cell === '' || /^null|none$/i.test(cell)) return ['missing', `no ${name}`]
      if (/^[+-]?inf(inity)?$/i.test(cell)) return ['not-finite', `${name} is ${cell}`]
      if (!NUMBER.test(cell)) return ['not-a-number', `${name} "${cell}" is not a number`]
      const value = Number(cell)
      if (!Number.isFinite(value)) return ['not-finite', `${name} ${cell} is too large`]
      if (value < 0) return ['negative', `${name} ${cell}`]
      if (value === 0 && name !== 'volume') return ['zero', `${name} is zero`]
      values.push(value)
    }
    const [open = 0, high = 0, low = 0, close = 0] = values
    if (high < low) return ['high-below-low', `high ${high} is below low ${low}`]
    if (open > high || open < low || close > high || close < low) return ['outside-range', `open or close lies outside ${low} … ${high}`]
    if (time > this.#latestMs) return ['time-future', `time ${written} lies in the future`]
    if (time % 1_000 !== 0) return ['misaligned', `time ${written} is not a whole second`]
    if (this.#doubt !== null && this.#last !== null && time > this.#last.time) this.#settleDoubt()
    const last = this.#last
    if (last !== null && time === last.time) return ['duplicate', `time ${written} again (line ${last.line})`]
    // The second row may lie on either side of the first.
    const order = last !== null && this.accepted === 1 ? Math.sign(time - last.time) : this.#order
    const row: Row = { line, time, high, low, close }
    if (last !== null) {
      if ((time - last.time) * order < 0)
        return [
          'time-back',
          order > 0 ? before(written, last) : `time ${written} is after line ${last.line}; the file runs from newest to oldest`,
        ]
      const older = order > 0 ? last : row
      const newer = order > 0 ? row : last
      if (newer.high > older.close * JUMP || newer.low * JUMP < older.close)
        return ['jump', `from ${older.close} to ${newer.low} … ${newer.high}`]
      this.#doubt = order < 0 && this.accepted === 1 ? { first: last, text: before(written, last) } : null
    }
    this.#order = order
    this.#accept(row)
    return undefined
  }

  #accept(row: Row): void {
    this.accepted++
    if (this.#first === 0) this.#first = row.time
    if (this.#interval === 0) {
      this.#sample.push(row)
      if (this.#sample.length > SAMPLE) this.#settleInterval()
    } else this.#judgeDistance(this.#last, row)
    this.#last = row
  }

  /** One step down and no more is a row in the wrong place. */
  #settleDoubt(): void {
    if (this.#doubt === null) return
    this.findings.add(this.#last?.line ?? 0, 'time-back', this.#doubt.text)
    this.#last = this.#doubt.first
    this.#doubt = null
    this.#order = 1
    this.#sample.pop()
    this.accepted--
  }

  /** The most frequent distance; what was waiting for it is judged now. */
  #settleInterval(): void {
    const counts = new Map<number, number>()
    for (let i = 1; i < this.#sample.length; i++) {
      const distance = Math.abs((this.#sample[i]?.time ?? 0) - (this.#sample[i - 1]?.time ?? 0))
      counts.set(distance, (counts.get(distance) ?? 0) + 1)
    }
    this.#interval = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])[0]?.[0] ?? 60_000
    for (let i = 1; i < this.#sample.length; i++) this.#judgeDistance(this.#sample[i - 1] ?? null, this.#sample[i])
    this.#sample.length = 0
  }

  #judgeDistance(before: Row | null, row: Row | undefined): void {
    if (before === null || row === undefined) return
    const distance = Math.abs(row.time - before.time)
    if (distance === this.#interval) return
    if (distance % this.#interval !== 0) {
      this.findings.add(row.line, 'misaligned', `${distance} ms after the bar before it; the file's interval is ${this.#interval} ms`)
      return
    }
    const missing = distance / this.#interval - 1
    this.gaps++
    this.missingBars += missing
    this.findings.add(row.line, 'gap', `${missing} bars missing before ${new Date(Math.max(row.time, before.time)).toISOString()}`)
  }

  end(): void {
    this.#settleDoubt()
    if (this.#interval === 0) this.#settleInterval()
  }
}
