/** The waiting room: urgency first, patience ends, the kill lane never waits, bounded, closed cleanly. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Lane } from '../contract/venue.ts'
import { createLaneGate } from './lane-gate.ts'
import { RateBudget, type Moment } from './rate-budget.ts'

const T0 = 1_795_219_800_000

function room() {
  vi.useFakeTimers({ now: 0 })
  const now = (): Moment => ({ venueMs: T0 + 1_000 + Date.now(), localMs: Date.now() })
  const budget = new RateBudget({ random: () => 0.5, rate: 1 })
  /* past its cold start */
  budget.settled(budget.begin(0, 0, { venueMs: T0 - 120_000, localMs: 0 }), { usedWeight: 0 }, { venueMs: T0 - 120_000, localMs: 0 })
  const gate = createLaneGate(budget, now)
  const entered: string[] = []
  const enter = (lane: Lane, name: string = lane): void => {
    void gate.enter(lane, 1, 0).then((result) => entered.push(result.ok ? name : `${name}:${result.error.code}`))
  }
  const use = (weight: number): void =>
    void budget.observe({ usedWeight: weight, minute: Math.floor(now().venueMs / 60_000), bannedUntil: 0 }, now())
  return { budget, gate, entered, enter, use, now }
}

afterEach(() => vi.useRealTimers())
const settle = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

describe('lane gate', () => {
  it('lets the more urgent lane go first when the budget opens', async () => {
    const { gate, budget, entered, enter, use, now } = room()
    /* the venue minute turns at 59 s; nobody waits longer than is of use */
    use(2_301)
    enter('account', 'early')
    await settle(54_000)
    enter('market')
    enter('account')
    enter('market', 'market2')
    enter('kill')
    await settle()
    expect(entered).toEqual(['early:throttled', 'kill'])
    await settle(5_500)
    expect(entered).toEqual(['early:throttled', 'kill', 'account', 'market', 'market2'])
    expect(budget.usedWeight(now())).toBe(4)
    gate.close()
  })

  it('refuses an order at once when its turn would come too late, and says that nothing was sent', async () => {
    const { gate, entered, enter, use } = room()
    use(2_050)
    enter('order')
    enter('cancel')
    await settle()
    expect(entered.sort((a, b) => (a < b ? -1 : 1))).toEqual(['cancel', 'order:throttled'])
    gate.close()
  })

  it('keeps sockets free for cancels: at most 16 other requests at a time, in order', async () => {
    const { gate, entered, enter } = room()
    for (let n = 0; n < 20; n += 1) enter('account', `a${n}`)
    enter('cancel')
    await settle()
    expect(entered).toHaveLength(17)
    expect(entered).toContain('cancel')
    gate.leave('account')
    await settle()
    expect(entered.at(-1)).toBe('a16')
    gate.close()
  })

  it('holds at most 1,000, and lets the kill lane in even then', async () => {
    const { gate, entered, enter, use } = room()
    use(2_301)
    for (let n = 0; n < 1_001; n += 1) enter('market', `m${n}`)
    enter('kill')
    await settle()
    expect(entered.sort((a, b) => (a < b ? -1 : 1))).toEqual(['kill', 'm1000:throttled'])
    gate.close()
    await settle()
    expect(entered.filter((name) => name.endsWith(':notSent'))).toHaveLength(1_000)
  })
})
