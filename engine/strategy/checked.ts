/**
 * A strategy from outside, held to the interface: everything it hands over is parsed (INV-13), it may not claim a leverage it has not
 * earned, and what it throws names it. A fault ends the run: a strategy that is wrong once is not asked again.
 */
import * as v from 'valibot'
import type { StrategySettings } from '../contract/settings.ts'
import type { Bar, Signal, Strategy, StrategyFactory, TradeOutcome } from './strategy.ts'

const BAR_MS = 60_000
const finite = v.pipe(v.number(), v.finite())
const price = v.pipe(finite, v.gtValue(0, 'must be above 0'))
const duration = v.pipe(finite, v.minValue(1), v.maxValue(366 * 86_400_000))
const fraction = v.pipe(finite, v.gtValue(0), v.maxValue(1))

const SignalSchema = v.strictObject({
  id: v.pipe(v.string(), v.minLength(1), v.maxLength(120)),
  strategy: v.string(),
  symbol: v.string(),
  side: v.picklist(['BUY', 'SELL']),
  time: finite,
  price,
  entry: v.variant('type', [
    v.strictObject({ type: v.literal('MARKET') }),
    v.strictObject({ type: v.literal('LIMIT'), price, timeoutMs: duration }),
  ]),
  moves: v.exactOptional(v.string()),
  stop: price,
  takeProfit: price,
  invalidation: price,
  maxHoldMs: duration,
  trail: v.exactOptional(v.strictObject({ distance: price })),
  trailFraction: v.exactOptional(fraction),
  leverageClass: v.literal('teacher', 'only a strategy of this build can earn leverage: "teacher"'),
  why: v.pipe(v.string(), v.minLength(1, 'says no reason'), v.maxLength(500)),
  features: v.record(v.string(), finite),
})
const isFunction = v.custom<() => unknown>((value) => typeof value === 'function', 'must be a function')
const StrategySchema = v.looseObject({
  name: v.pipe(v.string(), v.regex(/^[\w.-]{1,40}$/, 'must be 1 to 40 letters, digits, dots, hyphens')),
  warmUpBars: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000)),
  onBar: isFunction,
  reset: isFunction,
})

/** What a strategy from outside did wrong: input, not a bug of ours. */
export class StrategyFault extends Error {
  override readonly name = 'StrategyFault'
}

const issueText = (issue: v.BaseIssue<unknown>): string => {
  const path = v.getDotPath(issue)
  return path === null ? issue.message : `${path}: ${issue.message}`
}

function attempt<T>(what: string, act: () => T): T {
  try {
    return act()
  } catch (thrown) {
    throw new StrategyFault(`${what} threw ${thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)}`)
  }
}

/** `create` under guard. `label` names the file in every message. @throws StrategyFault */
export function checkedStrategy(create: StrategyFactory, label: string): StrategyFactory {
  return (symbol: string, settings: StrategySettings): Strategy => {
    const strategy = attempt(`strategy ${label}`, () => create(symbol, settings))
    const shape = v.safeParse(StrategySchema, strategy)
    if (!shape.success) throw new StrategyFault(`strategy ${label} is no strategy (${issueText(shape.issues[0])})`)
    const { name, warmUpBars } = strategy
    return {
      name,
      warmUpBars,
      onBar(bar, live) {
        const at = `strategy ${name}, ${symbol} bar ${new Date(bar.openTime).toISOString()}`
        const given: unknown = attempt(`${at}: onBar`, () => strategy.onBar(bar, live))
        return given === undefined ? undefined : checkedSignal(given, bar, symbol, name, at)
      },
      reset: () => attempt(`strategy ${name}: reset`, () => strategy.reset()),
      onOutcome: (outcome: TradeOutcome) => attempt(`strategy ${name}: onOutcome`, () => strategy.onOutcome?.(outcome)),
    }
  }
}

function checkedSignal(given: unknown, bar: Bar, symbol: string, name: string, at: string): Signal {
  const parsed = v.safeParse(SignalSchema, given)
  if (!parsed.success) throw new StrategyFault(`${at}: bad signal (${issueText(parsed.issues[0])})`)
  const signal = parsed.output
  if (signal.symbol !== symbol) throw new StrategyFault(`${at}: bad signal (symbol: is ${signal.symbol})`)
  if (signal.strategy !== name) throw new StrategyFault(`${at}: bad signal (strategy: is ${signal.strategy})`)
  if (signal.time !== bar.openTime + BAR_MS) throw new StrategyFault(`${at}: bad signal (time: must be the close of the bar)`)
  return signal
}
