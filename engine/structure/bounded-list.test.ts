/** The bounded list is an array whose oldest is dropped: held to that by every order of calls. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BoundedList } from './bounded-list.ts'

const contents = <T>(list: BoundedList<T>): T[] => Array.from({ length: list.length }, (_, i) => list.at(i))

describe('bounded list', () => {
  it('is an array that drops its oldest, whatever is done to it', () => {
    const step = fc.oneof(
      fc.record({ op: fc.constant('push' as const), value: fc.nat() }),
      fc.record({ op: fc.constant('set' as const), value: fc.nat() }),
      fc.record({ op: fc.constant('truncate' as const), value: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 60 }), (limit, steps) => {
        const list = new BoundedList<number>(limit)
        const plain: number[] = []
        let dropped = 0
        for (const { op, value } of steps) {
          if (op === 'push') {
            list.push(value)
            plain.push(value)
            if (plain.length > limit) {
              plain.shift()
              dropped++
            }
          } else if (op === 'truncate') {
            list.truncate(value)
            plain.length = Math.min(plain.length, value)
          } else if (plain.length > 0) {
            const at = value % plain.length
            list.set(at, value)
            plain[at] = value
          }
          expect(contents(list)).toEqual(plain)
          expect(list.dropped).toBe(dropped)
        }
      }),
    )
  })

  it('says so when a place is asked for that is not held', () => {
    const list = new BoundedList<string>(3)
    list.push('a')
    expect(() => list.at(1)).toThrow('Invariant')
  })
})
