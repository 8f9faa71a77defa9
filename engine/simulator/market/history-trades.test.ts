/** A venue that did not begin today: trades before the start can be read, and the bars before the start are made of them. */
import { expect, it } from 'vitest'
import { dec } from '../decimal.ts'
import { bench, spec, START } from '../exchange.fixture.ts'
import { present } from '../present.ts'
import { MINUTE } from '../tape/bars.ts'

it.each(['BTCUSDT', 'XRPUSDT'])('%s: the minutes before the start add up from their trades', (symbol) => {
  const { rows, bars } = bench({ seed: 5, preludeBars: 30, symbols: [spec(symbol)] })
  const trades = rows('GET /fapi/v1/aggTrades', { symbol, limit: '1000' })
  expect(trades.length).toBeGreaterThan(400)
  for (const [i, trade] of trades.entries()) {
    expect(trade['a']).toBe(Number(present(trades[0])['a']) + i)
    expect(Number(trade['T'])).toBeGreaterThanOrEqual(i === 0 ? 0 : Number(present(trades[i - 1])['T']))
    expect(Number(trade['T'])).toBeLessThanOrEqual(START)
  }
  // Of the oldest minute some trades have made room already.
  const whole = bars('GET /fapi/v1/klines', { symbol, interval: '1m', limit: '30' }).filter(
    (bar) => Number(bar[0]) < START && Number(bar[0]) > Number(present(trades[0])['T']),
  )
  expect(whole.length).toBeGreaterThanOrEqual(5)
  for (const [openTime, open, high, low, close, volume, , quote, count, takerVolume] of whole) {
    const mine = trades.filter((trade) => Math.floor(Number(trade['T']) / MINUTE) * MINUTE === openTime)
    const add = (of: (trade: (typeof mine)[number]) => string, from = mine): string =>
      from.reduce((sum, trade) => sum.plus(of(trade)), dec(0)).toFixed()
    expect(mine.length).toBe(count)
    expect(add((trade) => String(trade['q']))).toBe(dec(String(volume)).toFixed())
    expect(add((trade) => dec(String(trade['q'])).times(String(trade['p'])).toFixed())).toBe(dec(String(quote)).toFixed())
    const buys = mine.filter((trade) => trade['m'] === false)
    expect(add((trade) => String(trade['q']), buys)).toBe(dec(String(takerVolume)).toFixed())
    const prices = mine.map((trade) => Number(trade['p']))
    expect([prices[0], Math.max(...prices), Math.min(...prices), prices.at(-1)]).toEqual([open, high, low, close].map(Number))
  }
})
