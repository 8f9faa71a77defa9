/**
 * The ring's API: one producer, up to 16 independent readers, across processes; the same behind both backends.
 *
 * - Sequences start at 1, are never reused, also not after a crash, and stand in word 0 of every delivered slot.
 * - A reader that falls a whole ring behind loses ticks; the loss is counted exactly, never silent (INV-11). Lossless readers instead
 *   make `publish` take fewer ticks.
 * - Delivery is at least once: a batch is acknowledged by the next `drain` (or by `ack`), so a reader that dies gets its last batch again.
 * - Torn ticks are never delivered, whoever is killed when.
 *
 * Expected failures of opening are Results; misuse (use after close, a detached view, too large a count) throws RingError.
 */
import { RING_SLOTS, TICK_WORDS } from '../contract/tick.ts'

export type RingBackend = 'native' | 'fallback'

export type RingErrorCode =
  /** No ring at this path yet: the producer has not started. */
  | 'ERR_RING_NOT_FOUND'
  /** The producer is creating it right now. */
  | 'ERR_RING_NOT_READY'
  /** A file that is no ring, a link, or a damaged ring. */
  | 'ERR_RING_FOREIGN'
  /** A ring of another layout, capacity or mode; or a lossless reader on a ring that overwrites. */
  | 'ERR_RING_MISMATCH'
  /** Capacity is not a power of two between 8 and 2^24. */
  | 'ERR_RING_CAPACITY'
  /** Another live process holds the producer's role or this reader index. */
  | 'ERR_RING_BUSY'
  /** Too little memory behind the folder; nothing was left behind. */
  | 'ERR_RING_SPACE'
  | 'ERR_RING_IO'
  | 'ERR_RING_ARGUMENT'
  | 'ERR_RING_CLOSED'
  /** The view's memory was transferred away. */
  | 'ERR_RING_DETACHED'
  /** AEGIS_RING names a backend that is not available here. */
  | 'ERR_RING_BACKEND'

export class RingError extends Error {
  override readonly name = 'RingError'
  readonly code: RingErrorCode

  constructor(code: RingErrorCode, message: string) {
    super(`${code}: ${message}`)
    this.code = code
  }
}

export interface ProducerOptions {
  /** Slots, a power of two. Default 16,384. */
  readonly capacity?: number
  /** Honour lossless readers by taking fewer ticks when one is a whole ring behind. Default false: overwrite. */
  readonly lossless?: boolean
  /** Ticks the view holds, at most the capacity. Default 256. */
  readonly batch?: number
}

export interface ReaderOptions {
  /** 0–15; one live reader per index. */
  readonly index: number
  /**
   * Hold the producer back instead of being lapped; the ring must be lossless too. Promised for everything published after joining and for
   * what this index left unacknowledged when it died; older ticks that `oldest` finds may be overwritten before they are read (and count).
   */
  readonly lossless?: boolean
  /**
   * `resume` (default): after the last acknowledged tick of this index, or from the oldest when it never read. `newest`: only what comes
   * from now on; what is skipped counts as lost. `oldest`: everything still in the ring.
   */
  readonly from?: 'resume' | 'newest' | 'oldest'
  /** Ticks the view holds. Default 256. */
  readonly batch?: number
  /** Acknowledge only by `ack()`, for example after a journal write. */
  readonly manualAck?: boolean
  /** After a lap, go on this many ticks behind the newest. Default half the ring. */
  readonly keepAfterLap?: number
  /** Shown in stats; at most 39 bytes. */
  readonly name?: string
}

export interface RingReaderStats {
  readonly index: number
  readonly state: 'free' | 'active' | 'evicted'
  readonly lossless: boolean
  readonly pid: number
  readonly name: string
  /** Next sequence to be acknowledged. */
  readonly cursor: number
  readonly lost: number
  /** Published but not yet acknowledged. */
  readonly lag: number
  readonly generation: number
}

export interface RingStats {
  readonly backend: RingBackend
  readonly capacity: number
  readonly lossless: boolean
  readonly published: number
  /** Random per creation of the ring. */
  readonly epoch: number
  readonly createdMs: number
  readonly producerPid: number
  /** How often a producer opened this ring. */
  readonly producerGeneration: number
  readonly producerAlive: boolean
  /** The file at the ring's path is no longer the one this end holds: open again. */
  readonly replaced: boolean
  /** Every index that was ever used. */
  readonly readers: readonly RingReaderStats[]
}

export interface RingProducer {
  readonly backend: RingBackend
  /** batch × TICK_WORDS doubles, filled by you with `writeTick`; word 0 of each slot is ignored. */
  readonly view: Float64Array
  /** Sequence of the last published tick, 0 when none. */
  readonly published: number
  /** Publishes the first `n` ticks of the view in order; returns how many were taken: fewer only when lossless and full. */
  publish(n: number): number
  /** Publishes `n` ticks from slot `from` on: the rest after back-pressure. */
  publishFrom(from: number, n: number): number
  /** Frees the gate held by lossless readers whose process is gone; call once a second and when `publish` took 0 for 50 ms. */
  evictDeadReaders(): number
  stats(): RingStats
  close(): void
}

