/** One back-test of a sweep: the same play as `aegis backtest`, whose report stays without its timing. A function of its input only. */
import * as v from 'valibot'
import { ok, type Failure, type Result } from '../contract/result.ts'
import { RailsSchema, StrategySchema } from '../contract/settings.ts'
import type { TapeColumns } from '../simulator/exchange.ts'
import { strategyFactory } from '../strategy/registry.ts'
import { backtestOn, type BacktestReport } from './backtest.ts'
import { openBacktestTape, type BacktestTape } from './backtest-tape.ts'
import { columnsIn, type SharedColumns } from './shared-columns.ts'

const whole = v.pipe(v.number(), v.integer())

/** What every run of a sweep has in common. */
export const SweepInputSchema = v.strictObject({
  tape: v.string(),
  symbol: v.string(),
  seed: whole,
  balance: v.string(),
  latencyMs: v.number(),
  horizonMs: v.nullable(v.number()),
  asRun: v.nullable(v.strictObject({ session: v.string(), rate: v.number() })),
})
export type SweepInput = v.InferOutput<typeof SweepInputSchema>

/** One run: `from` and `to` are first and last open time, null = the tape's own. */
export const SweepTaskSchema = v.strictObject({
  strategy: StrategySchema,
  rails: RailsSchema,
  from: v.nullable(whole),
  to: v.nullable(whole),
})
export type SweepTask = v.InferOutput<typeof SweepTaskSchema>

export type SweepFigures = Omit<BacktestReport, 'durationMs' | 'barsPerSecond'>
export type SweepOutcome = Result<SweepFigures, Failure>

/** Plays tasks one after another; the tape of the last window stays open, so tasks of one window should follow each other. */
export class SweepPlayer {
  readonly #input: SweepInput
  readonly #bars: TapeColumns | null
  #window = ''
  #tape: BacktestTape | null = null

  /** @param bars those of the tape, when it has been read already. */
  constructor(input: SweepInput, bars: SharedColumns | null) {
    this.#input = input
    this.#bars = bars === null ? null : columnsIn(bars)
  }

  async play(task: SweepTask): Promise<SweepOutcome> {
    const { tape: name, symbol, seed, balance, latencyMs, horizonMs, asRun } = this.#input
    const { strategy, rails, from, to } = task
    const window = `${from ?? ''}…${to ?? ''}`
    if (this.#tape === null || window !== this.#window) {
      const opened = await openBacktestTape(name, symbol, { from, to, loop: horizonMs !== null }, this.#bars)
      if (!opened.ok) return opened
      this.#tape = opened.value
      this.#window = window
    }
    const factory = strategyFactory(strategy)
    if (!factory.ok) return factory
    const result = await backtestOn(this.#tape, {
      tape: name,
      symbol,
      strategy: strategy.name,
      seed,
      balance,
      latencyMs,
      riskPerTradePct: strategy.riskPerTradePct,
      rails,
      createStrategy: (of) => factory.value(of, strategy),
      ...(horizonMs === null ? {} : { horizonMs }),
      ...(from === null ? {} : { from }),
      ...(to === null ? {} : { to }),
      ...(asRun === null ? {} : { asRun }),
    })
    if (!result.ok) return result
    const { durationMs: _duration, barsPerSecond: _speed, ...figures } = result.value.report
    return ok(figures)
  }
}
