/**
 * What a fallback ring leaves on disk so that either side can die: `<path>` holds a header and the slots, written by the producer only
 * and read back by its successor; `<path>.r<i>` holds reader i's mark, written by that reader. Live ticks never travel through these
 * files: a reader looks into `<path>` once, to find where it stands.
 *
 * The newest sequence is not stored apart: it is the largest sequence in the slots. Slots are 64-byte aligned and written in order, so a
 * producer killed inside a write leaves whole slots and no hole.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { TICK_WORDS } from '../../contract/tick.ts'
import { RING_MAX_READERS, RingError, type RingReaderStats } from '../ring.ts'

const HEADER_BYTES = 4096
const MAGIC = 'IXRINGF1'
const NATIVE_MAGIC = 'IXRING01'
const SLOT_BYTES = TICK_WORDS * Float64Array.BYTES_PER_ELEMENT
/** Doubles after the magic. */
const HEADER = { layout: 1, capacity: 2, lossless: 3, epoch: 4, createdMs: 5, producerPid: 6, generation: 7, words: 8 } as const
const LAYOUT = 1

export interface StoreHeader {
  readonly capacity: number
  readonly lossless: boolean
  readonly epoch: number
  readonly createdMs: number
  readonly producerPid: number
  readonly generation: number
}

const NO_FOLLOW = constants.O_NOFOLLOW ?? 0

export function openFile(path: string, flags: number): number {
  try {
    return openSync(path, flags | NO_FOLLOW, 0o600)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : ''
    if (code === 'ENOENT') throw new RingError('ERR_RING_NOT_FOUND', path)
    if (code === 'ELOOP' || code === 'EISDIR') throw new RingError('ERR_RING_FOREIGN', path)
    throw new RingError(code === 'ENOSPC' ? 'ERR_RING_SPACE' : 'ERR_RING_IO', `${path}: ${String(code)}`)
  }
}

export function writeAll(fd: number, data: Uint8Array, at: number): void {
  let done = 0
  try {
    while (done < data.byteLength) done += writeSync(fd, data, done, data.byteLength - done, at + done)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    throw new RingError(code === 'ENOSPC' || code === 'EDQUOT' ? 'ERR_RING_SPACE' : 'ERR_RING_IO', code)
  }
}

const sizeFor = (capacity: number): number => HEADER_BYTES + capacity * SLOT_BYTES

/** The header of an open ring file; throws RingError when it is none. */
export function readHeader(fd: number): StoreHeader {
  const { size } = fstatSync(fd)
  if (size === 0) throw new RingError('ERR_RING_NOT_READY', 'empty')
  const bytes = new Uint8Array(HEADER.words * 8)
  readSync(fd, bytes, 0, bytes.length, 0)
  const magic = Buffer.from(bytes.subarray(0, 8)).toString('latin1')
  if (magic === '\0'.repeat(8)) throw new RingError('ERR_RING_NOT_READY', 'not finished')
  if (magic === NATIVE_MAGIC) throw new RingError('ERR_RING_MISMATCH', 'this ring belongs to the native backend')
  const words = new Float64Array(bytes.buffer)
  const word = (at: number): number => words[at] ?? 0
  const capacity = word(HEADER.capacity)
  if (magic !== MAGIC || word(HEADER.layout) !== LAYOUT || size !== sizeFor(capacity)) throw new RingError('ERR_RING_FOREIGN', 'no ring')
  return {
    capacity,
    lossless: word(HEADER.lossless) === 1,
    epoch: word(HEADER.epoch),
    createdMs: word(HEADER.createdMs),
    producerPid: word(HEADER.producerPid),
    generation: word(HEADER.generation),
  }
}

/** Writes the header; the magic goes last, so a half-made ring is never taken for one. */
export function writeHeader(fd: number, header: StoreHeader): void {
  const { capacity, lossless, epoch, createdMs, producerPid, generation } = header
  const words = Float64Array.of(0, LAYOUT, capacity, lossless ? 1 : 0, epoch, createdMs, producerPid, generation)
  const bytes = new Uint8Array(words.buffer)
  writeAll(fd, bytes.subarray(8), 8)
  writeAll(fd, Buffer.from(MAGIC, 'latin1'), 0)
}

/** Takes the whole space at once: a ring that cannot be held is refused here, not in the middle of trading. */
export function writeEmptySlots(fd: number, capacity: number): void {
  writeAll(fd, new Uint8Array(sizeFor(capacity)), 0)
}

