import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { lateBar, MOST_TRADES } from './late-bar.ts'

const MINUTE = 60_000
const trade = (id: number, timeMs: number, price: number, quantity = 1) => ({ id, timeMs, price, quantity })

describe('the newest minute before its kline', () => {
  it('is folded from its trades, and is nothing as soon as the kline is there', () => {
    const late = lateBar()
    late.kline(0)
    expect(late.trade(trade(1, 30_000, 9))).toBeUndefined()
    expect(late.trade(trade(2, MINUTE + 100, 10, 2))).toEqual({
      time: 60,
      open: 10,
      high: 10,
      low: 10,
      close: 10,
      volume: 2,
      present: true,
    })
    expect(late.trade(trade(4, MINUTE + 300, 8))).toEqual({ time: 60, open: 10, high: 10, low: 8, close: 8, volume: 3, present: true })
    /* late and repeated ones find their place */
    expect(late.trade(trade(3, MINUTE + 200, 12))).toEqual({ time: 60, open: 10, high: 12, low: 8, close: 8, volume: 4, present: true })
    expect(late.trade(trade(3, MINUTE + 200, 12))).toMatchObject({ volume: 4 })
    late.kline(MINUTE)
    expect(late.trade(trade(5, MINUTE + 400, 7))).toBeUndefined()
    expect(late.trade(trade(6, 2 * MINUTE, 6))).toMatchObject({ time: 120, open: 6, close: 6 })
  })

  it('before the first kline, and for an older minute, there is none', () => {
    const late = lateBar()
    expect(late.trade(trade(1, MINUTE, 9))).toBeUndefined()
    late.kline(0)
    expect(late.trade(trade(2, 2 * MINUTE, 9))).toBeDefined()
    expect(late.trade(trade(3, MINUTE, 9))).toBeUndefined()
  })

  it('holds no more trades than it may (INV-11): the next minute starts anew', () => {
    const late = lateBar()
    late.kline(0)
    for (let id = 1; id <= MOST_TRADES; id += 1) late.trade(trade(id, MINUTE + id, 9))
    expect(late.trade(trade(MOST_TRADES + 1, MINUTE + 59_999, 9))).toBeUndefined()
    expect(late.trade(trade(MOST_TRADES + 2, 2 * MINUTE, 9))).toMatchObject({ time: 120, volume: 1 })
  })

  it('equals high, low, first and last of all trades of the minute, in whatever order they come', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 40 }), (ids) => {
        const late = lateBar()
        late.kline(0)
        const price = (id: number): number => 100 + ((id * 37) % 50)
        const bars = ids.map((id) => late.trade(trade(id, MINUTE + id, price(id))))
        const sorted = [...ids].sort((a, b) => a - b)
        expect(bars.at(-1)).toEqual({
          time: 60,
          open: price(sorted[0] ?? 0),
          high: Math.max(...ids.map(price)),
          low: Math.min(...ids.map(price)),
          close: price(sorted.at(-1) ?? 0),
          volume: ids.length,
          present: true,
        })
      }),
    )
  })
})
