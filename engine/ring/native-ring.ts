/** The ring over shared memory. No object, BigInt or array is made per call: counts return as integers, the rest through `meta`. */
import type { NativeBinding, NativeHandle } from './native-binding.ts'
import {
  allocateView,
  checkProducerOptions,
  checkRange,
  checkReaderOptions,
  RING_MAX_READERS,
  RingError,
  type OnTicks,
  type ProducerOptions,
  type ReaderOptions,
  type RingProducer,
  type RingReader,
  type RingReaderStats,
  type RingStats,
} from './ring.ts'

const FROM = { resume: 0, newest: 1, oldest: 2 } as const
const STATES = ['free', 'active', 'evicted'] as const
/** Indices of the doubles the addon fills; the order of its META_ and stats words. */
const META = { lostNow: 0, lost: 1, first: 2, position: 3, from: 4, count: 5, taken: 6, published: 7, words: 8 } as const
const STATS_HEAD = 10
const STATS_READER = 8
const MAX_PARK_US = 1_000
const NS_PER_MS = 1e6

function readStats(binding: NativeBinding, handle: NativeHandle): RingStats {
  const out = new Float64Array(STATS_HEAD + STATS_READER * RING_MAX_READERS)
  const names = binding.stats(handle, out.buffer)
  const word = (at: number): number => out[at] ?? 0
  const published = word(2)
  const readers: RingReaderStats[] = []
  for (let index = 0; index < RING_MAX_READERS; index++) {
    const at = STATS_HEAD + STATS_READER * index
    const cursor = word(at + 3)
    if (cursor === 0) continue
    readers.push({
      index,
      state: STATES[word(at)] ?? 'free',
      lossless: word(at + 1) === 1,
      pid: word(at + 2),
      name: names[index] ?? '',
      cursor,
      lost: word(at + 4),
      lag: Math.max(0, published + 1 - cursor),
      generation: word(at + 5),
    })
  }
  return {
    backend: 'native',
    capacity: word(0),
    lossless: word(1) === 1,
    published,
    epoch: word(3),
    createdMs: Math.floor(word(4) / NS_PER_MS),
    producerPid: word(5),
    producerGeneration: word(6),
    producerAlive: word(7) === 1,
    replaced: word(8) === 1,
    readers,
  }
}

/** A view whose memory was transferred away has length 0; the addon would write into memory nobody owns. */
function requireAttached(view: Float64Array, doubles: number, closed: boolean): void {
  if (closed) throw new RingError('ERR_RING_CLOSED', 'the ring was used after close')
  if (view.length !== doubles) throw new RingError('ERR_RING_DETACHED', 'the view was transferred or detached')
}

export class NativeProducer implements RingProducer {
  readonly backend = 'native'
  readonly view: Float64Array<ArrayBuffer>
  readonly #binding: NativeBinding
  readonly #handle: NativeHandle
  readonly #batch: number
  readonly #doubles: number
  readonly #meta = new Float64Array(META.words)
  readonly #send: () => void
  #closed = false

  /** Throws what the addon throws: an error whose `code` is a RingErrorCode. */
  constructor(binding: NativeBinding, path: string, options: ProducerOptions) {
    const { capacity, lossless, batch } = checkProducerOptions(options)
    this.#binding = binding
    this.#batch = batch
    this.view = allocateView(batch)
    this.#doubles = this.view.length
    this.#handle = binding.openProducer(path, capacity, lossless, this.view.buffer, this.#meta.buffer)
    this.#send = binding.publisher(this.#handle)
    this.#meta[META.published] = this.stats().published
  }

  get published(): number {
    return this.#meta[META.published] ?? 0
  }

  publish(n: number): number {
    return this.publishFrom(0, n)
  }

  publishFrom(from: number, n: number): number {
    // One test for what must never happen; what exactly happened is found out only then.
    if (this.#closed || this.view.length !== this.#doubles || from >>> 0 !== from || n >>> 0 !== n || from + n > this.#batch) {
      this.#refuse(from, n)
    }
    const meta = this.#meta
    meta[META.from] = from
    meta[META.count] = n
    this.#send()
    return meta[META.taken] ?? 0
  }

  #refuse(from: number, n: number): void {
    requireAttached(this.view, this.#doubles, this.#closed)
    checkRange(from, n, this.#batch)
  }

  evictDeadReaders(): number {
    return this.#binding.evictDead(this.#handle)
  }

  stats(): RingStats {
    return readStats(this.#binding, this.#handle)
  }

  close(): void {
    this.#closed = true
    this.#binding.close(this.#handle)
  }
}

export class NativeReader implements RingReader {
  readonly backend = 'native'
  readonly view: Float64Array<ArrayBuffer>
  readonly #binding: NativeBinding
  readonly #handle: NativeHandle
  readonly #doubles: number
  readonly #meta = new Float64Array(META.words)
  #closed = false

  /** Throws what the addon throws: an error whose `code` is a RingErrorCode. */
  constructor(binding: NativeBinding, path: string, options: ReaderOptions) {
    const { index, lossless, from, batch, manualAck, keepAfterLap, name } = checkReaderOptions(options)
    this.#binding = binding
    this.view = allocateView(batch)
    this.#doubles = this.view.length
    const { buffer } = this.#meta
    this.#handle = binding.openReader(path, index, lossless, FROM[from], keepAfterLap, manualAck, name, this.view.buffer, buffer)
  }

  get firstSequence(): number {
    return this.#meta[META.first] ?? 0
  }

  get lost(): number {
    return this.#meta[META.lost] ?? 0
  }

  get lostNow(): number {
    return this.#meta[META.lostNow] ?? 0
  }

  get position(): number {
    return this.#meta[META.position] ?? 0
  }

  drain(): number {
    requireAttached(this.view, this.#doubles, this.#closed)
    return this.#binding.drain(this.#handle)
  }

  drainWait(spinUs: number, parkUs: number): number {
    requireAttached(this.view, this.#doubles, this.#closed)
    return this.#binding.drainWait(this.#handle, spinUs, Math.min(parkUs, MAX_PARK_US))
  }

  pump(onTicks: OnTicks, spinUs = 0, budgetMs = 2): void {
    requireAttached(this.view, this.#doubles, this.#closed)
    const work = (): void => {
      const until = performance.now() + budgetMs
      while (!this.#closed) {
        const n = spinUs > 0 ? this.drainWait(spinUs, 0) : this.drain()
        if (n === 0) return this.#binding.arm(this.#handle)
        onTicks(this.view, n, this.firstSequence, this.lostNow)
        if (performance.now() >= until) {
          if (!this.#closed) setImmediate(work)
          return
        }
      }
    }
    this.#binding.watch(this.#handle, work)
    this.#binding.arm(this.#handle)
  }

  ack(): void {
    this.#binding.ack(this.#handle)
  }

  stats(): RingStats {
    return readStats(this.#binding, this.#handle)
  }

  close(): void {
    this.#closed = true
    this.#binding.close(this.#handle)
  }
}
