/** The adapter against the real simulator over real sockets: orders, every error row of audit C2.3, clock, budget, hosts. */
import { createHmac } from 'node:crypto'
import net from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BudgetObservation, LogLine } from '../contract/processes.ts'
import type { OrderRequest, PrivateVenue, VenueErrorCode } from '../contract/venue.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/server.ts'
import { createVenue, type Venue, type VenueOptions } from './index.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Bench {
  readonly sim: Simulator
  readonly venue: Venue
  readonly api: PrivateVenue
  readonly budgets: BudgetObservation[]
  readonly logs: LogLine[]
}

async function bench(options: SimulatorOptions = {}, venueOptions: Partial<VenueOptions> = {}): Promise<Bench> {
  const started = await startSimulator({ seed: 3, symbols: ['BTCUSDT'], ...options })
  if (!started.ok) throw new Error(started.error.message)
  const sim = started.value
  const budgets: BudgetObservation[] = []
  const logs: LogLine[] = []
  const venue = createVenue({
    endpoints: { rest: sim.rest, ws: sim.ws, rate: options.speed ?? 1, real: false },
    credentials: { key: sim.key, secret: sim.secret },
    source: 'brain',
    random: () => 0.5,
    timeoutMs: 1_000,
    onBudget: (one) => budgets.push(one),
    onLog: (line) => logs.push(line),
    ...venueOptions,
  })
  cleanups.push(
    () => sim.close(),
    () => venue.close(),
  )
  if (venue.private === undefined) throw new Error('a venue with credentials has a private half')
  return { sim, venue, api: venue.private, budgets, logs }
}

const text = (value: string): DecimalText => value as DecimalText
let made = 0
const limitOrder = (change: Partial<OrderRequest> = {}): OrderRequest => ({
  clientId: `t-${(made += 1)}`,
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  quantity: text('0.002'),
  price: text('63000.00'),
  timeInForce: 'GTC',
  ...change,
})
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
    expect(open.ok && open.value.map((order) => [order.book, order.clientId]).sort()).toEqual([
      ['algo', stop.clientId],
      ['regular', limit.clientId],
    ])
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

describe('key and hosts', () => {
  it('tells what the key may do', async () => {
    const { api } = await bench()
    expect(await api.keyPermissions()).toEqual({ ok: true, value: { canTrade: true, canWithdraw: false, ipRestricted: true } })
  })

  it.each([{ withdraw: true }, { transfer: true }])('sees a key that can move money away: %o', async (permissions) => {
    const { api } = await bench({ permissions })
    expect(await api.keyPermissions()).toMatchObject({ ok: true, value: { canWithdraw: true } })
  })

  it('sees a key that only reads', async () => {
    const { api } = await bench({ permissions: { trade: false } })
    expect(await api.keyPermissions()).toMatchObject({ ok: true, value: { canTrade: false } })
    expect(await api.place(limitOrder())).toMatchObject({ ok: false, error: { code: 'auth' } })
    expect((await api.snapshot()).ok).toBe(true)
  })

  it('says unknown where the venue cannot tell', async () => {
    const { sim, api } = await bench()
    sim.fault({
      on: 'request',
      path: 'GET /sapi/v1/account/apiRestrictions',
      effect: { do: 'refuse', status: 404, code: -5000, msg: 'Path is invalid' },
    })
    expect(await api.keyPermissions()).toMatchObject({
      ok: true,
      value: { canTrade: true, canWithdraw: 'unknown', ipRestricted: 'unknown' },
    })
  })

  it('a wrong key and a wrong secret are auth errors', async () => {
    const { sim } = await bench()
    for (const credentials of [
      { key: 'x'.repeat(64), secret: sim.secret },
      { key: sim.key, secret: 'wrong' },
    ]) {
      const venue = createVenue({
        endpoints: { rest: sim.rest, ws: sim.ws, rate: 1, real: false },
        credentials,
        source: 'brain',
        random: () => 0.5,
      })
      cleanups.push(() => venue.close())
      expect(await venue.private?.balances()).toMatchObject({ ok: false, error: { code: 'auth' } })
    }
  })

  it('contacts the simulator and nothing else in a whole session', async () => {
    const asked = new Set<string>()
    const connect = net.Socket.prototype.connect
    net.Socket.prototype.connect = function guarded(this: net.Socket, ...args: unknown[]): net.Socket {
      const flat = args
        .flat(2)
        .find((one): one is { host?: string; port?: number } => typeof one === 'object' && one !== null && 'port' in one)
      asked.add(`${flat?.host}:${flat?.port}`)
      return Reflect.apply(connect, this, args)
    }
    cleanups.push(() => void (net.Socket.prototype.connect = connect))
    const { sim, api, venue } = await bench()
    await venue.userStream?.start()
    await venue.public.symbols()
    await api.snapshot()
    await api.place(limitOrder())
    await api.keyPermissions()
    await api.leverageTiers()
    const { hostname, port } = new URL(sim.rest)
    expect([...asked]).toEqual([`${hostname}:${port}`])
  })

  it('every signed request carries recvWindow=5000, a venue timestamp and a signature over exactly what was sent', async () => {
    const seen: { method: string; url: string; body: string; at: number }[] = []
    const { sim } = await bench()
    const proxy = await import('node:http').then(
      ({ createServer, request }) =>
        new Promise<import('node:http').Server>((resolve) => {
          const server = createServer((incoming, answer) => {
            const parts: Buffer[] = []
            incoming.on('data', (part: Buffer) => parts.push(part))
            incoming.on('end', () => {
              const body = Buffer.concat(parts).toString()
              seen.push({ method: incoming.method ?? '', url: incoming.url ?? '', body, at: sim.serverTime() })
              const onward = request(`${sim.rest}${incoming.url}`, { method: incoming.method, headers: incoming.headers }, (reply) => {
                answer.writeHead(reply.statusCode ?? 500, reply.headers)
                reply.pipe(answer)
              })
              onward.end(body)
            })
          }).listen(0, '127.0.0.1', () => resolve(server))
        }),
    )
    cleanups.push(() => void proxy.close())
    const address = proxy.address()
    if (address === null || typeof address === 'string') throw new Error('no address')
    const venue = createVenue({
      endpoints: { rest: `http://127.0.0.1:${address.port}`, ws: sim.ws, rate: 1, real: false },
      credentials: { key: sim.key, secret: sim.secret },
      source: 'brain',
      random: () => 0.5,
    })
    cleanups.push(() => venue.close())
    const api = venue.private
    expect((await api?.place(limitOrder()))?.ok).toBe(true)
    expect((await api?.placeBatch([limitOrder(), limitOrder()]))?.ok).toBe(true)
    expect((await api?.snapshot())?.ok).toBe(true)
    expect((await api?.cancelAll('BTCUSDT'))?.ok).toBe(true)
    const signed = seen.filter(({ url, body }) => `${url}${body}`.includes('signature='))
    expect(signed.length).toBe(8)
    for (const { url, body, at } of signed) {
      const payload = (url.split('?')[1] ?? '') + body
      const [unsigned = '', signature] = payload.split('&signature=')
      expect(createHmac('sha256', sim.secret).update(unsigned).digest('hex')).toBe(signature)
      const query = new URLSearchParams(unsigned)
      expect(query.get('recvWindow')).toBe('5000')
      expect(Math.abs(Number(query.get('timestamp')) - at)).toBeLessThan(500)
    }
    expect(seen.every(({ url, body }) => !`${url}${body}`.includes(sim.secret))).toBe(true)
  })
})
