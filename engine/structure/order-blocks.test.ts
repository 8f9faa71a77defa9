/** Order blocks where the reference (smart-money-concepts v0.0.27) treats its two passes differently: figures are its own. */
import { describe, expect, it } from 'vitest'
import type { Bars } from './bars.ts'
import { orderBlocks } from './order-blocks.ts'
import { swings } from './swings.ts'

/** Bars of open, high, low, close, a minute apart, each with a volume of 1. */
function barsOf(rows: readonly (readonly [number, number, number, number])[]): Bars {
  const column = (k: 0 | 1 | 2 | 3): Float64Array => Float64Array.from(rows, (row) => row[k])
  return {
    length: rows.length,
    time: Float64Array.from(rows, (_, i) => i * 60_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: new Float64Array(rows.length).fill(1),
  }
}

const blockAt = (bars: Bars, length: number, i: number) => {
  const found = orderBlocks(bars, swings(bars, length))
  return [found.block[i], found.top[i], found.bottom[i], found.mitigatedIndex[i]]
}

describe('order blocks', () => {
  it('a first bar that is broken by the second: the bearish block has its edges the right way up', () => {
    const bars = barsOf([
      [10, 10, 9, 10],
      [10, 10, 8, 8],
      [8, 8, 8, 8],
      [8, 9, 6, 6],
      [6, 7, 4, 5],
      [5, 7, 5, 6],
      [6, 6, 5, 5],
    ])
    expect(blockAt(bars, 2, 0)).toEqual([-1, 10, 9, 0])
  })

  it('a bearish block on the bar of a bullish one that was broken keeps the bar that broke it', () => {
    const bars = barsOf([
      [40, 41, 38, 40],
      [40, 42, 38, 40],
      [40, 42, 38, 40],
      [40, 42, 38, 40],
      [40, 60, 38, 40],
      [40, 42, 30, 40],
      [40, 55, 30, 40],
      [40, 50, 39, 48],
      [48, 50, 40, 45],
      [45, 48, 25, 28],
      [30, 40, 30, 38],
      [38, 45, 36, 40],
    ])
    expect(blockAt(bars, 3, 6)).toEqual([-1, 55, 30, 8])
  })

  it('a long trend leaves thousands of blocks behind, and each bar costs no more for that', () => {
    // Up five, down one, seven bars a leg: every leg's high is broken by the next and no block is ever come back to.
    const closes = Array.from(
      { length: 140_000 },
      (_, i) => 1_000 + Math.floor(i / 14) * 28 + (i % 14 < 7 ? (i % 14) * 5 : 70 - (i % 14) * 6),
    )
    const bars = barsOf(closes.map((close, i) => [closes[i - 1] ?? close, close + 1, close - 1, close]))
    const swing = swings(bars, 3)
    const started = performance.now()
    const found = orderBlocks(bars, swing)
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(found.block.filter((block) => block === 1).length).toBeGreaterThan(5_000)
  })
})
