/** Liquidity: groups of swings at nearly the same level, and when they were swept (design/smc.md §1). Uses the whole file's range. */
import { at, emptyColumn, type Bars } from './bars.ts'
import { firstCrossings, type Level } from './crossings.ts'
import { swingIndices, type Swings } from './swings.ts'

export interface Liquidity {
  readonly liquidity: Float64Array
  readonly level: Float64Array
  readonly end: Float64Array
  /** Bar that swept it; 0 if none. */
  readonly swept: Float64Array
}

/** @param rangePercent tolerance as a fraction of (highest high − lowest low) of the whole series */
export function liquidity(bars: Bars, swing: Swings, rangePercent = 0.01): Liquidity {
  const n = bars.length
  const out: Liquidity = { liquidity: emptyColumn(n), level: emptyColumn(n), end: emptyColumn(n), swept: emptyColumn(n) }
  let highest = Number.NEGATIVE_INFINITY
  let lowest = Number.POSITIVE_INFINITY
  for (let i = 0; i < n; i++) {
    highest = Math.max(highest, at(bars.high, i))
    lowest = Math.min(lowest, at(bars.low, i))
  }
  const range = (highest - lowest) * rangePercent
  const all = swingIndices(swing)
  for (const sign of [1, -1] as const) {
    const positions = all.filter((i) => at(swing.highLow, i) === sign)
    const levels: Level[] = positions.map((i) => ({ from: i + 1, level: at(swing.level, i) + sign * range }))
    const crossed = firstCrossings(sign === 1 ? bars.high : bars.low, levels, sign, false)
    const used = new Uint8Array(positions.length)
    positions.forEach((i, k) => {
      if (used[k] === 1) return
      const level = at(swing.level, i)
      const sweptAt = Math.max(0, at(crossed, k))
      const group = [level]
      let end = i
      for (let m = k + 1; m < positions.length; m++) {
        const j = positions[m] ?? n
        if (sweptAt > 0 && j >= sweptAt) break
        const other = at(swing.level, j)
        if (used[m] === 1 || other < level - range || other > level + range) continue
        used[m] = 1
        group.push(other)
        end = j
      }
      if (group.length < 2) return
      out.liquidity[i] = sign
      out.level[i] = group.reduce((a, b) => a + b, 0) / group.length
      out.end[i] = end
      out.swept[i] = sweptAt
    })
  }
  return out
}
