/**
 * What moves virtual time. Free running: virtual time follows the wall at `speed`, in small slices so that requests are served
 * between them; a machine that cannot keep up runs slower, it never skips. Lock-step: virtual time moves one small step, a barrier
 * tells what was sent, and nothing moves until it is answered; what was asked for meanwhile is settled by further barriers of the
 * same moment. Virtual time never runs ahead of `speed` in either.
 */
import type { SimulatorEvents } from '../../contract/processes.ts'
import type { Exchange } from '../exchange.ts'

export interface PlaybackSettings {
  /** Virtual ms per real ms. */
  readonly speed: number
  readonly lockStep: boolean
  /** Virtual ms to play; null = to the tape's end. */
  readonly horizonMs: number | null
  /** Go on without data when the tape is over (never past the horizon). */
  readonly runOn: boolean
  /** Lock-step: virtual ms of one step. */
  readonly stepMs: number
  /** Real time at which virtual time began, when virtual time is to equal the wall; else virtual time waits for play(). */
  readonly wallAnchor: number | null
}

export interface PlaybackHooks {
  /** Real ms, monotonic. */
  monotonic(): number
  wall(): number
  /** After every advance: expire keys, perform due faults. */
  advanced(): void
  /** Virtual time of the next thing outside the exchange (a timed fault), or null. */
  nextDeadline(): number | null
  counts(): { readonly publicFrames: number; readonly userFrames: number; readonly requests: number }
  barrier(barrier: SimulatorEvents['barrier']): void
  ended(time: number): void
  progress(progress: SimulatorEvents['progress']): void
}

const TICK_MS = 5
const SLICE_BUDGET_MS = 8
const PROGRESS_EVERY_MS = 250
/** Behind by more than this, real ms, the pace starts anew from here instead of racing to catch up. */
const MAX_LAG_MS = 500

export class Playback {
  readonly #exchange: Exchange
  readonly #settings: PlaybackSettings
  readonly #hooks: PlaybackHooks
  /** Virtual time when play was prepared; the horizon and the wall anchor count from here. */
  readonly #origin: number
  readonly #end: number | null
  #playing = false
  #closed = false
  #ended = false
  #virtualStart = 0
  #realStart = 0
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #lastProgress = -Infinity
  #step = 0
  #open: SimulatorEvents['barrier'] | undefined
  #settled = { publicFrames: 0, userFrames: 0, requests: 0 }

  constructor(exchange: Exchange, settings: PlaybackSettings, hooks: PlaybackHooks) {
    this.#exchange = exchange
    this.#settings = settings
    this.#hooks = hooks
    this.#origin = exchange.now
    this.#end = settings.horizonMs === null ? null : this.#origin + settings.horizonMs
  }

  get playing(): boolean {
    return this.#playing
  }

  get ended(): boolean {
    return this.#ended
  }

  get step(): number {
    return this.#step
  }

