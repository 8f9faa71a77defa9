/** The server's own rules over real sockets: security levels, recvWindow, limits, listen keys, stream categories, control, robustness. */
import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { openSocket, publicGet, signed, type RawAccess, type RawSocket } from './protocol/raw-client.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from './server.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})

async function start(options: SimulatorOptions = {}): Promise<Simulator & { access: RawAccess }> {
  const started = await startSimulator({ seed: 3, preludeBars: 200, ...options })
  if (!started.ok) throw new Error(started.error.message)
  const simulator = started.value
  open.push(() => simulator.close())
  const access = { rest: simulator.rest, key: simulator.key, secret: simulator.secret, now: () => simulator.serverTime() }
  return Object.assign(simulator, { access })
}
async function socket(url: string): Promise<RawSocket> {
  const made = await openSocket(url)
  open.push(() => made.ws.terminate())
  return made
}
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const code = (body: unknown): unknown => (body as { code?: unknown }).code

describe('security levels', () => {
  it('asks for key, time and signature in that order, with the venue’s codes', async () => {
    const simulator = await start()
    const { access } = simulator
    const account = '/fapi/v3/account'
    expect(await publicGet(simulator.rest, '/fapi/v1/ping')).toMatchObject({ status: 200, body: {} })
    expect(await publicGet(simulator.rest, account)).toMatchObject({ status: 401, body: { code: -2014 } })
    expect(await publicGet(simulator.rest, account, { 'X-MBX-APIKEY': 'unknown' })).toMatchObject({ status: 401, body: { code: -2015 } })
    expect(await publicGet(simulator.rest, account, { 'X-MBX-APIKEY': access.key })).toMatchObject({ status: 400, body: { code: -1102 } })
    expect(await signed({ ...access, secret: 'x' }, 'GET', account)).toMatchObject({ status: 400, body: { code: -1022 } })
    expect((await signed(access, 'GET', account)).status).toBe(200)
    expect(await signed(access, 'GET', '//fapi/v3/account/')).toMatchObject({ status: 200 })
    expect(await publicGet(simulator.rest, '/fapi/v1/nothing')).toMatchObject({ status: 404, body: { code: -5000 } })
    expect(await publicGet(simulator.rest, '/fapi/v1/historicalTrades?symbol=BTCUSDT')).toMatchObject({ status: 401 })
  })

  it('applies the recvWindow rule to server time', async () => {
    const { access } = await start({ autoplay: false })
    const at = (delta: number, recvWindow?: number): Promise<{ status: number; body: unknown }> =>
      signed(access, 'GET', '/fapi/v3/balance', { timestamp: access.now() + delta, ...(recvWindow === undefined ? {} : { recvWindow }) })
    expect((await at(999)).status).toBe(200)
    expect(code((await at(1_000)).body)).toBe(-1021)
    expect((await at(-5_000)).status).toBe(200)
    expect(code((await at(-5_001)).body)).toBe(-1021)
    expect((await at(-20_000, 60_000)).status).toBe(200)
    expect(code((await at(0, 60_001)).body)).toBe(-1131)
  })

  it('lets a read-only key read, and nothing more', async () => {
    const reader = { key: 'readerkey', secret: 'readersecret', permissions: { trade: false } }
    const simulator = await start({ moreKeys: [reader] })
    const access = { ...simulator.access, ...reader }
    expect((await signed(access, 'GET', '/fapi/v3/account')).status).toBe(200)
    expect((await signed(access, 'GET', '/fapi/v2/account')).body).toMatchObject({ canTrade: false })
    expect(await signed(access, 'DELETE', '/fapi/v1/allOpenOrders', { symbol: 'BTCUSDT' })).toMatchObject({
      status: 401,
      body: { code: -2015 },
    })
    expect((await signed(access, 'GET', '/sapi/v1/account/apiRestrictions')).body).toMatchObject({
      enableReading: true,
      enableFutures: false,
    })
  })

  it('shifts its clock under a clock jump', async () => {
    const simulator = await start({ autoplay: false })
    expect(simulator.fault({ on: 'time', effect: { do: 'clockJump', ms: 3_600_000 } }).ok).toBe(true)
    const { body } = await publicGet(simulator.rest, '/fapi/v1/time')
    expect((body as { serverTime: number }).serverTime - simulator.exchange.now).toBe(3_600_000)
    const stale = await signed(simulator.access, 'GET', '/fapi/v3/account', { timestamp: simulator.exchange.now })
    expect(code(stale.body)).toBe(-1021)
    expect((await signed(simulator.access, 'GET', '/fapi/v3/account')).status).toBe(200)
  })
})

