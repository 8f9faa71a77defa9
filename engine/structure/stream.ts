/** Market structure bar by bar, without look-ahead and with bounded memory: the form that trades, back-tests and replays. */
import { createAtr, type Atr } from '../indicators/atr.ts'
import { BarWindow } from './bar-window.ts'
import type { ClosedBar } from './bars.ts'
import { BlockStream } from './block-stream.ts'
import { BreakStream } from './break-stream.ts'
import { GapStream } from './gap-stream.ts'
import { LiquidityStream } from './liquidity-stream.ts'
import type { StructureListener } from './structure-event.ts'
import { SwingStream } from './swing-stream.ts'

export interface StructureSettings {
  /** Bars on the right of a swing. */
  readonly swingLength: number
  readonly closeBreak: boolean
  readonly closeMitigation: boolean
  /** Absolute width of a liquidity pool, or undefined for 0.5 × ATR(14) at the time the swing is known. */
  readonly liquidityTolerance?: number
  /** Bars kept. */
  readonly window: number
  /** Open gaps, marks, blocks and pools kept of each kind. */
  readonly limit: number
}

export const STRUCTURE_DEFAULTS: StructureSettings = { swingLength: 5, closeBreak: true, closeMitigation: false, window: 5_000, limit: 256 }

export class StructureStream {
  readonly window: BarWindow
  private readonly swings: SwingStream
  private readonly gaps: GapStream
  private readonly breaks: BreakStream
  private readonly blocks: BlockStream
  private readonly pools: LiquidityStream
  private readonly atr: Atr
  private readonly tolerance: number | undefined
  private readonly listener: StructureListener

  /** @param listener told synchronously inside `push` of each event, in the order they became known */
  constructor(settings: StructureSettings, listener: StructureListener) {
    const { limit } = settings
    this.listener = listener
    this.tolerance = settings.liquidityTolerance
    this.window = new BarWindow(settings.window)
    this.atr = createAtr(14)
    this.swings = new SwingStream(this.window, settings.swingLength)
    this.gaps = new GapStream(this.window, limit)
    this.breaks = new BreakStream(this.window, settings.closeBreak, limit)
    this.blocks = new BlockStream(this.window, this.swings, settings.closeMitigation, limit)
    this.pools = new LiquidityStream(this.window, limit)
  }

  /** One closed bar, in time order and without a hole (after a hole, start a new stream). */
  push(bar: ClosedBar): void {
    this.window.push(bar)
    this.atr.push(bar.high, bar.low, bar.close)
    const { listener } = this
    this.gaps.push(listener)
    this.breaks.push(listener)
    this.pools.push(listener)
    const final = this.swings.push(listener)
    if (final !== undefined) {
      this.breaks.swing(final, listener)
      this.blocks.swing(final, listener)
      this.pools.swing(final, this.tolerance ?? 0.5 * (this.atr.value ?? 0), listener)
    }
    this.blocks.push(listener)
  }

  /** Open things given up because a list was full; 0 in a healthy market. */
  get dropped(): number {
    return this.gaps.dropped + this.breaks.dropped + this.blocks.dropped + this.pools.dropped
  }
}
