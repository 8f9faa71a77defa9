/** Market structure bar by bar, without look-ahead and with bounded memory: the form that trades, back-tests and replays. */
import { createAtr, type Atr } from '../indicators/atr.ts'
import { BarWindow } from './bar-window.ts'
import type { ClosedBar } from './bars.ts'
import { BlockStream } from './block-stream.ts'
import { BreakStream } from './break-stream.ts'
import { GapStream } from './gap-stream.ts'
import { LiquidityStream } from './liquidity-stream.ts'
import type { Emit, SwingEvent } from './structure-event.ts'
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
  private readonly emit: Emit
  private readonly final: (swing: SwingEvent) => void

  /** @param emit called synchronously inside `push` for each event, in the order they became known */
  constructor(settings: StructureSettings, emit: Emit) {
    const { limit } = settings
    this.emit = emit
    this.window = new BarWindow(settings.window)
    this.atr = createAtr(14)
    this.swings = new SwingStream(this.window, settings.swingLength)
    this.gaps = new GapStream(this.window, limit)
    this.breaks = new BreakStream(this.window, settings.closeBreak, limit)
    this.blocks = new BlockStream(this.window, (sign) => this.swings.frontier(sign), settings.closeMitigation, limit)
    this.pools = new LiquidityStream(this.window, () => settings.liquidityTolerance ?? 0.5 * (this.atr.value ?? 0), limit)
    this.final = (swing) => {
      this.breaks.swing(swing, emit)
      this.blocks.swing(swing, emit)
      this.pools.swing(swing, emit)
    }
  }

  /** One closed bar, in time order and without a hole (after a hole, start a new stream). */
  push(bar: ClosedBar): void {
    this.window.push(bar)
    this.atr.push(bar.high, bar.low, bar.close)
    this.gaps.push(this.emit)
    this.breaks.push(this.emit)
    this.pools.push(this.emit)
    this.swings.push(this.final, this.emit)
    this.blocks.push(this.emit)
  }

  /** Open things given up because a list was full; 0 in a healthy market. */
  get dropped(): number {
    return this.gaps.dropped + this.breaks.dropped + this.blocks.dropped + this.pools.dropped
  }
}
