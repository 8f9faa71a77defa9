/** A strategy from outside is held to the interface, and the example of one is what the documentation says. */
import { describe, expect, it } from 'vitest'
import createRangeBreakout from './examples/range-breakout.ts'
import { checkedStrategy, StrategyFault } from './checked.ts'
import { seededWalk } from './fixtures/seeded-walk.ts'
import type { Bar, Signal, Strategy, StrategyFactory } from './strategy.ts'

const settings = { name: 'placeholder', rsiPeriod: 14, atrPeriod: 14, riskPerTradePct: 0.5 } as const
const BAR: Bar = { openTime: 1_700_000_040_000, open: 100, high: 101, low: 99, close: 100, volume: 1 }
const GOOD: Signal = {
  id: 'mine:1',
  strategy: 'mine',
  symbol: 'BTCUSDT',
  side: 'BUY',
  time: BAR.openTime + 60_000,
  price: 100,
  entry: { type: 'LIMIT', price: 100, timeoutMs: 60_000 },
  stop: 99,
  takeProfit: 102,
  invalidation: 99,
  maxHoldMs: 3_600_000,
  leverageClass: 'teacher',
  why: 'because',
  features: { x: 1 },
}
const giving =
  (signal: unknown): StrategyFactory =>
  () => {
    const strategy: Strategy = { name: 'mine', warmUpBars: 0, onBar: () => undefined, reset() {} }
    return Object.assign(strategy, { onBar: () => signal })
  }
const first = (create: StrategyFactory): Signal | undefined => checkedStrategy(create, 'mine.ts')('BTCUSDT', settings).onBar(BAR, true)

describe('a signal from outside', () => {
  it('goes through when it is whole', () => {
    expect(first(giving(GOOD))).toEqual(GOOD)
    expect(first(giving({ ...GOOD, entry: { type: 'MARKET' }, trail: { distance: 2 }, moves: 'mine:0' }))?.trail).toEqual({ distance: 2 })
    expect(first(giving(undefined))).toBeUndefined()
  })

  it.each([
    ['a price that is no number', { stop: Number.NaN }, 'stop'],
    ['an endless price', { takeProfit: Number.POSITIVE_INFINITY }, 'takeProfit'],
    ['a price of zero', { price: 0 }, 'price'],
    ['a feature that is no number', { features: { x: Number.NaN } }, 'features.x'],
    ['no reason', { why: '' }, 'why'],
    ['another symbol', { symbol: 'ETHUSDT' }, 'symbol: is ETHUSDT'],
    ['another name', { strategy: 'teacher' }, 'strategy: is teacher'],
    ['another time', { time: BAR.openTime }, 'time: must be the close'],
    ['a side that is none', { side: 'LONG' }, 'side'],
    ['an entry that is none', { entry: { type: 'ICEBERG' } }, 'entry.type'],
    ['leverage it has not earned', { leverageClass: 'student' }, 'leverageClass'],
    ['a claim of steps', { earnedSteps: 7 }, 'earnedSteps'],
    ['a field nobody knows', { size: 5 }, 'size'],
    ['no end', { maxHoldMs: 0 }, 'maxHoldMs'],
  ] as const)('%s is refused by name', (_, change, message) => {
    const act = (): unknown => first(giving({ ...GOOD, ...change }))
    expect(act).toThrow(StrategyFault)
    expect(act).toThrow(`strategy mine, BTCUSDT bar 2023-11-14T22:14:00.000Z: bad signal (${message}`)
  })

  it('what it throws names it and the bar', () => {
    const bad: StrategyFactory = () => ({
      name: 'mine',
      warmUpBars: 0,
      onBar() {
        throw new TypeError('x is undefined')
      },
      reset() {},
    })
    expect(() => first(bad)).toThrow('strategy mine, BTCUSDT bar 2023-11-14T22:14:00.000Z: onBar threw TypeError: x is undefined')
  })

  it('what is no strategy is said at the start', () => {
    const shapeless: StrategyFactory = () => Object.assign(giving(GOOD)('BTCUSDT', settings), { warmUpBars: -1 })
    expect(() => checkedStrategy(shapeless, 'mine.ts')('BTCUSDT', settings)).toThrow('strategy mine.ts is no strategy (warmUpBars')
  })

  it('a class works as well as a closure', () => {
    class Mine {
      readonly name = 'mine'
      readonly warmUpBars = 0
      private seen = 0
      onBar(): Signal | undefined {
        this.seen++
        return this.seen === 1 ? GOOD : undefined
      }
      reset(): void {
        this.seen = 0
      }
    }
    const made = checkedStrategy(() => new Mine(), 'mine.ts')('BTCUSDT', settings)
    expect([made.onBar(BAR, true), made.onBar(BAR, true)]).toEqual([GOOD, undefined])
    made.reset()
    expect(made.onBar(BAR, true)).toEqual(GOOD)
  })
})

describe('the example', () => {
  const create = checkedStrategy(createRangeBreakout, 'range-breakout.ts')

  it('signals both ways beyond the range, with its levels on their sides, and passes the check', () => {
    const strategy = create('BTCUSDT', settings)
    const signals = seededWalk(9, 8_000).flatMap((bar) => strategy.onBar(bar, true) ?? [])
    expect(new Set(signals.map((s) => s.side))).toEqual(new Set(['BUY', 'SELL']))
    for (const s of signals) {
      const direction = s.side === 'BUY' ? 1 : -1
      expect(direction * (s.price - s.stop)).toBeGreaterThan(0)
      expect(direction * (s.takeProfit - s.price)).toBeGreaterThan(0)
      expect(s.features['beyond']).toBeGreaterThan(0)
    }
  })

  it('starts over after a hole', () => {
    const bars = seededWalk(9, 3_000)
    const used = create('BTCUSDT', settings)
    for (const bar of bars.slice(0, 1_000)) used.onBar(bar, true)
    used.reset()
    const fresh = create('BTCUSDT', settings)
    const rest = bars.slice(1_000)
    expect(rest.map((bar) => used.onBar(bar, true))).toEqual(rest.map((bar) => fresh.onBar(bar, true)))
  })
})