describe('limits', () => {
  it('tells the used weight, answers 429 over the limit and 418 to who goes on', async () => {
    const simulator = await start({ autoplay: false, limits: { weightPerMinute: 20, strikes: 2 }, retryAfter: true })
    const first = await publicGet(simulator.rest, '/fapi/v1/klines?symbol=BTCUSDT&interval=1m&limit=1500')
    expect(first.status).toBe(200)
    expect(first.headers.get('x-mbx-used-weight-1m')).toBe('10')
    expect((await publicGet(simulator.rest, '/fapi/v1/depth?symbol=BTCUSDT&limit=500')).headers.get('x-mbx-used-weight-1m')).toBe('20')
    const refused = await publicGet(simulator.rest, '/fapi/v1/ping')
    expect(refused).toMatchObject({ status: 429, body: { code: -1003 } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(429)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(418)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(418)
    const info = await start({ limits: { weightPerMinute: 77 } })
    const rows = ((await publicGet(info.rest, '/fapi/v1/exchangeInfo')).body as { rateLimits: { limit: number }[] }).rateLimits
    expect(rows.map((row) => row.limit)).toContain(77)
  })

  it('counts orders per account and tells it on orders only', async () => {
    const simulator = await start({ autoplay: false, limits: { ordersPerTenSeconds: 2 } })
    const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' }
    const first = await signed(simulator.access, 'POST', '/fapi/v1/order', order)
    expect(first.status).toBe(200)
    expect(first.headers.get('x-mbx-order-count-10s')).toBe('1')
    expect(first.headers.get('x-mbx-order-count-1m')).toBe('1')
    expect((await signed(simulator.access, 'GET', '/fapi/v1/openOrders')).headers.get('x-mbx-order-count-10s')).toBeNull()
    expect((await signed(simulator.access, 'POST', '/fapi/v1/order', order)).status).toBe(200)
    expect(await signed(simulator.access, 'POST', '/fapi/v1/order', order)).toMatchObject({ status: 429, body: { code: -1015 } })
    expect(simulator.account().fills).toBe(2)
  })
})

describe('user stream', () => {
  const listenKeyOf = async (simulator: Simulator & { access: RawAccess }, method = 'POST'): Promise<{ status: number; body: unknown }> =>
    await fetch(`${simulator.rest}/fapi/v1/listenKey`, { method, headers: { 'X-MBX-APIKEY': simulator.key } }).then(async (response) => ({
      status: response.status,
      body: await response.json(),
    }))

  it('reaches every private form of address, raw or wrapped, and only them', async () => {
    const simulator = await start()
    const { listenKey } = (await listenKeyOf(simulator)).body as { listenKey: string }
    expect(listenKey).toMatch(/^[A-Za-z0-9]{64}$/)
    expect((await listenKeyOf(simulator)).body).toEqual({ listenKey })
    expect((await listenKeyOf(simulator, 'PUT')).body).toEqual({ listenKey })
    const { ws } = simulator
    const raw = [await socket(`${ws}/private/ws?listenKey=${listenKey}`), await socket(`${ws}/private/ws/${listenKey}`)]
    const wrapped = [await socket(`${ws}/private/stream?listenKey=${listenKey}`), await socket(`${ws}/private/stream?streams=`)]
    wrapped[1]?.ws.send(JSON.stringify({ method: 'SUBSCRIBE', params: [listenKey], id: 1 }))
    const some = await socket(`${ws}/private/ws?listenKey=${listenKey}&events=ACCOUNT_UPDATE`)
    const silent = [await socket(`${ws}/market/ws/${listenKey}`), await socket(`${ws}/ws/${listenKey}`)]
    await wrapped[1]?.next((frame) => frame['id'] === 1)
    await signed(simulator.access, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' })
    for (const one of raw) await one.next((frame) => frame['e'] === 'ORDER_TRADE_UPDATE' && (frame['o'] as { X: string }).X === 'FILLED')
    for (const one of wrapped) {
      await one.next((frame) => frame['stream'] === listenKey && (frame['data'] as { e: string }).e === 'ORDER_TRADE_UPDATE')
    }
    await some.next((frame) => frame['e'] === 'ACCOUNT_UPDATE')
    await sleep(100)
    expect(some.frames.every((frame) => frame.includes('ACCOUNT_UPDATE'))).toBe(true)
    expect(silent.map((one) => one.frames)).toEqual([[], []])
  })

  it('reaches a socket that opened after the order, but before the event was due', async () => {
    const simulator = await start({ latency: { eventOut: { min: 400, max: 400 } } })
    const { listenKey } = (await listenKeyOf(simulator)).body as { listenKey: string }
    await signed(simulator.access, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' })
    const user = await socket(`${simulator.ws}/private/ws/${listenKey}`)
    await user.next((frame) => frame['e'] === 'ORDER_TRADE_UPDATE')
  })

  it('expires: tells the socket, leaves it open and silent, and a renewal is -1125', async () => {
    const simulator = await start()
    const { listenKey } = (await listenKeyOf(simulator)).body as { listenKey: string }
    const user = await socket(`${simulator.ws}/private/ws/${listenKey}`)
    simulator.fault({ on: 'time', effect: { do: 'expireListenKeys' } })
    expect(await user.next((frame) => frame['e'] === 'listenKeyExpired')).toMatchObject({ listenKey })
    expect(await listenKeyOf(simulator, 'PUT')).toMatchObject({ status: 400, body: { code: -1125 } })
    await signed(simulator.access, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' })
    await sleep(150)
    expect(user.frames).toHaveLength(1)
    expect(user.ws.readyState).toBe(user.ws.OPEN)
    const renewed = (await listenKeyOf(simulator)).body as { listenKey: string }
    expect(renewed.listenKey).not.toBe(listenKey)
    expect((await listenKeyOf(simulator, 'DELETE')).body).toEqual({})
    expect((await listenKeyOf(simulator, 'DELETE')).status).toBe(400)
  })

  it('runs out by server time', async () => {
    const simulator = await start({ speed: 100, timebase: 'tape', listenKeyTtlMs: 20_000 })
    const { listenKey } = (await listenKeyOf(simulator)).body as { listenKey: string }
    const user = await socket(`${simulator.ws}/private/ws/${listenKey}`)
    await user.next((frame) => frame['e'] === 'listenKeyExpired', 5_000)
  })
})

describe('market streams', () => {
  it('come raw or wrapped on their own category, and silence is the answer to a wrong one', async () => {
    const simulator = await start({ speed: 20, timebase: 'tape' })
    const { ws } = simulator
    const raw = await socket(`${ws}/market/ws/btcusdt@kline_1m`)
    const wrapped = await socket(`${ws}/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s`)
    const asked = await socket(`${ws}/public/ws/0`)
    asked.ws.send(JSON.stringify({ method: 'SUBSCRIBE', params: ['btcusdt@bookTicker', 'btcusdt@kline_1m'], id: 5 }))
    const legacy = await socket(`${ws}/stream?streams=btcusdt@bookTicker/btcusdt@aggTrade`)
    expect(await raw.next((frame) => frame['e'] === 'kline')).toMatchObject({ s: 'BTCUSDT' })
    for (const name of ['btcusdt@aggTrade', 'btcusdt@markPrice@1s']) await wrapped.next((frame) => frame['stream'] === name)
    expect(await asked.next((frame) => 'id' in frame)).toEqual({ result: null, id: 5 })
    await asked.next((frame) => frame['e'] === 'bookTicker')
    await legacy.next((frame) => frame['stream'] === 'btcusdt@bookTicker')
    await raw.next((frame) => (frame['k'] as { x: boolean }).x)
    expect(asked.frames.some((frame) => frame.includes('"e":"kline"'))).toBe(false)
    expect(legacy.frames.some((frame) => frame.includes('aggTrade'))).toBe(false)
    asked.ws.send(JSON.stringify({ method: 'UNSUBSCRIBE', params: ['btcusdt@bookTicker'], id: 6 }))
    await asked.next((frame) => frame['id'] === 6)
    const before = asked.frames.length
    await sleep(200)
    expect(asked.frames.length).toBe(before)
  })

  it('ping, drop who does not answer, and end after a day', async () => {
    const simulator = await start({ sockets: { pingEveryMs: 40, pongTimeoutMs: 200, maxAgeMs: 600 } })
    const alive = await socket(`${simulator.ws}/market/ws`)
    let pings = 0
    alive.ws.on('ping', () => {
      pings += 1
    })
    const deaf = await socket(`${simulator.ws}/market/ws`)
    deaf.ws.pause()
    const aliveFor = performance.now()
    expect(await alive.closed).toBe(1001)
    expect(performance.now() - aliveFor).toBeGreaterThan(400)
    expect(pings).toBeGreaterThan(2)
    await sleep(50)
    expect(simulator.counts.open).toBe(0)
  })

  it('cut who sends more than ten messages a second, and ban who is cut again and again', async () => {
    const simulator = await start({ autoplay: false, limits: { noisySockets: 2 } })
    for (let times = 0; times < 3; times++) {
      const noisy = await socket(`${simulator.ws}/market/ws`)
      for (let id = 0; id < 25; id++) noisy.ws.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }))
      expect(await noisy.closed).toBe(1008)
    }
    await expect(openSocket(`${simulator.ws}/market/ws`)).rejects.toThrow('418')
    expect(await publicGet(simulator.rest, '/fapi/v1/ping')).toMatchObject({ status: 418, body: { code: -1003 } })
  })
})

describe('control endpoint', () => {
  const post = (simulator: Simulator, headers: Record<string, string>, body: unknown): Promise<Response> =>
    fetch(`${simulator.rest}/control/faults`, { method: 'POST', headers, body: JSON.stringify(body) })

  it('is absent without a token, closed without the right one, and arms faults with it', async () => {
    const plan = { on: 'request', path: 'GET /fapi/v1/ping', nth: 2, effect: { do: 'internal' } }
    expect((await post(await start(), { 'X-Control-Token': 'anything' }, plan)).status).toBe(404)
    const simulator = await start({ controlToken: 'sesame-sesame' })
    expect((await post(simulator, {}, plan)).status).toBe(403)
    expect((await post(simulator, { 'X-Control-Token': 'wrong' }, plan)).status).toBe(403)
    expect((await post(simulator, { 'X-Control-Token': 'sesame-sesame', Origin: 'http://evil.example' }, plan)).status).toBe(403)
    const bad = await post(simulator, { 'X-Control-Token': 'sesame-sesame' }, { ...plan, nth: 0 })
    expect(bad.status).toBe(400)
    expect(((await bad.json()) as { error: string }).error).toContain('nth')
    expect(await (await post(simulator, { 'X-Control-Token': 'sesame-sesame' }, plan)).json()).toEqual({ ids: [1] })
    const statuses = []
    for (let i = 0; i < 3; i++) statuses.push((await publicGet(simulator.rest, '/fapi/v1/ping')).status)
    expect(statuses).toEqual([200, 503, 200])
  })
})

describe('robustness', () => {
  const raw = (simulator: Simulator, text: string): Promise<string> =>
    new Promise((resolve) => {
      const { port } = new URL(simulator.rest)
      const connection = connect(Number(port), '127.0.0.1', () => connection.write(text))
      let answer = ''
      connection.on('data', (chunk) => {
        answer += chunk.toString()
      })
      connection.on('error', () => resolve(answer))
      connection.on('close', () => resolve(answer))
    })

  it('answers nonsense with clear errors and stays up', async () => {
    const simulator = await start()
    expect(await raw(simulator, 'NONSENSE\r\n\r\n')).toContain('400')
    expect(await raw(simulator, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toContain('404')
    expect(await raw(simulator, `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/400|414|431/)
    const big = await fetch(`${simulator.rest}/fapi/v1/order`, { method: 'POST', body: 'x'.repeat(1_000_000) }).catch(() => undefined)
    expect(big === undefined || big.status === 413).toBe(true)
    expect((await publicGet(simulator.rest, '/fapi/v1/klines?symbol=%E0%A4%A')).status).toBe(400)
    expect(
      await raw(simulator, 'GET /market/ws/%E0%A4%A HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'),
    ).toContain('404')
    const chatty = await socket(`${simulator.ws}/market/ws`)
    chatty.ws.send(Buffer.alloc(200_000, 97))
    expect(await chatty.closed).toBe(1009)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(200)
  })

  it('cuts who sends a request for ever', async () => {
    const simulator = await start({ requestTimeoutMs: 600 })
    const slow = raw(simulator, 'POST /fapi/v1/order HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nsymbol=')
    const drip = raw(simulator, 'GET /fapi/v1/ping HTTP/1.1\r\nHost: x\r\nX-A: ')
    expect(await slow).toMatch(/^(HTTP\/1\.1 408|$)/)
    expect(await drip).toMatch(/^(HTTP\/1\.1 408|$)/)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(200)
  })

  it('cuts who connects and says nothing, and nobody who speaks', async () => {
    const simulator = await start({ requestTimeoutMs: 400 })
    const user = await socket(`${simulator.ws}/market/ws`)
    const silent = await Promise.all(Array.from({ length: 100 }, () => raw(simulator, '')))
    for (const answer of silent) expect(answer).toMatch(/^(HTTP\/1\.1 408|$)/)
    await sleep(500)
    expect(user.ws.readyState).toBe(user.ws.OPEN)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(200)
  })

  it('listens on the loopback interface only', async () => {
    const simulator = await start()
    const { hostname, port } = new URL(simulator.rest)
    expect(hostname).toBe('127.0.0.1')
    expect(simulator.ws.replace('ws:', 'http:')).toBe(simulator.rest)
    const others = Object.values(networkInterfaces())
      .flatMap((rows) => rows ?? [])
      .filter((row) => row.family === 'IPv4' && !row.internal)
    for (const address of ['127.0.0.2', ...others.map((row) => row.address)]) {
      await expect(fetch(`http://${address}:${port}/fapi/v1/ping`), address).rejects.toThrow()
    }
  })

  it('forgets sockets that come and go', async () => {
    const simulator = await start()
    const { port } = new URL(simulator.rest)
    const handshake =
      'GET /market/ws/btcusdt@kline_1m HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'
    const visit = (): Promise<void> =>
      new Promise((resolve) => {
        const connection = connect(Number(port), '127.0.0.1', () => connection.write(handshake))
        connection.on('data', () => connection.destroy())
        connection.on('error', () => connection.destroy())
        connection.on('close', () => resolve())
      })
    const round = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: 50 }, visit))
    }
    await round(1_000)
    const before = process.memoryUsage().rss
    await round(9_000)
    await sleep(200)
    expect(simulator.counts.open).toBe(0)
    expect((process.memoryUsage().rss - before) / 1_048_576).toBeLessThan(150)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(200)
  })

  it('refuses a port in use with one line', async () => {
    const simulator = await start()
    const second = await startSimulator({ port: Number(new URL(simulator.rest).port), preludeBars: 10 })
    expect(second).toMatchObject({ ok: false, error: { code: 'listen' } })
    expect(await startSimulator({ symbols: ['NOSUCHUSDT'] })).toMatchObject({ ok: false, error: { code: 'unknown-symbol' } })
  })
})
