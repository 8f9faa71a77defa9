/**
 * The producer of a fallback ring. Per reader at most one frame is in flight; ticks published meanwhile stay in the ring and leave in the
 * next frame, so memory is bounded (INV-11), small publishes gather into batches under load, and a reader that is too slow is lapped and
 * told the truth: its next frame starts later than it expected. Sockets move only when the event loop turns.
 */
import { randomInt } from 'node:crypto'
import { chmodSync, closeSync, constants, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { TICK_WORDS } from '../../contract/tick.ts'
import {
  allocateView,
  checkProducerOptions,
  checkRange,
  RING_MAX_READERS,
  RingError,
  type CheckedProducerOptions,
  type ProducerOptions,
  type RingProducer,
  type RingStats,
} from '../ring.ts'
import { encodeFrame, FrameKind, FrameReader, HEAD_WORDS, MAX_FRAME_TICKS, socketPath, ticksFrame, type Frame } from './frames.ts'
import { acquire, isHeld, release } from './ownership.ts'
import {
  discard,
  markLockPath,
  newestSequence,
  openFile,
  producerLockPath,
  readerStats,
  readHeader,
  readMark,
  readSlots,
  writeEmptySlots,
  writeHeader,
  writeMark,
  writeSlots,
  type StoreHeader,
} from './store.ts'

interface Subscriber {
  readonly socket: Socket
  readonly index: number
  readonly keep: number
  /** Last sequence sent. */
  sent: number
  inFlight: boolean
}

function openStore(
  path: string,
  options: CheckedProducerOptions,
): { readonly fd: number; readonly header: StoreHeader; readonly inode: bigint } {
  const { capacity, lossless } = options
  const fd = openFile(path, constants.O_RDWR | constants.O_CREAT)
  let created = false
  try {
    const stored = existingHeader(fd)
    if (stored !== null && (stored.capacity !== capacity || stored.lossless !== lossless))
      throw new RingError('ERR_RING_MISMATCH', `capacity ${stored.capacity}, lossless ${stored.lossless}`)
    const header = {
      capacity,
      lossless,
      epoch: stored?.epoch ?? randomInt(1, 2 ** 48 - 1),
      createdMs: stored?.createdMs ?? Date.now(),
      producerPid: process.pid,
      generation: (stored?.generation ?? 0) + 1,
    }
    if (stored === null) {
      created = true
      writeEmptySlots(fd, capacity)
    }
    writeHeader(fd, header)
    return { fd, header, inode: statSync(path, { bigint: true }).ino }
  } catch (thrown) {
    if (created) discard(fd, path)
    else closeSync(fd)
    throw thrown
  }
}

/** Null for a file that is empty or whose creator died before the magic was written. */
function existingHeader(fd: number): StoreHeader | null {
  try {
    return readHeader(fd)
  } catch (thrown) {
    if (thrown instanceof RingError && thrown.code === 'ERR_RING_NOT_READY') return null
    throw thrown
  }
}

export class FallbackProducer implements RingProducer {
  readonly backend = 'fallback'
  readonly view: Float64Array<ArrayBuffer>
  readonly #path: string
  readonly #options: CheckedProducerOptions
  readonly #fd: number
  readonly #header: StoreHeader
  readonly #inode: bigint
  readonly #slots: Float64Array<ArrayBuffer>
  readonly #server: Server
  readonly #subscribers = new Map<number, Subscriber>()
  /** First sequence that may not be written before the lossless readers' marks were looked at again. */
  #limit = 0
  #published: number
  #closed = false

  /** Throws RingError when the place cannot be had. */
  constructor(path: string, options: ProducerOptions) {
    this.#options = checkProducerOptions(options)
    this.#path = resolve(path)
    this.view = allocateView(this.#options.batch)
    const lock = producerLockPath(this.#path)
    if (!this.#take(lock)) throw new RingError('ERR_RING_BUSY', 'another producer lives')
    try {
      const { fd, header, inode } = openStore(this.#path, this.#options)
      this.#fd = fd
      this.#header = header
      this.#inode = inode
      this.#slots = readSlots(fd, header.capacity)
      this.#published = newestSequence(this.#slots)
      this.#server = this.#listen()
    } catch (thrown) {
      release(lock)
      throw thrown
    }
  }

  #take(lock: string): boolean {
    try {
      return acquire(lock)
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown)
      throw new RingError(code === 'ENOSPC' ? 'ERR_RING_SPACE' : 'ERR_RING_IO', code)
    }
  }

  /** `listen` binds at once; a refused address leaves the server not listening, which is how it is seen without waiting. */
  #listen(): Server {
    const address = socketPath(this.#path)
    if (process.platform !== 'win32') rmSync(address, { force: true })
    const server = createServer((socket) => this.#accept(socket))
    server.on('error', () => {})
    server.listen(address)
    if (!server.listening) {
      closeSync(this.#fd)
      throw new RingError('ERR_RING_IO', `cannot listen at ${address}`)
    }
    if (process.platform !== 'win32') chmodSync(address, 0o600)
    server.unref()
    return server
  }

  #accept(socket: Socket): void {
    let subscriber: Subscriber | null = null
    socket.unref()
    const frames = new FrameReader((frame) => {
      if (subscriber === null) subscriber = this.#welcome(socket, frame)
      else socket.destroy() // a reader speaks once
    })
    socket.on('data', (chunk: Buffer) => {
      if (!frames.push(chunk)) socket.destroy()
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      if (subscriber !== null && this.#subscribers.get(subscriber.index) === subscriber) this.#subscribers.delete(subscriber.index)
    })
  }

  #welcome(socket: Socket, frame: Frame): Subscriber | null {
    if (frame.kind !== FrameKind.hello) {
      socket.destroy()
      return null
    }
    const index = frame.a
    const { capacity } = this.#header
    const keep = frame.c === 0 ? capacity / 2 : Math.min(frame.c, capacity)
    const subscriber = { socket, index, keep, sent: Math.min(frame.b - 1, this.#published), inFlight: false }
    this.#subscribers.get(index)?.socket.destroy()
    this.#subscribers.set(index, subscriber)
    socket.write(encodeFrame(FrameKind.welcome, this.#header.epoch, this.#published, 0))
    this.#flush(subscriber)
    return subscriber
  }

  #flush(subscriber: Subscriber): void {
    if (subscriber.inFlight || subscriber.sent >= this.#published || subscriber.socket.destroyed) return
    const { capacity } = this.#header
    const lapped = this.#published - subscriber.sent > capacity
    const first = lapped ? this.#published - subscriber.keep + 1 : subscriber.sent + 1
    const n = Math.min(this.#published - first + 1, MAX_FRAME_TICKS)
    const frame = ticksFrame(n, first, this.#published)
    const start = first % capacity
    const head = Math.min(n, capacity - start)
    frame.set(this.#slots.subarray(start * TICK_WORDS, (start + head) * TICK_WORDS), HEAD_WORDS)
    if (head < n) frame.set(this.#slots.subarray(0, (n - head) * TICK_WORDS), HEAD_WORDS + head * TICK_WORDS)
    subscriber.sent = first + n - 1
    subscriber.inFlight = true
    subscriber.socket.write(new Uint8Array(frame.buffer), () => {
      subscriber.inFlight = false
      if (!this.#closed) this.#flush(subscriber)
    })
  }

  /** How many of `wanted` ticks no active lossless reader, dead or alive, still needs the place of. */
  #room(wanted: number): number {
    const { lossless, capacity } = this.#header
    const next = this.#published + 1
    if (!lossless || next + wanted <= this.#limit) return wanted
    let gate = next
    for (let index = 0; index < RING_MAX_READERS; index++) {
      const mark = readMark(this.#path, index)
      if (mark !== null && mark.state === 'active' && mark.lossless) gate = Math.min(gate, mark.cursor)
    }
    this.#limit = gate + capacity
    return Math.max(0, Math.min(wanted, this.#limit - next))
  }

  get published(): number {
    return this.#published
  }

  publish(n: number): number {
    return this.publishFrom(0, n)
  }

  publishFrom(from: number, n: number): number {
    if (this.#closed) throw new RingError('ERR_RING_CLOSED', 'the ring was used after close')
    if (this.view.length !== this.#options.batch * TICK_WORDS)
      throw new RingError('ERR_RING_DETACHED', 'the view was transferred or detached')
    checkRange(from, n, this.#options.batch)
    const taken = this.#room(n)
    for (let done = 0; done < taken;) done += this.#store(from + done, taken - done)
    if (taken > 0) for (const subscriber of this.#subscribers.values()) this.#flush(subscriber)
    return taken
  }

  /** Copies up to `n` ticks into the ring and its file, at most to the ring's end; on disk before anybody sees them. */
  #store(from: number, n: number): number {
    const { capacity } = this.#header
    const slot = (this.#published + 1) % capacity
    const count = Math.min(n, capacity - slot)
    this.#slots.set(this.view.subarray(from * TICK_WORDS, (from + count) * TICK_WORDS), slot * TICK_WORDS)
    for (let i = 0; i < count; i++) this.#slots[(slot + i) * TICK_WORDS] = this.#published + 1 + i
    writeSlots(this.#fd, this.#slots, slot, count)
    this.#published += count
    return count
  }

  evictDeadReaders(): number {
    let evicted = 0
    for (let index = 0; index < RING_MAX_READERS; index++) {
      const mark = readMark(this.#path, index)
      if (mark === null || mark.state !== 'active' || isHeld(markLockPath(this.#path, index))) continue
      writeMark(this.#path, index, { ...mark, state: 'evicted' })
      this.#limit = 0
      evicted++
    }
    return evicted
  }

  stats(): RingStats {
    const { capacity, lossless, epoch, createdMs, producerPid, generation } = this.#header
    return {
      backend: 'fallback',
      capacity,
      lossless,
      published: this.#published,
      epoch,
      createdMs,
      producerPid,
      producerGeneration: generation,
      producerAlive: true,
      replaced: this.#inode !== statSync(this.#path, { bigint: true, throwIfNoEntry: false })?.ino,
      readers: readerStats(this.#path, this.#published),
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#server.close()
    for (const { socket } of this.#subscribers.values()) socket.end()
    this.#subscribers.clear()
    closeSync(this.#fd)
    release(producerLockPath(this.#path))
  }
}
