/** Kill switch: levels, per-item outcome, latch (INV-08). */
import type { DecimalText } from './decimal-text.ts'
import * as v from 'valibot'

/** active → reduceOnly → halted; flatten = halted + positions closed. */
export type TradingState = 'active' | 'reduceOnly' | 'halted'
export const KillLevelSchema = v.picklist(['reduceOnly', 'halt', 'flatten'])
export type KillLevel = v.InferOutput<typeof KillLevelSchema>

export interface KillItem {
  readonly id: string
  readonly what: 'cancel-regular' | 'cancel-conditional' | 'close-position' | 'verify'
  readonly symbol: string
  readonly detail: string
  readonly outcome: 'pending' | 'confirmed' | 'failed' | 'uncertain'
  readonly ms?: number
}

export const KillLatchSchema = v.strictObject({
  v: v.literal(1),
  level: KillLevelSchema,
  reason: v.string(),
  by: v.picklist(['person', 'rail', 'supervisor', 'cli']),
  at: v.number(),
  /** null until REST confirmed what the level promises. */
  confirmedAt: v.nullable(v.number()),
})
export type KillLatch = v.InferOutput<typeof KillLatchSchema>

export interface KillState {
  readonly latch: KillLatch | null
  readonly running: boolean
  readonly items: readonly KillItem[]
  /** What is still open at the venue as last confirmed by REST; null = not known. */
  readonly stillOpen: { readonly orders: number; readonly positions: readonly { symbol: string; quantity: DecimalText }[] } | null
  /** Times of the three feedback steps, ms since the epoch. */
  readonly sentAt?: number
  readonly acceptedAt?: number
  readonly confirmedAt?: number
}

/** The words a person types to release the latch. */
export const RELEASE_PHRASE = 'resume trading'
