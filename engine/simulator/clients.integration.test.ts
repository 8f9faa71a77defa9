/**
 * Four public clients that nobody here wrote, against the embedded exchange, their base URLs overridden and nothing else: time,
 * exchangeInfo, klines, signed limit and conditional orders, open orders, cancel, account, listen key, kline and user stream.
 * They sign in the query, in the form body, or mixed, and connect in four different ways. ccxt is in ccxt.integration.test.ts.
 */
import { createRequire } from 'node:module'
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures'
import type BinanceApiNode from 'binance-api-node'
import { USDMClient, WebsocketClient } from 'binance'
import NodeBinanceApi from 'node-binance-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSimulator, type Simulator } from './server.ts'

const SYMBOL = 'BTCUSDT'
let simulator: Simulator
/** A resting buy price and a far stop, both on the tick. */
let low: number

beforeAll(async () => {
  const started = await startSimulator({ seed: 11, preludeBars: 600 })
  if (!started.ok) throw new Error(started.error.message)
  simulator = started.value
  const price = (await (await fetch(`${simulator.rest}/fapi/v1/ticker/price?symbol=${SYMBOL}`)).json()) as { price: string }
  low = Math.floor(Number(price.price) * 0.97)
})
afterAll(() => simulator.close())

/** Resolves with the first message that `pick` accepts. */
function first<T>(listen: (take: (message: unknown) => void) => void, pick: (message: unknown) => T | undefined, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} within 15 s`)), 15_000)
    listen((message) => {
      const found = pick(message)
      if (found === undefined) return
      clearTimeout(timer)
      resolve(found)
    })
  })
}
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const inner = (message: unknown): Record<string, unknown> => ('data' in record(message) ? record(record(message)['data']) : record(message))
const klineOf = (message: unknown): string | undefined =>
  inner(message)['e'] === 'kline' ? String(record(inner(message)['k'])['c']) : undefined
const orderOf =
  (clientId: string) =>
  (message: unknown): string | undefined => {
    const event = inner(message)
    return event['e'] === 'ORDER_TRADE_UPDATE' && record(event['o'])['c'] === clientId ? String(record(event['o'])['X']) : undefined
  }
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('binance (npm)', () => {
  it('works', async () => {
    const options = { api_key: simulator.key, api_secret: simulator.secret, baseUrl: simulator.rest }
    const client = new USDMClient(options)
    expect(await client.getServerTime()).toBeGreaterThan(0)
    const info = await client.getExchangeInfo()
    expect(info.symbols.map((row) => row.symbol)).toContain(SYMBOL)
    expect(await client.getKlines({ symbol: SYMBOL, interval: '1m', limit: 10 })).toHaveLength(10)
    const account = await client.getAccountInformationV3()
    expect(Number(account.totalWalletBalance)).toBe(10_000)

    const quiet = { trace: () => {}, info: () => {}, error: () => {} }
    const ws = new WebsocketClient({ ...options, wsUrl: simulator.ws, beautify: false, restOptions: { baseUrl: simulator.rest } }, quiet)
    const messages: ((message: unknown) => void)[] = []
    ws.on('message', (message: unknown) => {
      for (const take of messages) take(message)
    })
    const listen = (take: (message: unknown) => void): void => void messages.push(take)
    const kline = first(listen, klineOf, 'kline')
    await ws.subscribe(['btcusdt@kline_1m'], 'usdmMarket')
    expect(Number(await kline)).toBeGreaterThan(0)
    await ws.subscribeUsdFuturesUserDataStream()
    await sleep(300)

    const event = first(listen, orderOf('binance-npm-1'), 'order event')
    const order = await client.submitNewOrder({
      symbol: SYMBOL,
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: 0.01,
      price: low,
      newClientOrderId: 'binance-npm-1',
    })
    expect(order.status).toBe('NEW')
    expect(await event).toBe('NEW')
    expect((await client.getAllOpenOrders({ symbol: SYMBOL })).map((row) => row.clientOrderId)).toEqual(['binance-npm-1'])
    expect((await client.cancelOrder({ symbol: SYMBOL, orderId: order.orderId })).status).toBe('CANCELED')
    const algo = await client.submitNewAlgoOrder({
      algoType: 'CONDITIONAL',
      symbol: SYMBOL,
      side: 'SELL',
      type: 'STOP_MARKET',
      quantity: '0.01',
      triggerPrice: String(low),
    })
    expect(algo.algoStatus).toBe('NEW')
    expect(await client.getOpenAlgoOrders({ symbol: SYMBOL })).toHaveLength(1)
    await client.cancelAlgoOrder({ algoId: algo.algoId })
    expect(await client.getOpenAlgoOrders({ symbol: SYMBOL })).toHaveLength(0)
    ws.closeAll(true)
  })
})

describe('@binance/derivatives-trading-usds-futures', () => {
  it('works', async () => {
    const client = new DerivativesTradingUsdsFutures({
      configurationRestAPI: { apiKey: simulator.key, apiSecret: simulator.secret, basePath: simulator.rest },
      configurationWebsocketStreams: { wsURL: simulator.ws },
    })
    const api = client.restAPI
    expect(Number((await (await api.checkServerTime()).data()).serverTime)).toBeGreaterThan(0)
    expect((await (await api.exchangeInformation()).data()).symbols?.map((row) => row.symbol)).toContain(SYMBOL)
    expect(await (await api.klineCandlestickData({ symbol: SYMBOL, interval: '1m' as never, limit: 10 })).data()).toHaveLength(10)
    expect(Number((await (await api.accountInformationV3()).data()).totalWalletBalance)).toBe(10_000)

    const streams = await client.websocketStreams.connect()
    const kline = streams.klineCandlestickStreams({ symbol: SYMBOL.toLowerCase(), interval: '1m' as never })
    expect(Number(await first((take) => kline.on('message', take), klineOf, 'kline'))).toBeGreaterThan(0)
    const { listenKey } = await (await api.startUserDataStream()).data()
    expect(listenKey).toMatch(/^[A-Za-z0-9]{64}$/)
    expect((await (await api.keepaliveUserDataStream()).data()).listenKey).toBe(listenKey)
    const user = streams.userData(String(listenKey))
    await sleep(300)

    const event = first((take) => user.on('message', take), orderOf('official-1'), 'order event')
    const order = await (
      await api.newOrder({
        symbol: SYMBOL,
        side: 'BUY' as never,
        type: 'LIMIT' as never,
        timeInForce: 'GTC' as never,
        quantity: 0.01,
        price: low,
        newClientOrderId: 'official-1',
      })
    ).data()
    expect(order.status).toBe('NEW')
    expect(await event).toBe('NEW')
    expect(await (await api.currentAllOpenOrders({ symbol: SYMBOL })).data()).toHaveLength(1)
    expect((await (await api.cancelOrder({ symbol: SYMBOL, origClientOrderId: 'official-1' })).data()).status).toBe('CANCELED')
    const algo = await (
      await api.newAlgoOrder({
        algoType: 'CONDITIONAL' as never,
        symbol: SYMBOL,
        side: 'SELL' as never,
        type: 'STOP_MARKET' as never,
        quantity: 0.01,
        triggerPrice: low,
      })
    ).data()
    expect(algo.algoStatus).toBe('NEW')
    expect(await (await api.currentAllAlgoOpenOrders({ symbol: SYMBOL })).data()).toHaveLength(1)
    await api.cancelAlgoOrder({ algoId: algo.algoId as number })
    expect(await (await api.currentAllAlgoOpenOrders({ symbol: SYMBOL })).data()).toHaveLength(0)
    await streams.disconnect()
  })
})

describe('node-binance-api', () => {
  it('works', async () => {
    const client = new NodeBinanceApi().options({
      APIKEY: simulator.key,
      APISECRET: simulator.secret,
      urls: { fapi: `${simulator.rest}/fapi/` },
      log: () => {},
    })
    Object.assign(client, {
      getFStreamSingleUrl: (category: string) => `${simulator.ws}/${category}/ws/`,
      getFStreamUrl: (category: string) => `${simulator.ws}/${category}/stream?streams=`,
    })
    expect(await client.futuresTime()).toBeGreaterThan(0)
    expect((await client.futuresExchangeInfo()).symbols.map((row: { symbol: string }) => row.symbol)).toContain(SYMBOL)
    expect(await client.futuresCandles(SYMBOL, '1m', { limit: 10 })).toHaveLength(10)
    expect(Number((await client.futuresAccount()).totalWalletBalance)).toBe(10_000)

    const kline = first((take) => void client.futuresSubscribe('btcusdt@kline_1m', take as never), klineOf, 'kline')
    expect(Number(await kline)).toBeGreaterThan(0)
    const { listenKey } = (await client.futuresGetDataStream()) as { listenKey: string }
    await client.futuresKeepDataStream()
    const event = first((take) => void client.futuresSubscribe(listenKey, take as never), orderOf('node-binance-1'), 'order event')
    await sleep(300)
    const order = await client.futuresOrder('LIMIT', 'BUY', SYMBOL, 0.01, low, {
      timeInForce: 'GTC',
      newClientOrderId: 'node-binance-1',
    } as never)
    expect(order.status).toBe('NEW')
    expect(await event).toBe('NEW')
    expect(await client.futuresOpenOrders(SYMBOL)).toHaveLength(1)
    expect((await client.futuresCancel(SYMBOL, order.orderId as never)).status).toBe('CANCELED')
    const algo = record(await client.futuresAlgoOrder('STOP_MARKET', 'SELL', SYMBOL, 0.01, undefined, { triggerPrice: low } as never))
    expect(await client.futuresOpenAlgoOrders(SYMBOL)).toHaveLength(1)
    await client.futuresCancelAlgoOrder(SYMBOL, algo['algoId'] as never)
    expect(await client.futuresOpenAlgoOrders(SYMBOL)).toHaveLength(0)
    for (const endpoint of Object.keys(client.futuresSubscriptions ?? {})) client.futuresTerminate(endpoint)
  })
})

describe('binance-api-node', () => {
  it('works', async () => {
    const { default: create } = createRequire(import.meta.url)('binance-api-node') as typeof BinanceApiNode
    const client = create({
      apiKey: simulator.key,
      apiSecret: simulator.secret,
      httpFutures: simulator.rest,
      wsFutures: `${simulator.ws}/market/ws`,
      wsFuturesPublic: `${simulator.ws}/public/ws`,
      wsFuturesPrivate: `${simulator.ws}/private/ws`,
    })
    expect(await client.futuresTime()).toBeGreaterThan(0)
    expect((await client.futuresExchangeInfo()).symbols.map((row: { symbol: string }) => row.symbol)).toContain(SYMBOL)
    expect(await client.futuresCandles({ symbol: SYMBOL, interval: '1m', limit: 10 })).toHaveLength(10)
    expect(Number((await client.futuresAccountInfo()).totalWalletBalance)).toBe(10_000)

    const stops: (() => void)[] = []
    const candle = await first(
      (take) => void stops.push(client.ws.futuresCandles(SYMBOL, '1m', take as never) as never),
      (message) => String(record(message)['close']),
      'kline',
    )
    expect(Number(candle)).toBeGreaterThan(0)
    const users: ((message: unknown) => void)[] = []
    stops.push(await client.ws.futuresUser((message: unknown) => users.forEach((take) => take(message))))
    const event = first(
      (take) => void users.push(take),
      (message) => (record(message)['clientOrderId'] === 'api-node-1' ? String(record(message)['orderStatus']) : undefined),
      'order event',
    )
    const order = await client.futuresOrder({
      symbol: SYMBOL,
      side: 'BUY',
      type: 'LIMIT' as never,
      timeInForce: 'GTC' as never,
      quantity: '0.01',
      price: String(low),
      newClientOrderId: 'api-node-1',
    } as never)
    expect(order.status).toBe('NEW')
    expect(await event).toBe('NEW')
    expect(await client.futuresOpenOrders({ symbol: SYMBOL })).toHaveLength(1)
    expect((await client.futuresCancelOrder({ symbol: SYMBOL, orderId: Number(record(order)['orderId']) })).status).toBe('CANCELED')
    const algo = await client.futuresCreateAlgoOrder({
      symbol: SYMBOL,
      side: 'SELL',
      type: 'STOP_MARKET',
      quantity: '0.01',
      triggerPrice: String(low),
    } as never)
    expect(await client.futuresGetOpenAlgoOrders({ symbol: SYMBOL })).toHaveLength(1)
    await client.futuresCancelAlgoOrder({ symbol: SYMBOL, algoId: algo.algoId })
    expect(await client.futuresGetOpenAlgoOrders({ symbol: SYMBOL })).toHaveLength(0)
    for (const stop of stops) stop()
    /* closing the user stream deletes its listen key in the background */
    await sleep(300)
  })
})
