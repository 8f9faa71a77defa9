/** How far price came back inside the last swing leg, per cent (design/smc.md §1, with the reference's one-row shift). */
import { at, type Bars } from './bars.ts'
import type { Swings } from './swings.ts'

export interface Retracements {
  readonly direction: Float64Array
  readonly current: Float64Array
  readonly deepest: Float64Array
}

/** Half-even at one decimal. */
function round1(value: number): number {
  const scaled = value * 10
  const floor = Math.floor(scaled)
  const rest = scaled - floor
  const rounded = rest < 0.5 ? floor : rest > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1
  return rounded / 10
}

const share = (part: number, whole: number): number => (whole === 0 ? 0 : round1(100 - (part / whole) * 100))

export function retracements(bars: Bars, swing: Swings): Retracements {
  const n = bars.length
  const direction = new Float64Array(n)
  const current = new Float64Array(n)
  const deepest = new Float64Array(n)
  let top = 0
  let bottom = 0
  for (let i = 0; i < n; i++) {
    const sign = at(swing.highLow, i)
    const previous = i > 0 ? at(direction, i - 1) : 0
    if (sign === 1) {
      direction[i] = 1
      top = at(swing.level, i)
    } else if (sign === -1) {
      direction[i] = -1
      bottom = at(swing.level, i)
    } else direction[i] = previous
    if (previous === 1) current[i] = share(at(bars.low, i) - bottom, top - bottom)
    if (at(direction, i) === -1) current[i] = share(at(bars.high, i) - top, bottom - top)
    const carried = i > 0 && previous === at(direction, i) ? at(deepest, i - 1) : 0
    deepest[i] = previous === 1 || at(direction, i) === -1 ? Math.max(at(current, i), carried) : 0
  }
  const shifted = [direction, current, deepest].map((column) => {
    const moved = new Float64Array(n)
    moved.set(column.subarray(0, Math.max(0, n - 1)), 1)
    if (n > 0) moved[0] = at(column, n - 1)
    return moved
  })
  const [dir = direction, cur = current, deep = deepest] = shifted
  // The first three legs lack the data they are measured against: their rows, and the one after, say nothing.
  let changes = 0
  for (let i = 0; i + 1 < n && changes < 3; i++) {
    if (at(dir, i) !== at(dir, i + 1)) changes++
    const until = changes === 3 ? i + 2 : i + 1
    for (const column of [dir, cur, deep]) column.fill(0, i, until)
  }
  return { direction: dir, current: cur, deepest: deep }
}
