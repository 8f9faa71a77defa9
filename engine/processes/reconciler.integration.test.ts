/** The real reconciler process over the real simulator: planted differences, failing REST, the kill switch's hands. */
import { afterEach, describe, expect, it } from 'vitest'
import type { BookCopy } from '../contract/mismatch.ts'
import type { OrderRequest } from '../contract/venue.ts'
import { must, startHarness, text, type Harness } from './fixtures/reconciler-harness.ts'

let harness: Harness
afterEach(async () => {
  await harness.close()
})

let counter = 0
const id = (role: 'e' | 's'): string => `testtest-BTCUSDT-${role}${(++counter).toString(36)}`
const market = (side: 'BUY' | 'SELL', quantity: string, more: Partial<OrderRequest> = {}): OrderRequest => ({
  clientId: id('e'),
  symbol: 'BTCUSDT',
  side,
  positionSide: 'BOTH',
  type: 'MARKET',
  quantity: text(quantity),
  ...more,
})
async function deepBelow(symbol: string, fraction: number): Promise<string> {
  const marks = must(await harness.venue.public.markPrices())
  const mark = Number(marks.find((m) => m.symbol === symbol)?.mark)
  const filters = must(await harness.venue.public.symbols()).find((f) => f.symbol === symbol)
  const tick = Number(filters?.tickSize)
  return (Math.floor((mark * fraction) / tick) * tick).toFixed(filters?.pricePrecision)
}
const kinds = async (reason: 'manual' | 'start' = 'manual') => {
  const report = must(await harness.reconciler.call('reconcile', { reason }, 30_000))
  return { report, open: report.mismatches.filter((m) => m.state === 'open').map((m) => m.kind) }
}

describe('reconciler over the simulator', () => {
  it('equal books: conclusive and nothing found', async () => {
    harness = await startHarness()
    must(await harness.venue.private.place(market('BUY', '0.1')))
    harness.journalFills(must(await harness.venue.private.fills('BTCUSDT', {})))
    harness.book = await harness.honestBook()
    const { report, open } = await kinds('start')
    expect({ conclusive: report.conclusive, open, error: report.error }).toEqual({ conclusive: true, open: [], error: undefined })
    expect(report.compared.positions).toBe(1)
  })

  it('P1: a fill the stream never delivered is found, booked by repair, and closed with proof', async () => {
    harness = await startHarness()
    harness.book = await harness.honestBook()
    must(await harness.venue.private.place(market('BUY', '0.1')))
    const fills = must(await harness.venue.private.fills('BTCUSDT', {}))
    harness.journal.append(
      'request-outcome',
      {
        action: 'place',
        clientId: 'x',
        outcome: 'found',
        order: must(await harness.venue.private.order('BTCUSDT', `testtest-BTCUSDT-e${counter.toString(36)}`, 'regular')),
      },
      Date.now(),
    )
    const { report } = await kinds()
    expect(harness.repairs.map((r) => r.kind)).toContain('book-fill')
    expect(report.mismatches.map((m) => m.kind)).toContain('missing-fill')
    harness.journalFills(fills)
    harness.book = await harness.honestBook()
    const { report: after, open } = await kinds()
    expect(after.error).toBeUndefined()
    expect(open).toEqual([])
    expect(after.mismatches.filter((m) => m.kind === 'missing-fill').every((m) => m.state === 'fixed' && m.proof !== undefined)).toBe(true)
  })

  it('P1 INV-05 REST failing: inconclusive, nothing concluded, never flat', async () => {
    harness = await startHarness()
    must(await harness.venue.private.place(market('BUY', '0.1')))
    harness.journalFills(must(await harness.venue.private.fills('BTCUSDT', {})))
    harness.book = await harness.honestBook()
    must(
      harness.simulator.fault({ on: 'request', path: 'GET /fapi/v3/positionRisk', times: 100, effect: { do: 'unknown', executed: false } }),
    )
    const { report, open } = await kinds()
    expect({ conclusive: report.conclusive, open, repairs: harness.repairs }).toEqual({ conclusive: false, open: [], repairs: [] })
    const flat = must(await harness.reconciler.call('confirmFlat', null, 20_000))
    expect(flat.flat).toBe(false)
    expect(flat.error).not.toBeNull()
  })

  it('planted differences are all found, typed and priced', async () => {
    harness = await startHarness({ symbols: ['BTCUSDT', 'ETHUSDT'] })
    must(await harness.venue.private.place(market('BUY', '0.1')))
    harness.journalFills(must(await harness.venue.private.fills('BTCUSDT', {})))
    must(
      await harness.venue.private.place({
        ...market('BUY', '0.01'),
        clientId: 'by-hand-1',
        type: 'LIMIT',
        price: text(await deepBelow('BTCUSDT', 0.97)),
        timeInForce: 'GTC',
      }),
    )
    const honest = await harness.honestBook()
    const mine = honest.positions[0]
    if (mine === undefined) throw new Error('no position')
    const lost = { ...honest.openOrders[0], clientId: id('e'), state: 'Open', createdAt: 0, updatedAt: 0 } as BookCopy['openOrders'][number]
    harness.book = {
      ...honest,
      wallet: text((Number(honest.wallet) + 3).toString()),
      positions: [
        { ...mine, quantity: text('0.15'), wantsStop: true },
        { ...mine, symbol: 'ETHUSDT', quantity: text('2'), averageEntry: text('2000') },
      ],
      openOrders: [lost],
    }
    await new Promise((resolve) => setTimeout(resolve, 5_200))
    const { report, open } = await kinds()
    expect(report.conclusive).toBe(true)
    expect([...open].sort()).toEqual(['balance-drift', 'foreign-order', 'ghost-position', 'lost-order', 'missing-stop', 'quantity'])
    expect(report.mismatches.every((m) => Number(m.atRisk) >= 0 && m.evidence !== undefined)).toBe(true)
    expect(harness.repairs.map((r) => r.kind).sort()).toContain('drop-order')
    expect(harness.halts.length).toBeGreaterThan(0)
  })
})

