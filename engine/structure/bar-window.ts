/** The last bars of an endless series, addressed by their absolute index; bounded (INV-11). */
import { at, type ClosedBar } from './bars.ts'

export class BarWindow {
  readonly capacity: number
  private readonly mask: number
  private readonly columns: {
    time: Float64Array
    open: Float64Array
    high: Float64Array
    low: Float64Array
    close: Float64Array
    volume: Float64Array
  }
  /** Bars seen since the start; the newest has index `length` − 1. */
  length = 0

  /** @param capacity rounded up to a power of two */
  constructor(capacity: number) {
    let size = 1
    while (size < capacity) size *= 2
    this.capacity = size
    this.mask = size - 1
    const column = (): Float64Array => new Float64Array(size)
    this.columns = { time: column(), open: column(), high: column(), low: column(), close: column(), volume: column() }
  }

  push(bar: ClosedBar): void {
    const i = this.length++ & this.mask
    const c = this.columns
    c.time[i] = bar.openTime
    c.open[i] = bar.open
    c.high[i] = bar.high
    c.low[i] = bar.low
    c.close[i] = bar.close
    c.volume[i] = bar.volume
  }

  /** Oldest index still held. */
  get first(): number {
    return Math.max(0, this.length - this.capacity)
  }
  time(i: number): number {
    return at(this.columns.time, i & this.mask)
  }
  open(i: number): number {
    return at(this.columns.open, i & this.mask)
  }
  high(i: number): number {
    return at(this.columns.high, i & this.mask)
  }
  low(i: number): number {
    return at(this.columns.low, i & this.mask)
  }
  close(i: number): number {
    return at(this.columns.close, i & this.mask)
  }
  volume(i: number): number {
    return at(this.columns.volume, i & this.mask)
  }
  clear(): void {
    this.length = 0
  }
}
