/** `aegis validate`: what the feed would refuse of a file, line by line. */
import { validateFile } from '../replay/validate.ts'
import { parseFlags, refuse, usage, type Command } from './command.ts'

const SHOWN = 20
const FUTURE_MS = 60_000

export const validate: Command = {
  name: 'validate',
  summary: 'check a file of klines or recorded frames line by line',
  usage: [
    [
      '--file F',
      "OHLCV as CSV (any column order, or Binance's without a header), or recorded frames as lines of JSON; gzip or not, a file or a pipe",
    ],
    ['--json', 'one JSON document: counts, reasons, the first 1,000 findings'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, { file: { type: 'string' }, json: { type: 'boolean' } })
    if (!flags.ok) return refuse(io, flags.error)
    const { file, json } = flags.value.values
    if (file === undefined) return refuse(io, usage('--file is missing').error)
    const result = await validateFile(file, Date.now() + FUTURE_MS)
    if (!result.ok) return refuse(io, result.error)
    const report = result.value
    if (report.newestFirst === true) io.err(`note: ${file} runs from newest to oldest; it was judged in that order`)
    if (json === true) io.out(`${JSON.stringify(report)}\n`)
    else {
      io.out(`${report.kind}: ${report.lines} lines, ${report.accepted} of ${report.judged} judged are good, ${report.refused} findings\n`)
      for (const [reason, count] of Object.entries(report.reasons)) io.out(`${String(count).padStart(8)} ${reason}\n`)
      for (const finding of report.findings.slice(0, SHOWN)) io.out(`line ${finding.line}: ${finding.reason} (${finding.text})\n`)
      if (report.refused > SHOWN) io.out(`… and ${report.refused - SHOWN} more\n`)
    }
    return report.clean ? 0 : 1
  },
}
