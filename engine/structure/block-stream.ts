/**
 * Order blocks as they become certain: price closed through a final swing, and no later swing of that kind can still turn up
 * before that bar (see SwingStream.frontier). Creation equals the batch form; then each block lives on its own.
 */
import type { BarWindow } from './bar-window.ts'
import { volumeBalance } from './order-blocks.ts'
import type { BlockEvent, Emit, Sign, SwingEvent } from './structure-event.ts'

interface Live {
  readonly block: BlockEvent
  broken: boolean
}

interface Hunt {
  swing: SwingEvent | undefined
  used: boolean
  /** Next bar to test. */
  next: number
}

export class BlockStream {
  dropped = 0
  private readonly window: BarWindow
  private readonly frontier: (sign: Sign) => number
  private readonly closeMitigation: boolean
  private readonly limit: number
  private readonly hunts: Record<'1' | '-1', Hunt> = {
    '1': { swing: undefined, used: true, next: 0 },
    '-1': { swing: undefined, used: true, next: 0 },
  }
  private readonly live: Live[] = []
  /** A bar whose low stays at or above the floor and whose high at or below the ceiling changes no live block. */
  private floor = -Infinity
  private ceiling = Infinity

  constructor(window: BarWindow, frontier: (sign: Sign) => number, closeMitigation: boolean, limit: number) {
    this.window = window
    this.frontier = frontier
    this.closeMitigation = closeMitigation
    this.limit = limit
  }

  swing(final: SwingEvent, emit: Emit): void {
    const hunt = this.hunts[final.sign === 1 ? '1' : '-1']
    this.search(hunt, final.bar, emit)
    hunt.swing = final
    hunt.used = false
    hunt.next = final.bar + 1
  }

  push(emit: Emit): void {
    const now = this.window.length - 1
    if (this.window.low(now) < this.floor || this.window.high(now) > this.ceiling) this.ageAll(now, emit)
    this.search(this.hunts['1'], Math.min(now, this.frontier(1)), emit)
    this.search(this.hunts['-1'], Math.min(now, this.frontier(-1)), emit)
  }

  private ageAll(now: number, emit: Emit): void {
    const { live } = this
    let kept = 0
    this.floor = -Infinity
    this.ceiling = Infinity
    for (const one of live) {
      if (!this.age(one, now, emit)) continue
      this.bound(one)
      live[kept++] = one
    }
    live.length = kept
  }

  /** Where a bar's reach would end the block's present state; bodies reach no further than wicks. */
  private bound({ block, broken }: Live): void {
    if ((block.sign === 1) === broken) this.ceiling = Math.min(this.ceiling, block.top)
    else this.floor = Math.max(this.floor, block.bottom)
  }

  private search(hunt: Hunt, until: number, emit: Emit): void {
    const { window } = this
    const { swing } = hunt
    if (hunt.used || swing === undefined) return
    for (let i = Math.max(hunt.next, window.first); i <= until; i++) {
      if (swing.sign === 1 ? window.close(i) > swing.level : window.close(i) < swing.level) {
        hunt.used = true
        this.create(swing, i, emit)
        return
      }
    }
    hunt.next = Math.max(hunt.next, until + 1)
  }

  private create(swing: SwingEvent, i: number, emit: Emit): void {
    const { window } = this
    const { sign } = swing
    let bar = i - 1
    // No bar between: the bullish block's edges are swapped, as in the batch form.
    let top = sign === 1 ? window.low(bar) : window.high(bar)
    let bottom = sign === 1 ? window.high(bar) : window.low(bar)
    if (i - swing.bar > 1) {
      bar = Math.max(swing.bar + 1, window.first)
      for (let k = bar; k < i; k++) if (sign === 1 ? window.low(k) <= window.low(bar) : window.high(k) >= window.high(bar)) bar = k
      top = window.high(bar)
      bottom = window.low(bar)
    }
    const recent = window.volume(i) + window.volume(i - 1)
    const before = i > 1 ? window.volume(i - 2) : 0
    const block: BlockEvent = {
      kind: 'block',
      sign,
      bar,
      swing: swing.bar,
      top,
      bottom,
      volume: recent + before,
      percentage: volumeBalance(recent, before),
      brokeAt: i,
      knownAt: window.length - 1,
    }
    emit(block)
    const one: Live = { block, broken: false }
    for (let k = i + 1; k < window.length; k++) if (!this.age(one, k, emit)) return
    this.live.push(one)
    this.bound(one)
    if (this.live.length > this.limit) {
      this.live.shift()
      this.dropped++
    }
  }

  private wiped(block: BlockEvent, i: number): boolean {
    return block.sign === 1 ? this.window.high(i) > block.top : this.window.low(i) < block.bottom
  }

  /** False when the block is over. */
  private age(one: Live, i: number, emit: Emit): boolean {
    const { window } = this
    const { block } = one
    const knownAt = window.length - 1
    if (one.broken) {
      if (!this.wiped(block, i)) return true
      emit({ kind: 'block-wiped', sign: block.sign, bar: block.bar, at: i, knownAt })
      return false
    }
    const body = this.closeMitigation
    const reach =
      block.sign === 1
        ? body
          ? Math.min(window.open(i), window.close(i))
          : window.low(i)
        : body
          ? Math.max(window.open(i), window.close(i))
          : window.high(i)
    if (block.sign === 1 ? reach < block.bottom : reach > block.top) {
      one.broken = true
      emit({ kind: 'block-broken', sign: block.sign, bar: block.bar, at: i, knownAt })
    }
    return true
  }
}
