/**
 * The brain's black box: every event and every batch of ticks in the order the reducer took them, in segment files of deflated
 * blocks. INV-11: segments and the sum over all sessions are bounded; the oldest whole sessions make room (recording-space.ts). When
 * this one alone fills it, it stops and says so: it never drops its beginning, without which nothing could be replayed. INV-12: events
 * hold no credentials. A disk that fails ends the recording, never the brain.
 *
 * Layout: recordings/<session>/<seq of the brain's session row>-<segment>.rec; a block
 * is [bytes deflated u32][bytes u32][deflated]; inside, records: 0 header (JSON), 1 ticks (count u32, at f64, slots), 2 event (JSON).
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { deflateRawSync } from 'node:zlib'
import type { BrainConfig, BrainState } from '../../brain/state.ts'
import type { Recorder } from '../../brain/recorder.ts'
import { toPlainError } from '../../contract/result.ts'
import { TICK_WORDS } from '../../contract/tick.ts'
import type { Journal } from '../../journal/journal.ts'
import { makeRoom } from './recording-space.ts'

export const RECORDINGS_FOLDER = 'recordings'
export const RECORDING_VERSION = 1
export const RecordKind = { header: 0, ticks: 1, event: 2 } as const

/** Small, because packing it holds the brain: a fifth of a millisecond each (bench/recording.ts). */
const BLOCK_BYTES = 16_384
const SEGMENT_BYTES = 16 * 1_048_576
const FLUSH_MS = 250

export interface RecordingHeader {
  readonly version: number
  readonly build: string
  readonly session: string
  /** Journal row the brain began with: what it knew then is every row before it. */
  readonly journalSeq: number
  readonly counter: number
  readonly config: Omit<BrainConfig, 'createStrategy' | 'tiers'> & { readonly tiers: readonly (readonly [string, unknown])[] }
}

export interface RecordingOptions {
  readonly dataDir: string
  readonly session: string
  readonly build: string
  readonly log: (text: string) => void
  readonly segmentBytes?: number
  /** All sessions together. */
  readonly totalBytes: number
}

export interface Recording extends Recorder {
  /** Before the first event: what the brain is, with what the journal told it. */
  begin(state: BrainState, journalSeq: number): void
  close(): void
  /** Why nothing more is written; '' while it runs. */
  readonly ended: string
}

/** Row with which the newest brain of the session began; 0 when the journal cannot say. */
export function beginningOf(journal: Journal, session: string): number {
  const rows = journal.rows({ kinds: ['session'], sessions: [session], newestFirst: true, limit: 20 })
  return rows.ok ? (rows.value.find((row) => row.process === 'brain')?.seq ?? 0) : 0
}

export const openRecording = (options: RecordingOptions): Recording => new SegmentRecording(options)

class SegmentRecording implements Recording {
  readonly #options: RecordingOptions
  readonly #folder: string
  #block = Buffer.allocUnsafe(BLOCK_BYTES)
  #used = 0
  #file: number | null = null
  #segment = 0
  #segmentBytes = 0
  #ownBytes = 0
  /** What other recordings hold. */
  #otherBytes = 0
  #prefix = ''
  #timer: ReturnType<typeof setInterval> | undefined
  ended = ''

  constructor(options: RecordingOptions) {
    this.#options = options
    this.#folder = join(options.dataDir, RECORDINGS_FOLDER, options.session)
  }

  begin(state: BrainState, journalSeq: number): void {
    const { config } = state
    const header: RecordingHeader = {
      version: RECORDING_VERSION,
      build: this.#options.build,
      session: this.#options.session,
      journalSeq,
      counter: state.counter,
      config: {
        session: config.session,
        symbols: config.symbols,
        filters: config.filters,
        tiers: [...config.tiers],
        rails: config.rails,
        strategySettings: config.strategySettings,
        leverage: config.leverage,
        ...(config.leverageUnknown === undefined ? {} : { leverageUnknown: config.leverageUnknown }),
        ...(config.startedAt === undefined ? {} : { startedAt: config.startedAt }),
        hedge: config.hedge,
        rate: config.rate,
        proofMs: config.proofMs,
        tradingState: config.tradingState,
        counter: config.counter,
      },
    }
    this.#prefix = String(journalSeq).padStart(12, '0')
    this.#makeRoom(this.#options.segmentBytes ?? SEGMENT_BYTES)
    this.#json(RecordKind.header, header)
    this.#timer = setInterval(() => this.#flush(), FLUSH_MS)
    this.#timer.unref()
  }

