/** `aegis replay`: the recorded inputs of a session through the brain again, and the proof that it decides the same. */
import { replayIncident } from '../replay/incident.ts'
import { listRecordings } from '../replay/recorded-sessions.ts'
import { recordedStrategies } from '../replay/recorded-strategies.ts'
import { recordedSessions } from '../replay/recording-reader.ts'
import { parseFlags, refuse, usage, type Command, type ExitCode, type Io } from './command.ts'
import { existingDataDir } from './data-flag.ts'

const FLAGS = { session: { type: 'string' }, list: { type: 'boolean' }, data: { type: 'string' }, json: { type: 'boolean' } } as const

function list(dataDir: string, json: boolean, io: Io): ExitCode {
  const sessions = listRecordings(dataDir, '')
  if (!sessions.ok) return refuse(io, sessions.error)
  if (json) {
    io.out(`${JSON.stringify({ dataDir, bytes: sessions.value.reduce((sum, one) => sum + one.bytes, 0), sessions: sessions.value })}\n`)
    return 0
  }
  for (const one of sessions.value) {
    const about = one.problem ?? `${one.strategy} on ${one.symbols.join(',')}, build ${one.build}`
    const size = `${(one.bytes / 1_048_576).toFixed(1)} MB`
    io.out(
      `${one.session}  until ${new Date(one.writtenAt).toISOString()}  ${size}  ${one.runs} brain${one.runs === 1 ? '' : 's'}  ${about}\n`,
    )
  }
  if (sessions.value.length === 0) io.out(`nothing is recorded in ${dataDir}\n`)
  return 0
}

export const replay: Command = {
  name: 'replay',
  summary: 'run the brain again over a recorded session and prove its decisions identical',
  usage: [
    ['--session ID', 'the recorded session; without it, the only one there is'],
    ['--list', 'the recorded sessions, newest first'],
    ['--data DIR', "the engine's data folder"],
    ['--json', 'one JSON document: hashes, or the first divergence; with --list the sessions'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const dataDir = existingDataDir(values.data)
    if (!dataDir.ok) return refuse(io, dataDir.error)
    if (values.list === true) {
      if (values.session !== undefined) return refuse(io, usage('--list and --session exclude each other').error)
      return list(dataDir.value, values.json === true, io)
    }
    const known = recordedSessions(dataDir.value)
    const session = values.session ?? (known.length === 1 ? known[0] : undefined)
    if (session === undefined) {
      return refuse(
        io,
        usage(known.length === 0 ? `nothing is recorded in ${dataDir.value}` : `--session is one of ${known.join(', ')}`).error,
      )
    }
    if (!/^[\w-]{1,64}$/.test(session)) return refuse(io, usage('--session expects a session id').error)
    const strategies = await recordedStrategies(dataDir.value, session)
    if (!strategies.ok) return refuse(io, strategies.error)
    const result = replayIncident(dataDir.value, session, undefined, strategies.value)
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
