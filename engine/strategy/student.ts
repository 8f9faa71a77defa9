/**
 * The student: watches every signal of the teacher, learns from what became of it (triple-barrier label, logistic regression), and
 * trades only those it expects to pay. Until it has seen 50 outcomes it trades the teacher's signals unchanged. Its leverage above
 * the teacher's is earned step by step by its shadow record and lost at once (shadow-record.ts). Deterministic; it learns from a bar only
 * after that bar closed.
 */
import { LogisticRegression } from './logistic.ts'
import { ShadowRecord, type ShadowView } from './shadow-record.ts'
import type { Signal, Strategy, StrategyFactory } from './strategy.ts'
import { createTeacher } from './teacher.ts'
import { TripleBarrier } from './triple-barrier.ts'

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

export interface Student extends Strategy {
  shadow(): ShadowView
}

/** What the model thinks of one signal: chance of profit and expected result in units of risk. */
function judge(model: LogisticRegression, signal: Signal): { chance: number; expectation: number } {
  const chance = model.predict(signal.features)
  const reward = signal.features['rewardRisk'] ?? 1
  return { chance, expectation: chance * reward - (1 - chance) }
}

export const createStudent: StrategyFactory = (symbol, settings) => createStudentWith(symbol, settings, { base: 3, most: 10 })

export function createStudentWith(
  symbol: string,
  settings: Parameters<StrategyFactory>[1],
  leverage: { readonly base: number; readonly most: number },
): Student {
  const teacher = createTeacher(symbol, settings)
  const barrier = new TripleBarrier()
  const model = new LogisticRegression(FEATURES)
  const record = new ShadowRecord(leverage.base, leverage.most)
  const taken = new Set<string>()
  let outcomes = 0

  return {
    name: 'student',
    warmUpBars: teacher.warmUpBars,
    onBar(bar, live) {
      barrier.onBar(bar, ({ signal, r }) => {
        record.add(r, taken.delete(signal.id))
        model.learn(signal.features, r > 0 ? 1 : 0)
        outcomes++
      })
      const signal = teacher.onBar(bar, live)
      if (signal === undefined) return undefined
      const { chance, expectation } = judge(model, signal)
      const apprentice = outcomes < APPRENTICESHIP
      const wanted = apprentice || expectation >= MIN_EXPECTATION
      barrier.watch(signal)
      // The shadow record judges the model, so apprentice trades (which are the teacher's own) do not count in it.
      if (wanted && !apprentice) taken.add(signal.id)
      if (!wanted) return undefined
      const trusted = !apprentice && record.leverage() > leverage.base
      return {
        ...signal,
        id: `student:${symbol}:${bar.openTime}`,
        strategy: 'student',
        leverageClass: trusted ? 'student' : 'teacher',
        leverage: trusted ? record.leverage() : leverage.base,
        why: apprentice
          ? `${signal.why} (learning: ${outcomes} of ${APPRENTICESHIP} outcomes)`
          : `${signal.why}; model expects ${expectation.toFixed(2)} R at ${(chance * 100).toFixed(0)} %`,
        features: { ...signal.features, chance, expectation, ...weights(model) },
      }
    },
    reset() {
      teacher.reset()
      barrier.reset()
      taken.clear()
    },
    shadow: () => record.view(),
  }
}

/** The model's weights as features, so that the journal holds what the decision rested on. */
function weights(model: LogisticRegression): Record<string, number> {
  const { names, weights: values, bias } = model.state()
  return Object.fromEntries([['weight.bias', bias], ...names.map((name, i) => [`weight.${name}`, values[i] ?? 0] as const)])
}
