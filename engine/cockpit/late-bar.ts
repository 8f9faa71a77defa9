/**
 * The chart's newest minute while its kline has not come: folded from its trades, running, replaced by the first kline of that minute.
 * For the screen only: trades of the stream lack what the venue adds to its bars (insurance fund, ADL), so nothing decides on it.
 * INV-11: at most MOST_TRADES of a minute are folded; a minute that has more shows no bar of its own before its kline.
 */
import type { ChartBar } from '../contract/cockpit.ts'
import { TradeConflation, type TradePart } from '../market/conflation.ts'
import { BAR_MS, openOf, parseTimeframe } from '../market/timeframe.ts'

export const MOST_TRADES = 5_000
const MINUTE = parseTimeframe('1m')

export interface LateBar {
  /** A kline of the minute that opens at `timeMs` came: the venue's own bar counts from now on. */
  kline(timeMs: number): void
  /** The running bar so far; undefined when the kline of the trade's minute, or of a later one, is there. */
  trade(trade: TradePart): ChartBar | undefined
}

export function lateBar(): LateBar {
  let newestKline = -Infinity
  let minute = -Infinity
  let count = 0
  let trades: TradeConflation | undefined

  return {
    kline(timeMs) {
      if (timeMs > newestKline) newestKline = timeMs
      if (timeMs >= minute) trades = undefined
    },
    trade(trade) {
      const open = Math.floor(trade.timeMs / BAR_MS) * BAR_MS
      /* before the first kline nobody knows what the minute began with */
      if (newestKline === -Infinity || open <= newestKline || open < minute || !MINUTE.ok) return undefined
      if (open > minute) {
        minute = open
        count = 0
        trades = undefined
      }
      count += 1
      if (count > MOST_TRADES) {
        trades = undefined
        return undefined
      }
      trades ??= new TradeConflation(MINUTE.value, 1)
      trades.take(trade)
      const bar = trades.bars(trade.timeMs).find((one) => one.time === openOf(trade.timeMs, MINUTE.value))
      if (bar === undefined) return undefined
      const { high, low, close, volume } = bar
      return { time: open / 1_000, open: bar.open, high, low, close, volume, present: true }
    },
  }
}
