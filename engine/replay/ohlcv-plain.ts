/**
 * Plain rows of an OHLCV file, straight from its bytes: digits, a point, separators, and figures that make a bar. No text is made of
 * them. What is not plain (quotes, blanks, dates in words, more than 15 digits, or wrong) is not judged here: the reader of text
 * (ohlcv-file.ts) reads such a row, and it is the one that says what is wrong with it.
 */
import { epochMs, type Layout } from './ohlcv-layout.ts'

const NEWLINE = 10
const CARRIAGE_RETURN = 13
const QUOTE = 34
const POINT = 46
const ZERO = 48
/** So many digits are exact in a double, and so is the power of ten that sets their point: their quotient is what Number() gives. */
const MAX_DIGITS = 15
const POWERS = Float64Array.from({ length: MAX_DIGITS + 1 }, (_, exponent) => 10 ** exponent)
const TIME = 0
const SKIPPED = -1

export class PlainRows {
  /** Of the row last read: time in ms, open, high, low, close, volume. */
  readonly row = new Float64Array(6)
  readonly #separator: number
  /** What each column is, up to the last one needed: a place in `row`, or SKIPPED. */
  readonly #columns: readonly number[]

  private constructor(separator: number, columns: readonly number[]) {
    this.#separator = separator
    this.#columns = columns
  }

  /** null for a layout whose rows are never plain: the time of day in a column of its own. */
  static of(layout: Layout): PlainRows | null {
    if (layout.clock !== undefined) return null
    const wanted = [layout.time, ...layout.prices, layout.volume]
    const columns = Array.from({ length: Math.max(...wanted) + 1 }, (_, column) => wanted.indexOf(column))
    return new PlainRows(layout.separator.charCodeAt(0), columns)
  }

  /** Reads the row at `from` of ASCII bytes. Answers where the next one begins, or -1 when this one is not plain. */
  read(bytes: Uint8Array, from: number): number {
    const { row } = this
    const columns = this.#columns
    const separator = this.#separator
    const last = columns.length - 1
    const end = bytes.length
    let at = from
    for (let column = 0; column <= last; column++) {
      const place = columns[column] ?? SKIPPED
      if (place === SKIPPED) {
        for (let byte = bytes[at]; byte !== separator; byte = bytes[++at]) {
          if (byte === undefined || byte === NEWLINE || byte === QUOTE) return -1
        }
      } else {
        let figure = 0
        let digits = 0
        let point = -1
        for (; at < end; at++) {
          const byte = bytes[at] ?? 0
          const digit = byte - ZERO
          if (digit >= 0 && digit <= 9) {
            figure = figure * 10 + digit
            digits++
          } else if (byte === POINT && point === -1 && place !== TIME) point = digits
          else break
        }
        if (digits === 0 || digits > MAX_DIGITS) return -1
        row[place] = place === TIME ? (epochMs(figure) ?? -1) : point === -1 ? figure : figure / (POWERS[digits - point] ?? 1)
      }
      if (column < last && bytes[at++] !== separator) return -1
    }
    const byte = bytes[at]
    if (byte !== separator && byte !== NEWLINE && byte !== CARRIAGE_RETURN && byte !== undefined) return -1
    while (at < end && bytes[at] !== NEWLINE) at++
    return this.#isBar() ? at + 1 : -1
  }

  #isBar(): boolean {
    const { row } = this
    const [time, open, high, low, close, volume] = [row[0] ?? 0, row[1] ?? 0, row[2] ?? 0, row[3] ?? 0, row[4] ?? 0, row[5] ?? -1]
    return time > 0 && low > 0 && open >= low && open <= high && close >= low && close <= high && volume >= 0
  }
}
