/**
 * The replica of the engine's state: snapshot, then seq + 1. A gap makes it 'resync' until the next snapshot (style A.6).
 * INV-10: `receipt` holds when *this* screen received things, by its own monotonic clock; every age is computed from it.
 * INV-11: state is bounded by the engine; the receipts here are bounded by the number of symbols, processes and mismatches in it.
 */
import type { CockpitState, StateMessage } from '../../engine/contract/cockpit.ts'
import type { LinkStatus } from '../bridge/bridge.ts'

export type Sync =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'resync'; readonly fromSeq: number; readonly missing: number }

export interface Receipt {
  /** Any message. */
  readonly message: number
  /** Last time a symbol's tick count moved. */
  readonly ticks: Readonly<Record<string, number>>
  /** Last time a process' heartbeat time moved. */
  readonly beats: Readonly<Record<string, number>>
  /** Last time the account, reconciliation report … changed. */
  readonly slices: Readonly<Partial<Record<keyof CockpitState, number>>>
}

export interface Replica {
  readonly link: LinkStatus
  /** When the link took its present status. */
  readonly linkSince: number
  readonly sync: Sync
  readonly state: CockpitState | null
  readonly seq: number
  /** The engine's clock in the newest message; with `receipt.message` it gives the engine's time now. */
  readonly engineTime: number
  readonly receipt: Receipt
  /** How often this screen had to ask for a new snapshot. */
  readonly gaps: number
}

export const emptyReplica = (now: number): Replica => ({
  link: { kind: 'connecting', attempt: 0 },
  linkSince: now,
  sync: { kind: 'waiting' },
  state: null,
  seq: 0,
  engineTime: 0,
  receipt: { message: now, ticks: {}, beats: {}, slices: {} },
  gaps: 0,
})

function moved<Row>(
  before: readonly Row[],
  after: readonly Row[],
  key: (row: Row) => string,
  pulse: (row: Row) => number,
  known: Readonly<Record<string, number>>,
  now: number,
): Readonly<Record<string, number>> {
  if (before === after) return known
  const old = new Map(before.map((row) => [key(row), pulse(row)]))
  const next: Record<string, number> = {}
  for (const row of after) {
    const name = key(row)
    const seenAt = known[name]
    next[name] = seenAt !== undefined && old.get(name) === pulse(row) ? seenAt : now
  }
  return next
}

function receive(previous: Receipt, before: CockpitState | null, after: CockpitState, now: number): Receipt {
  const slices: Partial<Record<keyof CockpitState, number>> = { ...previous.slices }
  for (const name of Object.keys(after) as (keyof CockpitState)[]) {
    if (before === null || before[name] !== after[name]) slices[name] = now
  }
  return {
    message: now,
    ticks: moved(
      before?.market ?? [],
      after.market,
      (row) => row.symbol,
      (row) => row.ticks,
      previous.ticks,
      now,
    ),
    beats: moved(
      before?.processes ?? [],
      after.processes,
      (row) => row.name,
      (row) => row.lastHeartbeatAt,
      previous.beats,
      now,
    ),
    slices,
  }
}

export interface Step {
  readonly replica: Replica
  /** True: the caller must subscribe again to get a snapshot. */
  readonly resubscribe: boolean
}

/** One message from the engine. Total: a message that does not fit changes nothing but the sync state. */
export function applyMessage(replica: Replica, message: StateMessage, now: number): Step {
  switch (message.type) {
    case 'snapshot':
      return {
        resubscribe: false,
        replica: {
          ...replica,
          sync: { kind: 'live' },
          state: message.state,
          seq: message.seq,
          engineTime: message.time,
          receipt: receive(replica.receipt, replica.state, message.state, now),
        },
      }
    case 'delta': {
      if (replica.state === null || replica.sync.kind !== 'live') return { replica, resubscribe: false }
      if (message.seq !== replica.seq + 1) {
        const missing = Math.max(1, message.seq - replica.seq - 1)
        return {
          resubscribe: true,
          replica: { ...replica, sync: { kind: 'resync', fromSeq: replica.seq + 1, missing }, gaps: replica.gaps + 1 },
        }
      }
      const state = { ...replica.state, ...message.changed }
      return {
        resubscribe: false,
        replica: {
          ...replica,
          state,
          seq: message.seq,
          engineTime: message.time,
          receipt: receive(replica.receipt, replica.state, state, now),
        },
      }
    }
  }
}

/** The line to the host changed. Coming back from closed, the old state stays visible but waits for a new snapshot. */
export function applyLink(replica: Replica, link: LinkStatus, now: number): Replica {
  const changed = link.kind !== replica.link.kind
  const lost = link.kind === 'closed' && replica.sync.kind === 'live'
  return {
    ...replica,
    link,
    linkSince: changed ? now : replica.linkSince,
    sync: lost ? { kind: 'resync', fromSeq: replica.seq + 1, missing: 0 } : replica.sync,
  }
}

/** The engine's clock now, as far as the screen can know it. */
export const engineNow = (replica: Replica, now: number): number => replica.engineTime + Math.max(0, now - replica.receipt.message)
