/** The WebSocket API through the official client and by hand. */
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { RequestEffect } from './protocol/faults.ts'
import { openSocket, type RawSocket } from './protocol/raw-client.ts'
import { sign } from './protocol/signature.ts'
import { startSimulator, type Simulator } from './server.ts'

let simulator: Simulator
beforeAll(async () => {
  const started = await startSimulator({ seed: 31, preludeBars: 60 })
  if (!started.ok) throw new Error(started.error.message)
  simulator = started.value
})
afterAll(() => simulator.close())

it('serves the official client', async () => {
  const client = new DerivativesTradingUsdsFutures({
    configurationWebsocketAPI: { apiKey: simulator.key, apiSecret: simulator.secret, wsURL: `${simulator.ws}/ws-fapi/v1` },
  })
  const connection = await client.websocketAPI.connect()
  const placed = await connection.newOrder({
    symbol: 'BTCUSDT',
    side: 'BUY' as never,
    type: 'MARKET' as never,
    quantity: 0.01,
    newClientOrderId: 'ws-1',
  })
  // Not FILLED: no result was asked for, and the venue's default is to acknowledge.
  expect(placed.data).toMatchObject({ clientOrderId: 'ws-1', status: 'NEW' })
  expect(placed.rateLimits?.map((limit) => limit.rateLimitType)).toContain('ORDERS')
  const balance = await connection.futuresAccountBalance()
  expect(JSON.stringify(balance.data)).toContain('USDT')
  await connection.disconnect()
  expect(simulator.account().fills).toBe(1)
})

it('checks signatures over the sorted parameters and names what is wrong', async () => {
  const socket = await openSocket(`${simulator.ws}/ws-fapi/v1?returnRateLimits=false`)
  const ask = (request: unknown): Promise<Record<string, unknown>> => {
    const id = `q${Math.floor(performance.now() * 1_000)}`
    socket.ws.send(JSON.stringify({ id, ...(request as object) }))
    return socket.next((frame) => frame['id'] === id)
  }
  const timestamp = simulator.serverTime()
  const right = sign(simulator.secret, `apiKey=${simulator.key}&recvWindow=5000&timestamp=${timestamp}`)
  const params = { timestamp, recvWindow: 5_000, apiKey: simulator.key }
  expect(await ask({ method: 'v2/account.balance', params: { ...params, signature: right } })).toMatchObject({
    status: 200,
    result: [{ asset: 'USDT' }],
  })
  expect(await ask({ method: 'account.balance', params: { ...params, signature: 'f'.repeat(64) } })).toMatchObject({
    status: 400,
    error: { code: -1022 },
  })
  expect(await ask({ method: 'session.logon', params })).toMatchObject({ status: 400, error: { code: -4056 } })
  expect(await ask({ method: 'no.such' })).toMatchObject({ status: 400, error: { code: -1136 } })
  expect(await ask({ method: 'depth', params: { symbol: 'BTCUSDT', limit: 5 } })).toMatchObject({ status: 200 })
  socket.ws.send('{')
  await socket.next((frame) => (frame['error'] as { code: number } | undefined)?.code === -1135)
  socket.ws.terminate()
})

it('pings, drops who does not answer, and ends after a day', async () => {
  const started = await startSimulator({ preludeBars: 10, sockets: { pingEveryMs: 40, pongTimeoutMs: 200, maxAgeMs: 600 } })
  if (!started.ok) throw new Error(started.error.message)
  const url = `${started.value.ws}/ws-fapi/v1`
  const alive = await openSocket(url)
  let pings = 0
  alive.ws.on('ping', () => (pings += 1))
  const deaf = await openSocket(url)
  deaf.ws.pause()
  setTimeout(() => deaf.ws.resume(), 450)
  expect(await deaf.closed).toBe(1006)
  expect(await alive.closed).toBe(1001)
  expect(pings).toBeGreaterThan(2)
  await started.value.close()
})

