/**
 * Breaks of structure and changes of character as they become known: a mark exists once its fourth swing is final, and counts
 * once price passed its level. A mark is void when a later mark was broken at the same bar or before it.
 */
import type { BarWindow } from './bar-window.ts'
import { structureMark } from './break-of-structure.ts'
import { LevelQueue } from './level-queue.ts'
import type { Emit, Sign, SwingEvent } from './structure-event.ts'

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
  private readonly swings: SwingEvent[] = []
  /** Ascending by bar and by brokenAt. */
  private readonly standing: { readonly bar: number; readonly brokenAt: number }[] = []

  constructor(window: BarWindow, closeBreak: boolean, limit: number) {
    this.window = window
    this.closeBreak = closeBreak
    this.limit = limit
    this.above = new LevelQueue(1, limit)
    this.below = new LevelQueue(-1, limit)
  }

  get dropped(): number {
    return this.above.dropped + this.below.dropped
  }

  push(emit: Emit): void {
    const now = this.window.length - 1
    const up = this.reach(now, 1)
    const down = this.reach(now, -1)
    for (let mark = this.above.take(up, true); mark !== undefined; mark = this.above.take(up, true)) this.broken(mark, now, emit)
    for (let mark = this.below.take(down, true); mark !== undefined; mark = this.below.take(down, true)) this.broken(mark, now, emit)
  }

  swing(final: SwingEvent, emit: Emit): void {
    this.swings.push(final)
    if (this.swings.length > 4) this.swings.shift()
    const [a, b, c, d] = this.swings
    if (a === undefined || b === undefined || c === undefined || d === undefined) return
    const found = structureMark(d.sign, a.level, b.level, c.level, d.level)
    if (found === undefined) return
    const mark: Mark = { ...found, bar: b.bar, level: b.level }
    for (let i = Math.max(b.bar + 2, this.window.first); i < this.window.length; i++) {
      const price = this.reach(i, mark.sign)
      if (mark.sign === 1 ? price > mark.level : price < mark.level) return this.broken(mark, i, emit)
    }
    const queue = mark.sign === 1 ? this.above : this.below
    queue.add(mark.level, mark)
  }

  private reach(i: number, sign: Sign): number {
    if (this.closeBreak) return this.window.close(i)
    return sign === 1 ? this.window.high(i) : this.window.low(i)
  }

  private broken(mark: Mark, brokenAt: number, emit: Emit): void {
    const { standing } = this
    const knownAt = this.window.length - 1
    let place = standing.length
    while (place > 0 && (standing[place - 1]?.bar ?? 0) > mark.bar) place--
    const later = standing[place]
    if (later !== undefined && later.brokenAt <= brokenAt) return
    emit({ kind: mark.kind, sign: mark.sign, bar: mark.bar, level: mark.level, brokenAt, knownAt })
    let from = place
    while (from > 0 && (standing[from - 1]?.brokenAt ?? 0) >= brokenAt) {
      from--
      emit({ kind: 'break-erased', bar: standing[from]?.bar ?? 0, knownAt })
    }
    standing.splice(from, place - from, { bar: mark.bar, brokenAt })
    if (standing.length > this.limit) standing.shift()
  }
}