describe('differences that pass, and those the trader decides', () => {
  it('an event that is on its way is no mismatch: what the second look no longer shows is not reported', async () => {
    harness = await startHarness()
    const before = await harness.honestBook()
    must(await harness.venue.private.place(market('BUY', '0.1')))
    harness.journalFills(must(await harness.venue.private.fills('BTCUSDT', {})))
    const after = { ...(await harness.honestBook()), revision: 2 }
    let asked = 0
    harness.book = () => (++asked <= 2 ? before : after)
    const { report } = await kinds()
    expect({ conclusive: report.conclusive, mismatches: report.mismatches, halts: harness.halts }).toEqual({
      conclusive: true,
      mismatches: [],
      halts: [],
    })
    expect(asked).toBeGreaterThan(2)
  })

  it('P1: a position opened by hand: ignored, adopted or flattened as the trader says, never by itself', async () => {
    harness = await startHarness()
    harness.book = await harness.honestBook()
    must(await harness.venue.private.place({ ...market('BUY', '0.1'), clientId: 'by-hand' }))
    const { open } = await kinds()
    expect(open).toContain('unknown-position')
    expect(harness.repairs).toEqual([])
    expect(harness.halts.length).toBe(1)
    const id = 'unknown-position:BTCUSDT:BOTH'
    const resolve = async (action: 'ignore' | 'adopt' | 'flatten' | 'repair') =>
      must(await harness.reconciler.call('resolve', { id, action, reason: 'test' }, 30_000))
    expect(await resolve('repair')).toMatchObject({ done: false })
    expect(await resolve('ignore')).toMatchObject({ done: true })
    expect((await kinds()).open).not.toContain('unknown-position')
    expect(await resolve('adopt')).toMatchObject({ done: true })
    expect(harness.repairs.map((r) => r.kind)).toEqual(['adopt-position', 'set-wallet'])
    expect(await resolve('flatten')).toMatchObject({ done: true, text: 'BTCUSDT closed, confirmed by REST' })
    expect(must(await harness.venue.private.positions('kill'))).toEqual([])
  })

  it('P1: an order that was amended by hand is a mismatch of its own with both sides, repaired by taking the venue’s terms', async () => {
    harness = await startHarness()
    const price = text(await deepBelow('BTCUSDT', 0.97))
    const order = { ...market('BUY', '0.01'), type: 'LIMIT' as const, price, timeInForce: 'GTC' as const }
    must(await harness.venue.private.place(order))
    const book = await harness.honestBook()
    harness.book = book
    const { clientId, symbol, side } = order
    must(await harness.venue.private.amend({ clientId, symbol, side, price, quantity: text('0.03') }))
    await new Promise((resolve) => setTimeout(resolve, 5_200))
    const { report } = await kinds()
    const [found] = report.mismatches
    expect(found).toMatchObject({ kind: 'order-terms', severity: 'warn', local: 'quantity 0.010', venue: 'quantity 0.030' })
    expect(found?.evidence).toMatchObject({ local: { quantity: '0.010' }, venue: { quantity: '0.030' } })
    expect(harness.repairs).toMatchObject([{ kind: 'take-terms', clientId, venue: { quantity: '0.030' } }])
    // A brain that took them closes it with the next look as proof.
    harness.book = await harness.honestBook()
    const { open } = await kinds()
    expect(open).toEqual([])
  })

  it('the brain is down: inconclusive, with the reason; nothing is concluded', async () => {
    harness = await startHarness()
    harness.book = null
    const { report } = await kinds()
    expect({ conclusive: report.conclusive, error: report.error, mismatches: report.mismatches }).toEqual({
      conclusive: false,
      error: 'the brain is down',
      mismatches: [],
    })
  })
})

