/** Everything pure takes its clock, ids, randomness and timers from outside; these are their shapes. */

export interface Clock {
  /** Venue (or simulated) time in ms since the epoch. */
  nowMs(): number
}

export interface Monotonic {
  /** Local monotonic milliseconds, for ages, timeouts and latencies; never shown as a time of day. */
  nowMs(): number
}

/** Uniform in [0, 1). */
export type Random = () => number

export interface Timers {
  /** Calls back once after `ms` of local time; returns a cancel function. */
  after(ms: number, callback: () => void): () => void
}
