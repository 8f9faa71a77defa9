import { expect, it } from 'vitest'
import { parseAddress, streamCategory } from './stream-names.ts'

const KEY = 'pqia91ma19a5s61cv6a81va65sdf19v8a65a1a5s61cv6a81va65sdf19v8a65a1'

it('sorts streams into the categories of the split', () => {
  for (const name of [
    'btcusdt@depth',
    'btcusdt@depth5@100ms',
    'btcusdt@bookTicker',
    '!bookTicker',
    'btcusdt@trade',
    'btcusdt@rpiDepth@500ms',
  ]) {
    expect(streamCategory(name)).toBe('public')
  }
  for (const name of [
    'btcusdt@kline_1m',
    'btcusdt@aggTrade',
    'btcusdt@markPrice@1s',
    '!miniTicker@arr',
    'btcusdt_perpetual@continuousKline_1m',
  ]) {
    expect(streamCategory(name)).toBe('market')
  }
  expect(streamCategory(KEY)).toBe('private')
  expect(streamCategory('0')).toBeUndefined()
})

it('reads every form of address that clients use', () => {
  expect(parseAddress('/public/ws/0')).toEqual({ category: 'public', wrapped: false, streams: ['0'], listenKeys: [] })
  expect(parseAddress('//market/ws/btcusdt@kline_1m/btcusdt@aggTrade')).toMatchObject({
    category: 'market',
    streams: ['btcusdt@kline_1m', 'btcusdt@aggTrade'],
  })
  expect(parseAddress('/market/stream?streams=a@aggTrade/b@kline_1m')).toMatchObject({
    wrapped: true,
    streams: ['a@aggTrade', 'b@kline_1m'],
  })
  expect(parseAddress('/ws/btcusdt@bookTicker')).toMatchObject({ category: 'public', wrapped: false })
  const listenKeys = [{ key: KEY, events: null }]
  expect(parseAddress(`/private/ws?listenKey=${KEY}`)).toEqual({ category: 'private', wrapped: false, streams: [], listenKeys })
  expect(parseAddress(`/private/ws/${KEY}`)).toEqual({ category: 'private', wrapped: false, streams: [], listenKeys })
  expect(parseAddress(`/private/stream?listenKey=${KEY}`)).toEqual({ category: 'private', wrapped: true, streams: [], listenKeys })
  expect(parseAddress('/private/stream?streams=')).toEqual({ category: 'private', wrapped: true, streams: [], listenKeys: [] })
  expect(parseAddress(`/private/stream?streams=${KEY}`)).toEqual({ category: 'private', wrapped: true, streams: [], listenKeys })
  expect(parseAddress(`/private/ws?listenKey=A&events=X/Y&listenKey=B&events=Z`)?.listenKeys).toEqual([
    { key: 'A', events: ['X', 'Y'] },
    { key: 'B', events: ['Z'] },
  ])
  for (const other of ['/', '/fapi/v1/time', '/public', '/market/stream/x', '/ws-fapi/v1']) expect(parseAddress(other)).toBeUndefined()
})
