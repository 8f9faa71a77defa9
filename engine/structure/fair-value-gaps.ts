/** Fair value gaps: three-bar imbalances, plain or joined (design/smc.md §1). Mitigated means touched, not filled. */
import { at, EMPTY, emptyColumn, type Bars } from './bars.ts'
import { firstCrossings, type Level } from './crossings.ts'

export interface FairValueGaps {
  /** 1 bullish, −1 bearish. */
  readonly gap: Float64Array
  readonly top: Float64Array
  readonly bottom: Float64Array
  /** First bar ≥ i + 2 that touches the near edge; 0 if never. */
  readonly mitigatedIndex: Float64Array
}

export function fairValueGaps(bars: Bars, joinConsecutive = false): FairValueGaps {
  const n = bars.length
  const gap = emptyColumn(n)
  const top = emptyColumn(n)
  const bottom = emptyColumn(n)
  const mitigatedIndex = emptyColumn(n)
  for (let i = 1; i < n - 1; i++) {
    const rising = at(bars.close, i) > at(bars.open, i)
    const falling = at(bars.close, i) < at(bars.open, i)
    if (rising && at(bars.high, i - 1) < at(bars.low, i + 1)) {
      gap[i] = 1
      top[i] = at(bars.low, i + 1)
      bottom[i] = at(bars.high, i - 1)
    } else if (falling && at(bars.low, i - 1) > at(bars.high, i + 1)) {
      gap[i] = -1
      top[i] = at(bars.low, i - 1)
      bottom[i] = at(bars.high, i + 1)
    }
  }
  if (joinConsecutive) {
    for (let i = 0; i < n - 1; i++) {
      if (at(gap, i) !== at(gap, i + 1)) continue
      top[i + 1] = Math.max(at(top, i), at(top, i + 1))
      bottom[i + 1] = Math.min(at(bottom, i), at(bottom, i + 1))
      gap[i] = top[i] = bottom[i] = EMPTY
    }
  }
  for (const sign of [1, -1] as const) {
    const positions: number[] = []
    const levels: Level[] = []
    for (let i = 0; i < n; i++) {
      if (gap[i] !== sign) continue
      positions.push(i)
      levels.push({ from: i + 2, level: sign === 1 ? at(top, i) : at(bottom, i) })
    }
    const touched = firstCrossings(sign === 1 ? bars.low : bars.high, levels, sign === 1 ? -1 : 1, false)
    positions.forEach((i, k) => {
      mitigatedIndex[i] = Math.max(0, at(touched, k))
    })
  }
  return { gap, top, bottom, mitigatedIndex }
}
