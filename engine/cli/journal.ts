/** `aegis journal verify|export`. Export: every row as one JSON line, or with --fills the fills as CSV. */
import { exportFills, verifyJournal, withJournal } from '../cockpit/journal-reading.ts'
import { parseFlags, refuse, type Command } from './command.ts'
import { existingDataDir } from './data-flag.ts'

const FLAGS = { data: { type: 'string' }, fills: { type: 'boolean' }, json: { type: 'boolean' } } as const

export const journal: Command = {
  name: 'journal',
  summary: 'verify: re-compute the hash chain; export: everything that happened',
  usage: [
    ['verify', 'exit 1 when a row was changed, removed or lost'],
    ['export', 'one JSON line per row'],
    ['export --fills', 'the fills as CSV'],
    ['--data DIR', "the engine's data folder"],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS, { max: 1 })
    if (!flags.ok) return refuse(io, flags.error)
    const { values, words } = flags.value
    const action = words[0]
    if (action !== 'verify' && action !== 'export') return refuse(io, { code: 'usage', message: 'journal expects verify or export' })
    if (values.fills === true && action !== 'export') return refuse(io, { code: 'usage', message: '--fills goes with export' })
    const dataDir = existingDataDir(values.data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    if (action === 'verify') {
      const report = verifyJournal(dataDir.value)
      if (!report.ok) return refuse(io, report.error)
      io.out(values.json === true ? `${JSON.stringify(report.value)}\n` : `${report.value.text}\n`)
      return report.value.ok ? 0 : 1
    }
    if (values.fills === true) {
      const fills = exportFills(dataDir.value)
      if (!fills.ok) return refuse(io, fills.error)
      io.out(values.json === true ? `${JSON.stringify(fills.value)}\n` : fills.value.csv)
      return 0
    }
    let first = true
    const read = withJournal(dataDir.value, (file) => {
      if (values.json === true) io.out('{"rows":[')
      return file.each({}, (row) => {
        io.out(values.json === true ? `${first ? '' : ','}${JSON.stringify(row)}` : `${JSON.stringify(row)}\n`)
        first = false
      })
    })
    if (!read.ok) return refuse(io, read.error)
    if (values.json === true) io.out(']}\n')
    return 0
  },
}
