/** Audit C5.1: thresholds 1800/2000/2400, lanes, back-off, bans, cold start; and that no sequence of events starves the kill lane. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Lane } from '../contract/venue.ts'
import { RateBudget, type Moment } from './rate-budget.ts'

const T0 = 1_795_219_800_000
const at = (seconds: number): Moment => ({ venueMs: T0 + seconds * 1_000, localMs: 5_000 + seconds * 1_000 })
const minuteOf = (moment: Moment): number => Math.floor(moment.venueMs / 60_000)
const LANES: readonly Lane[] = ['kill', 'cancel', 'order', 'account', 'market']

/** A budget past its cold start that has seen `used` in the minute of `now`. */
const warm = (used: number, now: Moment, random = () => 0.5): RateBudget => {
  const budget = new RateBudget({ random, rate: 1 })
  budget.settled(budget.begin(1, 0, at(-120)), { usedWeight: 1 }, at(-120))
  budget.observe({ usedWeight: used, minute: minuteOf(now), bannedUntil: 0 }, now)
  return budget
}
const verdicts = (budget: RateBudget, now: Moment, weight = 1) =>
  Object.fromEntries(LANES.map((lane) => [lane, budget.admit(lane, weight, lane === 'order' ? 1 : 0, now).verdict]))

describe('thresholds', () => {
  it.each([
    [0, { kill: 'go', cancel: 'go', order: 'go', account: 'go', market: 'go' }],
    [1_799, { kill: 'go', cancel: 'go', order: 'go', account: 'go', market: 'go' }],
    [2_000, { kill: 'go', cancel: 'go', order: 'wait', account: 'go', market: 'wait' }],
    [2_299, { kill: 'go', cancel: 'go', order: 'wait', account: 'go', market: 'wait' }],
    [2_300, { kill: 'go', cancel: 'wait', order: 'wait', account: 'wait', market: 'wait' }],
    [2_401, { kill: 'go', cancel: 'wait', order: 'wait', account: 'wait', market: 'wait' }],
  ])('at a used weight of %i', (used, expected) => {
    expect(verdicts(warm(used, at(1)), at(1))).toEqual(expected)
  })

  it('above 1,800 market data and account reads are spaced out, more the nearer to 2,000', () => {
    const spacing = (used: number): number => {
      const budget = warm(used, at(1))
      expect(budget.admit('market', 1, 0, at(1)).verdict).toBe('go')
      const next = budget.admit('market', 1, 0, at(1))
      return next.verdict === 'wait' ? next.localMs : 0
    }
    expect(spacing(1_700)).toBe(0)
    expect(spacing(1_810)).toBe(250)
    expect(spacing(1_910)).toBe(750)
    expect(spacing(1_990)).toBe(1_000)
  })

  it('waits for the next venue minute and then goes on, also when the venue runs faster', () => {
    const budget = warm(2_350, at(40))
    expect(budget.admit('order', 0, 1, at(40))).toMatchObject({ verdict: 'wait', localMs: 20_000 })
    expect(budget.admit('order', 0, 1, at(60.001)).verdict).toBe('go')
    const fast = new RateBudget({ random: () => 0.5, rate: 60 })
    fast.observe({ usedWeight: 2_350, minute: minuteOf(at(40)), bannedUntil: 0 }, at(40))
    expect(fast.admit('order', 0, 1, at(40))).toMatchObject({ verdict: 'wait', localMs: 334 })
  })

  it('counts what is in flight before the venue does', () => {
    const budget = warm(1_990, at(1))
    const tickets = Array.from({ length: 3 }, () => budget.begin(5, 0, at(1)))
    expect(budget.usedWeight(at(1))).toBe(2_005)
    expect(budget.admit('order', 0, 1, at(1)).verdict).toBe('wait')
    for (const ticket of tickets) budget.settled(ticket, { usedWeight: 1_995 }, at(1))
    expect(budget.usedWeight(at(1))).toBe(1_995)
  })

  it('an answer without a header counts its own weight; a header of the minute before is not carried over', () => {
    const budget = warm(100, at(1))
    budget.settled(budget.begin(40, 0, at(1)), {}, at(2))
    expect(budget.usedWeight(at(2))).toBe(140)
    const late = budget.begin(5, 0, at(59.9))
    budget.settled(late, { usedWeight: 2_399 }, at(60.1))
    expect(budget.usedWeight(at(60.1))).toBe(0)
  })

  it('scales with the limit of the venue', () => {
    const budget = warm(2_500, at(1))
    budget.setLimit(6_000)
    expect(verdicts(budget, at(1))).toEqual({ kill: 'go', cancel: 'go', order: 'go', account: 'go', market: 'go' })
  })
})

