/** The queue of levels is a sorted list: nearest level first, the furthest given up when it is full. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LevelQueue } from './level-queue.ts'

describe('level queue', () => {
  it('gives out what price reaches, nearest first, and gives up the furthest', () => {
    const step = fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ op: fc.constant('add' as const), price: fc.integer({ min: 0, max: 40 }), strict: fc.boolean() }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ op: fc.constant('take' as const), price: fc.integer({ min: 0, max: 40 }), strict: fc.boolean() }),
      },
    )
    let [grown, full] = [0, 0]
    fc.assert(
      fc.property(
        fc.constantFrom(1 as const, -1 as const),
        fc.constantFrom(3, 40, Infinity),
        fc.array(step, { minLength: 60, maxLength: 150 }),
        (direction, limit, steps) => {
          const queue = new LevelQueue<number>(direction, limit)
          let plain: { level: number; item: number }[] = []
          let dropped = 0
          for (const [n, { op, price, strict }] of steps.entries()) {
            if (op === 'add') {
              queue.add(price, n)
              // Nearest first; of equal levels the newest is taken first.
              plain.push({ level: price, item: n })
              plain.sort((a, b) => direction * (a.level - b.level) || b.item - a.item)
              if (plain.length > limit) {
                plain = plain.slice(0, limit)
                dropped++
              }
            } else {
              const [first] = plain
              const reach =
                first === undefined ? false : strict ? direction * (price - first.level) > 0 : direction * (price - first.level) >= 0
              if (first !== undefined) expect(queue.passes(price, first.level)).toBe(direction * (price - first.level) > 0)
              expect(queue.reached(price, strict)).toBe(reach)
              expect(queue.take(price, strict)).toBe(reach ? first?.item : undefined)
              if (reach) plain.shift()
            }
            expect(queue.size).toBe(plain.length)
            expect(queue.dropped).toBe(dropped)
            if (plain.length > 32) grown++
            if (dropped > 0) full++
          }
        },
      ),
      { numRuns: 300 },
    )
    expect(Math.min(grown, full)).toBeGreaterThan(0)
  })
})
