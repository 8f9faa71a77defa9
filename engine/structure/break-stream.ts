/**
 * Breaks of structure and changes of character as they become known: a mark exists once its fourth swing is final, and counts
 * once price passed its level. A mark is void when a later mark was broken at the same bar or before it.
 */
import type { BarWindow } from './bar-window.ts'
import { BoundedList } from './bounded-list.ts'
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
  private readonly above: LevelQueue<Mark>
  private readonly below: LevelQueue<Mark>
  /** The last three final swings, newest last. */
  private first: SwingEvent | undefined = undefined
  private second: SwingEvent | undefined = undefined
  private third: SwingEvent | undefined = undefined
  /** Marks that stand, ascending by bar and by the bar that broke them. */
  private readonly standing: BoundedList<{ readonly bar: number; readonly brokenAt: number }>

  constructor(window: BarWindow, closeBreak: boolean, limit: number) {
    this.window = window
    this.closeBreak = closeBreak
    this.above = new LevelQueue(1, limit)
    this.below = new LevelQueue(-1, limit)
    this.standing = new BoundedList(limit)
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
    const { standing } = this
    const knownAt = this.window.length - 1
    // Marks become known in the order of their bars: only an older one that price passes now can meet a later one, broken before it.
    if (standing.length > 0 && standing.at(standing.length - 1).bar > mark.bar) return
    listener.onStructure({ kind: mark.kind, sign: mark.sign, bar: mark.bar, level: mark.level, brokenAt, knownAt })
    let kept = standing.length
    for (; kept > 0 && standing.at(kept - 1).brokenAt >= brokenAt; kept--) {
      listener.onStructure({ kind: 'break-erased', bar: standing.at(kept - 1).bar, knownAt })
    }
    standing.truncate(kept)
    standing.push({ bar: mark.bar, brokenAt })
  }
}
