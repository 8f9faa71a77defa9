/**
 * Triple-barrier labels (López de Prado, Advances in Financial Machine Learning, ch. 3): what a signal would have come to on the
 * bars that followed it: stop, take-profit or time, whichever first. A bar that touches both counts as the stop. No look-ahead: the label
 * exists only once a barrier was met. Costs are taken off in units of risk.
 */
import { BoundedList } from '../structure/bounded-list.ts'
import type { Bar, Signal } from './strategy.ts'

/** What of a signal decides its label. */
export type Barriers = Pick<Signal, 'id' | 'side' | 'time' | 'price' | 'stop' | 'takeProfit' | 'maxHoldMs' | 'features'>

/** A signal under watch; `taken` when the student would have traded it. */
export interface WatchedSignal {
  readonly signal: Barriers
  readonly taken: boolean
}

export interface Outcome extends WatchedSignal {
  readonly barrier: 'stop' | 'takeProfit' | 'time'
  /** Result in units of the planned risk, after costs. */
  readonly r: number
}

interface Watched extends WatchedSignal {
  readonly risk: number
  readonly cost: number
}

const LIMIT = 256

/** What a bar makes of a signal; undefined when it meets no barrier. */
function outcomeOf({ signal, taken, risk, cost }: Watched, bar: Bar): Outcome | undefined {
  if (bar.openTime < signal.time) return undefined
  const long = signal.side === 'BUY'
  const direction = long ? 1 : -1
  if (long ? bar.low <= signal.stop : bar.high >= signal.stop) return { signal, taken, barrier: 'stop', r: -1 - cost }
  if (long ? bar.high >= signal.takeProfit : bar.low <= signal.takeProfit) {
    return { signal, taken, barrier: 'takeProfit', r: (direction * (signal.takeProfit - signal.price)) / risk - cost }
  }
  if (bar.openTime < signal.time + signal.maxHoldMs) return undefined
  return { signal, taken, barrier: 'time', r: (direction * (bar.close - signal.price)) / risk - cost }
}

const NONE: readonly Outcome[] = []

export class TripleBarrier {
  /** Oldest first. */
  private readonly open = new BoundedList<Watched>(LIMIT)
  private readonly feeFraction: number

  /** @param feeFraction cost of entry plus exit as a fraction of the price, e.g. 0.0007 for maker in, taker out */
  constructor(feeFraction = 0.0007) {
    this.feeFraction = feeFraction
  }

  /** Signals given up because too many were open at once (INV-11). */
  get dropped(): number {
    return this.open.dropped
  }

  watch(signal: Barriers, taken = false): void {
    const risk = Math.abs(signal.price - signal.stop)
    if (risk > 0) this.open.push({ signal, taken, risk, cost: (this.feeFraction * signal.price) / risk })
  }

  /** The next closed bar; what became of each signal that met a barrier on it, oldest first. */
  onBar(bar: Bar): readonly Outcome[] {
    const { open } = this
    let met: Outcome[] | undefined
    let kept = 0
    for (let i = 0; i < open.length; i++) {
      const one = open.at(i)
      const outcome = outcomeOf(one, bar)
      if (outcome === undefined) open.set(kept++, one)
      else if (met === undefined) met = [outcome]
      else met.push(outcome)
    }
    open.truncate(kept)
    return met ?? NONE
  }

  /** Takes one signal out of the watch, when its outcome is known from elsewhere; undefined when it is not watched. */
  release(id: string): WatchedSignal | undefined {
    let released: WatchedSignal | undefined
    this.keep((one) => {
      if (released !== undefined || one.signal.id !== id) return true
      released = one
      return false
    })
    return released
  }

  /** Signals older than the first bar there is cannot be judged: nobody knows what the bars between did. */
  dropBefore(openTime: number): void {
    this.keep((one) => one.signal.time >= openTime)
  }

  /** After a hole in the data nothing open can be judged. */
  reset(): void {
    this.open.truncate(0)
  }

  private keep(wanted: (one: Watched) => boolean): void {
    const { open } = this
    let kept = 0
    for (let i = 0; i < open.length; i++) {
      const one = open.at(i)
      if (wanted(one)) open.set(kept++, one)
    }
    open.truncate(kept)
  }
}
