/**
 * The documented placeholder rule, on closed one-minute bars:
 *
 * - long when RSI(14) crosses back above 30, short when it crosses back below 70 (the bar before was at or beyond the line);
 * - entry: LIMIT at the close, cancelled when not filled after 90 s;
 * - stop 1.5 × ATR(14) beyond the close (this is the invalidation level), take-profit 2 × ATR on the other side;
 * - out at market after 60 minutes.
 *
 * It shows the machine at work; nobody should expect it to earn money.
 */
import { createAtr } from '../indicators/atr.ts'
import { createRsi } from '../indicators/rsi.ts'
import type { Signal, StrategyFactory } from './strategy.ts'

const OVERSOLD = 30
const OVERBOUGHT = 70
const STOP_ATR = 1.5
const TAKE_PROFIT_ATR = 2
const ENTRY_TIMEOUT_MS = 90_000
const MAX_HOLD_MS = 60 * 60_000
const BAR_MS = 60_000

export const createPlaceholder: StrategyFactory = (symbol, settings) => {
  const rsi = createRsi(settings.rsiPeriod)
  const atr = createAtr(settings.atrPeriod)
  let previous: number | undefined

  const signal = (side: 'BUY' | 'SELL', openTime: number, close: number, rsiNow: number, rsiBefore: number, range: number): Signal => {
    const direction = side === 'BUY' ? 1 : -1
    const stop = close - direction * STOP_ATR * range
    return {
      id: `placeholder:${symbol}:${openTime}`,
      strategy: 'placeholder',
      symbol,
      side,
      time: openTime + BAR_MS,
      price: close,
      entry: { type: 'LIMIT', price: close, timeoutMs: ENTRY_TIMEOUT_MS },
      stop,
      takeProfit: close + direction * TAKE_PROFIT_ATR * range,
      invalidation: stop,
      maxHoldMs: MAX_HOLD_MS,
      leverageClass: 'teacher',
      why:
        side === 'BUY'
          ? `RSI ${rsiNow.toFixed(1)} crossed back above ${OVERSOLD} (was ${rsiBefore.toFixed(1)})`
          : `RSI ${rsiNow.toFixed(1)} crossed back below ${OVERBOUGHT} (was ${rsiBefore.toFixed(1)})`,
      features: { rsi: rsiNow, rsiBefore, atr: range },
    }
  }

  return {
    name: 'placeholder',
    warmUpBars: Math.max(settings.rsiPeriod, settings.atrPeriod) + 2,
    onBar(bar) {
      const before = previous
      const now = rsi.push(bar.close)
      const range = atr.push(bar.high, bar.low, bar.close)
      previous = now
      if (before === undefined || now === undefined || range === undefined || range <= 0) return undefined
      if (before <= OVERSOLD && now > OVERSOLD) return signal('BUY', bar.openTime, bar.close, now, before, range)
      if (before >= OVERBOUGHT && now < OVERBOUGHT) return signal('SELL', bar.openTime, bar.close, now, before, range)
      return undefined
    },
    reset() {
      rsi.reset()
      atr.reset()
      previous = undefined
    },
  }
}