describe('request faults strike here as on REST', () => {
  let socket: RawSocket
  afterEach(() => {
    simulator.clearFaults()
    socket.ws.terminate()
  })
  let asked = 0
  const place = (clientId: string): number => {
    const params = {
      apiKey: simulator.key,
      newClientOrderId: clientId,
      quantity: '0.01',
      recvWindow: '5000',
      side: 'BUY',
      symbol: 'BTCUSDT',
      timestamp: String(simulator.serverTime()),
      type: 'MARKET',
    }
    const payload = Object.entries(params)
      .map(([name, value]) => `${name}=${value}`)
      .join('&')
    asked += 1
    socket.ws.send(JSON.stringify({ id: asked, method: 'order.place', params: { ...params, signature: sign(simulator.secret, payload) } }))
    return asked
  }
  const arm = (effect: RequestEffect): void => {
    expect(simulator.fault({ on: 'request', path: 'POST /fapi/v1/order', effect }).ok).toBe(true)
  }
  const orders = (): number => simulator.account().orders

  it.each([
    [{ do: 'unknown', executed: true }, 503, -1000, 1],
    [{ do: 'unknown', executed: false }, 503, -1000, 0],
    [{ do: 'timeout', executed: true }, 408, -1007, 1],
    [{ do: 'timeout', executed: false }, 408, -1007, 0],
    [{ do: 'unavailable' }, 503, -1016, 0],
    [{ do: 'throttled' }, 503, -1008, 0],
    [{ do: 'internal' }, 503, -1001, 0],
    [{ do: 'late' }, 400, -5028, 0],
    [{ do: 'refuse', status: 400, code: -2019, msg: 'Margin is insufficient.' }, 400, -2019, 0],
    [{ do: 'rateLimited', retryAfterSeconds: 7 }, 429, -1003, 0],
    [{ do: 'ban', ms: 1 }, 418, -1003, 0],
  ] as const)('%o', async (effect, status, code, executed) => {
    socket = await openSocket(`${simulator.ws}/ws-fapi/v1`)
    arm(effect)
    const before = orders()
    const id = place(`ws-${asked}`)
    const reply = await socket.next((frame) => frame['id'] === id)
    expect(reply).toMatchObject({ status, error: { code } })
    if (effect.do === 'rateLimited') expect(reply).toMatchObject({ error: { data: { retryAfter: expect.any(Number) } } })
    expect(orders() - before).toBe(executed)
    await new Promise((resolve) => setTimeout(resolve, 10))
    const next = place(`ws-${asked}`)
    expect(await socket.next((frame) => frame['id'] === next)).toMatchObject({ status: 200 })
  })

  it.each([
    [{ do: 'hang', executed: true }, 1, 'silent'],
    [{ do: 'hang', executed: false }, 0, 'silent'],
    [{ do: 'reset', executed: true }, 1, 'cut'],
    [{ do: 'reset', executed: false }, 0, 'cut'],
    [{ do: 'truncated' }, 1, 'cut'],
    [{ do: 'garbage' }, 1, 'no JSON'],
    [{ do: 'html' }, 0, 'no JSON'],
  ] as const)('%o', async (effect, executed, seen) => {
    socket = await openSocket(`${simulator.ws}/ws-fapi/v1`)
    arm(effect)
    const before = orders()
    place(`ws-${asked}`)
    const outcome = await Promise.race([socket.closed.then(() => 'cut'), new Promise((resolve) => setTimeout(() => resolve('open'), 150))])
    expect(outcome).toBe(seen === 'cut' ? 'cut' : 'open')
    const answered = effect.do === 'hang' || effect.do === 'reset' ? 0 : 1
    expect(socket.frames).toHaveLength(answered)
    for (const frame of socket.frames) expect(() => JSON.parse(frame)).toThrow(SyntaxError)
    expect(orders() - before).toBe(executed)
  })

  it('slow: the answer comes late', async () => {
    socket = await openSocket(`${simulator.ws}/ws-fapi/v1`)
    arm({ do: 'slow', ms: 120 })
    const began = performance.now()
    const id = place(`ws-${asked}`)
    expect(await socket.next((frame) => frame['id'] === id)).toMatchObject({ status: 200 })
    expect(performance.now() - began).toBeGreaterThanOrEqual(115)
  })
})
