/** What `createVenue` takes and gives: the exchange adapter of one process. */
import type { Clock, Monotonic, Random } from '../contract/clock.ts'
import type { BudgetObservation, Credentials, LogLine, ProcessName, VenueEndpoints } from '../contract/processes.ts'
import type { PrivateVenue, PublicVenue, UserStream, VenueMetrics, VenueResult } from '../contract/venue.ts'

export interface VenueClock extends Clock {
  /** Venue minus local wall clock at the last measurement, ms (meaningless at `rate` ≠ 1; then 0 is shown). */
  readonly skewMs: number
  /** Measures the offset anew (≥ 5 round-trip-corrected samples); a failed measurement keeps the old offset. */
  sync(): Promise<VenueResult<void>>
  /** Lock-step: venue time stands at exactly `timeMs` until the next call. */
  set(timeMs: number): void
}

export interface VenueOptions {
  readonly endpoints: VenueEndpoints
  /** Without credentials there is no private venue and no user stream. */
  readonly credentials?: Credentials
  /** Whose observations these are. */
  readonly source: ProcessName
  /** Jitter of back-offs and reconnects; Math.random in a shell, seeded in tests. */
  readonly random: Random
  /** Called for every rate header or ban seen here; the shell emits it as `budget` so that all processes share one budget. */
  readonly onBudget?: (observation: BudgetObservation) => void
  readonly onLog?: (line: LogLine) => void
  /**
   * Headless tape runs: venue time stands still at the first measured server time and moves only by `clock.set` (the barriers).
   */
  readonly lockStep?: boolean
  /** Deadline of one request, local ms (default 5,000). */
  readonly timeoutMs?: number
  /** Test seams; the process's own clocks by default. */
  readonly wallClock?: Clock
  readonly monotonic?: Monotonic
}

export interface Venue {
  readonly public: PublicVenue
  readonly private?: PrivateVenue
  readonly userStream?: UserStream
  readonly clock: VenueClock
  metrics(): VenueMetrics
  /** Feeds another process's observation (CommonMethods.budget) into this process's budget. */
  observeBudget(observation: BudgetObservation): void
  close(): Promise<void>
}
