import fc from 'fast-check'
import { expect, it } from 'vitest'
import { FaultSchedule, parseFaultPlan, type ActionEffect, type FaultPlan } from './faults.ts'

function schedule(...plans: FaultPlan[]): { faults: FaultSchedule; acted: ActionEffect[] } {
  const acted: ActionEffect[] = []
  const faults = new FaultSchedule((effect) => acted.push(effect) > 0)
  for (const plan of plans) {
    const parsed = parseFaultPlan(plan)
    if (!parsed.ok) throw new Error(parsed.error.message)
    expect(faults.add(parsed.value).ok).toBe(true)
  }
  return { faults, acted }
}

it('strikes exactly the calls from the n-th on, as many as asked', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }), (nth, times) => {
      const { faults } = schedule({ on: 'request', path: 'GET /x', nth, times, effect: { do: 'internal' } })
      const struck = Array.from({ length: 50 }, () => faults.onRequest('GET /x', 0) !== undefined)
      expect(struck.map((hit, i) => (hit ? i + 1 : 0)).filter((i) => i > 0)).toEqual(Array.from({ length: times }, (_, i) => nth + i))
      expect(faults.empty).toBe(true)
    }),
  )
})

it('matches paths and streams exactly or by a star at either end', () => {
  const hits = (path: string, name: string): boolean =>
    schedule({ on: 'request', path, effect: { do: 'html' } }).faults.onRequest(name, 0) !== undefined
  expect(hits('*', 'GET /a')).toBe(true)
  expect(hits('* /fapi/v1/order', 'DELETE /fapi/v1/order')).toBe(true)
  expect(hits('* /fapi/v1/order', 'DELETE /fapi/v1/orders')).toBe(false)
  expect(hits('POST *', 'POST /anything')).toBe(true)
  expect(hits('POST /a', 'GET /a')).toBe(false)
  const frame = (stream: string, subjects: readonly string[]): boolean =>
    schedule({ on: 'frame', stream, effect: { do: 'dropFrame' } }).faults.onFrame(subjects, 0) !== undefined
  expect(frame('*', ['btcusdt@trade'])).toBe(true)
  expect(frame('*', ['user', 'user:ORDER_TRADE_UPDATE'])).toBe(false)
  expect(frame('user', ['user', 'user:ORDER_TRADE_UPDATE'])).toBe(true)
  expect(frame('user:ORDER_TRADE_UPDATE', ['user', 'user:ACCOUNT_UPDATE'])).toBe(false)
  expect(frame('*@kline_1m', ['ethusdt@kline_1m'])).toBe(true)
})

it('keeps to its span of simulated time', () => {
  const { faults } = schedule({ on: 'request', path: '*', times: 100, fromMs: 1_000, untilMs: 2_000, effect: { do: 'internal' } })
  const at = (now: number): boolean => faults.onRequest('GET /a', now) !== undefined
  expect([at(999), at(1_000), at(2_000), at(2_001)]).toEqual([false, true, true, false])
})

it('acts once when its time comes, or when the n-th call passes', () => {
  const { faults, acted } = schedule(
    { on: 'time', fromMs: 500, effect: { do: 'cutSockets' } },
    { on: 'time', after: { path: 'POST /order', nth: 2 }, effect: { do: 'expireListenKeys' } },
    { on: 'time', after: { stream: 'user' }, effect: { do: 'closeSockets' } },
  )
  expect(faults.nextDue()).toBe(500)
  faults.onTime(499)
  expect(acted).toEqual([])
  faults.onTime(500)
  faults.onTime(501)
  expect(acted).toEqual([{ do: 'cutSockets' }])
  expect(faults.nextDue()).toBeNull()
  expect(faults.onRequest('POST /order', 0)).toBeUndefined()
  expect(acted).toHaveLength(1)
  faults.onRequest('POST /order', 0)
  expect(acted.at(-1)).toEqual({ do: 'expireListenKeys' })
  faults.onFrame(['btcusdt@trade'], 0)
  expect(acted).toHaveLength(2)
  faults.onFrame(['user', 'user:ACCOUNT_UPDATE'], 0)
  expect(acted.at(-1)).toEqual({ do: 'closeSockets' })
  expect(faults.empty).toBe(true)
})

it('refuses plans that mean nothing, naming the field, and more than it can hold', () => {
  const refused = (plan: unknown): string => {
    const parsed = parseFaultPlan(plan)
    return parsed.ok ? '' : parsed.error.message
  }
  expect(refused(null)).not.toBe('')
  expect(refused({ on: 'request', path: '*', effect: { do: 'explode' } })).toContain('effect')
  expect(refused({ on: 'request', path: '*', nth: 0, effect: { do: 'html' } })).toContain('nth')
  expect(refused({ on: 'request', path: '*', effect: { do: 'html' }, extra: 1 })).toContain('extra')
  expect(
    refused({ on: 'time', effect: { do: 'market', fault: { kind: 'filters', symbol: 'BTCUSDT', change: { colour: 'red' } } } }),
  ).toContain('colour')
  const { faults } = schedule()
  const plan = parseFaultPlan({ on: 'request', path: '/', effect: { do: 'html' } })
  if (!plan.ok) throw new Error(plan.error.message)
  for (let i = 0; i < 1_000; i++) expect(faults.add(plan.value).ok).toBe(true)
  expect(faults.add(plan.value).ok).toBe(false)
  faults.clear(1)
  expect(faults.add(plan.value).ok).toBe(true)
  faults.clear()
  expect(faults.list()).toEqual([])
})
