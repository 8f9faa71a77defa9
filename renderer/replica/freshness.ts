/**
 * INV-10: one discriminated union per panel, decided from the renderer's own clock, so that a frozen engine, a dead process,
 * a silent feed and a lost line each look like what they are, and none of them looks live.
 */
import type { Replica } from './replica.ts'

/** A datum is expected at least this often, ms. */
export const INTERVAL_MS = 1_000
/** Older than this is stale, ms; entries are blocked by the engine's own rail, exits stay allowed. */
export const STALE_LIMIT_MS = 3_000
/** Without a line for this long, values are struck out, ms. */
export const BLANK_AFTER_MS = 15_000

export type PanelState =
  | { readonly kind: 'loading'; readonly awaiting: string; readonly waitedMs: number }
  | { readonly kind: 'empty'; readonly why: string; readonly ageMs: number }
  | { readonly kind: 'live'; readonly ageMs: number }
  | { readonly kind: 'late'; readonly ageMs: number }
  | { readonly kind: 'stale'; readonly ageMs: number; readonly limitMs: number; readonly why: string }
  | {
      readonly kind: 'disconnected'
      readonly ageMs: number
      readonly attempt: number
      readonly retryInMs: number | null
      readonly blank: boolean
      readonly why: string
    }
  | { readonly kind: 'resync'; readonly ageMs: number; readonly fromSeq: number; readonly missing: number }
  | { readonly kind: 'error'; readonly ageMs: number; readonly code: string; readonly message: string; readonly advice: string }

export interface Source {
  /** What the panel waits for while there is nothing yet: "candles of BTCUSDT". */
  readonly awaiting: string
  /** When its newest datum was received here; null = never. */
  readonly receivedAt: number | null
  /** How often a datum is expected, ms. */
  readonly intervalMs?: number
  readonly limitMs?: number
  /** Why it would be stale, in words. */
  readonly staleBecause?: string
  /** Set when there is nothing to show although all is well. */
  readonly empty?: string
  readonly error?: { readonly code: string; readonly message: string; readonly advice: string }
}

/** State of one panel. Order: line lost > nothing yet > resync > engine silent > error > stale > late > empty > live. */
export function panelState(replica: Replica, source: Source, now: number): PanelState {
  const ageMs = Math.max(0, now - (source.receivedAt ?? replica.receipt.message))
  const silentMs = Math.max(0, now - replica.receipt.message)
  const { link } = replica
  if (link.kind === 'closed' || (link.kind === 'connecting' && replica.state !== null)) {
    return {
      kind: 'disconnected',
      ageMs: Math.max(ageMs, silentMs),
      attempt: link.attempt,
      retryInMs: link.kind === 'closed' ? link.retryInMs : 0,
      blank: silentMs > BLANK_AFTER_MS,
      why: link.kind === 'closed' ? link.reason : 'connecting again',
    }
  }
  if (replica.state === null) {
    const waitedMs = now - replica.linkSince
    return waitedMs > STALE_LIMIT_MS * 3
      ? {
          kind: 'stale',
          ageMs: waitedMs,
          limitMs: STALE_LIMIT_MS * 3,
          why: `no answer from the engine while waiting for ${source.awaiting}`,
        }
      : { kind: 'loading', awaiting: source.awaiting, waitedMs }
  }
  if (replica.sync.kind === 'resync') return { kind: 'resync', ageMs, fromSeq: replica.sync.fromSeq, missing: replica.sync.missing }
  if (silentMs > STALE_LIMIT_MS)
    return { kind: 'stale', ageMs: Math.max(ageMs, silentMs), limitMs: STALE_LIMIT_MS, why: 'the engine is silent' }
  if (source.error !== undefined) return { kind: 'error', ageMs, ...source.error }
  if (source.receivedAt === null) return { kind: 'loading', awaiting: source.awaiting, waitedMs: now - replica.linkSince }
  const interval = source.intervalMs ?? INTERVAL_MS
  const limit = source.limitMs ?? STALE_LIMIT_MS
  if (ageMs > limit) return { kind: 'stale', ageMs, limitMs: limit, why: source.staleBecause ?? `no ${source.awaiting}` }
  if (source.empty !== undefined) return { kind: 'empty', why: source.empty, ageMs }
  return ageMs > interval ? { kind: 'late', ageMs } : { kind: 'live', ageMs }
}

/** True when the values shown may no longer be true. */
export const isOld = (state: PanelState): boolean => {
  switch (state.kind) {
    case 'stale':
    case 'disconnected':
    case 'resync':
    case 'error':
      return true
    case 'loading':
    case 'empty':
    case 'live':
    case 'late':
      return false
  }
}
