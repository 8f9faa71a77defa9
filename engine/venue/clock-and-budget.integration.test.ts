/** Clock and rate budget of the adapter against the real simulator. */
import { afterEach, describe, expect, it } from 'vitest'
import { bench, endVenues, limitOrder } from './fixtures/simulated-venue.ts'

afterEach(endVenues)

const ORDER = 'POST /fapi/v1/order'

describe('clock', () => {
  it.each([3_600_000, -3_600_000, 30_000, -30_000])(
    'the venue clock jumps by %i ms: one resync, then the request goes through',
    async (jump) => {
      const { sim, api, venue } = await bench()
      expect((await api.place(limitOrder())).ok).toBe(true)
      sim.fault({ on: 'time', effect: { do: 'clockJump', ms: jump } })
      await new Promise((resolve) => setTimeout(resolve, 50))
      expect((await api.place(limitOrder())).ok).toBe(true)
      expect(Math.abs(venue.clock.nowMs() - sim.serverTime())).toBeLessThan(500)
      expect(sim.account().orders).toBe(2)
    },
  )

  it('-1021 for ever does not loop', async () => {
    const { sim, api, venue } = await bench()
    const refuse = { do: 'refuse', status: 400, code: -1021, msg: 'Timestamp for this request is outside of the recvWindow.' }
    sim.fault({ on: 'request', path: ORDER, times: 100, effect: refuse })
    await api.balances()
    const before = venue.metrics().requests
    expect(await api.place(limitOrder())).toMatchObject({ ok: false, error: { code: 'clock', venueCode: -1021 } })
    expect(venue.metrics().requests - before).toBe(7)
  })

  it.each([60, 1_000])('a venue %i times as fast accepts signed requests', async (speed) => {
    const { api } = await bench({ speed })
    for (let n = 0; n < 5; n += 1) {
      expect((await api.balances()).ok).toBe(true)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  })
})

describe('rate budget', () => {
  it('follows the header, tells the others, and stops on 418 but for the kill lane', async () => {
    const { sim, api, venue, budgets } = await bench()
    await api.openOrders()
    expect(venue.metrics().usedWeight).toBeGreaterThanOrEqual(80)
    expect(budgets.at(-1)?.usedWeight).toBe(venue.metrics().usedWeight)
    sim.fault({ on: 'request', path: 'GET /fapi/v3/account', effect: { do: 'ban', ms: 60_000 } })
    expect(await api.balances()).toMatchObject({ ok: false, error: { code: 'banned' } })
    expect(venue.metrics().bannedUntil).toBeGreaterThan(sim.serverTime())
    expect(budgets.at(-1)?.bannedUntil).toBe(venue.metrics().bannedUntil)
    const { requests } = venue.metrics()
    expect(await api.place(limitOrder())).toMatchObject({ ok: false, error: { code: 'banned' } })
    expect(await api.cancelAll('BTCUSDT')).toMatchObject({ ok: false, error: { code: 'banned' } })
    expect(venue.metrics().requests).toBe(requests)
    await api.cancelAll('BTCUSDT', 'kill')
    expect(venue.metrics().requests).toBe(requests + 2)
  })

  it('kills even when the venue never told its time', async () => {
    const { sim, api } = await bench()
    sim.fault({ on: 'request', path: 'GET /fapi/v1/time', times: 1_000, effect: { do: 'unavailable' } })
    expect(await api.balances()).toMatchObject({ ok: false, error: { code: 'notSent' } })
    expect(await api.cancelAll('BTCUSDT', 'kill')).toEqual({ ok: true, value: undefined })
  })

  it('shares what another process saw', async () => {
    const { api, venue, sim } = await bench()
    await api.balances()
    const minute = Math.floor(venue.clock.nowMs() / 60_000)
    venue.observeBudget({ source: 'feed', usedWeight: 2_150, minute, bannedUntil: 0 })
    expect(await api.place(limitOrder())).toMatchObject({ ok: false, error: { code: 'throttled' } })
    expect(sim.account().orders).toBe(0)
    expect(await api.cancelAll('BTCUSDT')).toMatchObject({ ok: true })
  })

  it('a full start-up of the account side stays far below a fifth of the budget', async () => {
    const { api, venue } = await bench()
    await venue.public.symbols()
    await venue.clock.sync()
    await api.snapshot()
    await api.hedgeMode()
    await api.leverageTiers()
    await api.commission('BTCUSDT')
    await api.fills('BTCUSDT', {})
    expect(venue.metrics().usedWeight).toBeLessThanOrEqual(0.2 * 2_400)
  })

  it('never lets reads stand in the way of a cancel', async () => {
    const { api } = await bench()
    const order = limitOrder()
    await api.place(order)
    const reads = Array.from({ length: 40 }, () => api.positions())
    const from = performance.now()
    const cancelled = await api.cancel('BTCUSDT', order.clientId, 'regular')
    const took = performance.now() - from
    await Promise.all(reads.slice(0, 3))
    expect(cancelled.ok).toBe(true)
    expect(took).toBeLessThan(900)
  })
})
