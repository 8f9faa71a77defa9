/**
 * Any strategy with its stops trailing: every signal that does not say otherwise follows the close at settings.trailAtr × ATR once its
 * position is one R ahead (orders/trailing.ts). The distance is that of the bar which gave the signal, and stays.
 */
import { createAtr } from '../indicators/atr.ts'
import type { Strategy, StrategyFactory } from './strategy.ts'

export const withTrail =
  (create: StrategyFactory): StrategyFactory =>
  (symbol, settings) => {
    const strategy = create(symbol, settings)
    const { trailAtr } = settings
    if (trailAtr === undefined) return strategy
    const atr = createAtr(settings.atrPeriod)
    return {
      ...optionalsOf(strategy),
      name: strategy.name,
      warmUpBars: Math.max(strategy.warmUpBars, settings.atrPeriod + 1),
      onBar(bar, live) {
        const range = atr.push(bar.high, bar.low, bar.close)
        const signal = strategy.onBar(bar, live)
        if (signal === undefined || signal.trail !== undefined || range === undefined) return signal
        return { ...signal, trail: { distance: trailAtr * range } }
      },
      reset() {
        atr.reset()
        strategy.reset()
      },
    }
  }

/** What a strategy may leave out, where it has it: present stays present, absent stays absent. */
const optionalsOf = (strategy: Strategy): Omit<Strategy, 'name' | 'warmUpBars' | 'onBar' | 'reset'> => ({
  ...(strategy.onOutcome === undefined ? {} : { onOutcome: strategy.onOutcome.bind(strategy) }),
  ...(strategy.facts === undefined ? {} : { facts: strategy.facts.bind(strategy) }),
  ...(strategy.recall === undefined ? {} : { recall: strategy.recall.bind(strategy) }),
  ...(strategy.earnedSteps === undefined ? {} : { earnedSteps: strategy.earnedSteps.bind(strategy) }),
  ...(strategy.shadow === undefined ? {} : { shadow: strategy.shadow.bind(strategy) }),
})
