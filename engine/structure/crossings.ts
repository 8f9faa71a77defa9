/**
 * For many levels at once: the first bar at which a price series passes each of them. Levels wait in one list sorted so that
 * the easiest to pass is last; a bar pops what it passes. O(n + m log m), where scanning ahead for each level would be O(n·m).
 */
import { at } from './bars.ts'

export interface Level {
  /** First bar that counts. */
  readonly from: number
  readonly level: number
}

/**
 * @param levels ascending by `from`
 * @param direction 1: the series rises to or above the level; −1: falls to or below it
 * @param strict true: equal does not count
 * @returns per level the bar index, or −1 when it never happens
 */
export function firstCrossings(series: Float64Array, levels: readonly Level[], direction: 1 | -1, strict: boolean): Int32Array {
  const found = new Int32Array(levels.length).fill(-1)
  const waiting: number[] = []
  const levelOf = (i: number): number => (levels[i]?.level ?? 0) * direction
  let next = 0
  for (let bar = 0; bar < series.length; bar++) {
    while (next < levels.length && (levels[next]?.from ?? 0) <= bar) {
      const level = levelOf(next)
      let low = 0
      let high = waiting.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if (levelOf(waiting[middle] ?? 0) >= level) low = middle + 1
        else high = middle
      }
      waiting.splice(low, 0, next)
      next++
    }
    const price = at(series, bar) * direction
    for (let last = waiting.at(-1); last !== undefined; last = waiting.at(-1)) {
      const level = levelOf(last)
      if (strict ? price <= level : price < level) break
      found[last] = bar
      waiting.pop()
    }
  }
  return found
}
