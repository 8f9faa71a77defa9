/** The WebSocket API through the official client and by hand. */
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSocket } from './protocol/raw-client.ts'
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
  expect(placed.data).toMatchObject({ clientOrderId: 'ws-1', status: 'FILLED' })
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
