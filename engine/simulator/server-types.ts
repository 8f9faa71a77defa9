/** What the embedded exchange's server takes and gives: options, counts, handle. Its behaviour is described in server.ts. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { SimulatorAccount, SimulatorEvents } from '../contract/processes.ts'
import type { Failure, Result } from '../contract/result.ts'
import type { Exchange, ExchangeConfig, Latency } from './exchange.ts'
import type { KeyPermissions } from './protocol/accounts.ts'
import type { LimitSettings } from './protocol/limits.ts'
import type { UpstreamAddress } from './protocol/paper.ts'
import type { SocketCounts, SocketSettings } from './protocol/stream-sockets.ts'

export interface SimulatorOptions {
  /** Default 1. */
  readonly seed?: number
  /** Default BTCUSDT. */
  readonly symbols?: readonly string[]
  /** By symbol; default synthetic. See protocol/tape-choice.ts for files. */
  readonly tapes?: ExchangeConfig['tapes']
  /** Paper mode: public data relayed from here, time that of the upstream; `tapes`, `speed` and `timebase` do not apply. */
  readonly upstream?: UpstreamAddress
  /** 0 = any free port (default). Always on 127.0.0.1. */
  readonly port?: number
  /** Virtual seconds per real second, default 1. */
  readonly speed?: number
  /** Default 'wall'. */
  readonly timebase?: 'tape' | 'wall'
  /** Default false. Takes latency as zero: nothing in a lock-step run depends on the wall clock. */
  readonly lockStep?: boolean
  /** Virtual ms to play; default null: to the tape's end. */
  readonly horizonMs?: number | null
  /** Default: derived from the seed. */
  readonly key?: string
  readonly secret?: string
  /** USDT, default 10000. */
  readonly balance?: DecimalText
  /** The account starts in hedge mode (default false). */
  readonly hedge?: boolean
  readonly permissions?: Partial<KeyPermissions>
  /** Further keys of the same account, e.g. a read-only one. */
  readonly moreKeys?: readonly { readonly key: string; readonly secret: string; readonly permissions?: Partial<KeyPermissions> }[]
  /** Start playing at once (default true). */
  readonly autoplay?: boolean
  readonly limits?: Partial<LimitSettings>
  readonly sockets?: Partial<SocketSettings>
  /** Validity of a listen key in server time; default 60 min × max(1, speed). */
  readonly listenKeyTtlMs?: number
  /** Send Retry-After with 429 and 418 (default false: the futures venue does not promise it). */
  readonly retryAfter?: boolean
  /** A request not complete by then is cut, real ms (default 20,000; headers have half of it). */
  readonly requestTimeoutMs?: number
  /** Enables POST /control/faults with this token. */
  readonly controlToken?: string
  readonly latency?: Partial<Latency>
  readonly startTime?: number
  /** Price steps a virtual minute: default 60 at up to 5 × wall time, else 12. */
  readonly stepsPerMinute?: number
  readonly preludeBars?: number
  readonly legacyAcks?: boolean
  readonly firstOrderId?: number
  readonly onLog?: (text: string) => void
  readonly onBarrier?: (barrier: SimulatorEvents['barrier']) => void
  readonly onEnded?: (ended: SimulatorEvents['ended']) => void
  readonly onProgress?: (progress: SimulatorEvents['progress']) => void
}

export interface SimulatorCounts extends SocketCounts {
  /** Signed requests completed other than pure queries. */
  readonly requests: number
}

export interface Simulator {
  readonly rest: string
  readonly ws: string
  readonly key: string
  readonly secret: string
  /** Virtual ms at which the tape starts. */
  readonly startTime: number
  readonly exchange: Exchange
  readonly counts: SimulatorCounts
  /** True once the tape or the horizon is over. */
  readonly ended: boolean
  /** Server time as clients see it, ms. */
  serverTime(): number
  /** The exchange's own truth. */
  account(): SimulatorAccount
  play(): void
  pause(): void
  /** Answers the lock-step barrier of that step. */
  proceed(step: number): void
  /** Arms a fault (a FaultPlan of protocol/faults.ts, checked by its schema); the id, or why it is refused. */
  fault(plan: unknown): Result<number, Failure>
  clearFaults(): void
  /** How often each fault has struck something so far, by its name (protocol/fault-names.ts). */
  readonly struck: ReadonlyMap<string, number>
  /** Ends playback and every connection; resolves when the port is free. */
  close(): Promise<void>
}
