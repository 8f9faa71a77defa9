import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { POISONS, poisonFrames } from './poison.ts'

const folder = fileURLToPath(new URL('../../contract/fixtures/venue-messages/', import.meta.url))
const FILES = [
  'market_data_json/kline_stream_open.json',
  'market_data_json/agg_trade_stream.json',
  'market_data_json/book_ticker_stream.json',
  'market_data_json/mark_price_stream.json',
  'market_data_json/ticker_stream.json',
  'user_data_json/order_update_trade.json',
]

it.each(FILES)('every poison changes %s, raw and wrapped, and leaves the original alone', (file) => {
  const data: unknown = JSON.parse(readFileSync(folder + file, 'utf8'))
  const genuine = JSON.stringify(data)
  for (const poison of POISONS) {
    const raw = poisonFrames(poison, data, (text) => text)
    if (poison === 'duplicate') expect(raw).toEqual([genuine, genuine])
    else for (const frame of raw) expect(frame.toString(), poison).not.toBe(genuine)
    expect(JSON.stringify(data)).toBe(genuine)
    if (poison === 'nullFrame' || poison === 'truncated' || poison === 'invalidUtf8') continue
    const wrapped = poisonFrames(poison, data, (text) => `{"stream":"s","data":${text}}`)
    for (const frame of wrapped) expect(frame.toString(), poison).toContain('{"stream":"s","data":')
  }
})

it('writes what JSON cannot hold literally', () => {
  const event = { e: 'aggTrade', E: 5, s: 'BTCUSDT', a: 1, p: '10.5', q: '1', T: 5 }
  const frame = (poison: (typeof POISONS)[number]): string => String(poisonFrames(poison, event, (text) => text)[0])
  expect(frame('hugeExponent')).toContain('"p":1e999')
  expect(frame('bareNaN')).toContain('"p":NaN')
  expect(frame('beyondSafeInteger')).toContain('"a":9007199254740993')
  expect(frame('prototypeKeys')).toContain('"__proto__":{"polluted":true}')
  expect(frame('oneMegabyte').length).toBeGreaterThan(1_048_576)
  expect(() => JSON.parse(frame('truncated')) as unknown).toThrow()
  expect(() => new TextDecoder('utf-8', { fatal: true }).decode(poisonFrames('invalidUtf8', event, (text) => text)[0] as Buffer)).toThrow()
})

it('poisons events whose ids passed 2^53', () => {
  const event = {
    e: 'ORDER_TRADE_UPDATE',
    E: 5,
    T: 5,
    o: { s: 'BTCUSDT', i: 9_007_199_254_740_995n, t: 9_007_199_254_740_997n, L: '1', l: '1' },
  }
  for (const poison of POISONS) expect(poisonFrames(poison, event, (text) => text).length, poison).toBeGreaterThan(0)
  expect(String(poisonFrames('zero', event, (text) => text)[0])).toContain('"i":9007199254740995,"t":9007199254740997')
})
