/**
 * The student: watches every signal of the teacher, learns from what became of it (triple-barrier label, logistic regression), and
 * would trade only those it expects to pay. It always runs in the teacher's shadow; `trades` says whose signals go out. Until it has
 * seen 50 outcomes it has no opinion of its own. Leverage above the configured one is earned step by step by its shadow record and lost
 * at once (shadow-record.ts).
 *
 * Deterministic and without look-ahead: it learns from a bar only after that bar closed, and judges a signal only by what it had learned
 * before it. Every fact is journaled; a restart recalls them and is the same student. Bars that are seen again (history after a
 * restart) neither teach nor count twice.
 */
import type { ShadowFact, ShadowView } from '../contract/learning.ts'
import type { StrategySettings } from '../contract/settings.ts'
import { LogisticRegression } from './logistic.ts'
import { ShadowRecord } from './shadow-record.ts'
import type { Bar, Signal, Strategy, StrategyFactory } from './strategy.ts'
import { createTeacher } from './teacher.ts'
import { TripleBarrier, type Outcome, type WatchedSignal } from './triple-barrier.ts'

const BAR_MS = 60_000
const APPRENTICESHIP = 50
/** Expected result, in units of risk, below which a signal is left alone. */
const MIN_EXPECTATION = 0.05
const FEATURES = [
  'direction',
  'rsi',
  'riskAtr',
  'rewardRisk',
  'sweepAge',
  'shiftAge',
  'choch',
  'orderBlock',
  'trendAtr',
  'volumeRatio',
  'opposingLiquidity',
] as const
const NOTHING: readonly ShadowFact[] = []
const WEIGHT_NAMES = FEATURES.map((name) => `weight.${name}`)

export interface LearningStrategy extends Strategy {
  facts(): readonly ShadowFact[]
  recall(fact: ShadowFact): void
  earnedSteps(): number
  shadow(): ShadowView
}

/** The student's signals are traded; the teacher's are where it has no opinion yet. */
export const createStudent: StrategyFactory = (symbol, settings) => createLearner(symbol, settings, 'student')

/** The teacher's signals are traded, unchanged; the student learns in their shadow. */
export const createShadowedTeacher: StrategyFactory = (symbol, settings) => createLearner(symbol, settings, 'teacher')

export function createLearner(
  symbol: string,
  settings: StrategySettings,
  trades: 'teacher' | 'student',
  source: Strategy = createTeacher(symbol, settings),
): LearningStrategy {
  return new Learner(symbol, trades, source)
}

class Learner implements LearningStrategy {
  readonly name: 'teacher' | 'student'
  readonly warmUpBars: number
  private readonly symbol: string
  private readonly source: Strategy
  private readonly barrier = new TripleBarrier()
  private readonly model = new LogisticRegression(FEATURES)
  private readonly record = new ShadowRecord()
  /** Of the newest bar. */
  private told: readonly ShadowFact[] = NOTHING
  /** Close of the newest bar ever seen, in this life or an earlier one. */
  private seenUntil = -Infinity
  private recalled = false

  constructor(symbol: string, trades: 'teacher' | 'student', source: Strategy) {
    this.symbol = symbol
    this.name = trades
    this.source = source
    this.warmUpBars = source.warmUpBars
  }

  onBar(bar: Bar, live: boolean): Signal | undefined {
    this.told = NOTHING
    if (this.recalled) {
      this.recalled = false
      this.barrier.dropBefore(bar.openTime)
    }
    const outcomes = this.barrier.onBar(bar)
    if (outcomes.length > 0) this.told = outcomes.map((outcome) => this.met(outcome, bar))
    const closed = bar.openTime + BAR_MS
    const fresh = closed > this.seenUntil
    if (fresh) this.seenUntil = closed
    const signal = this.source.onBar(bar, live)
    return signal === undefined ? undefined : this.answer(signal, fresh)
  }

  reset(): void {
    this.source.reset()
    this.barrier.reset()
  }

  facts(): readonly ShadowFact[] {
    return this.told
  }

  recall(fact: ShadowFact): void {
    this.recalled = true
    this.seenUntil = Math.max(this.seenUntil, fact.time)
    if (fact.event === 'watched') {
      const { signalId: id, side, time, price, stop, takeProfit, maxHoldMs, features, taken } = fact
      this.barrier.watch({ id, side, time, price, stop, takeProfit, maxHoldMs, features }, taken)
      return
    }
    const known = this.barrier.release(fact.signalId)
    if (known !== undefined) this.learn(known, fact.r)
  }

  earnedSteps(): number {
    return this.model.seen < APPRENTICESHIP ? 0 : this.record.steps
  }

  shadow(): ShadowView {
    return { ...this.record.view(), learned: this.model.seen, apprenticeship: APPRENTICESHIP }
  }

  private learn({ signal, taken }: WatchedSignal, r: number): void {
    this.record.add(r, taken)
    this.model.learn(signal.features, r > 0 ? 1 : 0)
  }

  private met(outcome: Outcome, bar: Bar): ShadowFact {
    const { signal, taken, barrier, r } = outcome
    this.learn(outcome, r)
    return {
      event: 'outcome',
      signalId: signal.id,
      time: bar.openTime + BAR_MS,
      barrier,
      r,
      taken,
      t: this.record.t,
      steps: this.record.steps,
      weights: weights(this.model),
    }
  }

  /** What is traded of a signal, once the student has its opinion: all of it for the teacher; undefined when the student leaves it alone. */
  private answer(signal: Signal, fresh: boolean): Signal | undefined {
    const { model, symbol } = this
    const chance = model.predict(signal.features)
    // In units of risk.
    const expectation = chance * (signal.features['rewardRisk'] ?? 1) - (1 - chance)
    const apprentice = model.seen < APPRENTICESHIP
    const wanted = apprentice || expectation >= MIN_EXPECTATION
    // The shadow record judges the model, so apprentice trades (which are the teacher's own) do not count in it.
    if (fresh) this.watch(signal, chance, wanted && !apprentice)
    if (this.name === 'teacher') return signal
    if (!wanted) return undefined
    const steps = apprentice ? 0 : this.record.steps
    return {
      ...signal,
      id: `student:${symbol}:${signal.time - BAR_MS}`,
      strategy: 'student',
      leverageClass: steps > 0 ? 'student' : 'teacher',
      ...(steps > 0 ? { earnedSteps: steps } : {}),
      why: apprentice
        ? `${signal.why} (learning: ${model.seen} of ${APPRENTICESHIP} outcomes)`
        : `${signal.why}; model expects ${expectation.toFixed(2)} R at ${(chance * 100).toFixed(0)} %`,
      features: { ...signal.features, chance, expectation, ...weights(model) },
    }
  }

  private watch(signal: Signal, chance: number, taken: boolean): void {
    const { id, side, time, price, stop, takeProfit, maxHoldMs, features } = signal
    this.barrier.watch(signal, taken)
    const fact: ShadowFact = { event: 'watched', signalId: id, side, time, price, stop, takeProfit, maxHoldMs, features, chance, taken }
    this.told = [...this.told, fact]
  }
}

/** The model's weights as features, so that the journal holds what the decision rested on. */
function weights(model: LogisticRegression): Record<string, number> {
  const all: Record<string, number> = { 'weight.bias': model.intercept }
  for (let i = 0; i < WEIGHT_NAMES.length; i++) all[WEIGHT_NAMES[i] ?? ''] = model.weight(i)
  return all
}
