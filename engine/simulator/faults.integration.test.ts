/** Every kind of fault over real sockets, and whether the order behind it was executed or not. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { FaultPlan } from './protocol/faults.ts'
import { text } from './exchange.fixture.ts'
import { POISONS } from './protocol/poison.ts'
import { openSocket, publicGet, signed, type RawAccess, type RawReply, type RawSocket } from './protocol/raw-client.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from './server.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})
let simulator: Simulator
let access: RawAccess

async function start(options: SimulatorOptions = {}): Promise<void> {
  const started = await startSimulator({ seed: 5, preludeBars: 60, ...options })
  if (!started.ok) throw new Error(started.error.message)
  const made = started.value
  simulator = made
  access = { rest: made.rest, key: made.key, secret: made.secret, now: () => made.serverTime() }
  open.push(() => made.close())
}
const arm = (plan: FaultPlan): void => {
  const armed = simulator.fault(plan)
  if (!armed.ok) throw new Error(armed.error.message)
}
async function socket(path: string): Promise<RawSocket> {
  const made = await openSocket(simulator.ws + path)
  open.push(() => made.ws.terminate())
  return made
}
const buy = (id: string): Promise<RawReply> =>
  signed(access, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', newClientOrderId: id })
/** Whether an order of that client id exists at the venue. */
const exists = async (id: string): Promise<boolean> => {
  const { status, body } = await signed(access, 'GET', '/fapi/v1/order', { symbol: 'BTCUSDT', origClientOrderId: id })
  if (status !== 200) expect(body).toMatchObject({ code: -2013 })
  return status === 200
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const userSocket = async (): Promise<RawSocket> => {
  const response = await fetch(`${simulator.rest}/fapi/v1/listenKey`, { method: 'POST', headers: { 'X-MBX-APIKEY': simulator.key } })
  return socket(`/private/ws/${((await response.json()) as { listenKey: string }).listenKey}`)
}

describe('requests', () => {
  beforeEach(() => start())

  it.each([
    ['unknown, executed', { do: 'unknown', executed: true }, 503, -1000, true],
    ['unknown, not executed', { do: 'unknown', executed: false }, 503, -1000, false],
    ['timeout, executed', { do: 'timeout', executed: true }, 408, -1007, true],
    ['timeout, not executed', { do: 'timeout', executed: false }, 408, -1007, false],
    ['unavailable', { do: 'unavailable' }, 503, -1016, false],
    ['throttled', { do: 'throttled' }, 503, -1008, false],
    ['internal', { do: 'internal' }, 503, -1001, false],
    ['late at the matching engine', { do: 'late' }, 400, -5028, false],
    ['rate limited', { do: 'rateLimited', retryAfterSeconds: 7 }, 429, -1003, false],
    ['refused', { do: 'refuse', status: 400, code: -2019, msg: 'Margin is insufficient.' }, 400, -2019, false],
    ['ban', { do: 'ban', ms: 1 }, 418, -1003, false],
  ] as const)('%s', async (_name, effect, status, code, executed) => {
    arm({ on: 'request', path: 'POST /fapi/v1/order', effect })
    const reply = await buy('victim')
    expect(reply).toMatchObject({ status, body: { code } })
    await sleep(20)
    expect(await exists('victim')).toBe(executed)
    expect((await buy('next')).status).toBe(200)
  })

  it('hang, reset, truncated, garbage: no usable answer, executed as said', async () => {
    const noAnswer = async (effect: Extract<FaultPlan, { on: 'request' }>['effect'], id: string): Promise<void> => {
      arm({ on: 'request', path: 'POST /fapi/v1/order', effect })
      const outcome = await Promise.race([
        buy(id).then(
          (reply) => reply,
          () => 'broken' as const,
        ),
        sleep(400).then(() => 'silent' as const),
      ])
      expect(outcome === 'broken' || outcome === 'silent' || typeof outcome.body === 'string').toBe(true)
    }
    for (const executed of [true, false]) {
      await noAnswer({ do: 'hang', executed }, `hang-${executed}`)
      expect(await exists(`hang-${executed}`)).toBe(executed)
      await noAnswer({ do: 'reset', executed }, `reset-${executed}`)
      expect(await exists(`reset-${executed}`)).toBe(executed)
    }
    await noAnswer({ do: 'truncated' }, 'truncated')
    expect(await exists('truncated')).toBe(true)
    await noAnswer({ do: 'garbage' }, 'garbage')
    expect(await exists('garbage')).toBe(true)
    arm({ on: 'request', path: '*', effect: { do: 'html' } })
    expect(await publicGet(simulator.rest, '/fapi/v1/ping')).toMatchObject({ status: 502 })
  })

  it('a request held up on the way to the matching engine is refused there once its window has passed', async () => {
    const held = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01', recvWindow: 150 }
    for (const [ms, status] of [
      [50, 200],
      [300, 400],
    ] as const) {
      arm({ on: 'request', path: 'POST /fapi/v1/order', effect: { do: 'late', ms } })
      const arrived = simulator.exchange.now
      const reply = await signed(access, 'POST', '/fapi/v1/order', { ...held, newClientOrderId: `held-${ms}` })
      expect(reply.status).toBe(status)
      if (status === 400) expect(reply.body).toMatchObject({ code: -5028 })
      expect(simulator.exchange.now - arrived).toBeGreaterThanOrEqual(ms)
      expect(await exists(`held-${ms}`)).toBe(status === 200)
    }
  })

  it('system-level throttling exempts what reduces risk', async () => {
    expect((await buy('first')).status).toBe(200)
    arm({ on: 'request', path: '* /fapi/v1/order', times: 100, effect: { do: 'throttled' } })
    expect((await buy('second')).status).toBe(503)
    for (const reduceOnly of ['true', 'True']) {
      const close = { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.005', reduceOnly }
      expect((await signed(access, 'POST', '/fapi/v1/order', close)).status).toBe(200)
    }
  })

  it('strike the n-th call, a number of times, in a span of simulated time', async () => {
    arm({ on: 'request', path: 'GET /fapi/v1/ping', nth: 3, times: 2, effect: { do: 'unavailable' } })
    arm({ on: 'request', path: 'GET /fapi/v1/time', fromMs: 86_400_000, effect: { do: 'unavailable' } })
    const statuses = []
    for (let i = 0; i < 6; i++) statuses.push((await publicGet(simulator.rest, '/fapi/v1/ping')).status)
    expect(statuses).toEqual([200, 200, 503, 503, 200, 200])
    expect((await publicGet(simulator.rest, '/fapi/v1/time')).status).toBe(200)
  })

  it('a revoked key is refused', async () => {
    arm({ on: 'time', effect: { do: 'revokeKey' } })
    expect(await buy('revoked')).toMatchObject({ status: 401, body: { code: -2015 } })
  })
})

describe('sockets', () => {
  beforeEach(() => start({ speed: 20, timebase: 'tape' }))
  const market = (): Promise<RawSocket> => socket('/market/ws/btcusdt@kline_1m/btcusdt@aggTrade')
  const anyFrame = (frame: Record<string, unknown>): boolean => 'e' in frame

  it('cut, closed and refused', async () => {
    const cut = await market()
    arm({ on: 'time', effect: { do: 'cutSockets', category: 'market' } })
    expect(await cut.closed).toBe(1006)
    const closed = await market()
    arm({ on: 'time', effect: { do: 'closeSockets' } })
    expect(await closed.closed).toBe(1001)
    arm({ on: 'time', effect: { do: 'refuseSockets', ms: 30_000 } })
    await expect(market()).rejects.toThrow('503')
    await sleep(1_800)
    await (await market()).next(anyFrame)
  })

  it('silent: open, answering pings, without data for a while', async () => {
    const one = await market()
    await one.next(anyFrame)
    arm({ on: 'time', effect: { do: 'silence', ms: 30_000 } })
    const before = one.frames.length
    const pong = new Promise((resolve) => one.ws.once('pong', resolve))
    one.ws.ping()
    await pong
    expect(one.frames.length).toBe(before)
    await sleep(2_500)
    expect(one.frames.length).toBeGreaterThan(before)
  })

  it('half open: neither data nor pong nor close', async () => {
    const one = await market()
    await one.next(anyFrame)
    arm({ on: 'time', effect: { do: 'halfOpen' } })
    await sleep(50)
    const before = one.frames.length
    let ponged = false
    one.ws.once('pong', () => {
      ponged = true
    })
    one.ws.ping()
    await sleep(400)
    expect({ ponged, frames: one.frames.length, state: one.ws.readyState }).toEqual({ ponged: false, frames: before, state: one.ws.OPEN })
  })

  it('lost, doubled, late and swapped frames', async () => {
    const one = await market()
    const trades = (): number[] =>
      one.frames
        .map((frame) => JSON.parse(frame) as { e: string; a: number })
        .filter((frame) => frame.e === 'aggTrade')
        .map((frame) => frame.a)
    const stream = 'btcusdt@aggTrade'
    await one.next((frame) => frame['e'] === 'aggTrade')
    const first = trades().length
    arm({ on: 'frame', stream, effect: { do: 'dropFrame' } })
    await one.next((frame) => frame['e'] === 'aggTrade' && Number(frame['a']) > (trades()[first - 1] ?? 0) + 1)
    const seen = trades()
    expect(seen.some((id, i) => i > 0 && id - (seen[i - 1] ?? 0) === 2)).toBe(true)
    arm({ on: 'frame', stream, effect: { do: 'duplicateFrame' } })
    arm({ on: 'frame', stream, nth: 3, effect: { do: 'swapFrame' } })
    const until = trades().length + 8
    while (trades().length < until) await sleep(20)
    const later = trades().slice(seen.length)
    expect(new Set(later).size).toBeLessThan(later.length)
    expect(later.some((id, i) => i > 0 && id < (later[i - 1] ?? 0))).toBe(true)
  })

  it('user events lost, doubled and late', async () => {
    const user = await userSocket()
    arm({ on: 'frame', stream: 'user:ACCOUNT_UPDATE', effect: { do: 'dropFrame' } })
    arm({ on: 'frame', stream: 'user:ORDER_TRADE_UPDATE', times: 2, effect: { do: 'duplicateFrame', copies: 2 } })
    await buy('doubled')
    await user.next((frame) => frame['e'] === 'ORDER_TRADE_UPDATE' && (frame['o'] as { X: string }).X === 'FILLED')
    await sleep(100)
    const kinds = user.frames.map((frame) => (JSON.parse(frame) as { e: string }).e)
    expect(kinds).not.toContain('ACCOUNT_UPDATE')
    expect(kinds.filter((kind) => kind === 'ORDER_TRADE_UPDATE').length).toBeGreaterThanOrEqual(6)
  })

  it.each(POISONS)('poison: %s', async (poison) => {
    const one = await socket('/market/ws/btcusdt@kline_1m')
    const { e: _event, ...rest } = await one.next((frame) => frame['e'] === 'kline')
    arm({ on: 'frame', stream: 'btcusdt@kline_1m', effect: { do: 'poison', poison } })
    const before = one.frames.length
    const wait = Date.now() + 5_000
    if (poison === 'invalidUtf8') {
      expect([1006, 1007]).toContain(await one.closed)
      return
    }
    while (one.frames.length <= before && Date.now() < wait) await sleep(10)
    const frame = one.frames.slice(before).find((text) => !isGenuine(text, rest))
    if (poison !== 'duplicate') expect(frame).toBeDefined()
    else expect(new Set(one.frames).size).toBeLessThan(one.frames.length)
  })
})

/** A frame that a careful client has no reason to refuse. */
function isGenuine(text: string, like: Record<string, unknown>): boolean {
  if (text.length > 2_000) return false
  try {
    const frame = JSON.parse(text) as { e?: string; E?: number; s?: string; k?: Record<string, unknown> }
    const bar = frame.k ?? {}
    const [o, h, l, c, vol] = ['o', 'h', 'l', 'c', 'v'].map((key) => Number(bar[key])) as [number, number, number, number, number]
    const plain = ['o', 'h', 'l', 'c', 'v'].every((key) => typeof bar[key] === 'string' && /^\d+(\.\d+)?$/.test(String(bar[key])))
    const sane = plain && h >= Math.max(o, c, l) && l <= Math.min(o, c) && l > 0 && vol >= 0
    const time = Number(bar['t'])
    const near = Math.abs(time - Number((like['k'] as Record<string, unknown>)['t'])) < 3_600_000
    const price = Number((like['k'] as Record<string, unknown>)['c'])
    return (
      frame.e === 'kline' &&
      frame.s === 'BTCUSDT' &&
      sane &&
      near &&
      c < price * 2 &&
      Number.isSafeInteger(bar['L']) &&
      Object.keys(frame).length === 4
    )
  } catch {
    return false
  }
}

describe('market', () => {
  beforeEach(() => start({ speed: 100, timebase: 'tape' }))

  it('filters change, a symbol halts, the price jumps', async () => {
    arm({
      on: 'time',
      effect: {
        do: 'market',
        fault: {
          kind: 'filters',
          symbol: 'BTCUSDT',
          change: { stepSize: text('0.010'), marketStepSize: text('0.010'), minQty: text('0.010') },
        },
      },
    })
    const info = (await publicGet(simulator.rest, '/fapi/v1/exchangeInfo')).body as { symbols: { filters: { stepSize?: string }[] }[] }
    expect(info.symbols[0]?.filters.some((filter) => filter.stepSize === '0.010')).toBe(true)
    expect(
      (await signed(access, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.015' })).body,
    ).toMatchObject({
      code: -4023,
    })
    const price = async (): Promise<number> =>
      Number(((await publicGet(simulator.rest, '/fapi/v1/ticker/price?symbol=BTCUSDT')).body as { price: string }).price)
    const before = await price()
    arm({ on: 'time', effect: { do: 'market', fault: { kind: 'jump', symbol: 'BTCUSDT', fraction: text('-0.2') } } })
    await sleep(600)
    expect((await price()) / before).toBeLessThan(0.9)
    arm({ on: 'time', effect: { do: 'market', fault: { kind: 'status', symbol: 'BTCUSDT', status: 'TRADING_HALT' } } })
    const refused = await buy('halted')
    expect(refused.status).toBe(400)
    expect([-4140, -4141]).toContain((refused.body as { code: number }).code)
  })

  it('closed bars come late, revised or not at all, and depth updates leave a gap', async () => {
    type Bar = { t: number; x: boolean; c: string }
    const one = await socket('/market/ws/btcusdt@kline_1m')
    const depth = await socket('/public/ws/btcusdt@depth@100ms')
    const bars = (): Bar[] => one.frames.map((frame) => (JSON.parse(frame) as { k: Bar }).k)
    const minute = 60_000
    const closes = (): Bar[] => bars().filter((bar) => bar.x)
    await one.next((frame) => (frame['k'] as Bar).x)
    const kline = (how: 'revised' | 'late' | 'missing'): void =>
      arm({ on: 'time', effect: { do: 'market', fault: { kind: 'kline', symbol: 'BTCUSDT', how } } })
    const after = async (time: number): Promise<void> => void (await one.next((frame) => (frame['k'] as Bar).t >= time))

    kline('missing')
    const first = closes().at(-1)?.t ?? 0
    await after(first + 3 * minute)
    expect(closes().map((bar) => bar.t)).not.toContain(first + minute)
    kline('revised')
    const second = bars().at(-1)?.t ?? 0
    await after(second + 2 * minute)
    const revised = closes().filter((bar) => bar.t === second)
    expect(new Set(revised.map((bar) => bar.c)).size).toBe(2)
    kline('late')
    const third = bars().at(-1)?.t ?? 0
    await after(third + 3 * minute)
    const index = bars().findIndex((bar) => bar.t === third && bar.x)
    expect(bars().findIndex((bar) => bar.t === third + minute)).toBeLessThan(index)

    const broken = (): number => {
      const updates = depth.frames.map((frame) => JSON.parse(frame) as { pu: number; u: number })
      return updates.filter((update, i) => i > 0 && update.pu !== updates[i - 1]?.u).length
    }
    expect(broken()).toBe(0)
    arm({ on: 'time', effect: { do: 'market', fault: { kind: 'depthGap', symbol: 'BTCUSDT', updates: 2 } } })
    await sleep(1_500)
    expect(broken()).toBe(1)
  })

  it('ids pass 2^53 as plain digits', async () => {
    arm({ on: 'time', effect: { do: 'market', fault: { kind: 'ids', from: '9007199254740995' } } })
    const user = await userSocket()
    const payload = await buy('huge')
    expect(payload.status).toBe(200)
    await user.next((frame) => frame['e'] === 'ORDER_TRADE_UPDATE')
    expect(user.frames.find((frame) => frame.includes('huge'))).toMatch(/"i":90071992547409(9[5-9]|\d{2})/)
  })
})
