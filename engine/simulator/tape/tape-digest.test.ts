import { expect, it } from 'vitest'
import { TapeDigest } from './tape-digest.ts'

type Step = readonly [time: number, price: number, qty: number, buys: boolean]
const STEPS: readonly Step[] = [
  [1_704_067_200_123, 425_001, 12, true],
  [1_704_067_205_456, 425_007, 3, false],
  [1_704_067_210_789, 425_002, 40, true],
]
const digest = (steps: readonly Step[]): string => {
  const made = new TapeDigest()
  for (const step of steps) made.add(...step)
  return made.text
}

it('says the same of the same steps, and something else when anything of any of them differs, or their order', () => {
  const said = digest(STEPS)
  expect(digest(STEPS)).toBe(said)
  const others = STEPS.flatMap(([time, price, qty, buys], n) => [
    digest(STEPS.with(n, [time + 1, price, qty, buys])),
    digest(STEPS.with(n, [time, price + 1, qty, buys])),
    digest(STEPS.with(n, [time, price, qty + 1, buys])),
    digest(STEPS.with(n, [time, price, qty, !buys])),
  ])
  const all = [said, ...others, digest(STEPS.toReversed()), digest(STEPS.slice(1)), digest([...STEPS, ...STEPS])]
  expect(new Set(all).size).toBe(all.length)
})
