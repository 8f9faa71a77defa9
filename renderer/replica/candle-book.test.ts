import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LIMITS, type ChartBar } from '../../engine/contract/cockpit.ts'
import { CandleBook } from './candle-book.ts'

const bar = (time: number, close = 1): ChartBar => ({
  time,
  open: close,
  high: close + 1,
  low: close - 1,
  close,
  volume: 1,
  present: true,
})

it('whatever the order of arrival, bars are ascending, unique by time and the newest version wins', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 1, max: 99 })), { maxLength: 60 }), (arrivals) => {
      const book = new CandleBook()
      const model = new Map<number, number>()
      for (const [minute, close] of arrivals) {
        book.apply({ type: 'bars', symbol: 'X', bars: [bar(minute * 60, close)] })
        model.set(minute * 60, close)
      }
      expect(book.bars('X').map((b) => [b.time, b.close])).toEqual([...model].sort((a, b) => a[0] - b[0]))
    }),
  )
})
it('tells a tail update from a rewrite of history', () => {
  const book = new CandleBook()
  const seen: string[] = []
  book.onChange((change) => seen.push(change.kind))
  book.apply({ type: 'history', symbol: 'X', bars: [bar(0), bar(60), bar(180)] })
  book.apply({ type: 'bars', symbol: 'X', bars: [bar(180, 2)] })
  book.apply({ type: 'bars', symbol: 'X', bars: [bar(240)] })
  book.apply({ type: 'bars', symbol: 'X', bars: [bar(120)] })
  expect(seen).toEqual(['replaced', 'tail', 'tail', 'replaced'])
  expect(book.bars('X').map((b) => b.time)).toEqual([0, 60, 120, 180, 240])
})
it('never holds more than the limit (INV-11)', () => {
  const book = new CandleBook()
  book.apply({ type: 'history', symbol: 'X', bars: Array.from({ length: LIMITS.bars + 50 }, (_, i) => bar(i * 60)) })
  for (let i = 0; i < 20; i++) book.apply({ type: 'bars', symbol: 'X', bars: [bar((LIMITS.bars + 50 + i) * 60)] })
  expect(book.bars('X').length).toBe(LIMITS.bars)
  expect(book.bars('X').at(-1)?.time).toBe((LIMITS.bars + 69) * 60)
})