export function readSlots(fd: number, capacity: number): Float64Array<ArrayBuffer> {
  const slots = new Float64Array(capacity * TICK_WORDS)
  readSync(fd, new Uint8Array(slots.buffer), 0, slots.byteLength, HEADER_BYTES)
  return slots
}

/** Largest sequence in the slots; a slot whose sequence does not belong there is ignored. */
export function newestSequence(slots: Float64Array): number {
  const capacity = slots.length / TICK_WORDS
  let newest = 0
  for (let slot = 0; slot < capacity; slot++) {
    const sequence = slots[slot * TICK_WORDS] ?? 0
    if (Number.isSafeInteger(sequence) && sequence > newest && sequence % capacity === slot) newest = sequence
  }
  return newest
}

/** Writes slots [from, from + n) of the mirror to the file; the caller splits at the end of the ring. */
export function writeSlots(fd: number, slots: Float64Array<ArrayBuffer>, from: number, n: number): void {
  writeAll(fd, new Uint8Array(slots.buffer, from * SLOT_BYTES, n * SLOT_BYTES), HEADER_BYTES + from * SLOT_BYTES)
}

/* ---------------------------------------------------------------- a reader's mark */

const MARK = { layout: 0, state: 1, lossless: 2, pid: 3, cursor: 4, lost: 5, generation: 6, cursorAgain: 7, words: 8 } as const
const MARK_BYTES = MARK.words * 8 + 40
const MARK_ATTEMPTS = 100
const STATES = ['free', 'active', 'evicted'] as const

export interface ReaderMark {
  readonly state: 'free' | 'active' | 'evicted'
  readonly lossless: boolean
  readonly pid: number
  readonly cursor: number
  readonly lost: number
  readonly generation: number
  readonly name: string
}

export const markPath = (path: string, index: number): string => `${path}.r${index}`
export const markLockPath = (path: string, index: number): string => `${path}.r${index}.lock`
export const producerLockPath = (path: string): string => `${path}.lock`

/** One write per acknowledgement: loss and cursor go together, and the cursor stands twice so that a reader of a half-written mark looks again. */
export function encodeMark(mark: ReaderMark): Uint8Array {
  const bytes = new Uint8Array(MARK_BYTES)
  const words = new Float64Array(bytes.buffer, 0, MARK.words)
  words.set([LAYOUT, STATES.indexOf(mark.state), mark.lossless ? 1 : 0, mark.pid, mark.cursor, mark.lost, mark.generation, mark.cursor])
  bytes.set(Buffer.from(mark.name, 'utf8').subarray(0, 39), MARK.words * 8)
  return bytes
}

/** The stored mark of reader `index`, or null when it never read or its file is damaged. */
export function readMark(path: string, index: number): ReaderMark | null {
  for (let attempt = 0; attempt < MARK_ATTEMPTS; attempt++) {
    let bytes: Buffer
    try {
      bytes = readFileSync(markPath(path, index))
    } catch {
      return null
    }
    if (bytes.length < MARK_BYTES) return null
    const mark = decodeMark(bytes)
    if (mark !== null) return mark
  }
  return null
}

function decodeMark(bytes: Buffer): ReaderMark | null {
  const word = (at: number): number => bytes.readDoubleLE(at * 8)
  const state = STATES[word(MARK.state)]
  const cursor = word(MARK.cursor)
  if (word(MARK.layout) !== LAYOUT || state === undefined || !Number.isSafeInteger(cursor) || cursor < 1) return null
  if (word(MARK.cursorAgain) !== cursor) return null
  return {
    state,
    lossless: word(MARK.lossless) === 1,
    pid: word(MARK.pid),
    cursor,
    lost: word(MARK.lost),
    generation: word(MARK.generation),
    name: bytes
      .subarray(MARK.words * 8, MARK_BYTES)
      .toString('utf8')
      .replaceAll('\0', ''),
  }
}

export function writeMark(path: string, index: number, mark: ReaderMark): void {
  writeFileSync(markPath(path, index), encodeMark(mark), { mode: 0o600 })
}

/** Every reader that ever joined, as the stats show it. */
export function readerStats(path: string, published: number): RingReaderStats[] {
  const readers: RingReaderStats[] = []
  for (let index = 0; index < RING_MAX_READERS; index++) {
    const mark = readMark(path, index)
    if (mark !== null) readers.push({ index, ...mark, lag: Math.max(0, published + 1 - mark.cursor) })
  }
  return readers
}

/** Removes a half-made ring; only for the producer that was creating it. */
export function discard(fd: number, path: string): void {
  closeSync(fd)
  rmSync(path, { force: true })
}
