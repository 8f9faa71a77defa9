/** `aegis replay`: the recorded inputs of a session through the brain again, and the proof that it decides the same. */
import { replayIncident } from '../replay/incident.ts'
import { recordedSessions } from '../replay/recording-reader.ts'
import { parseFlags, refuse, usage, type Command } from './command.ts'
import { existingDataDir } from './data-flag.ts'

export const replay: Command = {
  name: 'replay',
  summary: 'run the brain again over a recorded session and prove its decisions identical',
  usage: [
    ['--session ID', 'the recorded session; without it, the only one there is'],
    ['--data DIR', "the engine's data folder; a folder `recordings` in it makes the engine record"],
    ['--json', 'one JSON document: hashes, or the first divergence'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, { session: { type: 'string' }, data: { type: 'string' }, json: { type: 'boolean' } })
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const dataDir = existingDataDir(values.data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    const known = recordedSessions(dataDir.value)
    const session = values.session ?? (known.length === 1 ? known[0] : undefined)
    if (session === undefined) {
      return refuse(
        io,
        usage(known.length === 0 ? `nothing is recorded in ${dataDir.value}` : `--session is one of ${known.join(', ')}`).error,
      )
    }
    if (!/^[\w-]{1,64}$/.test(session)) return refuse(io, usage('--session expects a session id').error)
    const result = replayIncident(dataDir.value, session)
    if (!result.ok) return refuse(io, result.error)
    const report = result.value
    if (values.json === true) io.out(`${JSON.stringify(report)}\n`)
    else {
      for (const run of report.runs) {
        io.out(`brain from row ${run.journalSeq}: ${run.inputs} inputs, ${run.ticks} ticks, ${run.compared} decisions compared: `)
        io.out(run.identical ? `identical (${run.replayedHash})\n` : 'DIFFERENT\n')
        if (run.cut !== '') io.out(`  ${run.cut}\n`)
        if (run.unrecorded > 0) io.out(`  ${run.unrecorded} rows were written after the recording ended\n`)
        const { divergence } = run
        if (divergence !== null)
          io.out(
            `  row ${divergence.seq}, input ${divergence.input}\n  live   ${divergence.recorded ?? '–'}\n  replay ${divergence.replayed ?? '–'}\n`,
          )
      }
    }
    return report.identical ? 0 : 1
  },
}
