/**
 * Swings as they become certain: a candidate is known `length` bars later, and final when a candidate of the other kind follows
 * (until then a better one of its own kind may replace it). Equal to the batch form without forced ends.
 */
import type { BarWindow } from './bar-window.ts'
import type { Sign, StructureListener, SwingEvent } from './structure-event.ts'

export class SwingStream {
  private readonly window: BarWindow
  private readonly length: number
  private runSign: Sign | 0 = 0
  private runBar = -1
  private runLevel = NaN

  constructor(window: BarWindow, length: number) {
    this.window = window
    this.length = length
  }

  /** Bars up to this index cannot be affected by a swing of this sign that is not final yet. */
  frontier(sign: Sign): number {
    return this.runSign === sign ? this.runBar : this.window.length - this.length
  }

  /** Call after each bar; returns a swing that became final, which the listener was told. */
  push(listener: StructureListener): SwingEvent | undefined {
    const { window, length } = this
    const knownAt = window.length - 1
    const i = knownAt - length
    if (i < 2 * length - 1) return undefined
    const high = window.high(i)
    const low = window.low(i)
    let top = true
    let bottom = true
    for (let k = i - length + 1; k <= knownAt && (top || bottom); k++) {
      if (window.high(k) > high) top = false
      if (window.low(k) < low) bottom = false
    }
    if (!top && !bottom) return undefined
    const sign: Sign = top ? 1 : -1
    const level = top ? high : low
    const { runSign } = this
    let final: SwingEvent | undefined
    if (runSign === sign) {
      if (sign === 1 ? level <= this.runLevel : level >= this.runLevel) return undefined
    } else if (runSign !== 0) {
      final = { kind: 'swing', sign: runSign, bar: this.runBar, level: this.runLevel, knownAt }
      listener.onStructure(final)
    }
    this.runSign = sign
    this.runBar = i
    this.runLevel = level
    return final
  }
}