  play(): void {
    if (this.#playing || this.#closed) return
    this.#playing = true
    this.#virtualStart = this.#exchange.now
    this.#realStart = this.#hooks.monotonic()
    const anchor = this.#settings.wallAnchor
    if (anchor !== null) this.#realStart -= Math.max(0, this.#hooks.wall() - anchor - (this.#exchange.now - this.#origin))
    if (!this.#settings.lockStep) this.#tick()
    else if (this.#open === undefined) this.#advanceStep()
  }

  pause(): void {
    this.#playing = false
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
  }

  close(): void {
    this.pause()
    this.#closed = true
  }

  /** Brings virtual time up to the wall's before a request is served; bounded work. */
  sync(): void {
    if (this.#playing && !this.#settings.lockStep && !this.#ended) this.#slice(2)
  }

  /** Where virtual time may be now. */
  #target(): number {
    const target = Math.floor(this.#virtualStart + (this.#hooks.monotonic() - this.#realStart) * this.#settings.speed)
    const limit = this.#limit()
    return limit === null ? target : Math.min(target, limit)
  }

  /** Virtual time that is never passed: the horizon, or the tape's end. */
  #limit(): number | null {
    const tapeEnd = this.#settings.runOn ? null : this.#exchange.endTime
    if (this.#end === null) return tapeEnd
    return tapeEnd === null ? this.#end : Math.min(this.#end, tapeEnd)
  }

  #slice(budgetMs: number): void {
    const began = this.#hooks.monotonic()
    const target = this.#target()
    while (this.#exchange.now < target) {
      const next = earliest(this.#exchange.nextTime(), this.#hooks.nextDeadline())
      this.#exchange.advanceTo(next === null ? target : Math.min(target, Math.max(next, this.#exchange.now)))
      this.#hooks.advanced()
      if (this.#hooks.monotonic() - began >= budgetMs) break
    }
    const lagMs = (target - this.#exchange.now) / this.#settings.speed
    if (lagMs > MAX_LAG_MS && this.#settings.wallAnchor === null) {
      this.#virtualStart = this.#exchange.now
      this.#realStart = this.#hooks.monotonic()
    }
  }

  #tick(): void {
    if (!this.#playing) return
    this.#slice(SLICE_BUDGET_MS)
    this.#report()
    if (this.#reachedEnd()) return
    const behind = this.#exchange.now < this.#target()
    if (behind) this.#immediate = setImmediate(() => this.#tick())
    else this.#timer = setTimeout(() => this.#tick(), TICK_MS)
  }

  /** Tells the end once; true when playback is over. */
  #reachedEnd(): boolean {
    const { now, endTime } = this.#exchange
    const tapeOver = endTime !== null && now >= endTime
    const over = this.#end !== null && now >= this.#end
    if (!this.#ended && (tapeOver || over)) {
      this.#ended = true
      this.#report(true)
      this.#hooks.ended(now)
    }
    if (over || (tapeOver && !this.#settings.runOn)) {
      this.#playing = false
      return true
    }
    return false
  }

  #report(always = false): void {
    const at = this.#hooks.monotonic()
    if (!always && at - this.#lastProgress < PROGRESS_EVERY_MS) return
    this.#lastProgress = at
    const { now, endTime } = this.#exchange
    this.#hooks.progress({ time: now, startTime: this.#origin, endTime: this.#end ?? endTime })
  }

  /** Lock-step: one step, then a barrier when it sent anything; steps that sent nothing need no one's answer. */
  #advanceStep(): void {
    const began = this.#hooks.monotonic()
    while (this.#playing && !this.#closed) {
      if (this.#reachedEnd()) return
      const limit = this.#limit()
      const next = earliest(this.#exchange.nextTime(), this.#hooks.nextDeadline()) ?? limit
      if (next === null) {
        this.#timer = setTimeout(() => this.#advanceStep(), TICK_MS)
        return
      }
      const { stepMs, speed } = this.#settings
      const { startTime } = this.#exchange
      const grid = startTime + Math.max(1, Math.ceil((next - startTime) / stepMs)) * stepMs
      const to = limit === null ? grid : Math.min(grid, limit)
      const early = (to - this.#virtualStart) / speed - (this.#hooks.monotonic() - this.#realStart)
      if (early > 0) {
        this.#timer = setTimeout(() => this.#advanceStep(), Math.min(early, 1_000))
        return
      }
      this.#exchange.advanceTo(Math.max(to, this.#exchange.now))
      this.#hooks.advanced()
      this.#report()
      if (this.#moved()) {
        this.#raiseBarrier()
        return
      }
      if (this.#hooks.monotonic() - began > SLICE_BUDGET_MS) {
        this.#immediate = setImmediate(() => this.#advanceStep())
        return
      }
    }
  }

  #moved(): boolean {
    const counts = this.#hooks.counts()
    return (
      counts.publicFrames !== this.#settled.publicFrames ||
      counts.userFrames !== this.#settled.userFrames ||
      counts.requests !== this.#settled.requests
    )
  }

  #raiseBarrier(): void {
    this.#step += 1
    const { publicFrames, userFrames, requests } = this.#hooks.counts()
    this.#settled = { publicFrames, userFrames, requests }
    this.#open = { step: this.#step, time: this.#exchange.now, publicFrames, userFrames, requests }
    this.#hooks.barrier(this.#open)
  }

  /** Answers the open barrier. Anything handled or sent since it was raised gets a barrier of its own first. */
  proceed(step: number): void {
    if (this.#open === undefined || this.#open.step !== step) return
    if (this.#moved()) {
      this.#raiseBarrier()
      return
    }
    this.#open = undefined
    if (this.#playing) this.#advanceStep()
  }
}

const earliest = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.min(a, b))