/** Called with the view, how many ticks are in it, the sequence of the first, and how many were lost just before it. */
export type OnTicks = (view: Float64Array, n: number, first: number, lostNow: number) => void

export interface RingReader {
  readonly backend: RingBackend
  /** batch × TICK_WORDS doubles; word 0 of each slot is the sequence. Valid until the next drain. */
  readonly view: Float64Array
  /** Acknowledges the previous batch (unless manualAck), copies the next; returns its size, 0 when nothing is there. */
  drain(): number
  /**
   * Like drain, but holds the thread: spins up to `spinUs`, then sleeps up to `parkUs` (at most 1,000). The fallback backend cannot hold
   * the thread and returns at once.
   */
  drainWait(spinUs: number, parkUs: number): number
  /**
   * Event-driven reading: sleeps without holding the loop, calls back per batch, yields after `budgetMs` (default 2) of work, goes on until
   * close. An exception from the callback is thrown as an uncaught one and the batch stays unacknowledged.
   */
  pump(onTicks: OnTicks, spinUs?: number, budgetMs?: number): void
  /** Sequence of the first tick of the last batch. */
  readonly firstSequence: number
  /** Ticks this index lost over its whole life. */
  readonly lost: number
  /** Ticks lost immediately before the last batch. */
  readonly lostNow: number
  /** Next sequence this reader will deliver. */
  readonly position: number
  ack(): void
  stats(): RingStats
  /** Leaves the ring and stops the pump. A delivered batch that was not acknowledged comes again on resume. */
  close(): void
}

/** Who reads at which index of the engine's tick ring. */
export const RING_READERS = { brain: 0, host: 1, reconciler: 2, recorder: 3 } as const

export const RING_MAX_READERS = 16
export const DEFAULT_BATCH = 256
const MAX_CAPACITY = 2 ** 24

export interface CheckedProducerOptions {
  readonly capacity: number
  readonly lossless: boolean
  readonly batch: number
}

/** Defaults filled in; throws RingError on a capacity or batch that cannot be. */
export function checkProducerOptions(options: ProducerOptions): CheckedProducerOptions {
  const { capacity = RING_SLOTS, lossless = false } = options
  if (!Number.isInteger(capacity) || capacity < 8 || capacity > MAX_CAPACITY || (capacity & (capacity - 1)) !== 0)
    throw new RingError('ERR_RING_CAPACITY', `capacity must be a power of two from 8 to ${MAX_CAPACITY}, not ${capacity}`)
  const batch = checkBatch(options.batch ?? Math.min(DEFAULT_BATCH, capacity))
  if (batch > capacity) throw new RingError('ERR_RING_ARGUMENT', `a batch of ${batch} does not fit a ring of ${capacity}`)
  return { capacity, lossless, batch }
}

export interface CheckedReaderOptions {
  readonly index: number
  readonly lossless: boolean
  readonly from: 'resume' | 'newest' | 'oldest'
  readonly batch: number
  readonly manualAck: boolean
  /** 0 = half the ring */
  readonly keepAfterLap: number
  readonly name: string
}

/** Defaults filled in; throws RingError on an index, batch or name that cannot be. */
export function checkReaderOptions(options: ReaderOptions): CheckedReaderOptions {
  const { index, lossless = false, from = 'resume', batch = DEFAULT_BATCH, manualAck = false, keepAfterLap = 0, name = '' } = options
  if (!Number.isInteger(index) || index < 0 || index >= RING_MAX_READERS)
    throw new RingError('ERR_RING_ARGUMENT', `reader index must be 0 to ${RING_MAX_READERS - 1}, not ${index}`)
  if (!Number.isInteger(keepAfterLap) || keepAfterLap < 0 || keepAfterLap > MAX_CAPACITY)
    throw new RingError('ERR_RING_ARGUMENT', `keepAfterLap must be a count of ticks, not ${keepAfterLap}`)
  if (Buffer.byteLength(name) > 39 || name.includes('\0')) throw new RingError('ERR_RING_ARGUMENT', 'a reader name has at most 39 bytes')
  return { index, lossless, from, batch: checkBatch(batch), manualAck, keepAfterLap, name }
}

function checkBatch(batch: number): number {
  if (Number.isInteger(batch) && batch >= 1 && batch <= 65_536) return batch
  throw new RingError('ERR_RING_ARGUMENT', `batch must be 1 to 65536 ticks, not ${batch}`)
}

/** Throws RingError unless `n` ticks from slot `from` lie inside a view of `batch` ticks. */
export function checkRange(from: number, n: number, batch: number): void {
  if (Number.isInteger(from) && Number.isInteger(n) && from >= 0 && n >= 0 && from + n <= batch) return
  throw new RingError('ERR_RING_ARGUMENT', `ticks ${from} to ${from + n} do not lie in a view of ${batch}`)
}

/** Memory JavaScript owns for `batch` ticks. */
export const allocateView = (batch: number): Float64Array<ArrayBuffer> =>
  new Float64Array(new ArrayBuffer(batch * TICK_WORDS * Float64Array.BYTES_PER_ELEMENT))
