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
import { LogisticRegression } from './logistic.ts'
import { ShadowRecord } from './shadow-record.ts'
import type { Bar, Signal, Strategy, StrategyFactory } from './strategy.ts'
import { createTeacher } from './teacher.ts'
import { TripleBarrier, type Outcome } from './triple-barrier.ts'

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
  settings: Parameters<StrategyFactory>[1],
  trades: 'teacher' | 'student',
  source: Strategy = createTeacher(symbol, settings),
): LearningStrategy {
  const barrier = new TripleBarrier()
  const model = new LogisticRegression(FEATURES)
  const record = new ShadowRecord()
  let facts: ShadowFact[] = []
  /** Close of the newest bar ever seen, in this life or an earlier one. */
  let seenUntil = 0
  let recalled = false

  /** Chance of profit and expected result in units of risk. */
  function judge(signal: Signal): { chance: number; expectation: number } {
    const chance = model.predict(signal.features)
    const reward = signal.features['rewardRisk'] ?? 1
    return { chance, expectation: chance * reward - (1 - chance) }
  }

  function learn({ signal, taken, r }: Pick<Outcome, 'signal' | 'taken' | 'r'>): void {
    record.add(r, taken)
    model.learn(signal.features, r > 0 ? 1 : 0)
  }

  function onOutcome(outcome: Outcome, bar: Bar): void {
    learn(outcome)
    const { signal, taken, barrier: met, r } = outcome
    facts.push({
      event: 'outcome',
      signalId: signal.id,
      time: bar.openTime + BAR_MS,
      barrier: met,
      r,
      taken,
      t: record.t,
      steps: record.steps,
      weights: weights(model),
    })
  }

  /** What is traded of a signal, once the student has its opinion: all of it for the teacher; undefined when the student leaves it alone. */
  function answer(signal: Signal, fresh: boolean): Signal | undefined {
    const { chance, expectation } = judge(signal)
    const apprentice = model.seen < APPRENTICESHIP
    const wanted = apprentice || expectation >= MIN_EXPECTATION
    // The shadow record judges the model, so apprentice trades (which are the teacher's own) do not count in it.
    if (fresh) watch(signal, chance, wanted && !apprentice)
    if (trades === 'teacher') return signal
    if (!wanted) return undefined
    const steps = apprentice ? 0 : record.steps
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

  function watch(signal: Signal, chance: number, taken: boolean): void {
    const { id, side, time, price, stop, takeProfit, maxHoldMs, features } = signal
    barrier.watch(signal, taken)
    facts.push({ event: 'watched', signalId: id, side, time, price, stop, takeProfit, maxHoldMs, features, chance, taken })
  }

  return {
    name: trades,
    warmUpBars: source.warmUpBars,
    onBar(bar, live) {
      if (facts.length > 0) facts = []
      if (recalled) {
        recalled = false
        barrier.dropBefore(bar.openTime)
      }
      barrier.onBar(bar, onOutcome)
      const closed = bar.openTime + BAR_MS
      const fresh = closed > seenUntil
      if (fresh) seenUntil = closed
      const signal = source.onBar(bar, live)
      return signal === undefined ? undefined : answer(signal, fresh)
    },
    reset() {
      source.reset()
      barrier.reset()
    },
    facts: () => facts,
    recall(fact) {
      recalled = true
      seenUntil = Math.max(seenUntil, fact.time)
      if (fact.event === 'watched') {
        const { signalId: id, side, time, price, stop, takeProfit, maxHoldMs, features, taken } = fact
        barrier.watch({ id, side, time, price, stop, takeProfit, maxHoldMs, features }, taken)
        return
      }
      const known = barrier.release(fact.signalId)
      if (known !== undefined) learn({ ...known, r: fact.r })
    },
    earnedSteps: () => (model.seen < APPRENTICESHIP ? 0 : record.steps),
    shadow: () => ({ ...record.view(), learned: model.seen, apprenticeship: APPRENTICESHIP }),
  }
}

/** The model's weights as features, so that the journal holds what the decision rested on. */
function weights(model: LogisticRegression): Record<string, number> {
  const all: Record<string, number> = { 'weight.bias': model.intercept }
  for (let i = 0; i < WEIGHT_NAMES.length; i++) all[WEIGHT_NAMES[i] ?? ''] = model.weight(i)
  return all
}
