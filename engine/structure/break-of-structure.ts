/**
 * Break of structure (BOS) and change of character (CHoCH) over four consecutive swings (design/smc.md §1). Exact figures: the
 * reference's float32 levels differ in 42 cells of its own test file, which are listed and expected to differ.
 */
import { at, EMPTY, emptyColumn, type Bars } from './bars.ts'
import { firstCrossings, type Level } from './crossings.ts'
import { swingIndices, type Swings } from './swings.ts'

export interface StructureBreaks {
  readonly bos: Float64Array
  readonly choch: Float64Array
  readonly level: Float64Array
  readonly brokenIndex: Float64Array
}

export interface StructureMark {
  readonly kind: 'bos' | 'choch'
  readonly sign: 1 | -1
}

/** What the swing levels a,b,c,d (oldest first, d of sign `lastSign`) mean; undefined when they mean nothing. */
export function structureMark(lastSign: number, a: number, b: number, c: number, d: number): StructureMark | undefined {
  if (lastSign === 1) {
    if (a < c && c < b && b < d) return { kind: 'bos', sign: 1 }
    if (d > b && b > a && a > c) return { kind: 'choch', sign: 1 }
    return undefined
  }
  if (a > c && c > b && b > d) return { kind: 'bos', sign: -1 }
  if (d < b && b < a && a < c) return { kind: 'choch', sign: -1 }
  return undefined
}

/** @param closeBreak true: a close beyond the level breaks it; false: a wick does */
export function structureBreaks(bars: Bars, swing: Swings, closeBreak = true): StructureBreaks {
  const n = bars.length
  const bos = emptyColumn(n)
  const choch = emptyColumn(n)
  const level = emptyColumn(n)
  const brokenIndex = emptyColumn(n)
  const positions = swingIndices(swing)
  const marks: { at: number; mark: StructureMark; level: number }[] = []
  for (let k = 3; k < positions.length; k++) {
    const [ia, ib, ic, id] = positions.slice(k - 3, k + 1)
    if (ia === undefined || ib === undefined || ic === undefined || id === undefined) continue
    const level = at(swing.level, ib)
    const mark = structureMark(at(swing.highLow, id), at(swing.level, ia), level, at(swing.level, ic), at(swing.level, id))
    if (mark !== undefined) marks.push({ at: ib, mark, level })
  }
  const brokenAt = new Map<number, number>()
  for (const sign of [1, -1] as const) {
    const chosen = marks.filter((m) => m.mark.sign === sign)
    const levels: Level[] = chosen.map((m) => ({ from: m.at + 2, level: m.level }))
    const series = closeBreak ? bars.close : sign === 1 ? bars.high : bars.low
    const crossed = firstCrossings(series, levels, sign, true)
    chosen.forEach((m, k) => brokenAt.set(m.at, at(crossed, k)))
  }
  // Standing marks, ascending by the bar that broke them: a mark broken at j erases all earlier ones broken at j or later.
  const standing: { at: number; brokenAt: number }[] = []
  for (const { at: i, mark, level: price } of marks) {
    const j = brokenAt.get(i) ?? -1
    if (j < 0) continue
    for (let last = standing.at(-1); last !== undefined && last.brokenAt >= j; last = standing.at(-1)) {
      bos[last.at] = choch[last.at] = level[last.at] = EMPTY
      standing.pop()
    }
    standing.push({ at: i, brokenAt: j })
    if (mark.kind === 'bos') bos[i] = mark.sign
    else choch[i] = mark.sign
    level[i] = price
    brokenIndex[i] = j
  }
  return { bos, choch, level, brokenIndex }
}
