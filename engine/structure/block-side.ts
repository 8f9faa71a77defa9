/**
 * The order blocks of one sign: found when price closes through a final swing, broken when price goes through them, wiped when it
 * then comes back over their other side. A bullish block is broken below and wiped above, a bearish one the other way round.
 */
import type { BarWindow } from './bar-window.ts'
import { LevelQueue } from './level-queue.ts'
import { volumeBalance } from './order-blocks.ts'
import type { BlockEvent, Sign, StructureListener, SwingEvent } from './structure-event.ts'

export class BlockSide {
  private readonly window: BarWindow
  private readonly sign: Sign
  private readonly closeMitigation: boolean
  /** Blocks that price may break, by the edge it has to pass. */
  private readonly whole: LevelQueue<BlockEvent>
  /** Broken ones that price may wipe, likewise. */
  private readonly broken: LevelQueue<BlockEvent>
  /** The swing price has to close through; undefined while there is none, or it was used. */
  private swing: SwingEvent | undefined = undefined
  /** Next bar to test against it. */
  private next = 0

  constructor(window: BarWindow, sign: Sign, closeMitigation: boolean, limit: number) {
    this.window = window
    this.sign = sign
    this.closeMitigation = closeMitigation
    this.whole = new LevelQueue(sign === 1 ? -1 : 1, limit)
    this.broken = new LevelQueue(sign, limit)
  }

  get dropped(): number {
    return this.whole.dropped + this.broken.dropped
  }

  /** A final swing takes the place of the one before it, which had its last chance until then. */
  follow(final: SwingEvent, listener: StructureListener): void {
    this.search(final.bar, listener)
    this.swing = final
    this.next = final.bar + 1
  }

  /** The newest bar goes through what it reaches; a block it breaks it does not wipe as well. */
  age(listener: StructureListener): void {
    const now = this.window.length - 1
    const { whole, broken } = this
    const back = this.wipeReach(now)
    for (let one = broken.take(back, true); one !== undefined; one = broken.take(back, true)) this.tell('block-wiped', one, now, listener)
    const through = this.breakReach(now)
    for (let one = whole.take(through, true); one !== undefined; one = whole.take(through, true)) {
      this.tell('block-broken', one, now, listener)
      broken.add(this.wipeEdge(one), one)
    }
  }

  /** Tests the bars up to `until`, to which no later swing of this sign can still turn up. */
  search(until: number, listener: StructureListener): void {
    const { window, swing } = this
    if (swing === undefined) return
    for (let i = Math.max(this.next, window.first); i <= until; i++) {
      if (this.sign === 1 ? window.close(i) > swing.level : window.close(i) < swing.level) {
        this.swing = undefined
        const block = this.blockAt(swing, i)
        listener.onStructure(block)
        this.settle(block, listener)
        return
      }
    }
    this.next = Math.max(this.next, until + 1)
  }

  private blockAt(swing: SwingEvent, i: number): BlockEvent {
    const { window, sign } = this
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
    return {
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
  }

  /** What the bars since price closed through the swing have made of the block. */
  private settle(block: BlockEvent, listener: StructureListener): void {
    const { length } = this.window
    const breakEdge = this.breakEdge(block)
    const wipeEdge = this.wipeEdge(block)
    let k = block.brokeAt + 1
    while (k < length && !this.whole.passes(this.breakReach(k), breakEdge)) k++
    if (k === length) return this.whole.add(breakEdge, block)
    this.tell('block-broken', block, k, listener)
    for (k++; k < length; k++) if (this.broken.passes(this.wipeReach(k), wipeEdge)) return this.tell('block-wiped', block, k, listener)
    this.broken.add(wipeEdge, block)
  }

  private breakEdge(block: BlockEvent): number {
    return this.sign === 1 ? block.bottom : block.top
  }

  private wipeEdge(block: BlockEvent): number {
    return this.sign === 1 ? block.top : block.bottom
  }

  /** How far the bar went towards the edge that breaks: its wick, or its body when only that counts. */
  private breakReach(i: number): number {
    const { window } = this
    if (this.closeMitigation) {
      const [open, close] = [window.open(i), window.close(i)]
      return this.sign === 1 ? Math.min(open, close) : Math.max(open, close)
    }
    return this.sign === 1 ? window.low(i) : window.high(i)
  }

  private wipeReach(i: number): number {
    return this.sign === 1 ? this.window.high(i) : this.window.low(i)
  }

  private tell(kind: 'block-broken' | 'block-wiped', { sign, bar }: BlockEvent, at: number, listener: StructureListener): void {
    listener.onStructure({ kind, sign, bar, at, knownAt: this.window.length - 1 })
  }
}