describe('orders', () => {
  it('stops 10 % below 300 in 10 s and 1,200 a minute, for orders only', () => {
    const budget = warm(0, at(1))
    budget.settled(budget.begin(0, 1, at(1)), { usedWeight: 1, orders10s: 270, orders1m: 300 }, at(1))
    expect(budget.admit('order', 0, 1, at(1))).toMatchObject({ verdict: 'wait', localMs: 9_000 })
    expect(budget.admit('cancel', 1, 0, at(1)).verdict).toBe('go')
    expect(budget.admit('order', 0, 1, at(10)).verdict).toBe('go')
    budget.settled(budget.begin(0, 1, at(10)), { usedWeight: 1, orders10s: 1, orders1m: 1_080 }, at(10))
    expect(budget.admit('order', 0, 1, at(10))).toMatchObject({ verdict: 'wait', localMs: 50_000 })
  })
})

describe('refusals', () => {
  it('429 stops everything but the kill path, twice as long each time, with jitter, and a success forgets it', () => {
    const waits: number[] = []
    const budget = warm(10, at(1), () => 0.5)
    let now = at(1)
    for (let n = 0; n < 9; n += 1) {
      budget.settled(budget.begin(1, 0, now), { refused: 'slow' }, now)
      const admission = budget.admit('cancel', 1, 0, now)
      waits.push(admission.verdict === 'wait' ? admission.localMs : 0)
      expect(budget.admit('kill', 1, 0, now).verdict).toBe('go')
      now = at((now.localMs - 5_000) / 1_000 + (waits.at(-1) ?? 0) / 1_000)
    }
    expect(waits).toEqual([750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000, 45_000])
    budget.settled(budget.begin(1, 0, now), { usedWeight: 5 }, now)
    budget.settled(budget.begin(1, 0, now), { refused: 'slow' }, now)
    expect(budget.admit('cancel', 1, 0, now)).toMatchObject({ localMs: 750 })
  })

  it('jitter spreads over half to the whole of the back-off', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
        const budget = warm(10, at(1), () => random)
        budget.settled(budget.begin(1, 0, at(1)), { refused: 'slow' }, at(1))
        const admission = budget.admit('account', 1, 0, at(1))
        expect(admission.verdict).toBe('wait')
        if (admission.verdict === 'wait') {
          expect(admission.localMs).toBeGreaterThanOrEqual(500)
          expect(admission.localMs).toBeLessThanOrEqual(1_000)
        }
      }),
    )
  })

  it('honours a longer Retry-After', () => {
    const budget = warm(10, at(1))
    budget.settled(budget.begin(1, 0, at(1)), { refused: 'slow', retryAfterMs: 30_000 }, at(1))
    expect(budget.admit('account', 1, 0, at(1))).toMatchObject({ verdict: 'wait', localMs: 30_000 })
  })

  it.each(['orders', 'system'] as const)('%s: only new orders wait; cancels and reads go on', (refused) => {
    const budget = warm(10, at(1))
    budget.settled(budget.begin(0, 1, at(1)), { refused }, at(1))
    expect(verdicts(budget, at(1))).toEqual({ kill: 'go', cancel: 'go', order: 'wait', account: 'go', market: 'go' })
  })

  it('418 refuses everything but the kill path until the time it names; without a time 2 minutes, doubling', () => {
    const budget = warm(10, at(1))
    budget.settled(budget.begin(1, 0, at(1)), { refused: 'ban', bannedUntil: T0 + 300_000 }, at(1))
    expect(verdicts(budget, at(2))).toEqual({ kill: 'go', cancel: 'refuse', order: 'refuse', account: 'refuse', market: 'refuse' })
    expect(verdicts(budget, at(300.5))).toMatchObject({ cancel: 'go', market: 'go' })
    const unnamed = warm(10, at(1))
    unnamed.settled(unnamed.begin(1, 0, at(1)), { refused: 'ban' }, at(1))
    expect(unnamed.bannedUntil).toBe(T0 + 121_000)
    unnamed.settled(unnamed.begin(1, 0, at(122)), { refused: 'ban' }, at(122))
    expect(unnamed.bannedUntil).toBe(T0 + 122_000 + 240_000)
  })

  it('a venue clock that is set back revives no ban and lengthens none; a ban told in the past still holds a while', () => {
    const budget = warm(10, at(1))
    budget.settled(budget.begin(1, 0, at(1)), { refused: 'ban', bannedUntil: T0 + 61_000 }, at(1))
    const back = (seconds: number): Moment => ({ ...at(seconds), venueMs: at(seconds).venueMs - 3_600_000 })
    expect(verdicts(budget, back(60)).cancel).toBe('refuse')
    expect(verdicts(budget, back(61)).cancel).toBe('go')
    expect(budget.bannedUntil).toBe(0)
    const ended = warm(10, at(1))
    ended.settled(ended.begin(1, 0, at(1)), { refused: 'ban', bannedUntil: T0 + 61_000 }, at(1))
    expect(verdicts(ended, at(62)).cancel).toBe('go')
    expect(verdicts(ended, back(63)).cancel).toBe('go')
    ended.settled(ended.begin(1, 0, at(70)), { refused: 'ban', bannedUntil: T0 + 5_000 }, at(70))
    expect(verdicts(ended, at(71)).cancel).toBe('refuse')
    expect(ended.bannedUntil).toBe(T0 + 70_000 + 240_000)
  })

  it("learns bans and weight from other processes, and ignores another minute's", () => {
    const budget = warm(10, at(1))
    expect(budget.observe({ usedWeight: 2_350, minute: minuteOf(at(1)) - 1, bannedUntil: 0 }, at(1))).toBe(false)
    expect(verdicts(budget, at(1)).market).toBe('go')
    expect(budget.observe({ usedWeight: 2_100, minute: minuteOf(at(1)), bannedUntil: T0 + 60_000 }, at(1))).toBe(true)
    expect(verdicts(budget, at(1)).account).toBe('refuse')
  })
})

