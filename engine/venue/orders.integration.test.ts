/** Orders through the adapter against the real simulator, and what each failure proves (every row of audit C2.3). */
import { afterEach, describe, expect, it } from 'vitest'
import type { VenueErrorCode } from '../contract/venue.ts'
import { bench, endVenues, limitOrder, text } from './fixtures/simulated-venue.ts'

afterEach(endVenues)

const ORDER = 'POST /fapi/v1/order'

describe('orders', () => {
  it('places, finds, lists and cancels in both books, every amount as text', async () => {
    const { api } = await bench()
    const limit = limitOrder()
    const placed = await api.place(limit)
    expect(placed).toMatchObject({
      ok: true,
      value: { book: 'regular', clientId: limit.clientId, status: 'NEW', price: '63000.00', quantity: '0.002' },
    })
    const stop = limitOrder({ type: 'STOP_MARKET', side: 'SELL', triggerPrice: text('60000.00'), reduceOnly: true })
    const { price: _, timeInForce: __, ...rest } = stop
    const conditional = await api.place(rest)
    expect(conditional).toMatchObject({
      ok: true,
      value: { book: 'algo', clientId: stop.clientId, type: 'STOP_MARKET', triggerPrice: '60000.00' },
    })
    const open = await api.openOrders('BTCUSDT')
    expect(open.ok && new Map(open.value.map((order) => [order.book, order.clientId]))).toEqual(
      new Map([
        ['algo', stop.clientId],
        ['regular', limit.clientId],
      ]),
    )
    expect(await api.order('BTCUSDT', limit.clientId, 'regular')).toMatchObject({ ok: true, value: { status: 'NEW' } })
    expect(await api.order('BTCUSDT', stop.clientId, 'algo')).toMatchObject({ ok: true, value: { status: 'NEW' } })
    expect(await api.cancel('BTCUSDT', limit.clientId, 'regular')).toMatchObject({ ok: true, value: { status: 'CANCELED' } })
    expect(await api.cancel('BTCUSDT', limit.clientId, 'regular')).toMatchObject({
      ok: false,
      error: { code: 'notFound', venueCode: -2011 },
    })
    expect(await api.cancelAll('BTCUSDT')).toEqual({ ok: true, value: undefined })
    expect(await api.openOrders()).toEqual({ ok: true, value: [] })
  })

  it('a market order fills; fills, position, balance and income tell the same story', async () => {
    const { api } = await bench()
    const { price: _, timeInForce: __, ...market } = limitOrder({ type: 'MARKET' })
    expect(await api.place(market)).toMatchObject({ ok: true, value: { status: 'FILLED', executed: '0.002' } })
    const fills = await api.fills('BTCUSDT', {})
    expect(fills.ok && fills.value.reduce((sum, fill) => sum + Number(fill.quantity), 0)).toBeCloseTo(0.002, 12)
    const snapshot = await api.snapshot()
    expect(snapshot).toMatchObject({
      ok: true,
      value: { positions: [{ symbol: 'BTCUSDT', quantity: '0.002', marginType: 'cross' }], openOrders: [] },
    })
    const income = await api.income({ type: 'COMMISSION' })
    expect(income.ok && fills.ok && income.value[0]?.tradeId).toBe(fills.ok ? fills.value[0]?.tradeId : '')
    const first = fills.ok ? fills.value[0]?.tradeId : undefined
    if (first === undefined) throw new Error('a fill')
    const from = await api.fills('BTCUSDT', { fromTradeId: first, limit: 1 })
    expect(from.ok && from.value[0]?.tradeId).toBe(first)
  })

  it('a client id with every allowed character is signed, sent and found unchanged', async () => {
    const { api } = await bench()
    const clientId = 'A:z/0.9_b-C:/.'
    expect(await api.place(limitOrder({ clientId }))).toMatchObject({ ok: true, value: { clientId } })
    expect(await api.order('BTCUSDT', clientId, 'regular')).toMatchObject({ ok: true, value: { clientId } })
    const batch = await api.placeBatch([limitOrder({ clientId: 'B:/x' }), limitOrder({ clientId: 'B:/y' })])
    expect(batch.ok && batch.value.map((one) => one.ok && one.value.clientId)).toEqual(['B:/x', 'B:/y'])
  })

  it('a batch answers order by order', async () => {
    const { api } = await bench()
    const orders = [
      limitOrder(),
      limitOrder({ quantity: text('0.0001') }),
      limitOrder({ price: text('62000.05') }),
      ...Array.from({ length: 4 }, () => limitOrder()),
      { ...limitOrder({ type: 'STOP_MARKET', side: 'SELL', triggerPrice: text('60000.00') }) },
    ].map((order) => {
      if (order.type !== 'STOP_MARKET') return order
      const { price: _, timeInForce: __, ...rest } = order
      return rest
    })
    const answer = await api.placeBatch(orders)
    if (!answer.ok) throw new Error(answer.error.message)
    expect(answer.value.map((one) => (one.ok ? one.value.clientId : one.error.code))).toEqual(
      orders.map((order, n) => (n === 1 || n === 2 ? 'rejected' : order.clientId)),
    )
    expect(answer.value[7]).toMatchObject({ value: { book: 'algo' } })
  })

  it('amends price and quantity of a resting order; what is refused names its code', async () => {
    const { api } = await bench()
    const order = limitOrder()
    const { clientId, symbol, side } = order
    expect((await api.place(order)).ok).toBe(true)
    const terms = { clientId, symbol, side, price: text('62999.90'), quantity: text('0.003') }
    expect(await api.amend(terms)).toMatchObject({ ok: true, value: { clientId, status: 'NEW', price: '62999.90', quantity: '0.003' } })
    expect(await api.order(symbol, clientId, 'regular')).toMatchObject({ value: { price: '62999.90', quantity: '0.003' } })
    expect(await api.amend(terms)).toMatchObject({ ok: false, error: { code: 'rejected', venueCode: -5027 } })
    expect(await api.amend({ ...terms, price: text('62999.95') })).toMatchObject({
      ok: false,
      error: { code: 'rejected', venueCode: -4014 },
    })
    expect(await api.amend({ ...terms, clientId: 'nobody' })).toMatchObject({ ok: false, error: { code: 'notFound', venueCode: -2013 } })
  })

  it('the 10,001st amendment of one order is refused with -5026 and changes nothing', async () => {
    const { sim, api } = await bench()
    const order = limitOrder()
    const { clientId, symbol, side } = order
    expect((await api.place(order)).ok).toBe(true)
    const effect = { do: 'refuse', status: 400, code: -5026, msg: 'Exceed maximum modify order limit.' }
    expect(sim.fault({ on: 'request', path: 'PUT /fapi/v1/order', effect }).ok).toBe(true)
    const refused = await api.amend({ clientId, symbol, side, price: text('62000.00'), quantity: text('0.002') })
    expect(refused).toMatchObject({ ok: false, error: { code: 'rejected', venueCode: -5026 } })
    expect(await api.order(symbol, clientId, 'regular')).toMatchObject({ value: { price: '63000.00' } })
  })

  it('ids beyond 2^53 keep every digit through REST', async () => {
    const { sim, api } = await bench()
    sim.fault({ on: 'time', effect: { do: 'market', fault: { kind: 'ids', from: '9007199254740993' } } })
    const order = limitOrder()
    const placed = await api.place(order)
    if (!placed.ok) throw new Error(placed.error.message)
    expect(BigInt(placed.value.orderId) >= 9_007_199_254_740_993n).toBe(true)
    expect(await api.order('BTCUSDT', order.clientId, 'regular')).toMatchObject({ value: { orderId: placed.value.orderId } })
  })
})

