/**
 * Order blocks as they become certain: price closed through a final swing, and no later swing of that kind can still turn up
 * before that bar (see SwingStream.frontier). Creation equals the batch form; then each block lives on its own (block-side.ts).
 */
import type { BarWindow } from './bar-window.ts'
import { BlockSide } from './block-side.ts'
import type { StructureListener, SwingEvent } from './structure-event.ts'
import type { SwingStream } from './swing-stream.ts'

export class BlockStream {
  private readonly window: BarWindow
  private readonly swings: SwingStream
  private readonly bullish: BlockSide
  private readonly bearish: BlockSide

  constructor(window: BarWindow, swings: SwingStream, closeMitigation: boolean, limit: number) {
    this.window = window
    this.swings = swings
    this.bullish = new BlockSide(window, 1, closeMitigation, limit)
    this.bearish = new BlockSide(window, -1, closeMitigation, limit)
  }

  get dropped(): number {
    return this.bullish.dropped + this.bearish.dropped
  }

  swing(final: SwingEvent, listener: StructureListener): void {
    const side = final.sign === 1 ? this.bullish : this.bearish
    side.follow(final, listener)
  }

  push(listener: StructureListener): void {
    const now = this.window.length - 1
    this.bullish.age(listener)
    this.bearish.age(listener)
    this.bullish.search(Math.min(now, this.swings.frontier(1)), listener)
    this.bearish.search(Math.min(now, this.swings.frontier(-1)), listener)
  }
}
