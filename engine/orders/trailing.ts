/**
 * A bracket's stop that follows the price, by one rule (written for a long; a short mirrors it). On every closed one-minute bar:
 *
 * 1. once a bar has closed one R above the average entry (R = entry less the plan's first stop), the stop stands at the entry or better;
 * 2. from then on at the close less the plan's distance, when that is better;
 * 3. it never loosens, and it moves only for a gain of a tenth of the distance: a stop is replaced, and each replacement is two requests.
 *
 * Pure; the level reached so far is what survives: it stands in the journal as the trigger of the newest stop.
 */
import type { Side } from '../contract/venue.ts'
import { Decimal } from '../money/decimal.ts'

const STEP = 10

export interface TrailFacts {
  /** Side of the entry. */
  readonly side: Side
  readonly averageEntry: Decimal
  /** The plan's own stop, from which R is measured. */
  readonly firstStop: Decimal
  /** Where the stop stands now. */
  readonly level: Decimal
  readonly distance: Decimal
  /** Close of the newest bar. */
  readonly close: Decimal
  /** What the venue fires the stop on; zero = not known. */
  readonly mark: Decimal
}

/** The better of two levels for the position. */
export const tighter = (side: Side, a: Decimal, b: Decimal): Decimal => (side === 'BUY' ? Decimal.max(a, b) : Decimal.min(a, b))

/** Where the stop is to stand now: at `level`, or better. */
export function trailedLevel(facts: TrailFacts): Decimal {
  const { side, averageEntry, level, distance, close, mark } = facts
  const gainOf = (price: Decimal, from: Decimal): Decimal => (side === 'BUY' ? price.minus(from) : from.minus(price))
  const risk = gainOf(averageEntry, facts.firstStop)
  if (risk.lte(0) || distance.lte(0) || gainOf(close, averageEntry).lt(risk)) return level
  const behind = side === 'BUY' ? close.minus(distance) : close.plus(distance)
  const wanted = tighter(side, averageEntry, behind)
  if (gainOf(wanted, level).times(STEP).lt(distance)) return level
  // The price has come back through it already: the venue would refuse it, and the stop that rests is the right one.
  if (mark.gt(0) && gainOf(mark, wanted).lte(0)) return level
  return wanted
}
