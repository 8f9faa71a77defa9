import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { createPlaceholder } from './placeholder.ts'
import { strategyFactory } from './registry.ts'
import type { Bar, Signal } from './strategy.ts'

const settings = { name: 'placeholder', rsiPeriod: 14, atrPeriod: 14, riskPerTradePct: 0.5 } as const
const bar = (index: number, close: number, range = 10): Bar => ({
  openTime: index * 60_000,
  open: close,
  high: close + range / 2,
  low: close - range / 2,
  close,
  volume: 1,
})

/** Falls until RSI is below 30, then rises. */
const vShape = (): Bar[] => [...Array(30).keys()].map((i) => bar(i, i < 22 ? 1_000 - i * 5 : 895 + (i - 22) * 12))

const run = (bars: readonly Bar[]): Signal[] => {
  const strategy = createPlaceholder('BTCUSDT', settings)
  return bars.flatMap((b) => strategy.onBar(b, true) ?? [])
}

describe('placeholder rule', () => {
  it('goes long once when RSI comes back above 30, with stop and target by ATR', () => {
    const signals = run(vShape())
    expect(signals.length).toBeGreaterThanOrEqual(1)
    const [first] = signals
    expect(first?.side).toBe('BUY')
    expect(first?.features['rsiBefore']).toBeLessThanOrEqual(30)
    expect(first?.features['rsi']).toBeGreaterThan(30)
    const atr = first?.features['atr'] ?? Number.NaN
    const price = first?.price ?? Number.NaN
    expect(first?.stop).toBeCloseTo(price - 1.5 * atr, 9)
    expect(first?.takeProfit).toBeCloseTo(price + 2 * atr, 9)
  })

  it('mirrors: the same path upside down goes short', () => {
    const up = run(vShape())
    const down = run(
      vShape().map((b) => ({ ...b, open: 2_000 - b.open, close: 2_000 - b.close, high: 2_000 - b.low, low: 2_000 - b.high })),
    )
    expect(down.map((s) => [s.side === 'BUY' ? 'SELL' : 'BUY', s.time])).toEqual(up.map((s) => [s.side, s.time]))
  })

  it('never signals across a hole', () => {
    const strategy = createPlaceholder('BTCUSDT', settings)
    const bars = vShape()
    for (const b of bars.slice(0, 22)) strategy.onBar(b, true)
    strategy.reset()
    expect(bars.slice(22).flatMap((b) => strategy.onBar(b, true) ?? [])).toEqual([])
  })

  it('flat prices give nothing, not NaN', () => {
    expect(run([...Array(100).keys()].map((i) => bar(i, 100, 0)))).toEqual([])
  })

  it('signals several times a day on recorded bitcoin minutes', ({ skip }) => {
    const file = fileURLToPath(new URL('../../../shared/data/market/BTCUSDT-spot-1m-2021-02-19_2021-02-25.csv', import.meta.url))
    if (!existsSync(file)) return skip('recorded minutes are not beside this checkout')
    const bars = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^\d/.test(line))
      .map((line): Bar => {
        const [openTime = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = line.split(',').map(Number)
        return { openTime, open, high, low, close, volume }
      })
    const signals = run(bars)
    const days = bars.length / 1_440
    expect(signals.length / days).toBeGreaterThan(5)
    expect(signals.every((s) => Number.isFinite(s.stop) && Number.isFinite(s.takeProfit))).toBe(true)
    expect(new Set(signals.map((s) => s.id)).size).toBe(signals.length)
  })
})

describe('registry', () => {
  it.each(['placeholder', 'teacher', 'student'] as const)('has %s, under its own name', (name) => {
    const found = strategyFactory({ ...settings, name })
    expect(found.ok && found.value('BTCUSDT', { ...settings, name }).name).toBe(name)
  })

  it.each(['placeholder', 'teacher', 'student'] as const)('%s with its stops trailing can do what it can without', (name) => {
    const made = (trail: { readonly trailAtr?: number }) => {
      const found = strategyFactory({ ...settings, ...trail, name })
      if (!found.ok) throw new Error(found.error.message)
      const strategy = found.value('BTCUSDT', { ...settings, ...trail, name })
      const bars = vShape()
      const signals = bars.flatMap((b) => strategy.onBar(b, true) ?? [])
      strategy.onOutcome?.({ signalId: 'none', symbol: 'BTCUSDT', side: 'BUY', entryTime: 0, exitTime: 1, rMultiple: 1 })
      const seen = [strategy.name, strategy.facts?.(), strategy.earnedSteps?.(), strategy.shadow?.(), strategy.recall === undefined]
      strategy.reset()
      return { seen, signals }
    }
    const plain = made({})
    const trailing = made({ trailAtr: 2 })
    expect(trailing.seen).toEqual(plain.seen)
    expect(trailing.signals).toEqual(plain.signals.map((signal, n) => ({ ...signal, trail: trailing.signals[n]?.trail })))
    for (const signal of trailing.signals) expect(signal.trail?.distance).toBeGreaterThan(0)
  })
})
