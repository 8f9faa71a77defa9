/**
 * What one ring slot means: 8 doubles, word 0 the ring's sequence, words 1–7 written by the feed.
 * Prices here are doubles for charts and indicators only (INV-01); the shortest decimal form of each double
 * is the venue's own text, so a price that becomes an order is re-read with `String(x)` and quantised.
 */

export const TickKind = {
  /** time = trade time; a price, b quantity, c aggregate trade id, d 1 when the buyer is the maker, e 0 */
  trade: 1,
  /** running 1m bar; time = open time; a open, b high, c low, d close, e volume */
  bar: 2,
  /** final 1m bar, live; same words as bar */
  barClosed: 3,
  /** time = event time; a mark, b index, c funding rate, d next funding time (ms), e 0 */
  mark: 4,
  /** time = transaction time; a bid, b bid quantity, c ask, d ask quantity, e update id */
  bookTop: 5,
  /** a hole that REST could not fill; time = first missing open time; a last missing open time (ms), b bars missing */
  gap: 6,
  /** final 1m bar delivered from history (start, restart, back-fill); same words as bar; readers drop what they have */
  barHistory: 7,
  /** the symbol's stream was (re)started; readers treat data before it as possibly incomplete until history arrives */
  reset: 8,
} as const
export type TickKind = (typeof TickKind)[keyof typeof TickKind]

export const TICK_WORDS = 8
export const RING_SLOTS = 16_384
const KIND_SHIFT = 65_536

/** Writes one tick at slot `index` of a Float64Array view of TICK_WORDS per slot. `timeMicros` must be an integer. */
export function writeTick(
  view: Float64Array,
  index: number,
  symbolId: number,
  kind: TickKind,
  timeMicros: number,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
): void {
  const at = index * TICK_WORDS
  view[at + 1] = symbolId + KIND_SHIFT * kind
  view[at + 2] = timeMicros
  view[at + 3] = a
  view[at + 4] = b
  view[at + 5] = c
  view[at + 6] = d
  view[at + 7] = e
}

export const tickSymbolId = (word1: number): number => word1 % KIND_SHIFT
export const tickKind = (word1: number): TickKind => Math.floor(word1 / KIND_SHIFT) as TickKind
