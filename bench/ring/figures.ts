/** What a bar of ring.md §6 looks like in the result, and the little statistics behind it. */

export interface Bar {
  readonly bar: number
  readonly claim: string
  readonly ok: boolean | null
  /** Present when the bar could not be measured here. */
  readonly skipped?: string
  readonly measured?: object
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2
}

export const round = (value: number): number => Number(value.toPrecision(4))

/** Same-round ratios against a lower bound: the median must reach it. */
export function atLeast(ratios: readonly number[], bound: number): { median: number; worst: number; bound: number; ok: boolean } {
  return { median: round(median(ratios)), worst: round(Math.min(...ratios)), bound, ok: median(ratios) >= bound }
}

export function atMost(values: readonly number[], bound: number): { median: number; worst: number; bound: number; ok: boolean } {
  return { median: round(median(values)), worst: round(Math.max(...values)), bound, ok: median(values) <= bound }
}
