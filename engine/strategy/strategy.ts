/**
 * What a strategy is: bars in, signals out, nothing else. A signal is data with its reasons; it never sizes, never orders,
 * never sees the account (risk and orders do). One strategy is one file that exports a factory: one line in registry.ts, or `--strategy-file` (WRITING-A-STRATEGY.md).
 * Same bars, same signals: no clock, no randomness (INV-06 makes replay bit-exact).
 */
import type { ShadowFact, ShadowView } from '../contract/learning.ts'
import type { StrategySettings } from '../contract/settings.ts'
import type { ClosedBar } from '../structure/bars.ts'

/** A closed one-minute bar. Doubles by design: indicators only (INV-01). */
export type Bar = ClosedBar

export type Entry =
  | { readonly type: 'MARKET' }
  /** Rests at `price` (quantised towards the passive side); cancelled when not filled after `timeoutMs` of venue time. */
  | { readonly type: 'LIMIT'; readonly price: number; readonly timeoutMs: number }

export interface Signal {
  /** Deterministic: strategy, symbol and bar. */
  readonly id: string
  readonly strategy: string
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  /** Close time of the bar that gave it, venue ms. */
  readonly time: number
  /** Price the decision was made at. */
  readonly price: number
  readonly entry: Entry
  /**
   * Id of an earlier signal of its own on this symbol and side whose LIMIT entry rests unfilled: that order is moved to this signal's
   * price, stop and target instead of a new one being placed. Its quantity shrinks when the risk or the notional would grow.
   */
  readonly moves?: string
  readonly stop: number
  readonly takeProfit: number
  /** Level beyond which the idea is wrong; the stop stands at it or beyond it. */
  readonly invalidation: number
  /** Position is closed at market after this much venue time, ms. */
  readonly maxHoldMs: number
  /** The stop follows the close at this distance in price, once the position is one R ahead (orders/trailing.ts). */
  readonly trail?: { readonly distance: number }
  /** Distance of the venue's own trailing stop as a fraction of price, when the idea wants one beside the fixed stop. */
  readonly trailFraction?: number
  /** Which leverage rail applies. */
  readonly leverageClass: 'teacher' | 'student'
  /** Whole steps of leverage earned above the configured one; they count only for class 'student', up to its rail. */
  readonly earnedSteps?: number
  /** One sentence for a trader. */
  readonly why: string
  /** Numbers the decision rests on. */
  readonly features: Readonly<Record<string, number>>
}

/** What became of a signal that was traded; for strategies that learn. */
export interface TradeOutcome {
  readonly signalId: string
  readonly symbol: string
  readonly side: 'BUY' | 'SELL'
  readonly entryTime: number
  readonly exitTime: number
  /** Profit after fees, in units of the planned risk (1 = what the stop would have lost). */
  readonly rMultiple: number
}

export interface Strategy {
  readonly name: string
  /** Closed bars needed before the first signal. */
  readonly warmUpBars: number
  /**
   * The next closed bar, in time order and without a hole before it. `live` is false for bars from history: state is built,
   * the answer is ignored.
   */
  onBar(bar: Bar, live: boolean): Signal | undefined
  /** A hole in the data: start over, never bridge it. */
  reset(): void
  onOutcome?(outcome: TradeOutcome): void
  /** Optional, for a strategy that learns: what it saw on the newest bar, for the journal. */
  facts?(): readonly ShadowFact[]
  /** A fact of an earlier life, in the order it was given and before the first bar: a restart forgets nothing. */
  recall?(fact: ShadowFact): void
  /** Leverage steps its record earns at this moment. */
  earnedSteps?(): number
  /** The two records side by side, for the screen. */
  shadow?(): ShadowView
}

export type StrategyFactory = (symbol: string, settings: StrategySettings) => Strategy
