/**
 * Every poison on every stream, one plan each, with the reason for which the feed must refuse it. A plan counts as caught only by
 * its own refusal: genuine refusals, and those of other plans, cannot stand in for it.
 */
import type { Refusal } from '../market/refusals.ts'
import { POISONS, type Poison } from '../simulator/protocol/poison.ts'

export const STREAMS = ['kline_1m', 'aggTrade', 'bookTicker', 'markPrice@1s'] as const
export type Stream = (typeof STREAMS)[number]

export interface PoisonPlan {
  readonly stream: Stream
  readonly poison: Poison
  /** Any of these; more than one where the same factor also spoils the number of digits, which is seen first. */
  readonly reasons: readonly Refusal[]
  /** How many frames of this plan must be refused. */
  readonly times: number
}

type Reasons = readonly Refusal[] | Readonly<Record<Stream, readonly Refusal[]>>

const REASONS: Readonly<Record<Poison, Reasons>> = {
  null: ['missing'],
  missingField: ['missing'],
  text: ['not-a-number'],
  emptyText: ['not-a-number'],
  zero: ['zero'],
  negative: ['negative'],
  positiveInfinity: ['not-finite'],
  negativeInfinity: ['not-finite'],
  hugeExponent: ['not-a-number'],
  notANumber: ['not-a-number'],
  bareNaN: ['not-json'],
  highBelowLow: { kline_1m: ['high-below-low'], aggTrade: ['negative'], bookTicker: ['crossed'], 'markPrice@1s': ['negative'] },
  closeOutside: {
    kline_1m: ['outside-range', 'too-precise'],
    aggTrade: ['jump', 'too-precise'],
    bookTicker: ['crossed', 'too-precise'],
    'markPrice@1s': ['jump', 'too-precise'],
  },
  negativeVolume: ['negative'],
  timeZero: ['time-zero'],
  timeFuture: ['time-future'],
  timeBack: { kline_1m: ['misaligned', 'time-back'], aggTrade: ['time-back'], bookTicker: ['time-back'], 'markPrice@1s': ['time-back'] },
  duplicate: ['duplicate'],
  wrongSymbol: ['wrong-symbol'],
  jump: ['jump', 'too-precise'],
  beyondSafeInteger: {
    kline_1m: ['unsafe-integer'],
    aggTrade: ['unsafe-integer'],
    bookTicker: ['unsafe-integer'],
    'markPrice@1s': ['not-a-number'],
  },
  deepNesting: ['oversize'],
  oneMegabyte: ['oversize'],
  truncated: ['not-json'],
  invalidUtf8: ['not-utf8'],
  prototypeKeys: ['prototype-keys'],
  arrayForObject: ['shape'],
  nullFrame: ['shape'],
}

const isList = (reasons: Reasons): reasons is readonly Refusal[] => Array.isArray(reasons)

function plan(stream: Stream, poison: Poison): PoisonPlan {
  const reasons = REASONS[poison]
  /* the poison is the event twice, and the genuine one still follows */
  return { stream, poison, reasons: isList(reasons) ? reasons : reasons[stream], times: poison === 'duplicate' ? 2 : 1 }
}

/** 'full': each poison on each stream. 'quick': each poison once, the streams in turn. */
export function poisonPlans(size: 'quick' | 'full'): readonly PoisonPlan[] {
  if (size === 'full') return STREAMS.flatMap((stream) => POISONS.map((poison) => plan(stream, poison)))
  return POISONS.map((poison, i) => plan(STREAMS[i % STREAMS.length] ?? 'aggTrade', poison))
}

type Counts = Readonly<Record<string, number>>

/** How often each reason was given from `before` to `after`; reasons that were not given are left out. */
export function given(before: Counts, after: Counts): ReadonlyMap<string, number> {
  const rises = Object.entries(after).map(([reason, count]) => [reason, count - (before[reason] ?? 0)] as const)
  return new Map(rises.filter(([, rise]) => rise > 0))
}

/** Whether the refusals between two counts are those of `plan`. */
export function isCaught({ reasons, times }: PoisonPlan, before: Counts, after: Counts): boolean {
  const rises = given(before, after)
  return reasons.reduce((sum, reason) => sum + (rises.get(reason) ?? 0), 0) >= times
}
