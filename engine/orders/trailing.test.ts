import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Decimal } from '../money/decimal.ts'
import { trailedLevel, type TrailFacts } from './trailing.ts'

const d = (value: number): Decimal => new Decimal(value)
/** A long from 100 with its stop at 90, trailing at 8. */
const facts = (change: Partial<TrailFacts>): TrailFacts => ({
  side: 'BUY',
  averageEntry: d(100),
  firstStop: d(90),
  level: d(90),
  distance: d(8),
  close: d(100),
  mark: d(0),
  ...change,
})
const level = (change: Partial<TrailFacts>): number => trailedLevel(facts(change)).toNumber()

describe('trailing', () => {
  const cases: readonly [string, Partial<TrailFacts>, number][] = [
    ['below one R nothing moves', { close: d(109.9) }, 90],
    ['at one R: the close less the distance, or the entry', { close: d(110) }, 102],
    ['at one R with a wide distance: the entry', { close: d(110), distance: d(20) }, 100],
    ['then at its distance', { close: d(120), level: d(102) }, 112],
    ['it never loosens', { close: d(111), level: d(112) }, 112],
    ['less than a tenth of the distance is not worth a replacement', { close: d(120.7), level: d(112) }, 112],
    ['a tenth is', { close: d(120.8), level: d(112) }, 112.8],
    ['never beyond the mark', { close: d(120), level: d(102), mark: d(111) }, 102],
    ['a short mirrors it', { side: 'SELL', firstStop: d(110), level: d(110), close: d(80) }, 88],
    ['a plan without risk trails nothing', { firstStop: d(100), close: d(200) }, 90],
  ]
  for (const [name, change, expected] of cases) it(name, () => expect(level(change)).toBe(expected))

  it('whatever the closes, the level only tightens and never passes the close', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('BUY' as const, 'SELL' as const),
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.integer({ min: 50, max: 150 }), { maxLength: 60 }),
        (side, distance, closes) => {
          const direction = side === 'BUY' ? 1 : -1
          let at = d(100 - direction * 10)
          for (const close of closes) {
            const next = trailedLevel(
              facts({ side, firstStop: d(100 - direction * 10), level: at, distance: d(distance), close: d(close) }),
            )
            expect(next.minus(at).times(direction).toNumber()).toBeGreaterThanOrEqual(0)
            if (!next.eq(at)) expect(d(close).minus(next).times(direction).toNumber()).toBeGreaterThanOrEqual(0)
            at = next
          }
        },
      ),
    )
  })
})
