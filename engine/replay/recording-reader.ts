/** Recorded segments back into what the reducer took, in order. A tail cut by a crash ends the reading; it is said, not an error. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { inflateRawSync } from 'node:zlib'
import * as v from 'valibot'
import type { BrainEvent } from '../brain/events.ts'
import { TICK_WORDS } from '../contract/tick.ts'
import { fail, ok, toPlainError, type Failure, type Result } from '../contract/result.ts'
import { RECORDING_VERSION, RECORDINGS_FOLDER, RecordKind, type RecordingHeader } from '../processes/brain/recording.ts'
import { SEGMENT_NAME, sessionSpaces } from '../processes/brain/recording-space.ts'

const MAX_BLOCK = 64 * 1_048_576

const Header = v.looseObject({
  version: v.literal(RECORDING_VERSION),
  build: v.string(),
  session: v.string(),
  journalSeq: v.pipe(v.number(), v.integer()),
  counter: v.pipe(v.number(), v.integer()),
  config: v.looseObject({ symbols: v.array(v.string()), tiers: v.array(v.tuple([v.string(), v.unknown()])) }),
})
const Event = v.looseObject({ type: v.string(), at: v.number() })

export type Recorded =
  | { readonly kind: 'header'; readonly header: RecordingHeader }
  | { readonly kind: 'ticks'; readonly view: Float64Array; readonly count: number; readonly at: number }
  | { readonly kind: 'event'; readonly event: BrainEvent }

/** Segment files of each brain of the session, in order of their start. */
export function recordingsOf(dataDir: string, session: string): Result<readonly (readonly string[])[], Failure> {
  const folder = join(dataDir, RECORDINGS_FOLDER, session)
  let names: string[]
  try {
    names = readdirSync(folder).filter((name) => SEGMENT_NAME.test(name))
  } catch {
    return fail('no-recording', `there is no recording of session ${session} in ${dataDir}`)
  }
  const runs = new Map<string, string[]>()
  for (const name of names.toSorted()) {
    const start = name.slice(0, 12)
    runs.set(start, [...(runs.get(start) ?? []), join(folder, name)])
  }
  return runs.size === 0 ? fail('no-recording', `the recording of session ${session} is empty`) : ok([...runs.values()])
}

/** Sessions with a recording, oldest first. */
export const recordedSessions = (dataDir: string): readonly string[] =>
  sessionSpaces(join(dataDir, RECORDINGS_FOLDER)).map(({ session }) => session)

export class RecordingReader {
  readonly #files: readonly string[]
  readonly #head: number
  /** Set when the last block was cut or damaged. */
  cut = ''
  /** Bytes of the files taken so far. */
  bytesRead = 0

  /** @param head bytes of each file to look at; the default is all of it. */
  constructor(files: readonly string[], head = Infinity) {
    this.#files = files
    this.#head = head
  }

  /** Block by block: memory is bounded by one segment. */
  *records(): Generator<Recorded> {
    for (const file of this.#files) {
      const bytes = this.#head === Infinity ? readFileSync(file) : readHead(file, this.#head)
      let at = 0
      while (at < bytes.length) {
        const raw = this.#block(bytes, at, file)
        if (raw === null) return
        const length = 8 + bytes.readUInt32LE(at)
        at += length
        this.bytesRead += length
        yield* parse(raw)
      }
    }
  }

  #block(bytes: Buffer, at: number, file: string): Buffer | null {
    const packed = at + 8 <= bytes.length ? bytes.readUInt32LE(at) : -1
    const size = packed < 0 ? 0 : bytes.readUInt32LE(at + 4)
    if (packed < 0 || at + 8 + packed > bytes.length || size > MAX_BLOCK) {
      this.cut = `${file} ends in the middle of a block`
      return null
    }
    try {
      const raw = inflateRawSync(bytes.subarray(at + 8, at + 8 + packed), { maxOutputLength: MAX_BLOCK })
      if (raw.length === size) return raw
      this.cut = `${file} has a damaged block`
    } catch (thrown) {
      this.cut = `${file} has a damaged block (${toPlainError(thrown).message})`
    }
    return null
  }
}

function readHead(file: string, length: number): Buffer {
  const handle = openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(length)
    return bytes.subarray(0, readSync(handle, bytes, 0, length, 0))
  } finally {
    closeSync(handle)
  }
}

function* parse(raw: Buffer): Generator<Recorded> {
  let at = 0
  while (at < raw.length) {
    const kind = raw.readUInt8(at)
    const length = raw.readUInt32LE(at + 1)
    if (kind === RecordKind.ticks) {
      const view = new Float64Array(length * TICK_WORDS)
      const from = at + 13
      Buffer.from(view.buffer).set(raw.subarray(from, from + view.byteLength))
      yield { kind: 'ticks', view, count: length, at: raw.readDoubleLE(at + 5) }
      at = from + view.byteLength
      continue
    }
    const json: unknown = JSON.parse(raw.toString('utf8', at + 5, at + 5 + length))
    at += 5 + length
    // Our own writing, guarded by the block's checks: the shape is looked at, the content is what the brain had decoded already.
    if (kind === RecordKind.header)
      yield { kind: 'header', header: v.parse(Header, json) as v.InferOutput<typeof Header> & RecordingHeader }
    else yield { kind: 'event', event: v.parse(Event, json) as v.InferOutput<typeof Event> & BrainEvent }
  }
}
