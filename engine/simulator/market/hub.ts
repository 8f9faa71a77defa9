/**
 * Subscribed market streams with the venue's update speeds. A stream nobody named costs one map look-up and produces nothing;
 * a throttled one is built when it is sent, so it always shows the state of that moment.
 */
import type { MarketEvent } from '../exchange.ts'
import type { Schedule } from '../schedule.ts'

interface Stream {
  last: number
  pending: boolean
}

export class StreamHub {
  readonly #streams = new Map<string, Stream>()
  readonly #schedule: Schedule
  readonly #sink: ((event: MarketEvent) => void) | undefined

  constructor(schedule: Schedule, sink: ((event: MarketEvent) => void) | undefined) {
    this.#schedule = schedule
    this.#sink = sink
  }

  add(stream: string): void {
    if (!this.#streams.has(stream)) this.#streams.set(stream, { last: -Infinity, pending: false })
  }

  delete(stream: string): void {
    this.#streams.delete(stream)
  }

  has(stream: string): boolean {
    return this.#streams.has(stream)
  }

  get any(): boolean {
    return this.#streams.size > 0
  }

  emit(stream: string, time: number, data: unknown): void {
    this.#sink?.({ stream, time, data })
  }

  /** Sends a built event at a later time, if the stream is still wanted then. */
  later(stream: string, time: number, data: unknown): void {
    this.#schedule.add(time, () => {
      if (this.#streams.has(stream)) this.emit(stream, time, data)
    })
  }

  /** Sends `build(time)` now or when `intervalMs` has passed since the stream's last event; null sends nothing. */
  touch(stream: string, now: number, intervalMs: number, build: (time: number) => unknown): void {
    const entry = this.#streams.get(stream)
    if (entry === undefined || entry.pending) return
    entry.pending = true
    const due = Math.max(now, entry.last + intervalMs)
    this.#schedule.add(due, () => {
      entry.pending = false
      if (this.#streams.get(stream) !== entry) return
      entry.last = due
      const data = build(due)
      if (data !== null) this.emit(stream, due, data)
    })
  }
}
