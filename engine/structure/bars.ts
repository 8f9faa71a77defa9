/** A column-wise series of bars, the input of every batch detector. Times are open times in ms, ascending, UTC. */
export interface Bars {
  readonly length: number
  readonly time: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
}

/** One closed bar. */
export interface ClosedBar {
  /** Venue time, ms. */
  readonly openTime: number
  readonly open: number
  readonly high: number
  readonly low: number
  readonly close: number
  readonly volume: number
}

/** "No value" in a result column. */
export const EMPTY = Number.NaN

export const emptyColumn = (length: number): Float64Array => new Float64Array(length).fill(EMPTY)

/** Reads index `i`, which the caller knows to be inside. */
export const at = (column: Float64Array | Int32Array, i: number): number => column[i] ?? EMPTY
