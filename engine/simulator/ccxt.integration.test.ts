/** Unmodified ccxt (pro) against the embedded exchange, its URLs replaced and nothing else. */
import ccxt from 'ccxt'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from './server.ts'

let simulator: Simulator
const exchange = new ccxt.pro.binanceusdm({ enableRateLimit: false })
const SYMBOL = 'BTC/USDT:USDT'

beforeAll(async () => {
  const started = await startSimulator({ seed: 7, preludeBars: 600 })
  if (!started.ok) throw new Error(started.error.message)
  simulator = started.value
  const api: Record<string, unknown> = {}
  for (const [name, path] of Object.entries({
    fapiPublic: '/fapi/v1',
    fapiPublicV2: '/fapi/v2',
    fapiPublicV3: '/fapi/v3',
    fapiPrivate: '/fapi/v1',
    fapiPrivateV2: '/fapi/v2',
    fapiPrivateV3: '/fapi/v3',
    fapiData: '/futures/data',
  })) {
    api[name] = simulator.rest + path
  }
  api['ws'] = { future: `${simulator.ws}/ws`, 'ws-api': { future: `${simulator.ws}/ws-fapi/v1` } }
  exchange.urls['api'] = api
  exchange.apiKey = simulator.key
  exchange.secret = simulator.secret
  exchange.options['fetchCurrencies'] = false
  exchange.options['fetchMargins'] = false
  exchange.options['recvWindow'] = 5_000
  Object.assign(exchange, { getHttpAgentIfNeeded: () => undefined })
})
afterAll(async () => {
  await exchange.close()
  await simulator.close()
})

describe('unmodified ccxt binanceusdm', () => {
  it('reads time, markets and bars', async () => {
    expect(Math.abs(((await exchange.fetchTime()) ?? 0) - Date.now())).toBeLessThan(2_000)
    const markets = await exchange.loadMarkets()
    expect(markets[SYMBOL]?.precision?.price).toBe(0.1)
    const bars = await exchange.fetchOHLCV(SYMBOL, '1m', undefined, 100)
    expect(bars).toHaveLength(100)
    for (let i = 1; i < bars.length; i++) expect(Number(bars[i]?.[0]) - Number(bars[i - 1]?.[0])).toBe(60_000)
  })

  it('reads balance and positions', async () => {
    const balance = await exchange.fetchBalance()
    expect(balance['USDT']?.total).toBe(10_000)
    expect(await exchange.fetchPositions()).toEqual([])
  })

  it('trades: limit, market, stop; lists; cancels', async () => {
    const ticker = await exchange.fetchTicker(SYMBOL)
    const last = ticker.last ?? 0
    expect(last).toBeGreaterThan(0)
    const resting = await exchange.createOrder(SYMBOL, 'limit', 'buy', 0.01, Math.floor(last * 0.97), { clientOrderId: 'resting-1' })
    expect(resting.clientOrderId).toBe('resting-1')
    const open = await exchange.fetchOpenOrders(SYMBOL)
    expect(open.map((order) => order.clientOrderId)).toEqual(['resting-1'])
    const cancelled = await exchange.cancelOrder(String(resting.id), SYMBOL)
    expect(cancelled.status).toBe('canceled')
    expect(await exchange.fetchOpenOrders(SYMBOL)).toEqual([])

    await exchange.createOrder(SYMBOL, 'market', 'buy', 0.01)
    const positions = await exchange.fetchPositions([SYMBOL])
    expect(positions[0]).toMatchObject({ side: 'long', contracts: 0.01 })

    const stop = await exchange.createOrder(SYMBOL, 'STOP_MARKET', 'sell', undefined as never, undefined, {
      triggerPrice: Math.floor(last * 0.9),
      closePosition: true,
    })
    const stops = await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true })
    expect(stops.map((order) => order.id)).toEqual([stop.id])
    await exchange.cancelOrder(String(stop.id), SYMBOL, { trigger: true })
    expect(await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true })).toEqual([])

    const trades = await exchange.fetchMyTrades(SYMBOL)
    expect(trades.length).toBeGreaterThan(0)
    await exchange.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { reduceOnly: true })
    expect(await exchange.fetchPositions([SYMBOL])).toEqual([])
  })

  it('watches bars, trades and its own orders', async () => {
    const bar = await exchange.watchOHLCV(SYMBOL, '1m')
    expect(Number(bar[0]?.[4])).toBeGreaterThan(0)
    const trades = await exchange.watchTrades(SYMBOL, undefined, undefined, { name: 'aggTrade' })
    expect(trades[0]?.symbol).toBe(SYMBOL)
    const watched = exchange.watchOrders(SYMBOL)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const { last } = await exchange.fetchTicker(SYMBOL)
    await exchange.createOrder(SYMBOL, 'limit', 'buy', 0.01, Math.floor((last ?? 0) * 0.97), { clientOrderId: 'watched-1' })
    const orders = await watched
    expect(orders.map((order) => order.clientOrderId)).toContain('watched-1')
  })

  it('gets the venue’s own errors', async () => {
    await expect(exchange.createOrder(SYMBOL, 'limit', 'buy', 0.0001, 50_000)).rejects.toThrow()
    await expect(exchange.cancelOrder('999999', SYMBOL)).rejects.toThrow('-2011')
    const stranger = new ccxt.binanceusdm({ apiKey: simulator.key, secret: 'wrong' })
    stranger.urls['api'] = exchange.urls['api']
    stranger.options['fetchCurrencies'] = false
    await expect(stranger.fetchBalance()).rejects.toThrow('-1022')
  })
})
