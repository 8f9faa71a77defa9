/**
 * `aegis analyze`: every market-structure column and the indicators of one OHLCV file as CSV, one row per input bar, empty = no
 * value; column names of smart-money-concepts. All tables are replaced or none is (whole-files.ts).
 */
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'
import { ok, type Failure, type Result } from '../contract/result.ts'
import { at } from '../structure/bars.ts'
import { swings } from '../structure/swings.ts'
import { OUTPUTS, type Table, type TableOptions } from './analyze-tables.ts'
import { namingFile, readOhlcv } from './ohlcv-file.ts'
import { nothingInTheWay, replaceTogether } from './whole-files.ts'

export interface AnalyzeOptions extends TableOptions {
  readonly file: string
  readonly out: string
}

export interface AnalyzeSummary {
  readonly file: string
  readonly out: string
  readonly bars: number
  /** The file ran from its newest bar to its oldest; the tables run from the oldest on. */
  readonly newestFirst: boolean
  readonly from: string
  readonly to: string
  readonly intervalMs: number
  /** Holes in the file; the columns are computed over the bars as they stand, so a hole is said here. */
  readonly gaps: number
  readonly missingBars: number
  readonly written: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

/** Of the file's bytes and of each table's rows, in steps: reading is the first one. */
export type OnStep = (done: number, total: number) => void
const STEPS = 1 + OUTPUTS.length

async function writeTable(path: string, table: Table, onPart: (part: number) => void): Promise<void> {
  const stream = createWriteStream(path)
  const columns = Object.values(table)
  const failure = once(stream, 'error').then(([error]) => Promise.reject(error instanceof Error ? error : new Error(String(error))))
  const rest = (async () => {
    stream.write(`${Object.keys(table).join(',')}\n`)
    const n = columns[0]?.length ?? 0
    for (let from = 0; from < n; from += 4096) {
      let text = ''
      for (let i = from; i < Math.min(n, from + 4096); i++) {
        text += columns.map((c) => (Number.isFinite(at(c, i)) ? String(at(c, i)) : '')).join(',')
        text += '\n'
      }
      if (!stream.write(text)) await once(stream, 'drain')
      onPart(Math.min(n, from + 4096) / n)
    }
    stream.end()
    await once(stream, 'finish')
  })()
  await Promise.race([rest, failure])
}

export async function analyze(options: AnalyzeOptions, onStep: OnStep = () => {}): Promise<Result<AnalyzeSummary, Failure>> {
  // A year of minutes is read before the first table stands: what can be known now is said now.
  const free = await nothingInTheWay(
    options.out,
    OUTPUTS.map(({ name }) => name),
  )
  if (!free.ok) return free
  const read = await readOhlcv(options.file, (bytes, size) => onStep(size === null ? 0 : Math.min(bytes / size, 1), STEPS))
  if (!read.ok) return { ok: false, error: namingFile(options.file, read.error) }
  const { bars, newestFirst, gaps: holes, intervalMs } = read.value
  const counts: Record<string, number> = {}
  const swing = swings(bars, options.swingLength)
  // Each table in turn, so that only one is in memory beside the bars and the swings.
  const files = OUTPUTS.map(({ name, table: of, counted = [] }, place) => ({
    name,
    write: async (path: string): Promise<void> => {
      const table = of(bars, swing, options)
      await writeTable(path, table, (part) => onStep(1 + place + part, STEPS))
      for (const [what, column] of counted)
        counts[what] = (table[column] ?? new Float64Array(0)).reduce((n, x) => n + (Number.isNaN(x) || x === 0 ? 0 : 1), 0)
    },
  }))
  const written = await replaceTogether(options.out, files)
  if (!written.ok) return written
  return ok({
    file: options.file,
    out: options.out,
    bars: bars.length,
    newestFirst,
    from: new Date(at(bars.time, 0)).toISOString(),
    to: new Date(at(bars.time, bars.length - 1)).toISOString(),
    intervalMs,
    gaps: holes.length,
    missingBars: holes.reduce((n, g) => n + g.missing, 0),
    written: written.value.toSorted(),
    counts,
  })
}
