/**
 * Venue time. Anchored to the local monotonic clock, so that a jump of the wall clock (±1 h, audit C5.2) moves nothing; a jump
 * of the venue's own clock shows as -1021 and is measured anew. A simulated venue may run `rate` times faster than we do.
 * In lock-step the host sets the time, and it stands still in between.
 */
import type { Clock, Monotonic } from '../contract/clock.ts'
import { ok } from '../contract/result.ts'
import type { VenueResult } from '../contract/venue.ts'
import type { VenueClock } from './venue.ts'

const SAMPLES = 5
/** Samples whose round trip is within this factor of the best one count. */
const GOOD_ROUND_TRIP = 1.5

interface Sample {
  readonly roundTrip: number
  readonly venueMs: number
  /** Local monotonic time at which the venue is assumed to have read its clock. */
  readonly localMs: number
}

export interface SkewClockOptions {
  readonly rate: number
  /** Time stands still from the first measurement on; only `set` moves it. */
  readonly lockStep: boolean
  readonly wall: Clock
  readonly monotonic: Monotonic
  readonly serverTime: () => Promise<VenueResult<number>>
}

export interface SkewClock extends VenueClock {
  /** Measures once, at the first need; later calls share the result. */
  ready(): Promise<VenueResult<void>>
  /** Called after every `set`. */
  onSet(listener: (timeMs: number) => void): void
}

export function createClock(options: SkewClockOptions): SkewClock {
  const { rate, wall, monotonic, serverTime } = options
  let anchor: { readonly venueMs: number; readonly localMs: number } | undefined
  let frozen: number | undefined
  let skewMs = 0
  let running: Promise<VenueResult<void>> | undefined
  const listeners: ((timeMs: number) => void)[] = []

  const measure = async (): Promise<VenueResult<void>> => {
    const samples: Sample[] = []
    for (let n = 0; n < SAMPLES; n += 1) {
      const before = monotonic.nowMs()
      const answer = await serverTime()
      if (!answer.ok) return answer
      const after = monotonic.nowMs()
      samples.push({ roundTrip: after - before, venueMs: answer.value, localMs: (before + after) / 2 })
    }
    const best = Math.min(...samples.map((sample) => sample.roundTrip))
    const offsets = samples
      .filter((sample) => sample.roundTrip <= best * GOOD_ROUND_TRIP)
      .map((sample) => sample.venueMs - sample.localMs * rate)
      .sort((a, b) => a - b)
    const offset = offsets[Math.floor(offsets.length / 2)] ?? 0
    if (options.lockStep) frozen ??= Math.max(...samples.map((sample) => sample.venueMs))
    const localMs = monotonic.nowMs()
    anchor = { venueMs: offset + localMs * rate, localMs }
    skewMs = rate === 1 ? Math.round(anchor.venueMs - wall.nowMs()) : 0
    return ok(undefined)
  }

  const sync = (): Promise<VenueResult<void>> => {
    if (frozen !== undefined) return Promise.resolve(ok(undefined))
    running ??= measure().finally(() => (running = undefined))
    return running
  }

  return {
    nowMs() {
      if (frozen !== undefined) return frozen
      return anchor === undefined ? wall.nowMs() : anchor.venueMs + (monotonic.nowMs() - anchor.localMs) * rate
    },
    get skewMs() {
      return skewMs
    },
    sync,
    ready: () => (anchor !== undefined || frozen !== undefined ? Promise.resolve(ok(undefined)) : sync()),
    set(timeMs) {
      frozen = timeMs
      for (const listener of listeners) listener(timeMs)
    },
    onSet: (listener) => void listeners.push(listener),
  }
}