describe("dead-man's switch", () => {
  it('we vanish (kill -9): the venue cancels our orders by itself', async () => {
    harness = await startHarness({ deadManMs: 3_000 })
    must(
      await harness.venue.private.place({
        ...market('BUY', '0.01'),
        type: 'LIMIT',
        price: text(await deepBelow('BTCUSDT', 0.97)),
        timeInForce: 'GTC',
      }),
    )
    harness.book = await harness.honestBook()
    await kinds()
    while (!harness.deadMan.some((state) => state.armed)) await new Promise((resolve) => setTimeout(resolve, 50))
    await new Promise((resolve) => setTimeout(resolve, 3_500))
    // Longer than the countdown: it was wound up again meanwhile.
    expect(must(await harness.venue.private.openOrders('BTCUSDT', 'kill')).length).toBe(1)
    harness.child.kill('SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 4_500))
    expect(must(await harness.venue.private.openOrders('BTCUSDT', 'kill'))).toEqual([])
  })
})

describe('kill switch', () => {
  const plantOrders = async (count: number) => {
    must(await harness.venue.private.place(market('BUY', '0.1')))
    const price = text(await deepBelow('BTCUSDT', 0.97))
    for (let i = 0; i < count; i++) {
      must(await harness.venue.private.place({ ...market('BUY', '0.01'), type: 'LIMIT', price, timeInForce: 'GTC' }))
    }
  }

  it('P7: kill -9 of its hands at a step: a fresh process carries on from the venue to flat', async () => {
    harness = await startHarness()
    await plantOrders(10)
    // The first answer is slow, so that it dies with requests on the wire.
    must(harness.simulator.fault({ on: 'request', path: 'DELETE /fapi/v1/allOpenOrders', effect: { do: 'slow', ms: 2_000 } }))
    const lost = harness.reconciler.call('kill', { level: 'flatten', reason: 'test' }, 30_000)
    while (harness.kills.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    harness.child.kill('SIGKILL')
    expect(await lost).toMatchObject({ ok: false, error: { code: 'closed' } })
    await harness.respawn()
    const state = must(await harness.reconciler.call('kill', { level: 'flatten', reason: 'carried on' }, 60_000))
    expect({ confirmed: state.confirmedAt !== undefined, stillOpen: state.stillOpen }).toEqual({
      confirmed: true,
      stillOpen: { orders: 0, positions: [] },
    })
    const after = must(await harness.venue.private.snapshot('kill'))
    expect([after.openOrders.length, after.positions.length]).toEqual([0, 0])
  })

  it('P7: uncertain is never shown as done: lost answers and failing views, then confirmed', async () => {
    harness = await startHarness()
    await plantOrders(5)
    const fault = (path: string, effect: object, when: object = {}) =>
      must(harness.simulator.fault({ on: 'request', path, ...when, effect }))
    fault('DELETE /fapi/v1/allOpenOrders', { do: 'unknown', executed: false }, { times: 2 })
    fault('POST /fapi/v1/order', { do: 'timeout', executed: true })
    fault('GET /fapi/v3/positionRisk', { do: 'reset', executed: false }, { nth: 2, times: 2 })
    const state = must(await harness.reconciler.call('kill', { level: 'flatten', reason: 'test' }, 60_000))
    const seen = new Set(harness.kills.flat().map((item) => item.outcome))
    expect([...seen].sort()).toEqual(['confirmed', 'pending', 'uncertain'])
    expect(state.items.every((item) => item.outcome === 'confirmed')).toBe(true)
    // The order whose answer was lost had been executed: nothing was closed twice, nothing turned round.
    const truth = harness.simulator.account()
    expect([truth.openOrders, truth.positions]).toEqual([0, []])
  })

  it('P7: flatten with 50 orders and 10 positions: every item confirmed, flat by REST, the brain dead', async () => {
    const symbols = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'XRPUSDT', 'BCHUSDT', 'LTCUSDT', 'TRXUSDT', 'BNBUSDT', 'DOGEUSDT', 'ADAUSDT']
    harness = await startHarness({ symbols })
    const filters = must(await harness.venue.public.symbols())
    const marks = must(await harness.venue.public.markPrices())
    for (const symbol of symbols) {
      const f = filters.find((one) => one.symbol === symbol)
      const mark = Number(marks.find((m) => m.symbol === symbol)?.mark)
      const step = Number(f?.stepSize)
      const quantity = (Math.ceil(300 / mark / step) * step).toFixed(f?.quantityPrecision)
      must(await harness.venue.private.place({ ...market('BUY', quantity), clientId: `testtest-${symbol}-e1`, symbol }))
      const price = text(await deepBelow(symbol, 0.97))
      const trigger = text(await deepBelow(symbol, 0.9))
      for (let i = 0; i < 4; i++) {
        must(
          await harness.venue.private.place({
            ...market('BUY', quantity),
            clientId: `testtest-${symbol}-e${i + 2}`,
            symbol,
            type: 'LIMIT',
            price,
            timeInForce: 'GTC',
          }),
        )
      }
      must(
        await harness.venue.private.place({
          clientId: `testtest-${symbol}-s1`,
          symbol,
          side: 'SELL',
          positionSide: 'BOTH',
          type: 'STOP_MARKET',
          triggerPrice: trigger,
          closePosition: true,
        }),
      )
    }
    const before = must(await harness.venue.private.snapshot('kill'))
    expect([before.openOrders.length, before.positions.length]).toEqual([50, 10])
    const state = must(await harness.reconciler.call('kill', { level: 'flatten', reason: 'test' }, 60_000))
    expect(state.confirmedAt).toBeDefined()
    expect(state.stillOpen).toEqual({ orders: 0, positions: [] })
    expect(state.items.length).toBe(61)
    expect(state.items.every((item) => item.outcome === 'confirmed')).toBe(true)
    const after = must(await harness.venue.private.snapshot('kill'))
    expect([after.openOrders.length, after.positions.length]).toEqual([0, 0])
    expect(must(await harness.reconciler.call('confirmFlat', null, 20_000))).toEqual({ flat: true, orders: 0, positions: 0, error: null })
    expect(must(harness.journal.rows({ kinds: ['kill-step'] })).length).toBeGreaterThan(2)
  })

  it('P7: a hedged account: long and short of one symbol are both closed, each by its own side', async () => {
    harness = await startHarness({ simulator: { hedge: true } })
    const long = market('BUY', '0.1', { positionSide: 'LONG' })
    must(await harness.venue.private.place(long))
    must(await harness.venue.private.place({ ...long, clientId: id('e'), side: 'SELL', positionSide: 'SHORT', quantity: text('0.05') }))
    must(
      await harness.venue.private.place({
        clientId: id('s'),
        symbol: 'BTCUSDT',
        side: 'SELL',
        positionSide: 'LONG',
        type: 'STOP_MARKET',
        triggerPrice: text(await deepBelow('BTCUSDT', 0.9)),
        closePosition: true,
      }),
    )
    const before = must(await harness.venue.private.snapshot('kill'))
    expect(before.positions.map((position) => `${position.positionSide} ${position.quantity}`).sort()).toEqual([
      'LONG 0.100',
      'SHORT -0.050',
    ])
    const state = must(await harness.reconciler.call('kill', { level: 'flatten', reason: 'test' }, 60_000))
    expect(state.stillOpen).toEqual({ orders: 0, positions: [] })
    const truth = harness.simulator.account()
    expect([truth.openOrders, truth.positions]).toEqual([0, []])
  })

  it('P7: reduceOnly cancels entries only; halt cancels regular and conditional orders and keeps positions', async () => {
    harness = await startHarness()
    must(await harness.venue.private.place(market('BUY', '0.1')))
    const stop = id('s')
    must(
      await harness.venue.private.place({
        clientId: stop,
        symbol: 'BTCUSDT',
        side: 'SELL',
        positionSide: 'BOTH',
        type: 'STOP_MARKET',
        triggerPrice: text(await deepBelow('BTCUSDT', 0.9)),
        closePosition: true,
      }),
    )
    must(
      await harness.venue.private.place({
        ...market('BUY', '0.01'),
        type: 'LIMIT',
        price: text(await deepBelow('BTCUSDT', 0.97)),
        timeInForce: 'GTC',
      }),
    )
    const reduce = must(await harness.reconciler.call('kill', { level: 'reduceOnly', reason: 'test' }, 60_000))
    expect(reduce.confirmedAt).toBeDefined()
    expect(must(await harness.venue.private.snapshot('kill')).openOrders.map((o) => o.clientId)).toEqual([stop])
    const halt = must(await harness.reconciler.call('kill', { level: 'halt', reason: 'test' }, 60_000))
    expect(halt.confirmedAt).toBeDefined()
    const after = must(await harness.venue.private.snapshot('kill'))
    expect([after.openOrders.length, after.positions.length]).toEqual([0, 1])
    expect(must(await harness.reconciler.call('confirmFlat', null, 20_000)).flat).toBe(false)
  })
})
