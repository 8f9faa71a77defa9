/**
 * Swing highs and lows (smart-money-concepts v0.0.27, design/smc.md §1). Looks ahead by `length` bars: batch use only;
 * the streaming form is stream.ts.
 */
import { at, emptyColumn, type Bars } from './bars.ts'

export interface Swings {
  /** 1 high, −1 low, empty otherwise. */
  readonly highLow: Float64Array
  readonly level: Float64Array
}

/** 1 when bar `i` holds the highest high of i−length+1 … i+length, −1 for the lowest low, else 0; the high wins. */
export function swingCandidate(bars: Bars, i: number, length: number): -1 | 0 | 1 {
  const high = at(bars.high, i)
  const low = at(bars.low, i)
  let top = true
  let bottom = true
  for (let k = i - length + 1; k <= i + length && (top || bottom); k++) {
    if (at(bars.high, k) > high) top = false
    if (at(bars.low, k) < low) bottom = false
  }
  return top ? 1 : bottom ? -1 : 0
}

/**
 * @param length bars needed on the right (and length − 1 on the left)
 * @param forceEnds gives bar 0 and the last bar the sign opposite to their neighbour swing, as the reference does; off when
 *   the result is compared with the stream, which cannot know them
 */
export function swings(bars: Bars, length: number, forceEnds = true): Swings {
  const n = bars.length
  const highLow = emptyColumn(n)
  const level = emptyColumn(n)
  const positions: number[] = []
  const signs: (-1 | 1)[] = []
  for (let i = 2 * length - 1; i <= n - 1 - length; i++) {
    const sign = swingCandidate(bars, i, length)
    if (sign === 0) continue
    const last = positions.length - 1
    if (signs[last] !== sign) {
      positions.push(i)
      signs.push(sign)
      continue
    }
    // Of a run of highs the first highest stays, of a run of lows the first lowest.
    const standing = positions[last] ?? 0
    const better = sign === 1 ? at(bars.high, i) > at(bars.high, standing) : at(bars.low, i) < at(bars.low, standing)
    if (better) positions[last] = i
  }
  const mark = (i: number, sign: number): void => {
    highLow[i] = sign
    level[i] = sign === 1 ? at(bars.high, i) : at(bars.low, i)
  }
  positions.forEach((i, k) => mark(i, signs[k] ?? 1))
  const first = signs[0]
  const final = signs.at(-1)
  if (forceEnds && first !== undefined && final !== undefined) {
    mark(0, -first)
    mark(n - 1, -final)
  }
  return { highLow, level }
}

/** Bar indices of the swings, ascending. */
export function swingIndices(result: Swings): number[] {
  const found: number[] = []
  result.highLow.forEach((sign, i) => {
    if (!Number.isNaN(sign)) found.push(i)
  })
  return found
}
