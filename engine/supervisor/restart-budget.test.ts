import { describe, expect, it } from 'vitest'
import { RESTART_POLICY, restartBudget } from './restart-budget.ts'

describe('restart budget', () => {
  it('restarts at once first, backs off, then gives up', () => {
    const budget = restartBudget()
    expect(Array.from({ length: 10 }, (_, n) => budget.next(n * 100))).toEqual([...RESTART_POLICY.delaysMs, null, null])
    expect(RESTART_POLICY.delaysMs[0]).toBe(0)
  })

  it('forgets what is older than the window, and everything on reset', () => {
    const budget = restartBudget({ windowMs: 1_000, delaysMs: [0, 5] })
    expect([budget.next(0), budget.next(10), budget.next(20), budget.next(1_005)]).toEqual([0, 5, null, 5])
    budget.reset()
    expect(budget.next(1_006)).toBe(0)
  })
})
