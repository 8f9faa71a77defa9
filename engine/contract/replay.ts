/**
 * A recorded session as the cockpit scrubs through it: which there are, how far one is read, its moments, and the books at one of
 * them. Bounded (INV-11): what does not fit is counted in `leftOut`, the newest stay.
 */
import * as v from 'valibot'
import type { ChartBar } from './cockpit.ts'
import type { AccountView, RiskView } from './processes.ts'

export interface RecordedSession {
  readonly session: string
  readonly bytes: number
  readonly segments: number
  /** Brains of the session, each recorded from its start. */
  readonly runs: number
  /** Wall clock, ms: when the last of it was written. */
  readonly writtenAt: number
  readonly build: string
  readonly symbols: readonly string[]
  readonly strategy: string
  /** The one the engine writes at this moment. */
  readonly current: boolean
  /** Why it cannot be read; null when its beginning can. */
  readonly problem: string | null
}

export interface ReplayDivergence {
  /** Journal row of the live brain, and the input (counted from 1) after which the replay differed. */
  readonly seq: number
  readonly input: number
  readonly time: number
  readonly recorded: string | null
  readonly replayed: string | null
}

export interface ReplaySummary {
  readonly session: string
  readonly build: string
  readonly identical: boolean
  readonly runs: number
  readonly inputs: number
  readonly ticks: number
  /** Decisions compared with the journal, row by row. */
  readonly compared: number
  /** Rows the live brain wrote after its recording ended. */
  readonly unrecorded: number
  readonly cut: string
  readonly replayedHash: string
  readonly divergence: ReplayDivergence | null
  readonly symbols: readonly string[]
  readonly moments: number
  /** Older moments that did not fit. */
  readonly leftOut: number
}

export type ReplayStatus =
  | { readonly state: 'none' }
  /** `done` and `total` in bytes of the recording. */
  | { readonly state: 'reading'; readonly session: string; readonly done: number; readonly total: number }
  | { readonly state: 'ready'; readonly session: string; readonly summary: ReplaySummary }
  | { readonly state: 'failed'; readonly session: string; readonly problem: string }

/** One step of the scrubber: a journal entry the brain gave, or a bar that closed. */
export interface ReplayMoment {
  readonly index: number
  /** Input (counted from 1 over all runs) after which it stood. */
  readonly input: number
  /** Venue time, ms. */
  readonly time: number
  readonly kind: string
  readonly symbol: string
  readonly side: 'BUY' | 'SELL' | null
  readonly text: string
}

/** The books right after a moment. */
export interface ReplayBooks {
  readonly moment: ReplayMoment
  /** The whole entry, as the journal has it. */
  readonly entry: string
  readonly account: AccountView
  readonly risk: RiskView
}

export const REPLAY_LIMITS = { entries: 5_000, bars: 5_000, sessions: 500, page: 1_000 } as const

const session = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/, 'expected a session id'))
const whole = v.pipe(v.number(), v.integer(), v.minValue(0))

export const ReplayArgs = {
  recordings: v.null(),
  replayOpen: v.strictObject({ session }),
  replayStatus: v.null(),
  replayMoments: v.strictObject({ from: whole, count: v.pipe(whole, v.maxValue(REPLAY_LIMITS.page)) }),
  replayAt: v.strictObject({ index: whole }),
  replayBars: v.strictObject({ symbol: v.pipe(v.string(), v.regex(/^[A-Z0-9]{2,20}$/)) }),
  replayClose: v.null(),
} as const

export interface ReplayReturns {
  /** Newest first. */
  recordings: { readonly sessions: readonly RecordedSession[] }
  /** Starts reading; how far it is tells `replayStatus`. A replay that was open is closed. */
  replayOpen: ReplayStatus
  replayStatus: ReplayStatus
  replayMoments: { readonly moments: readonly ReplayMoment[] }
  replayAt: ReplayBooks
  replayBars: { readonly bars: readonly ChartBar[] }
  replayClose: null
}
