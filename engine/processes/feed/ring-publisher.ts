/**
 * Ticks on their way into the ring: collected while one turn of the event loop lasts, published as one batch. Big re-publications
 * are paced by the slowest live reader, so that history does not overrun it (INV-11).
 */
import { TICK_WORDS } from '../../contract/tick.ts'
import type { RingProducer } from '../../ring/index.ts'

/** Longest wait for a reader that does not read, ms per chunk: it will count its loss, the others go on. */
const READER_PATIENCE_MS = 500
const PAUSE_MS = 5

export class RingPublisher {
  readonly #ring: RingProducer
  readonly #capacity: number
  readonly #slots: number
  #filled = 0
  #scheduled: NodeJS.Immediate | undefined
  #closed = false

  constructor(ring: RingProducer) {
    this.#ring = ring
    this.#slots = ring.view.length / TICK_WORDS
    this.#capacity = ring.stats().capacity
  }

  /** Where the next tick is to be written: slot `index` of `view`. It counts only after `commit`. */
  get view(): Float64Array {
    return this.#ring.view
  }
  get index(): number {
    return this.#filled
  }
  /** Sequence of the last tick that is in the ring. */
  get published(): number {
    return this.#ring.published
  }
  get backend(): 'native' | 'fallback' {
    return this.#ring.backend
  }

  commit(): void {
    this.#filled += 1
    if (this.#filled === this.#slots) this.flush()
    else this.#scheduled ??= setImmediate(() => this.flush())
  }

  /** Copies one tick (TICK_WORDS numbers from `at` of `words`) and commits it. */
  append(words: Float64Array, at: number): void {
    const slot = this.#filled * TICK_WORDS
    for (let word = 1; word < TICK_WORDS; word += 1) this.view[slot + word] = words[at + word] ?? 0
    this.commit()
  }

  flush(): void {
    if (this.#scheduled !== undefined) {
      clearImmediate(this.#scheduled)
      this.#scheduled = undefined
    }
    if (this.#filled === 0 || this.#closed) return
    const n = this.#filled
    this.#filled = 0
    this.#ring.publish(n)
  }

  /** Publishes many ticks in order, never more than a quarter of the ring ahead of the slowest live reader. */
  async appendPaced(words: Float64Array, count: number): Promise<void> {
    const chunk = this.#capacity / 16
    for (let from = 0; from < count && !this.#closed; from += chunk) {
      const to = Math.min(count, from + chunk)
      for (let tick = from; tick < to; tick += 1) this.append(words, tick * TICK_WORDS)
      this.flush()
      if (to < count) await this.#readersCatchUp()
    }
  }

  async #readersCatchUp(): Promise<void> {
    const until = performance.now() + READER_PATIENCE_MS
    const isFar = (): boolean => this.#ring.stats().readers.some((reader) => reader.state === 'active' && reader.lag > this.#capacity / 4)
    while (!this.#closed && isFar() && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }

  close(): void {
    this.flush()
    this.#closed = true
    this.#ring.close()
  }
}
