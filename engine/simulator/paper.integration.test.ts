/** Paper mode against an upstream that is a second simulator: relayed data, our own fills, nothing private upstream. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { openSocket, publicGet, signed, type RawAccess, type RawSocket } from './protocol/raw-client.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from './server.ts'

const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function start(options: SimulatorOptions): Promise<Simulator> {
  const started = await startSimulator({ preludeBars: 120, ...options })
  if (!started.ok) throw new Error(started.error.message)
  open.push(() => started.value.close())
  return started.value
}
async function socket(url: string): Promise<RawSocket> {
  const made = await openSocket(url)
  open.push(() => made.ws.terminate())
  return made
}

it('relays the upstream’s streams and documents, and fills orders here', async () => {
  const upstream = await start({ seed: 21, stepsPerMinute: 240, symbols: ['ETHUSDT', 'BTCUSDT'] })
  const logs: string[] = []
  const paper = await start({ upstream, symbols: ['ETHUSDT'], key: 'paperkey', secret: 'papersecret', onLog: (text) => logs.push(text) })
  const access: RawAccess = { rest: paper.rest, key: paper.key, secret: paper.secret, now: () => paper.serverTime() }
  expect(Math.abs(paper.serverTime() - upstream.serverTime())).toBeLessThan(100)

  const here = await socket(`${paper.ws}/market/stream?streams=ethusdt@kline_1m/ethusdt@aggTrade/ethusdt@kline_5m`)
  const there = await socket(`${upstream.ws}/market/ws/ethusdt@aggTrade`)
  const trade = await here.next((frame) => frame['stream'] === 'ethusdt@aggTrade')
  expect(await there.next((frame) => frame['a'] === (trade['data'] as { a: number }).a)).toEqual(trade['data'])
  await here.next((frame) => frame['stream'] === 'ethusdt@kline_1m')
  await here.next((frame) => frame['stream'] === 'ethusdt@kline_5m')

  const path = '/fapi/v1/klines?symbol=ETHUSDT&interval=1h&limit=20'
  const bars = async (rest: string): Promise<unknown[]> => ((await publicGet(rest, path)).body as unknown[]).slice(0, -1)
  expect(await bars(paper.rest)).toEqual(await bars(upstream.rest))
  const info = (await publicGet(paper.rest, '/fapi/v1/exchangeInfo')).body as { symbols: { symbol: string; filters: unknown }[] }
  const original = (await publicGet(upstream.rest, '/fapi/v1/exchangeInfo')).body as typeof info
  expect(info.symbols.map((row) => row.symbol)).toEqual(['ETHUSDT'])
  expect(info.symbols[0]?.filters).toEqual(original.symbols.find((row) => row.symbol === 'ETHUSDT')?.filters)
  expect((await publicGet(paper.rest, '/fapi/v1/klines?symbol=NOUSDT&interval=1h')).body).toMatchObject({ code: -1121 })

  const order = { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1', newOrderRespType: 'RESULT', newClientOrderId: 'paper-1' }
  expect(await signed(access, 'POST', '/fapi/v1/order', order)).toMatchObject({ status: 200, body: { status: 'FILLED' } })
  expect(paper.account().positions).toMatchObject([{ symbol: 'ETHUSDT', quantity: '0.1' }])
  expect(upstream.account().orders).toBe(0)
  upstream.fault({ on: 'time', effect: { do: 'market', fault: { kind: 'jump', symbol: 'ETHUSDT', fraction: '-0.03' } } })
  await sleep(1_500)
  await signed(access, 'POST', '/fapi/v1/order', { symbol: 'ETHUSDT', side: 'SELL', type: 'MARKET', quantity: '0.2' })
  const price = Number(((await publicGet(upstream.rest, '/fapi/v1/ticker/price?symbol=ETHUSDT')).body as { price: string }).price)
  expect(Math.abs(Number(paper.account().positions[0]?.entryPrice) / price - 1)).toBeLessThan(0.005)
})

it('comes back after the upstream’s sockets were cut', async () => {
  const upstream = await start({ seed: 22, stepsPerMinute: 240 })
  const logs: string[] = []
  const paper = await start({ upstream, onLog: (text) => logs.push(text) })
  const here = await socket(`${paper.ws}/market/ws/btcusdt@aggTrade`)
  await here.next((frame) => frame['e'] === 'aggTrade')
  upstream.fault({ on: 'time', effect: { do: 'cutSockets' } })
  await sleep(300)
  const before = here.frames.length
  await sleep(1_500)
  expect(here.frames.length).toBeGreaterThan(before)
  expect(logs.some((line) => line.includes('lost'))).toBe(true)
})

it('sends no key, no signature and no account request upstream', async () => {
  const seen: string[] = []
  const upstream = await start({ seed: 23 })
  const spy: Server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${String(request.headers['x-mbx-apikey'])}`)
    void fetch(upstream.rest + String(request.url)).then(async (reply) => response.writeHead(reply.status).end(await reply.text()))
  })
  await new Promise<void>((resolve) => spy.listen(0, '127.0.0.1', resolve))
  open.push(() => spy.close())
  const rest = `http://127.0.0.1:${(spy.address() as AddressInfo).port}`
  const paper = await start({ upstream: { rest, ws: upstream.ws } })
  const access: RawAccess = { rest: paper.rest, key: paper.key, secret: paper.secret, now: () => paper.serverTime() }
  await signed(access, 'POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '0.01' })
  await signed(access, 'GET', '/fapi/v3/account')
  await publicGet(paper.rest, '/fapi/v1/fundingRate?symbol=BTCUSDT')
  expect(seen.some((line) => line.includes('/fapi/v1/fundingRate'))).toBe(true)
  for (const line of seen) {
    expect(line).toMatch(/^GET \/fapi\/v1\/(exchangeInfo|time|klines|ticker\/price|fundingRate)\b.* undefined$/)
    expect(line).not.toMatch(/signature|timestamp/)
  }
})

it('says in one line why it cannot start', async () => {
  const upstream = await start({ seed: 24 })
  expect(await startSimulator({ upstream, symbols: ['NOSUCHUSDT'] })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('does not list NOSUCHUSDT') as string },
  })
  expect(await startSimulator({ upstream: { rest: 'http://127.0.0.1:9', ws: 'ws://127.0.0.1:9' } })).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('http://127.0.0.1:9') as string },
  })
})
