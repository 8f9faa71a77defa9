/** Which sessions are recorded, with what each says of itself in its first record. Newest first, bounded. */
import { join } from 'node:path'
import { REPLAY_LIMITS, type RecordedSession } from '../contract/replay.ts'
import { ok, fail, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { RECORDINGS_FOLDER } from '../processes/brain/recording.ts'
import { sessionSpaces, type SessionSpace } from '../processes/brain/recording-space.ts'
import { RecordingReader } from './recording-reader.ts'

/** The first block holds the header; a recording of hundreds of symbols has a large one. */
const HEAD_BYTES = 1_048_576

const runOf = (file: string): string => file.slice(-22, -10)

function describe(space: SessionSpace, current: string): RecordedSession {
  const known = {
    session: space.session,
    bytes: space.bytes,
    segments: space.files.length,
    runs: new Set(space.files.map(runOf)).size,
    writtenAt: Math.round(space.writtenAt),
    current: space.session === current,
  }
  const unreadable = (problem: string): RecordedSession => ({ ...known, build: '', symbols: [], strategy: '', problem })
  try {
    const reader = new RecordingReader(space.files.slice(0, 1), HEAD_BYTES)
    const first = reader.records().next()
    if (first.done === true || first.value.kind !== 'header') return unreadable(reader.cut === '' ? 'it has no beginning' : reader.cut)
    const { build, config } = first.value.header
    return { ...known, build, symbols: config.symbols, strategy: config.strategySettings.name, problem: null }
  } catch (thrown) {
    return unreadable(toPlainError(thrown).message)
  }
}

/** @param current the session that runs at this moment, or ''. */
export function listRecordings(dataDir: string, current: string): Result<readonly RecordedSession[], Failure> {
  try {
    const spaces = sessionSpaces(join(dataDir, RECORDINGS_FOLDER)).toReversed().slice(0, REPLAY_LIMITS.sessions)
    return ok(spaces.map((space) => describe(space, current)))
  } catch (thrown) {
    return fail('unreadable', `the recordings cannot be read: ${toPlainError(thrown).message}`)
  }
}
