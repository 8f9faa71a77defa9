import { expect, it } from 'vitest'
import { Limits, VENUE_LIMITS } from './limits.ts'

it('counts weight per IP and minute, 429 over the limit, a new minute starts afresh', () => {
  const limits = new Limits(VENUE_LIMITS)
  expect(limits.takeWeight('a', 2_400, 0)).toBeUndefined()
  expect(limits.takeWeight('a', 1, 59_999)).toMatchObject({ status: 429, code: -1003 })
  expect(limits.usedWeight('a', 59_999)).toBe(2_401)
  expect(limits.takeWeight('b', 1, 59_999)).toBeUndefined()
  expect(limits.takeWeight('a', 1, 60_000)).toBeUndefined()
  expect(limits.usedWeight('a', 60_000)).toBe(1)
})

it('bans who does not stop, and longer each time, up to three days', () => {
  const limits = new Limits({ ...VENUE_LIMITS, weightPerMinute: 1, strikes: 2 })
  const offend = (at: number): number => {
    limits.takeWeight('a', 1, at)
    expect(limits.takeWeight('a', 1, at)?.status).toBe(429)
    expect(limits.takeWeight('a', 1, at)?.status).toBe(429)
    expect(limits.takeWeight('a', 1, at)?.status).toBe(418)
    return limits.bannedUntil('a')
  }
  const first = offend(0)
  expect(first).toBe(120_000)
  expect(limits.takeWeight('a', 1, 119_999)?.status).toBe(418)
  const second = offend(120_000)
  expect(second - 120_000).toBe(240_000)
  let at = second
  for (let i = 0; i < 15; i++) at = offend(at)
  const before = at
  expect(offend(before) - before).toBe(3 * 86_400_000)
})

it('counts orders per account in both windows and counts none that it refuses', () => {
  const limits = new Limits(VENUE_LIMITS)
  for (let i = 0; i < 300; i++) expect(limits.takeOrders('k', 1, 1, 0)).toBeUndefined()
  expect(limits.takeOrders('k', 1, 1, 9_999)).toMatchObject({ status: 429, code: -1015 })
  expect(limits.orderCounts('k', 9_999)).toEqual({ tenSeconds: 300, minute: 300 })
  for (const second of [10, 20, 30]) for (let i = 0; i < 300; i++) expect(limits.takeOrders('k', 1, 1, second * 1_000)).toBeUndefined()
  expect(limits.takeOrders('k', 1, 1, 40_000)).toMatchObject({ status: 429, code: -1015 })
  expect(limits.takeOrders('k', 5, 1, 60_000)).toBeUndefined()
  expect(limits.orderCounts('k', 60_000)).toEqual({ tenSeconds: 5, minute: 1 })
})

it('keeps the funding pool apart', () => {
  const limits = new Limits(VENUE_LIMITS)
  for (let i = 0; i < 500; i++) expect(limits.takeFunding('a', 1)).toBeUndefined()
  expect(limits.takeFunding('a', 1)?.status).toBe(429)
  expect(limits.usedWeight('a', 1)).toBe(0)
  expect(limits.takeFunding('a', 300_000)).toBeUndefined()
})
