/**
 * Swings as they become certain: a candidate is known `length` bars later, and final when a candidate of the other kind follows
 * (until then a better one of its own kind may replace it). Equal to the batch form without forced ends.
 */
import type { BarWindow } from './bar-window.ts'
import type { Emit, Sign, SwingEvent } from './structure-event.ts'

export class SwingStream {
  private readonly window: BarWindow
  private readonly length: number
  private runSign: Sign | 0 = 0
  private runBar = -1
  private runLevel = 0

  constructor(window: BarWindow, length: number) {
    this.window = window
    this.length = length
  }

  /** Bars up to this index cannot be affected by a swing of this sign that is not final yet. */
  frontier(sign: Sign): number {
    return this.runSign === sign ? this.runBar : this.window.length - this.length
  }

  /** Call after each bar; `final` is called for a swing that became final. */
  push(final: (swing: SwingEvent) => void, emit: Emit): void {
    const { window, length } = this
    const knownAt = window.length - 1
    const i = knownAt - length
    if (i < 2 * length - 1) return
    const high = window.high(i)
    const low = window.low(i)
    let top = true
    let bottom = true
    for (let k = i - length + 1; k <= knownAt && (top || bottom); k++) {
      if (window.high(k) > high) top = false
      if (window.low(k) < low) bottom = false
    }
    if (!top && !bottom) return
    const sign: Sign = top ? 1 : -1
    const level = top ? high : low
    if (this.runSign === sign) {
      if (sign === 1 ? level <= this.runLevel : level >= this.runLevel) return
    } else if (this.runSign !== 0) {
      const swing: SwingEvent = { kind: 'swing', sign: this.runSign, bar: this.runBar, level: this.runLevel, knownAt }
      emit(swing)
      this.runSign = sign
      this.runBar = i
      this.runLevel = level
      final(swing)
      return
    }
    this.runSign = sign
    this.runBar = i
    this.runLevel = level
  }
}
