/**
 * Incident replay: the recorded inputs into a fresh brain, and every journal entry it gives beside the row the live brain wrote. Equal
 * to the last bit, or the first divergence with both sides. What the brain knew at its start comes from the same journal.
 */
import { createHash } from 'node:crypto'
import type { Command } from '../brain/events.ts'
import { rebuild, REBUILD_KINDS } from '../brain/rebuild.ts'
import { reduce } from '../brain/reducer.ts'
import { createBrain, type BrainState } from '../brain/state.ts'
import { reduceTicks } from '../brain/ticks.ts'
import { withJournal } from '../cockpit/journal-reading.ts'
import type { JournalEntry, JournalRow } from '../contract/journal-kinds.ts'
import type { ReplayDivergence } from '../contract/replay.ts'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { canonicalJson } from '../journal/canonical.ts'
import type { Journal } from '../journal/journal.ts'
import type { RecordingHeader } from '../processes/brain/recording.ts'
import { factoryOf, type RecordedStrategies } from './recorded-strategies.ts'
import { RecordingReader, recordingsOf, type Recorded } from './recording-reader.ts'
import { WrittenRows } from './written-rows.ts'

/** Sees a replay as it goes: the state after each input is the live brain's at that moment, to the bit. */
export interface ReplayObserver {
  begin(header: RecordingHeader): void
  after(input: Recorded, state: BrainState, entries: readonly JournalEntry[]): void
  /** Bytes of the recording taken so far, this run's. */
  progress(bytes: number): void
}

export interface ReplayedRun {
  readonly journalSeq: number
  readonly build: string
  readonly inputs: number
  readonly ticks: number
  readonly compared: number
  /** Rows the live brain wrote after the recording ended (a crash loses up to a quarter of a second of it). */
  readonly unrecorded: number
  /** Entries the replay gives that the live brain had no time to write. */
  readonly unwritten: number
  readonly cut: string
  readonly identical: boolean
  /** sha256 over what was compared, on both sides. */
  readonly recordedHash: string
  readonly replayedHash: string
  readonly divergence: ReplayDivergence | null
}

export interface IncidentReport {
  readonly session: string
  readonly identical: boolean
  readonly runs: readonly ReplayedRun[]
}

const lineOf = (kind: string, time: number, ref: string, payload: unknown): string =>
  canonicalJson(JSON.parse(JSON.stringify([kind, time, ref, payload])))

/** @param strategies those of the trader's own that the session ran (recorded-strategies.ts) */
export function replayIncident(
  dataDir: string,
  session: string,
  observer?: ReplayObserver,
  strategies: RecordedStrategies = new Map(),
): Result<IncidentReport, Failure> {
  const recordings = recordingsOf(dataDir, session)
  if (!recordings.ok) return recordings
  return withJournal(dataDir, (journal) => {
    const runs: ReplayedRun[] = []
    for (const files of recordings.value) {
      const run = replayRun(journal, session, new RecordingReader(files), observer, strategies)
      if (!run.ok) return run
      runs.push(run.value)
    }
    return ok({ session, identical: runs.every((run) => run.identical), runs })
  })
}

function startOf(journal: Journal, header: RecordingHeader, strategies: RecordedStrategies): Result<BrainState, Failure> {
  const factory = factoryOf(header.config.strategySettings, strategies)
  if (!factory.ok) return factory
  const state = createBrain({
    ...header.config,
    tiers: new Map(header.config.tiers) as BrainState['config']['tiers'],
    createStrategy: factory.value,
  })
  const rows: JournalRow[] = []
  const sessions = journal.rows({ kinds: ['session'] })
  if (!sessions.ok) return sessions
  const own = sessions.value.find((row) => row.seq === header.journalSeq)
  if (own === undefined) return fail('no-journal', `journal row ${header.journalSeq}, with which the recorded brain began, is missing`)
  let mine = false
  const read = journal.each({ kinds: ['session', ...REBUILD_KINDS] }, (row) => {
    if (row.seq >= header.journalSeq) return false
    if (row.process !== 'brain') return
    if (row.kind === 'session') mine = 'account' in row.payload && row.payload.account === own.payload.account
    else if (mine) rows.push(row)
  })
  if (!read.ok) return read
  if (rows.length > 0) rebuild(state, rows)
  state.counter = header.counter
  return ok(state)
}

function replayRun(
  journal: Journal,
  session: string,
  reader: RecordingReader,
  observer: ReplayObserver | undefined,
  strategies: RecordedStrategies,
): Result<ReplayedRun, Failure> {
  const records = reader.records()
  const first = records.next()
  if (first.done === true || first.value.kind !== 'header') return fail('bad-recording', `the recording of ${session} has no beginning`)
  const { header } = first.value
  const start = startOf(journal, header, strategies)
  if (!start.ok) return start
  const state = start.value
  observer?.begin(header)

  const written = new WrittenRows(journal, session, header.journalSeq + 1)
  const hashes = [createHash('sha256'), createHash('sha256')] as const
  const out: Command[] = []
  let inputs = 0
  let ticks = 0
  let unwritten = 0
  let compared = 0
  let divergence: ReplayDivergence | null = null
  const take = (record: Recorded): void => {
    if (observer !== undefined) {
      const entries = out.flatMap((command) => (command.type === 'journal' ? command.entry : []))
      observer.after(record, state, entries)
      observer.progress(reader.bytesRead)
    }
    for (const command of out) {
      if (command.type !== 'journal' || divergence !== null) continue
      const { kind, time, ref, payload } = command.entry
      const replayed = lineOf(kind, time, ref ?? '', payload)
      const row = written.next()
      if (row === null) {
        unwritten++
        continue
      }
      const recorded = lineOf(row.kind, row.time, row.ref, row.payload)
      compared++
      hashes[0].update(`${recorded}\n`)
      hashes[1].update(`${replayed}\n`)
      if (recorded !== replayed) divergence = { seq: row.seq, input: inputs, time: row.time, recorded, replayed }
    }
    out.length = 0
  }
  try {
    for (const record of records) {
      if (record.kind === 'header') continue
      inputs++
      if (record.kind === 'event') reduce(state, record.event, out)
      else {
        ticks += record.count
        reduceTicks(state, record.view, 0, record.count, record.at, out)
      }
      take(record)
      if (divergence !== null) break
    }
  } catch (thrown) {
    divergence = { seq: 0, input: inputs, time: state.now, recorded: null, replayed: toPlainError(thrown).message }
  }
  const unrecorded = divergence === null ? written.rest() : 0
  if (written.failure !== null) return { ok: false, error: written.failure }
  return ok({
    journalSeq: header.journalSeq,
    build: header.build,
    inputs,
    ticks,
    compared,
    unrecorded,
    unwritten,
    cut: reader.cut,
    identical: divergence === null,
    recordedHash: hashes[0].digest('hex'),
    replayedHash: hashes[1].digest('hex'),
    divergence,
  })
}
