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

/** Bars of `minutes` from one-minute bars; a bucket with a hole in it and no data at all stays a hole. For the chart only. */
export function aggregate(bars: readonly ChartBar[], minutes: number): ChartBar[] {
  if (minutes === 1) return [...bars]
  const seconds = minutes * 60
  const out: ChartBar[] = []
  for (const bar of bars) {
    const time = Math.floor(bar.time / seconds) * seconds
    const last = out.at(-1)
    if (last === undefined || last.time !== time) out.push({ ...bar, time })
    else if (!last.present) out[out.length - 1] = { ...bar, time }
    else if (bar.present) {
      out[out.length - 1] = {
        time,
        open: last.open,
        high: Math.max(last.high, bar.high),
        low: Math.min(last.low, bar.low),
        close: bar.close,
        volume: last.volume + bar.volume,
        present: true,
      }
    }
  }
  return out
}