  ticks(view: Float64Array, count: number, at: number): void {
    if (this.ended !== '' || this.#prefix === '') return
    const slots = Buffer.from(view.buffer, view.byteOffset, count * TICK_WORDS * 8)
    this.#reserve(13 + slots.length)
    this.#used = this.#block.writeUInt8(RecordKind.ticks, this.#used)
    this.#used = this.#block.writeUInt32LE(count, this.#used)
    this.#used = this.#block.writeDoubleLE(at, this.#used)
    this.#used += slots.copy(this.#block, this.#used)
  }

  event(event: Parameters<Recorder['event']>[0]): void {
    if (this.ended !== '' || this.#prefix === '') return
    this.#json(RecordKind.event, event)
  }

  close(): void {
    clearInterval(this.#timer)
    this.#flush()
    if (this.#file !== null) closeSync(this.#file)
    this.#file = null
  }

  #json(kind: number, value: unknown): void {
    const text = Buffer.from(JSON.stringify(value))
    this.#reserve(5 + text.length)
    this.#used = this.#block.writeUInt8(kind, this.#used)
    this.#used = this.#block.writeUInt32LE(text.length, this.#used)
    this.#used += text.copy(this.#block, this.#used)
  }

  /** Room for one record; a record is never cut. */
  #reserve(bytes: number): void {
    if (this.#used + bytes > this.#block.length) this.#flush()
    if (bytes > this.#block.length) this.#block = Buffer.allocUnsafe(bytes)
  }

  #flush(): void {
    if (this.#used === 0 || this.ended !== '') return
    const raw = this.#block.subarray(0, this.#used)
    this.#used = 0
    const packed = deflateRawSync(raw, { level: 1 })
    const head = Buffer.allocUnsafe(8)
    head.writeUInt32LE(packed.length, 0)
    head.writeUInt32LE(raw.length, 4)
    const bytes = packed.length + head.length
    if (!this.#fits(bytes)) this.#makeRoom(Math.max(bytes, this.#options.segmentBytes ?? SEGMENT_BYTES))
    if (!this.#fits(bytes)) return this.#end('it has reached its largest size')
    try {
      if (this.#file === null || this.#segmentBytes >= (this.#options.segmentBytes ?? SEGMENT_BYTES)) this.#next()
      if (this.#file !== null) writeSync(this.#file, Buffer.concat([head, packed]))
      this.#segmentBytes += bytes
      this.#ownBytes += bytes
    } catch (thrown) {
      this.#end(toPlainError(thrown).message)
    }
  }

  #fits(bytes: number): boolean {
    return this.#otherBytes + this.#ownBytes + bytes <= this.#options.totalBytes
  }

  /** A folder that cannot be read or emptied counts as empty: the disk's own limit ends the recording then. */
  #makeRoom(bytes: number): void {
    try {
      const root = join(this.#options.dataDir, RECORDINGS_FOLDER)
      const all = makeRoom(root, this.#options.session, Math.max(0, this.#options.totalBytes - bytes))
      this.#otherBytes = Math.max(0, all - this.#ownBytes)
    } catch (thrown) {
      this.#options.log(`old recordings could not be removed: ${toPlainError(thrown).message}`)
    }
  }

  #next(): void {
    if (this.#file !== null) closeSync(this.#file)
    mkdirSync(this.#folder, { recursive: true })
    this.#file = openSync(join(this.#folder, `${this.#prefix}-${String(this.#segment++).padStart(5, '0')}.rec`), 'wx')
    this.#segmentBytes = 0
  }

  #end(why: string): void {
    this.ended = why
    clearInterval(this.#timer)
    this.#options.log(`the recording ends here: ${why}`)
  }
}
