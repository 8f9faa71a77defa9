/** The journal's disk runs full in the middle of trading: nothing leaves unjournaled, the reason is shown, and with room it goes on. */
import { afterEach, expect, it } from 'vitest'
import * as v from 'valibot'
import { riskView } from '../brain/views.ts'
import { checkJournal, compare, settle } from './fixtures/brain-checks.ts'
import { brainOnSimulator, type Harness } from './fixtures/brain-on-simulator.ts'

let h: Harness
afterEach(async () => {
  await h.close()
})
const Orders = v.array(v.looseObject({ clientOrderId: v.optional(v.string()), clientAlgoId: v.optional(v.string()) }))

/** Client ids of every order the venue ever got from us. */
function atVenue(): string[] {
  const { exchange, key, startTime } = h.simulator
  const params = { symbol: 'BTCUSDT', limit: '1000', startTime: String(startTime) }
  return (['GET /fapi/v1/allOrders', 'GET /fapi/v1/allAlgoOrders'] as const).flatMap((route) => {
    const outcome = exchange.request(route, key, params)
    if (!outcome.ok) throw new Error(outcome.msg)
    return v.parse(Orders, outcome.body).map((order) => order.clientOrderId ?? order.clientAlgoId ?? '')
  })
}
function journaled(): Set<string> {
  const rows = h.journal().rows({ kinds: ['intent'] })
  if (!rows.ok) throw new Error(rows.error.message)
  return new Set(rows.value.map((row) => row.payload.clientId))
}

it('trading stops with the reason, nothing is sent unjournaled, and it goes on when there is room', async () => {
  h = await brainOnSimulator({
    simulator: { horizonMs: 3_000 * 60_000, seed: 5 },
    settings: {
      seed: 5,
      strategy: { rsiPeriod: 3 },
      rails: { maxDailyLoss: '5000', maxDrawdownFromPeakPct: 90, maxConsecutiveRejects: 100 },
    },
    journalPages: 40,
  })
  await h.play(() => h.runtime().state.journalFault !== '')
  const full = h.runtime().state.journalFault
  expect(full).toMatch(/full/)
  const before = atVenue()
  expect(before.length).toBeGreaterThan(0)

  let barriers = 0
  await h.play(() => ++barriers >= 1_000)
  const { blocks } = riskView(h.runtime().state)
  expect(blocks.join('; ')).toContain(full)
  expect(atVenue()).toEqual(before)
  expect(before.filter((id) => !journaled().has(id))).toEqual([])

  await h.restart()
  barriers = 0
  await h.play(() => ++barriers >= 1_000)
  expect(h.runtime().state.journalFault).toBe('')
  expect(atVenue().length).toBeGreaterThan(before.length)
  await settle(h)
  compare(h)
  checkJournal(h)
})
