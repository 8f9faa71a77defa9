/** Fair value gaps (plain form) as they close, and their first touch. Equal to the batch form. */
import type { BarWindow } from './bar-window.ts'
import { LevelQueue } from './level-queue.ts'
import type { Sign, StructureListener } from './structure-event.ts'

export class GapStream {
  private readonly window: BarWindow
  private readonly bullish: LevelQueue<number>
  private readonly bearish: LevelQueue<number>

  constructor(window: BarWindow, limit: number) {
    this.window = window
    this.bullish = new LevelQueue(-1, limit)
    this.bearish = new LevelQueue(1, limit)
  }

  get dropped(): number {
    return this.bullish.dropped + this.bearish.dropped
  }

  push(listener: StructureListener): void {
    const { window } = this
    const now = window.length - 1
    const low = window.low(now)
    const high = window.high(now)
    for (let bar = this.bullish.take(low, false); bar !== undefined; bar = this.bullish.take(low, false)) {
      listener.onStructure({ kind: 'gap-mitigated', sign: 1, bar, knownAt: now })
    }
    for (let bar = this.bearish.take(high, false); bar !== undefined; bar = this.bearish.take(high, false)) {
      listener.onStructure({ kind: 'gap-mitigated', sign: -1, bar, knownAt: now })
    }
    const bar = now - 1
    if (bar < 1) return
    const change = window.close(bar) - window.open(bar)
    const sign: Sign | 0 =
      change > 0 && window.high(bar - 1) < window.low(now) ? 1 : change < 0 && window.low(bar - 1) > window.high(now) ? -1 : 0
    if (sign === 0) return
    const top = sign === 1 ? window.low(now) : window.low(bar - 1)
    const bottom = sign === 1 ? window.high(bar - 1) : window.high(now)
    listener.onStructure({ kind: 'gap', sign, bar, top, bottom, knownAt: now })
    if (sign === 1) this.bullish.add(top, bar)
    else this.bearish.add(bottom, bar)
  }
}
