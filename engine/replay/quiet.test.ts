/** Moments left out of a run: with every one of them played, orders, fills, ledger, decisions and the exchange's own log are the same. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { JournalEntry } from '../contract/journal-kinds.ts'
import { parseSettings } from '../contract/settings.ts'
import { Rng } from '../simulator/random.ts'
import type { StrategyFactory } from '../strategy/strategy.ts'
import { runTape, type TapeRunResult } from './tape-run.ts'

interface Plan {
  readonly seed: number
  readonly symbols: readonly string[]
  readonly rails: Record<string, unknown>
  /** Chance of a signal at a bar's close. */
  readonly often: number
  readonly riskPct: number
}

/** Entries at the close and beside it, stops and targets near and far, short and long holds; drawn from the bar alone. */
const restless =
  ({ seed, often }: Plan): StrategyFactory =>
  (symbol) => ({
    name: 'restless',
    warmUpBars: 1,
    onBar(bar) {
      const rng = new Rng(seed + bar.openTime / 60_000 + symbol.length)
      if (rng.next() > often) return undefined
      const sign = rng.next() < 0.5 ? 1 : -1
      const width = bar.close * (0.0004 + rng.next() * 0.006)
      const price = bar.close - sign * width * (rng.next() < 0.5 ? 0 : 0.2)
      return {
        id: `restless:${symbol}:${bar.openTime}`,
        strategy: 'restless',
        symbol,
        side: sign === 1 ? 'BUY' : 'SELL',
        time: bar.openTime + 60_000,
        price: bar.close,
        entry: rng.next() < 0.3 ? { type: 'MARKET' } : { type: 'LIMIT', price, timeoutMs: 90_000 + rng.int(0, 400_000) },
        stop: price - sign * width,
        takeProfit: price + sign * width * (0.5 + 2 * rng.next()),
        invalidation: price - sign * width,
        maxHoldMs: rng.int(30_000, 7_200_000),
        leverageClass: 'teacher',
        why: 'a draw',
        features: {},
      }
    },
    reset: () => undefined,
  })

interface Played {
  readonly run: TapeRunResult
  readonly entries: readonly JournalEntry[]
  readonly curve: readonly (readonly [number, number, boolean])[]
  readonly moments: number
}

async function play(plan: Plan, everyMoment: boolean): Promise<Played> {
  const parsed = parseSettings({ symbols: plan.symbols, rails: plan.rails, strategy: { riskPerTradePct: plan.riskPct } })
  if (!parsed.ok) throw new Error(parsed.error.message)
  const settings = parsed.value
  const entries: JournalEntry[] = []
  const curve: (readonly [number, number, boolean])[] = []
  let moments = 0
  const run = await runTape({
    symbols: plan.symbols,
    tapes: {},
    seed: plan.seed,
    balance: settings.startingBalance,
    rails: settings.rails,
    strategy: settings.strategy,
    createStrategy: restless(plan),
    leverage: settings.leverage,
    horizonMs: 450 * 60_000,
    everyMoment,
    onEntry: (entry) => entries.push(entry),
    onBar: (...point) => curve.push(point),
    recorder: { event: (event) => void (event.type === 'clock' && moments++), ticks: () => undefined },
  })
  if (!run.ok) throw new Error(run.error.message)
  return { run: run.value, entries, curve, moments }
}

const plans = fc.record({
  seed: fc.integer({ min: 1, max: 1_000_000 }),
  symbols: fc.constantFrom(['BTCUSDT'], ['BTCUSDT'], ['BTCUSDT', 'ETHUSDT']),
  rails: fc.constantFrom<Record<string, unknown>>(
    {},
    { maxDailyLoss: '25' },
    { maxDrawdownFromPeakPct: 0.8 },
    { maxDrawdownFromDayStartPct: 0.5, coolDownSeconds: 0 },
  ),
  often: fc.constantFrom(0.02, 0.1),
  riskPct: fc.constantFrom(0.2, 1),
})

it('fast-check: a run that leaves them out and one that plays them all', async () => {
  let fills = 0
  let played = 0
  let left = 0
  await fc.assert(
    fc.asyncProperty(plans, async (plan) => {
      const [fast, whole] = [await play(plan, false), await play(plan, true)]
      expect(fast.entries).toEqual(whole.entries)
      expect(fast.curve).toEqual(whole.curve)
      expect(fast.run.exchange.eventLog()).toEqual(whole.run.exchange.eventLog())
      expect(fast.run.truth).toEqual(whole.run.truth)
      expect(fast.run.equity).toBe(whole.run.equity)
      expect(fast.run.equity).toBe(fast.run.truth.equity)
      expect(fast.run.tripped).toBe(whole.run.tripped)
      expect(fast.run.state.peakEquity.toFixed()).toBe(whole.run.state.peakEquity.toFixed())
      fills += fast.run.truth.fills
      played += fast.moments
      left += whole.moments
    }),
    {
      numRuns: 10,
      // A rail is passed by a fill that comes after the clock of its moment.
      examples: [[{ seed: 281_173, symbols: ['BTCUSDT', 'ETHUSDT'], rails: { maxDrawdownFromPeakPct: 0.8 }, often: 0.1, riskPct: 0.2 }]],
    },
  )
  expect(fills).toBeGreaterThan(40)
  expect(played).toBeLessThan(left / 2)
})
