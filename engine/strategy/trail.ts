/**
 * Any strategy with its stops trailing: every signal that does not say otherwise follows the close at settings.trailAtr × ATR once its
 * position is one R ahead (orders/trailing.ts). The distance is that of the bar which gave the signal, and stays.
 */
import { createAtr } from '../indicators/atr.ts'
import type { StrategyFactory } from './strategy.ts'

export const withTrail =
  (create: StrategyFactory): StrategyFactory =>
  (symbol, settings) => {
    const strategy = create(symbol, settings)
    const { trailAtr } = settings
    if (trailAtr === undefined) return strategy
    const atr = createAtr(settings.atrPeriod)
    return {
      ...strategy,
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
