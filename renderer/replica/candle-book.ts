/**
 * Candles by symbol, newest last, in time order. INV-11: at most LIMITS.bars per symbol. Holes stay holes (present: false).
 * Outside React: the chart reads it once per frame.
 */
import { LIMITS, type CandleMessage, type ChartBar } from '../../engine/contract/cockpit.ts'

export interface CandleChange {
  readonly symbol: string
  /** 'replaced': take all again; 'tail': only bars at or after `from` changed. */
  readonly kind: 'replaced' | 'tail'
  readonly from: number
}

/** Merges `incoming` into ascending `bars`. A running update of the newest bar or a new bar is O(1). */
function merge(bars: ChartBar[], incoming: readonly ChartBar[]): { bars: ChartBar[]; tail: boolean; from: number } {
  let from = Number.POSITIVE_INFINITY
  let tail = true
  let target = bars
  for (const bar of incoming) {
    const newest = target.at(-1)
    if (newest === undefined || bar.time > newest.time) target.push(bar)
    else if (bar.time === newest.time) target[target.length - 1] = bar
    else {
      tail = false
      const byTime = new Map(target.map((known) => [known.time, known]))
      byTime.set(bar.time, bar)
      target = [...byTime.values()].sort((a, b) => a.time - b.time)
    }
    from = Math.min(from, bar.time)
  }
  if (target.length > LIMITS.bars) {
    target = target.slice(-LIMITS.bars)
  }
  return { bars: target, tail, from }
}

export class CandleBook {
  readonly #series = new Map<string, ChartBar[]>()
  readonly #listeners = new Set<(change: CandleChange) => void>()

  apply(message: CandleMessage): void {
    const known = message.type === 'history' ? [] : (this.#series.get(message.symbol) ?? [])
    const { bars, tail, from } = merge(known, message.bars)
    this.#series.set(message.symbol, bars)
    const change: CandleChange = { symbol: message.symbol, kind: message.type === 'history' || !tail ? 'replaced' : 'tail', from }
    for (const listener of this.#listeners) listener(change)
  }

  bars(symbol: string): readonly ChartBar[] {
    return this.#series.get(symbol) ?? []
  }

  onChange(listener: (change: CandleChange) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
