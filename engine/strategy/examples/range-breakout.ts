/**
 * An example of a strategy of one's own; run it with
 * `npm run aegis -- backtest --tape demo --strategy-file engine/strategy/examples/range-breakout.ts`.
 *
 * The rule: a close beyond the highest high (lowest low) of the last 60 bars, when the range of those bars is at least 3 ATR(14). Stop 1.5 ATR
 * behind the close, target 3 ATR before it, out after two hours. It shows the interface; nobody should expect it to earn money.
 */
import { createAtr } from '../../indicators/atr.ts'
import type { Signal, StrategyFactory } from '../strategy.ts'

const NAME = 'range-breakout'
const LOOK_BACK = 60
const BAR_MS = 60_000

const createRangeBreakout: StrategyFactory = (symbol, settings) => {
  const atr = createAtr(settings.atrPeriod)
  let highs: number[] = []
  let lows: number[] = []

  return {
    name: NAME,
    warmUpBars: LOOK_BACK + settings.atrPeriod,
    onBar(bar): Signal | undefined {
      const range = atr.push(bar.high, bar.low, bar.close)
      const top = Math.max(...highs)
      const bottom = Math.min(...lows)
      const ready = highs.length === LOOK_BACK
      highs = [...highs.slice(-(LOOK_BACK - 1)), bar.high]
      lows = [...lows.slice(-(LOOK_BACK - 1)), bar.low]
      if (!ready || range === undefined || range <= 0 || top - bottom < 3 * range) return undefined
      const direction = bar.close > top ? 1 : bar.close < bottom ? -1 : 0
      if (direction === 0) return undefined
      const stop = bar.close - direction * 1.5 * range
      return {
        id: `${NAME}:${symbol}:${bar.openTime}`,
        strategy: NAME,
        symbol,
        side: direction === 1 ? 'BUY' : 'SELL',
        time: bar.openTime + BAR_MS,
        price: bar.close,
        entry: { type: 'LIMIT', price: bar.close, timeoutMs: 60_000 },
        stop,
        takeProfit: bar.close + direction * 3 * range,
        invalidation: stop,
        maxHoldMs: 120 * BAR_MS,
        leverageClass: 'teacher',
        why: `close ${bar.close} ${direction === 1 ? 'above' : 'below'} the range ${bottom} … ${top} of the last ${LOOK_BACK} bars`,
        features: { range: top - bottom, atr: range, beyond: direction === 1 ? bar.close - top : bottom - bar.close },
      }
    },
    reset() {
      atr.reset()
      highs = []
      lows = []
    },
  }
}

export default createRangeBreakout