describe('cold start', () => {
  it('spends at most 20 % in its first minute: market data 12.5 %, account reads the rest', () => {
    const budget = new RateBudget({ random: () => 0.5, rate: 1 })
    let spent = 0
    const spend = (lane: Lane): void => {
      while (budget.admit(lane, 5, 0, at(1)).verdict === 'go') {
        budget.settled(budget.begin(5, 0, at(1)), { usedWeight: (spent += 5) }, at(1))
      }
    }
    spend('market')
    expect(spent).toBe(300)
    spend('account')
    expect(spent).toBe(480)
    expect(budget.admit('cancel', 1, 0, at(1)).verdict).toBe('go')
    expect(budget.admit('order', 0, 1, at(1)).verdict).toBe('go')
    expect(budget.admit('market', 5, 0, at(62)).verdict).toBe('go')
  })
})

describe('cold start beside others', () => {
  it('a process brought back after a crash reads its account at once, though the others have used a third of the budget', () => {
    const budget = new RateBudget({ random: () => 0.5, rate: 1 })
    budget.observe({ usedWeight: 800, minute: minuteOf(at(1)), bannedUntil: 0 }, at(1))
    let spent = 0
    const spend = (lane: Lane): number => {
      const before = spent
      while (spent < 2_400 && budget.admit(lane, 5, 0, at(1)).verdict === 'go') {
        spent += 5
        budget.settled(budget.begin(5, 0, at(1)), { usedWeight: 800 + spent }, at(1))
      }
      return spent - before
    }
    expect(spend('market')).toBe(30)
    expect(spend('account')).toBe(120)
    expect(budget.admit('account', 5, 0, at(62)).verdict).toBe('go')
  })
})

describe('any history', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('request' as const), lane: fc.constantFrom(...LANES), weight: fc.integer({ min: 0, max: 40 }) }),
    fc.record({
      kind: fc.constant('refusal' as const),
      refused: fc.constantFrom('slow' as const, 'orders' as const, 'system' as const, 'ban' as const),
    }),
    fc.record({ kind: fc.constant('other' as const), used: fc.integer({ min: 0, max: 2_400 }) }),
    fc.record({ kind: fc.constant('time' as const), seconds: fc.double({ min: 0, max: 100, noNaN: true }) }),
  )
  it('never starves the kill lane, and the other lanes never take the weight past the reserve', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const budget = new RateBudget({ random: () => 0.3, rate: 1 })
        let seconds = 0
        let venueUsed = 0
        let minute = minuteOf(at(0))
        for (const one of steps) {
          if (one.kind === 'time') seconds += one.seconds
          const now = at(seconds)
          if (minuteOf(now) !== minute) {
            minute = minuteOf(now)
            venueUsed = 0
          }
          expect(budget.admit('kill', 40, 0, now).verdict).toBe('go')
          if (one.kind === 'refusal') budget.settled(budget.begin(0, 0, now), { refused: one.refused }, now)
          if (one.kind === 'other') {
            venueUsed = Math.max(venueUsed, one.used)
            budget.observe({ usedWeight: venueUsed, minute, bannedUntil: 0 }, now)
          }
          if (one.kind !== 'request' || one.lane === 'kill') continue
          const before = venueUsed
          if (budget.admit(one.lane, one.weight, 0, now).verdict !== 'go') continue
          const ticket = budget.begin(one.weight, 0, now)
          venueUsed += one.weight
          budget.settled(ticket, { usedWeight: venueUsed }, now)
          expect(before + one.weight).toBeLessThanOrEqual(2_300)
          if (one.lane === 'order' || one.lane === 'market') expect(before + one.weight).toBeLessThanOrEqual(2_000)
        }
      }),
    )
  })
})
