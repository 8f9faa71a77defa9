/**
 * Breaks of structure and changes of character as they become known: a mark exists once its fourth swing is final, and counts
 * once price passed its level. A mark is void when a later mark was broken at the same bar or before it.
 */
import { at } from './bars.ts'
import type { BarWindow } from './bar-window.ts'
import { structureMark } from './break-of-structure.ts'
import { LevelQueue } from './level-queue.ts'
import type { Sign, StructureListener, SwingEvent } from './structure-event.ts'

interface Mark {
  readonly kind: 'bos' | 'choch'
  readonly sign: Sign
  readonly bar: number
  readonly level: number
}

export class BreakStream {
  private readonly window: BarWindow
  private readonly closeBreak: boolean
  private readonly limit: number
  private readonly above: LevelQueue<Mark>
  private readonly below: LevelQueue<Mark>
  /** The last three final swings, newest last. */
  private first: SwingEvent | undefined = undefined
  private second: SwingEvent | undefined = undefined
  private third: SwingEvent | undefined = undefined
  /** Marks that stand, ascending by bar and by the bar that broke them: two columns. */
  private readonly standingBar: Float64Array
  private readonly standingBrokenAt: Float64Array
  private standing = 0

  constructor(window: BarWindow, closeBreak: boolean, limit: number) {
    this.window = window
    this.closeBreak = closeBreak
    this.limit = limit
    this.above = new LevelQueue(1, limit)
    this.below = new LevelQueue(-1, limit)
    this.standingBar = new Float64Array(limit + 1)
    this.standingBrokenAt = new Float64Array(limit + 1)
  }

  get dropped(): number {
    return this.above.dropped + this.below.dropped
  }

  push(listener: StructureListener): void {
    const now = this.window.length - 1
    const up = this.reach(now, 1)
    const down = this.reach(now, -1)
    for (let mark = this.above.take(up, true); mark !== undefined; mark = this.above.take(up, true)) this.broken(mark, now, listener)
    for (let mark = this.below.take(down, true); mark !== undefined; mark = this.below.take(down, true)) this.broken(mark, now, listener)
  }

  swing(final: SwingEvent, listener: StructureListener): void {
    const { first: a, second: b, third: c } = this
    this.first = b
    this.second = c
    this.third = final
    if (a === undefined || b === undefined || c === undefined) return
    const found = structureMark(final.sign, a.level, b.level, c.level, final.level)
    if (found === undefined) return
    const mark: Mark = { kind: found.kind, sign: found.sign, bar: b.bar, level: b.level }
    for (let i = Math.max(b.bar + 2, this.window.first); i < this.window.length; i++) {
      const price = this.reach(i, mark.sign)
      if (mark.sign === 1 ? price > mark.level : price < mark.level) return this.broken(mark, i, listener)
    }
    const queue = mark.sign === 1 ? this.above : this.below
    queue.add(mark.level, mark)
  }

  private reach(i: number, sign: Sign): number {
    if (this.closeBreak) return this.window.close(i)
    return sign === 1 ? this.window.high(i) : this.window.low(i)
  }

  private broken(mark: Mark, brokenAt: number, listener: StructureListener): void {
    const { standingBar: bars, standingBrokenAt: breaks } = this
    const knownAt = this.window.length - 1
    let place = this.standing
    while (place > 0 && at(bars, place - 1) > mark.bar) place--
    if (place < this.standing && at(breaks, place) <= brokenAt) return
    listener.onStructure({ kind: mark.kind, sign: mark.sign, bar: mark.bar, level: mark.level, brokenAt, knownAt })
    let from = place
    while (from > 0 && at(breaks, from - 1) >= brokenAt) {
      from--
      listener.onStructure({ kind: 'break-erased', bar: at(bars, from), knownAt })
    }
    for (const column of [bars, breaks]) column.copyWithin(from + 1, place, this.standing)
    bars[from] = mark.bar
    breaks[from] = brokenAt
    this.standing += from + 1 - place
    if (this.standing > this.limit) {
      for (const column of [bars, breaks]) column.copyWithin(0, 1, this.standing)
      this.standing--
    }
  }
}
