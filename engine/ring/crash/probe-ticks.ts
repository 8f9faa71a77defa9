/** Ticks whose every word follows from their sequence, so that a reader can tell a torn, shifted or foreign one by itself. */
import { TICK_WORDS } from '../../contract/tick.ts'

/** Fills slot `index` of the view with the probe of `sequence`; exact below 2^49. */
export function writeProbe(view: Float64Array | number[], index: number, sequence: number): void {
  const at = index * TICK_WORDS
  const base = sequence * TICK_WORDS
  view[at + 1] = base + 1
  view[at + 2] = base + 2
  view[at + 3] = base + 3
  view[at + 4] = base + 4
  view[at + 5] = base + 5
  view[at + 6] = base + 6
  view[at + 7] = base + 7
}

/** Whether slot `index` holds exactly the probe of `sequence`, its own sequence word included. */
export function isProbe(view: ArrayLike<number>, index: number, sequence: number): boolean {
  const at = index * TICK_WORDS
  const base = sequence * TICK_WORDS
  return (
    view[at] === sequence &&
    view[at + 1] === base + 1 &&
    view[at + 2] === base + 2 &&
    view[at + 3] === base + 3 &&
    view[at + 4] === base + 4 &&
    view[at + 5] === base + 5 &&
    view[at + 6] === base + 6 &&
    view[at + 7] === base + 7
  )
}

/** How many of the first `n` slots are not the probes of `first`, `first` + 1, … */
export function countBroken(view: ArrayLike<number>, n: number, first: number): number {
  let broken = 0
  for (let i = 0; i < n; i++) if (!isProbe(view, i, first + i)) broken++
  return broken
}
