/**
 * A reader of a fallback ring: sleeps in the event loop until its socket has a frame. At most a ring's worth of ticks waits here, then the
 * socket is paused and the producer laps this reader, which it sees as a jump in sequence and counts. When the producer dies it keeps what
 * it has and tries again until a successor listens.
 */
import { closeSync, constants, statSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { TICK_WORDS } from '../../contract/tick.ts'
import {
  allocateView,
  checkReaderOptions,
  RingError,
  type CheckedReaderOptions,
  type OnTicks,
  type ReaderOptions,
  type RingReader,
  type RingStats,
} from '../ring.ts'
import { encodeFrame, FrameKind, FrameReader, socketPath, type Frame } from './frames.ts'
import { acquire, isHeld, release } from './ownership.ts'
import {
  encodeMark,
  markLockPath,
  markPath,
  newestSequence,
  openFile,
  producerLockPath,
  readerStats,
  readHeader,
  readMark,
  readSlots,
  writeAll,
  type StoreHeader,
} from './store.ts'

const FIRST_RETRY_MS = 5
const LAST_RETRY_MS = 100

interface Waiting {
  readonly ticks: Float64Array<ArrayBuffer>
  readonly first: number
  readonly count: number
}

interface Join {
  readonly header: StoreHeader
  readonly inode: bigint
  readonly published: number
}

function look(path: string, lossless: boolean): Join {
  const fd = openFile(path, constants.O_RDONLY)
  try {
    const header = readHeader(fd)
    if (lossless && !header.lossless) throw new RingError('ERR_RING_MISMATCH', 'this ring overwrites')
    return { header, inode: statSync(path, { bigint: true }).ino, published: newestSequence(readSlots(fd, header.capacity)) }
  } finally {
    closeSync(fd)
  }
}

function startOf(join: Join, from: CheckedReaderOptions['from'], stored: number | undefined): number {
  if (from === 'newest') return join.published + 1
  if (from === 'resume' && stored !== undefined) return stored
  return Math.max(1, join.published - join.header.capacity + 1)
}

export class FallbackReader implements RingReader {
  readonly backend = 'fallback'
  readonly view: Float64Array<ArrayBuffer>
  readonly #path: string
  readonly #options: CheckedReaderOptions
  readonly #join: Join
  readonly #fd: number
  readonly #generation: number
  readonly #waiting: Waiting[] = []
  #waitingTicks = 0
  #socket: Socket | null = null
  #retry: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  #paused = false
  #work: (() => void) | null = null
  #scheduled = false
  /** Last sequence received. */
  #received: number
  #published: number
  #position: number
  #acked = 0
  #first: number
  #lost: number
  #lostNow = 0
  #closed = false
  #replaced = false

  /** Throws RingError when the place cannot be had. */
  constructor(path: string, options: ReaderOptions) {
    this.#options = checkReaderOptions(options)
    this.#path = resolve(path)
    this.view = allocateView(this.#options.batch)
    const { index, from, lossless } = this.#options
    this.#join = look(this.#path, lossless)
    const lock = markLockPath(this.#path, index)
    if (!acquire(lock)) throw new RingError('ERR_RING_BUSY', `reader ${index} lives`)
    try {
      const stored = readMark(this.#path, index)
      this.#position = startOf(this.#join, from, stored?.cursor)
      this.#lost = (stored?.lost ?? 0) + Math.max(0, stored === null ? 0 : this.#position - stored.cursor)
      this.#generation = (stored?.generation ?? 0) + 1
      this.#fd = openFile(markPath(this.#path, index), constants.O_RDWR | constants.O_CREAT)
    } catch (thrown) {
      release(lock)
      throw thrown
    }
    this.#published = this.#join.published
    this.#first = this.#position
    this.#received = this.#position - 1
    this.ack()
    this.#connect()
  }

  #connect(): void {
    const socket = connect(socketPath(this.#path))
    this.#socket = socket
    if (this.#work === null) socket.unref()
    const frames = new FrameReader((frame) => this.#take(frame))
    const { index, keepAfterLap } = this.#options
    socket.on('connect', () => {
      this.#retryMs = FIRST_RETRY_MS
      socket.write(encodeFrame(FrameKind.hello, index, this.#received + 1, keepAfterLap))
    })
    socket.on('data', (chunk: Buffer) => {
      if (!frames.push(chunk)) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (this.#closed || this.#socket !== socket) return
      this.#socket = null
      this.#retry = setTimeout(() => this.#connect(), this.#retryMs)
      if (this.#work === null) this.#retry.unref()
      this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
    })
    if (this.#paused) socket.pause()
  }

  #take(frame: Frame): void {
    if (frame.kind === FrameKind.welcome) {
      this.#replaced = frame.a !== this.#join.header.epoch
      if (this.#replaced) this.#socket?.destroy()
      this.#published = Math.max(this.#published, frame.b)
      return
    }
    // Sequences only grow: what a reconnect repeats is already here.
    const last = frame.b + frame.a - 1
    if (frame.kind !== FrameKind.ticks || last <= this.#received) return
    this.#waiting.push({ ticks: frame.ticks, first: frame.b, count: frame.a })
    this.#waitingTicks += last - Math.max(this.#received, frame.b - 1)
    this.#received = last
    this.#published = Math.max(this.#published, frame.c)
    if (this.#waitingTicks >= this.#join.header.capacity && !this.#paused) {
      this.#paused = true
      this.#socket?.pause()
    }
    this.#wake()
  }

  #wake(): void {
    if (this.#work === null || this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#work)
  }

  get firstSequence(): number {
    return this.#first
  }

  get lost(): number {
    return this.#lost
  }

  get lostNow(): number {
    return this.#lostNow
  }

  get position(): number {
    return this.#position
  }

  drain(): number {
    if (this.#closed) throw new RingError('ERR_RING_CLOSED', 'the ring was used after close')
    if (this.view.length !== this.#options.batch * TICK_WORDS)
      throw new RingError('ERR_RING_DETACHED', 'the view was transferred or detached')
    if (!this.#options.manualAck) this.ack()
    this.#lostNow = 0
    let taken = 0
    for (let next = this.#waiting[0]; next !== undefined && taken < this.#options.batch; next = this.#waiting[0]) {
      if (next.first > this.#position) {
        if (taken > 0) break
        this.#lostNow = next.first - this.#position
        this.#lost += this.#lostNow
        this.#position = next.first
      }
      const offset = this.#position - next.first
      const n = Math.min(this.#options.batch - taken, next.count - offset)
      this.view.set(next.ticks.subarray(offset * TICK_WORDS, (offset + n) * TICK_WORDS), taken * TICK_WORDS)
      taken += n
      this.#position += n
      this.#waitingTicks -= n
      if (offset + n === next.count) this.#waiting.shift()
    }
    this.#first = this.#position - taken
    if (this.#paused && this.#waitingTicks < this.#join.header.capacity) {
      this.#paused = false
      this.#socket?.resume()
    }
    return taken
  }

  /** Data comes with the event loop, so this cannot wait: it is `drain`. */
  drainWait(_spinUs: number, _parkUs: number): number {
    return this.drain()
  }

  pump(onTicks: OnTicks, _spinUs = 0, budgetMs = 2): void {
    if (this.#closed) throw new RingError('ERR_RING_CLOSED', 'the ring was used after close')
    if (this.#work !== null) throw new RingError('ERR_RING_ARGUMENT', 'the reader already pumps')
    this.#work = () => {
      this.#scheduled = false
      const until = performance.now() + budgetMs
      while (!this.#closed) {
        const n = this.drain()
        if (n === 0) return
        onTicks(this.view, n, this.#first, this.#lostNow)
        if (performance.now() >= until) return this.#wake()
      }
    }
    this.#socket?.ref()
    this.#retry?.ref()
    this.#wake()
  }

  ack(): void {
    if (this.#closed) throw new RingError('ERR_RING_CLOSED', 'the ring was used after close')
    if (this.#acked === this.#position) return
    this.#acked = this.#position
    this.#writeMark('active')
  }

  #writeMark(state: 'active' | 'free'): void {
    const { lossless, name } = this.#options
    const cursor = this.#acked
    writeAll(this.#fd, encodeMark({ state, lossless, pid: process.pid, cursor, lost: this.#lost, generation: this.#generation, name }), 0)
  }

  stats(): RingStats {
    const { capacity, lossless, epoch, createdMs, producerPid, generation } = this.#join.header
    return {
      backend: 'fallback',
      capacity,
      lossless,
      published: this.#published,
      epoch,
      createdMs,
      producerPid,
      producerGeneration: generation,
      producerAlive: isHeld(producerLockPath(this.#path)),
      replaced: this.#replaced || this.#join.inode !== statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino,
      readers: readerStats(this.#path, this.#published),
    }
  }

  close(): void {
    if (this.#closed) return
    this.#writeMark('free')
    this.#closed = true
    clearTimeout(this.#retry)
    this.#socket?.destroy()
    this.#waiting.length = 0
    closeSync(this.#fd)
    release(markLockPath(this.#path, this.#options.index))
  }
}
