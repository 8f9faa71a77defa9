/**
 * The words on a fallback ring's local socket: a 32-byte head of four doubles (kind, a, b, c), then `a` slots of 64 bytes when the kind
 * is `ticks`. Both ends run on one machine and one build, so doubles travel in memory order. A head that cannot be ends the connection.
 */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TICK_WORDS } from '../../contract/tick.ts'
import { RING_MAX_READERS } from '../ring.ts'

export const HEAD_WORDS = 4
export const MAX_FRAME_TICKS = 4_096

export const FrameKind = {
  /** reader → producer, once: a reader index, b next sequence wanted, c ticks to keep after a lap (0 = half) */
  hello: 1,
  /** producer → reader: a epoch, b published */
  welcome: 2,
  /** producer → reader: a ticks that follow, b sequence of the first, c published */
  ticks: 3,
} as const
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind]

export interface Frame {
  readonly kind: FrameKind
  readonly a: number
  readonly b: number
  readonly c: number
  /** Whole slots; empty unless the kind is `ticks`. */
  readonly ticks: Float64Array<ArrayBuffer>
}

const NO_TICKS = new Float64Array(0)

export function encodeFrame(kind: FrameKind, a: number, b: number, c: number): Uint8Array {
  return new Uint8Array(Float64Array.of(kind, a, b, c).buffer)
}

/** A ticks frame with room for `n` slots after the head; the caller fills the slots. */
export function ticksFrame(n: number, first: number, published: number): Float64Array<ArrayBuffer> {
  const frame = new Float64Array(HEAD_WORDS + n * TICK_WORDS)
  frame.set([FrameKind.ticks, n, first, published])
  return frame
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

function plausible(kind: number, a: number, b: number, c: number): kind is FrameKind {
  if (!isCount(a) || !isCount(b) || !isCount(c)) return false
  if (kind === FrameKind.ticks) return a >= 1 && a <= MAX_FRAME_TICKS && b >= 1
  if (kind === FrameKind.hello) return a < RING_MAX_READERS && b >= 1
  return kind === FrameKind.welcome
}

/** Cuts a byte stream into frames. `push` returns false at the first impossible head; the connection must then be dropped. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void
  readonly #head = new Float64Array(HEAD_WORDS)
  readonly #headBytes = new Uint8Array(this.#head.buffer)
  #ticks: Float64Array<ArrayBuffer> | null = null
  #filled = 0

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame
  }

  push(chunk: Uint8Array): boolean {
    let at = 0
    while (at < chunk.length) {
      const target = this.#ticks === null ? this.#headBytes : new Uint8Array(this.#ticks.buffer)
      const n = Math.min(target.length - this.#filled, chunk.length - at)
      target.set(chunk.subarray(at, at + n), this.#filled)
      this.#filled += n
      at += n
      if (this.#filled < target.length) return true
      this.#filled = 0
      if (!this.#complete()) return false
    }
    return true
  }

  #complete(): boolean {
    const [kind = 0, a = 0, b = 0, c = 0] = this.#head
    if (!plausible(kind, a, b, c)) return false
    if (kind === FrameKind.ticks && this.#ticks === null) {
      this.#ticks = new Float64Array(a * TICK_WORDS)
      return true
    }
    const ticks = this.#ticks ?? NO_TICKS
    this.#ticks = null
    this.#onFrame({ kind, a, b, c, ticks })
    return true
  }
}

/** Unix socket paths end at about 100 bytes; a longer ring path is named by its hash. Windows has pipes. */
export function socketPath(path: string): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 32)
  if (process.platform === 'win32') return `\\\\.\\pipe\\aegis-ring-${hash}`
  return Buffer.byteLength(path) <= 95 ? `${path}.sock` : join(tmpdir(), `aegis-ring-${hash}.sock`)
}
