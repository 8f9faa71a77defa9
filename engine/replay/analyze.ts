/**
 * `aegis analyze`: every market-structure column and the indicators of one OHLCV file as CSV, one row per input bar, empty = no
 * value; column names of smart-money-concepts. Everything is written to temporary names and renamed at the end, and what would be in
 * the way of a rename is looked for before: all or nothing.
 */
import { createWriteStream } from 'node:fs'
import { lstat, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { once } from 'node:events'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { at } from '../structure/bars.ts'
import { swings } from '../structure/swings.ts'
import { makeFolder } from '../supervisor/make-folder.ts'
import { OUTPUTS, type Table, type TableOptions } from './analyze-tables.ts'
import { namingFile, readOhlcv } from './ohlcv-file.ts'

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

/** A path in `folder` that no table can take the place of, whatever is written: nothing may be replaced then. */
async function obstacleIn(folder: string): Promise<string | undefined> {
  for (const { name } of OUTPUTS) {
    const path = join(folder, name)
    const taken = await lstat(path).then(
      (about) => about.isDirectory(),
      () => false,
    )
    if (taken) return path
  }
  return undefined
}

const inTheWay = (path: string): Result<never, Failure> => fail('unwritable', `${path} is a directory; nothing was replaced`)

export async function analyze(options: AnalyzeOptions, onStep: OnStep = () => {}): Promise<Result<AnalyzeSummary, Failure>> {
  // A year of minutes is read before the first table stands: what can be known now is said now.
  const known = await obstacleIn(options.out)
  if (known !== undefined) return inTheWay(known)
  const read = await readOhlcv(options.file, (bytes, size) => onStep(size === null ? 0 : Math.min(bytes / size, 1), STEPS))
  if (!read.ok) return { ok: false, error: namingFile(options.file, read.error) }
  const { bars, newestFirst, gaps: holes, intervalMs } = read.value
  const names = OUTPUTS.map(({ name }) => name)
  const counts: Record<string, number> = {}
  const temporary = (name: string): string => join(options.out, `.${name}.part`)
  try {
    makeFolder(resolve(options.out))
    const swing = swings(bars, options.swingLength)
    // Each table in turn, so that only one is in memory beside the bars and the swings.
    for (const [place, { name, table: of, counted = [] }] of OUTPUTS.entries()) {
      const table = of(bars, swing, options)
      await writeTable(temporary(name), table, (part) => onStep(1 + place + part, STEPS))
      for (const [what, column] of counted)
        counts[what] = (table[column] ?? new Float64Array(0)).reduce((n, x) => n + (Number.isNaN(x) || x === 0 ? 0 : 1), 0)
    }
    const obstacle = await obstacleIn(options.out)
    if (obstacle !== undefined) return inTheWay(obstacle)
    for (const name of names) await rename(temporary(name), join(options.out, name))
  } catch (thrown) {
    return fail('unwritable', `${options.out}: ${toPlainError(thrown).message}`)
  } finally {
    await Promise.all(names.map((name) => rm(temporary(name), { force: true }).catch(() => undefined)))
  }
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
    written: names.toSorted(),
    counts,
  })
}
