/**
 * Replays a recorded session in a thread of its own and keeps what it is scrubbed by: a long recording never holds the host. Without a
 * session it lists what is recorded, and ends.
 */
import { parentPort, workerData } from 'node:worker_threads'
import * as v from 'valibot'
import { messagePort, NODE_PORT } from '../contract/ports/message-port.ts'
import type { RecordedSession, ReplayReturns, ReplaySummary } from '../contract/replay.ts'
import { fail, InvariantError, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { replayIncident, type IncidentReport } from './incident.ts'
import { listRecordings } from './recorded-sessions.ts'
import { recordedStrategies } from './recorded-strategies.ts'
import { ScrubBook } from './scrub-book.ts'

export interface ReplayThreadMethods {
  moments(arg: { readonly from: number; readonly count: number }): ReplayReturns['replayMoments']
  at(arg: { readonly index: number }): Result<ReplayReturns['replayAt'], Failure>
  bars(arg: { readonly symbol: string }): ReplayReturns['replayBars']
}

export interface ReplayThreadEvents {
  /** Bytes of the recording taken so far. */
  progress: number
  done: Result<ReplaySummary, Failure>
  sessions: Result<readonly RecordedSession[], Failure>
}

const PROGRESS_MS = 100

const About = v.variant('wanted', [
  v.strictObject({ wanted: v.literal('sessions'), dataDir: v.string(), current: v.string() }),
  v.strictObject({ wanted: v.literal('replay'), dataDir: v.string(), session: v.string() }),
])
export type ReplayThreadData = v.InferOutput<typeof About>

function summaryOf(report: IncidentReport, book: ScrubBook): ReplaySummary {
  const { runs } = report
  const sum = (pick: (run: (typeof runs)[number]) => number): number => runs.reduce((total, run) => total + pick(run), 0)
  return {
    session: report.session,
    build: runs[0]?.build ?? '',
    identical: report.identical,
    runs: runs.length,
    inputs: sum((run) => run.inputs),
    ticks: sum((run) => run.ticks),
    compared: sum((run) => run.compared),
    unrecorded: sum((run) => run.unrecorded),
    cut: runs.find((run) => run.cut !== '')?.cut ?? '',
    replayedHash: runs.at(-1)?.replayedHash ?? '',
    divergence: runs.find((run) => run.divergence !== null)?.divergence ?? null,
    symbols: book.symbols,
    moments: book.count,
    leftOut: book.leftOut,
  }
}

const port = parentPort
if (port === null) throw new InvariantError('Invariant: started as a thread')
const about = v.parse(About, workerData)
let toldAt = 0
const book = new ScrubBook((bytes) => {
  const now = performance.now()
  if (now - toldAt < PROGRESS_MS) return
  toldAt = now
  host.emit('progress', bytes)
})
const host = connect<ReplayThreadMethods, ReplayThreadEvents, Record<never, never>, Record<never, never>>(messagePort(port, NODE_PORT), {
  moments: ({ from, count }) => ({ moments: book.moments(from, count) }),
  at({ index }) {
    const books = book.at(index)
    return books === null ? fail('no-moment', `there is no moment ${index}`) : ok(books)
  },
  bars: ({ symbol }) => ({ bars: book.bars(symbol) }),
})

if (about.wanted === 'sessions') host.emit('sessions', listRecordings(about.dataDir, about.current))
else {
  let report: Result<IncidentReport, Failure>
  try {
    const strategies = await recordedStrategies(about.dataDir, about.session)
    report = strategies.ok ? replayIncident(about.dataDir, about.session, book, strategies.value) : strategies
  } catch (thrown) {
    report = fail('thrown', toPlainError(thrown).message)
  }
  host.emit('done', report.ok ? ok(summaryOf(report.value, book)) : report)
}
