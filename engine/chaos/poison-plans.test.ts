import { expect, it } from 'vitest'
import { POISONS } from '../simulator/protocol/poison.ts'
import { given, isCaught, poisonPlans, STREAMS } from './poison-plans.ts'

it('the full list is every poison on every stream, the quick one every poison and every stream', () => {
  const full = poisonPlans('full')
  expect(new Set(full.map(({ stream, poison }) => `${stream} ${poison}`)).size).toBe(POISONS.length * STREAMS.length)
  const quick = poisonPlans('quick')
  expect(quick.map(({ poison }) => poison)).toEqual([...POISONS])
  expect(new Set(quick.map(({ stream }) => stream))).toEqual(new Set(STREAMS))
})

it('a plan is caught by its own refusals only', () => {
  const zero = poisonPlans('full').find(({ poison }) => poison === 'zero')
  const twice = poisonPlans('full').find(({ poison }) => poison === 'duplicate')
  if (zero === undefined || twice === undefined) throw new Error('the list lacks a poison')
  expect(isCaught(zero, { zero: 3, duplicate: 1 }, { zero: 3, duplicate: 9 })).toBe(false)
  expect(isCaught(zero, { zero: 3 }, { zero: 4 })).toBe(true)
  expect(isCaught(zero, {}, { zero: 1 })).toBe(true)
  expect(isCaught(twice, { duplicate: 1 }, { duplicate: 2, zero: 5 })).toBe(false)
  expect(isCaught(twice, { duplicate: 1 }, { duplicate: 3 })).toBe(true)
})

it('what was given is what rose', () => {
  expect([...given({ zero: 1, jump: 2 }, { zero: 1, jump: 4, shape: 1 })]).toEqual([
    ['jump', 2],
    ['shape', 1],
  ])
})