describe('what a failure proves', () => {
  const rows: readonly (readonly [name: string, effect: object, code: VenueErrorCode, executed: boolean])[] = [
    ['503 unknown, executed', { do: 'unknown', executed: true }, 'ambiguous', true],
    ['503 unknown, not executed', { do: 'unknown', executed: false }, 'ambiguous', false],
    ['408, executed', { do: 'timeout', executed: true }, 'ambiguous', true],
    ['408, not executed', { do: 'timeout', executed: false }, 'ambiguous', false],
    ['503 unavailable', { do: 'unavailable' }, 'unavailable', false],
    ['503 throttled', { do: 'throttled' }, 'throttled', false],
    ['503 internal', { do: 'internal' }, 'unavailable', false],
    ['502 html', { do: 'html' }, 'ambiguous', false],
    ['hang, executed', { do: 'hang', executed: true }, 'ambiguous', true],
    ['hang, not executed', { do: 'hang', executed: false }, 'ambiguous', false],
    ['reset, executed', { do: 'reset', executed: true }, 'ambiguous', true],
    ['reset, not executed', { do: 'reset', executed: false }, 'ambiguous', false],
    ['slower than the deadline', { do: 'slow', ms: 2_000 }, 'ambiguous', true],
    ['half an answer', { do: 'truncated' }, 'ambiguous', true],
    ['garbage with 200', { do: 'garbage' }, 'ambiguous', true],
    ['-2019', { do: 'refuse', status: 400, code: -2019, msg: 'Margin is insufficient.' }, 'rejected', false],
    ['-2022', { do: 'refuse', status: 400, code: -2022, msg: 'ReduceOnly Order is rejected.' }, 'rejected', false],
    ['-4164', { do: 'refuse', status: 400, code: -4164, msg: "Order's notional must be no smaller than 50." }, 'rejected', false],
    ['-1022', { do: 'refuse', status: 400, code: -1022, msg: 'Signature for this request is not valid.' }, 'auth', false],
    ['-2015', { do: 'refuse', status: 401, code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' }, 'auth', false],
    [
      '-1015',
      { do: 'refuse', status: 429, code: -1015, msg: 'Too many new orders; current limit is 300 orders per 10s.' },
      'throttled',
      false,
    ],
    [
      '-5028',
      { do: 'refuse', status: 400, code: -5028, msg: 'Timestamp for this request is outside of the ME recvWindow.' },
      'clock',
      false,
    ],
    ['429 with Retry-After', { do: 'rateLimited', retryAfterSeconds: 1 }, 'throttled', false],
    ['429 without', { do: 'rateLimited' }, 'throttled', false],
    ['418', { do: 'ban', ms: 60_000 }, 'banned', false],
  ]
  it.each(rows)(
    '%s: %o is %s',
    async (_name, effect, code, executed) => {
      const { sim, api } = await bench()
      expect(sim.fault({ on: 'request', path: ORDER, effect }).ok).toBe(true)
      const order = limitOrder()
      const before = sim.account().orders
      const answer = await api.place(order)
      expect(answer).toMatchObject({ ok: false, error: { code } })
      if (!executed) await new Promise((resolve) => setTimeout(resolve, 20))
      /* exactly the one request: nothing was blindly re-sent */
      expect(sim.account().orders - before).toBe(executed ? 1 : 0)
      if (code === 'banned' || code === 'throttled') return
      const found = await api.order('BTCUSDT', order.clientId, 'regular')
      if (executed) expect(found).toMatchObject({ ok: true, value: { clientId: order.clientId, status: 'NEW' } })
      else expect(found).toMatchObject({ ok: false, error: { code: 'notFound', venueCode: -2013 } })
    },
    15_000,
  )

  it('nobody listening: not sent, which is proof', async () => {
    const { sim, api } = await bench()
    expect((await api.balances()).ok).toBe(true)
    await sim.close()
    const order = await api.place(limitOrder())
    /* a kept-alive connection may die under the request: then nothing is proved; the next one finds no listener */
    if (!order.ok) expect(['notSent', 'ambiguous']).toContain(order.error.code)
    expect(await api.place(limitOrder())).toMatchObject({ ok: false, error: { code: 'notSent' } })
  })

  it('a cancel that was lost is unresolved, and the order is then looked up', async () => {
    const { sim, api } = await bench()
    const order = limitOrder()
    expect((await api.place(order)).ok).toBe(true)
    sim.fault({ on: 'request', path: 'DELETE /fapi/v1/order', effect: { do: 'reset', executed: true } })
    expect(await api.cancel('BTCUSDT', order.clientId, 'regular')).toMatchObject({ ok: false, error: { code: 'ambiguous' } })
    expect(await api.order('BTCUSDT', order.clientId, 'regular')).toMatchObject({ ok: true, value: { status: 'CANCELED' } })
  })

  it('an amendment that was lost is unresolved, and the look-up tells its terms', async () => {
    for (const executed of [true, false]) {
      const { sim, api } = await bench()
      const order = limitOrder()
      const { clientId, symbol, side } = order
      expect((await api.place(order)).ok).toBe(true)
      sim.fault({ on: 'request', path: 'PUT /fapi/v1/order', effect: { do: 'unknown', executed } })
      const lost = await api.amend({ clientId, symbol, side, price: text('62000.00'), quantity: text('0.002') })
      expect(lost).toMatchObject({ ok: false, error: { code: 'ambiguous' } })
      expect(await api.order(symbol, clientId, 'regular')).toMatchObject({ value: { price: executed ? '62000.00' : '63000.00' } })
    }
  })

  it('a read that cannot be understood is malformed, never empty', async () => {
    const { sim, api } = await bench()
    sim.fault({ on: 'request', path: 'GET /fapi/v3/positionRisk', effect: { do: 'garbage' } })
    expect(await api.positions()).toMatchObject({ ok: false, error: { code: 'malformed' } })
    sim.fault({ on: 'request', path: 'GET /fapi/v1/openAlgoOrders', effect: { do: 'unavailable' } })
    expect(await api.openOrders()).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    sim.fault({ on: 'request', path: 'GET /fapi/v3/account', effect: { do: 'html' } })
    expect(await api.snapshot()).toMatchObject({ ok: false, error: { code: 'ambiguous' } })
  })
})
