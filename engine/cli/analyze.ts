/** `aegis analyze`: market structure and indicators of one OHLCV file as CSV tables. */
import { sessionNames } from '../replay/analyze-tables.ts'
import { analyze as analyzeFile } from '../replay/analyze.ts'
import { parseFlags, parseNumber, refuse, usage, type Command } from './command.ts'
import { showProgress } from './progress.ts'

const FLAGS = {
  file: { type: 'string' },
  out: { type: 'string' },
  'swing-length': { type: 'string' },
  'close-break': { type: 'string' },
  'close-mitigation': { type: 'string' },
  session: { type: 'string' },
  json: { type: 'boolean' },
} as const

const truth = (flag: string, text: string | undefined, initial: boolean) =>
  text === undefined ? initial : text === 'true' ? true : text === 'false' ? false : usage(`--${flag} expects true or false`)

export const analyze: Command = {
  name: 'analyze',
  summary: 'market structure and indicators of an OHLCV file as CSV tables',
  usage: [
    ['--file OHLCV.csv', 'a time column and Open, High, Low, Close, Volume in any case; gzip, a pipe and newest-first are read too'],
    ['--out DIR', 'where the tables go, one row per bar'],
    ['--swing-length N', 'bars to the right of a swing (default 5)'],
    ['--close-break true|false', 'a close (true, default) or a wick breaks structure'],
    ['--close-mitigation true|false', 'a body (true) or a wick (default) breaks an order block'],
    ['--session NAME', `one of ${sessionNames().join(', ')} (default London)`],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    if (values.file === undefined) return refuse(io, usage('--file is missing').error)
    if (values.out === undefined) return refuse(io, usage('--out is missing').error)
    const length = values['swing-length'] === undefined ? undefined : parseNumber('swing-length', values['swing-length'], 1, 1_000)
    if (length !== undefined && !length.ok) return refuse(io, length.error)
    if (length !== undefined && !Number.isInteger(length.value)) return refuse(io, usage('--swing-length expects a whole number').error)
    const closeBreak = truth('close-break', values['close-break'], true)
    if (typeof closeBreak === 'object') return refuse(io, closeBreak.error)
    const closeMitigation = truth('close-mitigation', values['close-mitigation'], false)
    if (typeof closeMitigation === 'object') return refuse(io, closeMitigation.error)
    const wanted = (values.session ?? 'London').toLowerCase()
    const session = sessionNames().find((name) => name.toLowerCase() === wanted)
    if (session === undefined) return refuse(io, usage(`--session expects one of ${sessionNames().join(', ')}`).error)
    // Millions of rows take a minute: whoever watches sees how far it is. In a pipe nothing is said.
    const progress = io.terminal === undefined ? undefined : showProgress(io, false, () => performance.now(), 'steps')
    const result = await analyzeFile(
      { file: values.file, out: values.out, swingLength: length?.value ?? 5, closeBreak, closeMitigation, session },
      (done, total) => progress?.note(done, total),
    )
    progress?.end()
    if (!result.ok) return refuse(io, result.error)
    const { value } = result
    if (value.newestFirst) io.err(`note: ${value.file} runs from newest to oldest; the tables run from its oldest bar on`)
    if (value.gaps > 0)
      io.err(`note: ${value.missingBars} bars are missing in ${value.gaps} places; the columns are computed over the bars as they stand`)
    if (values.json === true) io.out(`${JSON.stringify(value)}\n`)
    else {
      io.out(`${value.bars} bars from ${value.from} to ${value.to}\n`)
      for (const [name, count] of Object.entries(value.counts)) io.out(`${String(count).padStart(8)} ${name}\n`)
      io.out(`${value.written.length} tables in ${value.out}\n`)
    }
    return 0
  },
}
