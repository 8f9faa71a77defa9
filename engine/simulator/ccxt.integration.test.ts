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

  it('reads what is said about markets, fees and settings', async () => {
    const book = await exchange.fetchOrderBook(SYMBOL, 50)
    expect(Number(book.bids[0]?.[0])).toBeLessThan(Number(book.asks[0]?.[0]))
    expect((await exchange.fetchFundingRate(SYMBOL)).fundingRate).toBeCloseTo(0.0001, 3)
    expect(await exchange.fetchTradingFee(SYMBOL)).toMatchObject({ maker: 0.0002, taker: 0.0005 })
    expect((await exchange.fetchTickers([SYMBOL]))[SYMBOL]?.last).toBeGreaterThan(0)
    expect(await exchange.fetchPositionMode(SYMBOL)).toMatchObject({ hedged: false })
    expect((await exchange.fetchLeverages([SYMBOL]))[SYMBOL]?.longLeverage).toBe(20)
    expect((await exchange.fetchTrades(SYMBOL, undefined, 10)).length).toBe(10)
  })

  it('changes settings, and is told when there is nothing to change', async () => {
    await exchange.cancelAllOrders(SYMBOL)
    await exchange.setLeverage(7, SYMBOL)
    expect((await exchange.fetchLeverages([SYMBOL]))[SYMBOL]?.longLeverage).toBe(7)
    await exchange.setLeverage(20, SYMBOL)
    await exchange.setMarginMode('isolated', SYMBOL)
    await expect(exchange.setMarginMode('isolated', SYMBOL)).rejects.toThrow(ccxt.MarginModeAlreadySet)
    await exchange.setMarginMode('cross', SYMBOL)
    await exchange.setPositionMode(true, SYMBOL)
    expect(await exchange.fetchPositionMode(SYMBOL)).toMatchObject({ hedged: true })
    await expect(exchange.setPositionMode(true, SYMBOL)).rejects.toThrow('-4059')
    await exchange.setPositionMode(false, SYMBOL)
  })

  it('places many at once, edits, finds by client id, cancels all in both books', async () => {
    const last = (await exchange.fetchTicker(SYMBOL)).last ?? 0
    const price = Math.floor(last * 0.97)
    const many = await exchange.createOrders(
      ['many-1', 'many-2'].map((clientOrderId) => ({
        symbol: SYMBOL,
        type: 'limit' as const,
        side: 'buy' as const,
        amount: 0.01,
        price,
        params: { clientOrderId },
      })),
    )
    expect(many.map((order) => order.clientOrderId)).toEqual(['many-1', 'many-2'])
    const edited = await exchange.editOrder(String(many[0]?.id), SYMBOL, 'limit', 'buy', 0.02, price - 10)
    expect(edited).toMatchObject({ amount: 0.02, price: price - 10 })
    const found = await exchange.fetchOrder('', SYMBOL, { clientOrderId: 'many-1' })
    expect(found).toMatchObject({ id: many[0]?.id, amount: 0.02 })
    const stop = await exchange.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { stopLossPrice: price, clientOrderId: 'stop-1' })
    const trailing = await exchange.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, {
      trailingPercent: 1,
      activatePrice: Math.floor(last * 1.02),
    })
    expect((await exchange.fetchOrder(String(stop.id), SYMBOL, { trigger: true })).id).toBe(stop.id)
    const resting = await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true })
    expect(new Set(resting.map((order) => order.id))).toEqual(new Set([stop.id, trailing.id]))
    await exchange.cancelAllOrders(SYMBOL)
    expect(await exchange.fetchOpenOrders(SYMBOL)).toEqual([])
    expect(await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true })).toHaveLength(2)
    await exchange.cancelAllOrders(SYMBOL, { trigger: true })
    expect(await exchange.fetchOpenOrders(SYMBOL, undefined, undefined, { trigger: true })).toEqual([])
    expect((await exchange.fetchOrders(SYMBOL)).map((order) => order.clientOrderId)).toEqual(expect.arrayContaining(['many-1', 'many-2']))
  })

  it('watches the book, tickers, marks, its trades and its balance', async () => {
    const book = await exchange.watchOrderBook(SYMBOL)
    expect(Number(book.bids[0]?.[0])).toBeLessThan(Number(book.asks[0]?.[0]))
    expect((await exchange.watchTicker(SYMBOL)).last).toBeGreaterThan(0)
    expect((await exchange.watchBidsAsks([SYMBOL]))[SYMBOL]?.bid).toBeGreaterThan(0)
    expect((await exchange.watchMarkPrice(SYMBOL)).markPrice).toBeGreaterThan(0)
    const mine = exchange.watchMyTrades(SYMBOL)
    const balance = exchange.watchBalance()
    await new Promise((resolve) => setTimeout(resolve, 500))
    await exchange.createOrder(SYMBOL, 'market', 'buy', 0.01)
    expect((await mine)[0]).toMatchObject({ symbol: SYMBOL, side: 'buy', amount: 0.01 })
    expect((await balance)['USDT']?.total).toBeLessThan(10_000)
    await exchange.createOrder(SYMBOL, 'market', 'sell', 0.01, undefined, { reduceOnly: true })
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
