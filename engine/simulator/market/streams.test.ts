import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { barsOf, bench, KEY, market, START, text, type Doc } from '../exchange.fixture.ts'
import { MINUTE } from '../tape/bars.ts'
import { parseStream } from './streams.ts'
import { present } from '../present.ts'

const klines = (b: ReturnType<typeof bench>) =>
  b.market.filter((event) => event.stream.includes('kline')).map((event) => (event.data as Doc)['k'] as Doc)

const at = (rows: readonly (readonly unknown[])[], row: number, column: number): number => Number(present(rows[row])[column])

describe('klines', () => {
  const bars = barsOf([[50_000, 50_020, 49_990, 50_010], [50_010, 50_050, 50_000, 50_040], 50_040, 50_000, 50_000, 50_000])

  it('each minute ends with x true, in time, with exactly the tape’s bar', () => {
    const b = bench({ bars })
    b.exchange.subscribe('btcusdt@kline_1m')
    b.minutes(3)
    const closed = klines(b).filter((k) => k['x'] === true)
    expect(closed).toMatchObject([
      { t: START, T: START + MINUTE - 1, o: '50000.00', h: '50020.00', l: '49990.00', c: '50010.00', v: '100.000' },
      { t: START + MINUTE, o: '50010.00', h: '50050.00', l: '50000.00', c: '50040.00', v: '100.000' },
      { t: START + 2 * MINUTE, o: '50040.00' },
    ])
    for (const event of b.market) {
      const k = (event.data as Doc)['k'] as Doc
      expect(Number(k['h'])).toBeGreaterThanOrEqual(Math.max(Number(k['o']), Number(k['c'])))
      expect(Number(k['l'])).toBeLessThanOrEqual(Math.min(Number(k['o']), Number(k['c'])))
      expect(k['x']).toBe(event.time > Number(k['T']))
    }
  })

  it('an account’s own fills print as trades but leave the tape’s bars alone', () => {
    const b = bench({ bars })
    b.exchange.advanceTo(START + 30_000)
    b.body('POST /fapi/v1/order', market('BUY', '5'))
    b.minutes(1)
    const [row] = b.bars('GET /fapi/v1/klines', {
      symbol: 'BTCUSDT',
      interval: '1m',
      startTime: String(START),
      limit: '1',
    })
    expect(present(row).slice(0, 6)).toEqual([START, '50000.00', '50020.00', '49990.00', '50010.00', '100.000'])
  })

  it('longer intervals are built from the minutes and close with them', () => {
    const b = bench({ bars })
    b.exchange.subscribe('btcusdt@kline_5m')
    b.minutes(5)
    b.exchange.advanceTo(b.exchange.now + 10)
    const closed = klines(b).filter((k) => k['x'] === true)
    expect(closed).toMatchObject([{ t: START, i: '5m', o: '50000.00', h: '50050.00', l: '49990.00', c: '50000.00', v: '500.000' }])
  })

  it.each([
    ['missing', [true, false, true]],
    ['late', [true, true, true]],
  ] as const)('a %s close is produced on demand', (how, minutes) => {
    const b = bench({ bars })
    b.exchange.subscribe('btcusdt@kline_1m')
    b.exchange.advanceTo(START + MINUTE + 1)
    b.exchange.fault({ kind: 'kline', symbol: 'BTCUSDT', how })
    b.exchange.advanceTo(START + 3 * MINUTE + 10)
    const closed = new Set(
      klines(b)
        .filter((k) => k['x'] === true)
        .map((k) => k['t']),
    )
    expect(minutes.map((_, i) => closed.has(START + i * MINUTE))).toEqual([...minutes])
    if (how === 'late') {
      const at = b.market.findIndex(
        (event) => ((event.data as Doc)['k'] as Doc)['x'] === true && ((event.data as Doc)['k'] as Doc)['t'] === START + MINUTE,
      )
      const next = b.market.findIndex((event) => ((event.data as Doc)['k'] as Doc)['t'] === START + 2 * MINUTE)
      expect(at).toBeGreaterThan(next)
    }
  })

  it('a revised close arrives a second time with another close', () => {
    const b = bench({ bars })
    b.exchange.subscribe('btcusdt@kline_1m')
    b.exchange.fault({ kind: 'kline', symbol: 'BTCUSDT', how: 'revised' })
    b.exchange.advanceTo(START + MINUTE + 2_000)
    const closed = klines(b).filter((k) => k['x'] === true)
    expect(closed).toHaveLength(2)
    expect(present(closed[0])['c']).not.toBe(present(closed[1])['c'])
  })

  it('REST: 1,500 bars before the start, -1130 beyond, -1120 and -1121 for unknown names', () => {
    const b = bench({ preludeBars: 1_600 })
    const rows = b.bars('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval: '1m', limit: '1500' })
    expect(rows).toHaveLength(1_500)
    expect(present(rows.at(-1))[0]).toBe(START - MINUTE)
    for (let i = 1; i < rows.length; i++) expect(at(rows, i, 0) - at(rows, i - 1, 0)).toBe(MINUTE)
    expect(b.code('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval: '1m', limit: '1501' })).toBe(-1130)
    expect(b.code('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval: '1s' })).toBe(-1120)
    expect(b.code('GET /fapi/v1/klines', { symbol: 'NOPE', interval: '1m' })).toBe(-1121)
    const backwards = { symbol: 'BTCUSDT', interval: '1m', startTime: '20', endTime: '10' }
    for (const path of ['klines', 'aggTrades', 'fundingRate', 'userTrades', 'allOrders', 'allAlgoOrders', 'income'] as const) {
      expect(b.code(`GET /fapi/v1/${path}`, backwards), path).toBe(-1023)
    }
    for (const interval of ['1h', '4h', '1d']) {
      const long = b.bars('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval, limit: '1500' })
      expect(long.length, interval).toBeGreaterThanOrEqual(500)
      for (let i = 1; i < long.length; i++) expect(at(long, i, 0) - at(long, i - 1, 6), interval).toBe(1)
    }
  })
})

describe('names', () => {
  it('knows the venue’s streams and nothing else', () => {
    for (const name of [
      'btcusdt@kline_1m',
      'btcusdt@depth@100ms',
      'btcusdt@depth',
      'btcusdt@depth20@500ms',
      'btcusdt@markPrice@1s',
      '!ticker@arr',
    ]) {
      expect(parseStream(name), name).not.toBeNull()
    }
    for (const name of ['BTCUSDT@kline_1m', 'btcusdt@kline_1s', 'btcusdt@kline_2m', 'btcusdt', '@trade', 'btcusdt@nothing', '!all']) {
      expect(parseStream(name), name).toBeNull()
    }
  })
})

/** Keys of an object, nested, for comparing shapes; values of arrays by their first element. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? [] : [shape(value[0])]
  if (value === null || typeof value !== 'object') return typeof value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shape(one)]))
}

const folder = fileURLToPath(new URL('../../contract/fixtures/venue-messages/', import.meta.url))

describe("message shapes against the venue's samples", () => {
  const read = (name: string): Doc => JSON.parse(readFileSync(folder + name, 'utf8')) as Doc
  const missing = (sample: unknown, ours: unknown, path = ''): string[] => {
    if (sample === null || typeof sample !== 'object')
      return typeof sample === typeof ours ? [] : [`${path}: ${typeof ours} for ${typeof sample}`]
    if (ours === null || typeof ours !== 'object') return [path]
    return Object.entries(sample).flatMap(([key, value]) => missing(value, (ours as Doc)[key], `${path}.${key}`))
  }

  it('every market event has every field of the sample, with the same type', () => {
    const b = bench({})
    const names = ['aggTrade', 'bookTicker', 'depth@100ms', 'kline_1m', 'markPrice@1s', 'ticker', 'trade'].map((kind) => `btcusdt@${kind}`)
    for (const name of names) b.exchange.subscribe(name)
    b.minutes(3)
    const samples = {
      aggTrade: 'agg_trade',
      bookTicker: 'book_ticker',
      'depth@100ms': 'depth_update',
      kline_1m: 'kline',
      'markPrice@1s': 'mark_price',
      ticker: 'ticker',
      trade: 'trade',
    }
    const files = readdirSync(`${folder}market_data_json`)
    for (const [kind, file] of Object.entries(samples)) {
      const name = present(files.find((one) => one.startsWith(`${file}_stream`)))
      const ours = b.market.find((event) => event.stream === `btcusdt@${kind}`)?.data
      expect(missing(shape(read(`market_data_json/${name}`)), shape(ours)), kind).toEqual([])
    }
  })

  it('every user event has every field of the sample', () => {
    const b = bench({ accounts: [{ key: KEY, secret: 's', balance: text('100000') }] })
    b.minutes(1)
    b.body('POST /fapi/v1/order', market('BUY', '0.010'))
    b.body('POST /fapi/v1/algoOrder', {
      algoType: 'CONDITIONAL',
      symbol: 'BTCUSDT',
      side: 'SELL',
      type: 'STOP_MARKET',
      triggerPrice: '55000',
      closePosition: 'true',
    })
    b.exchange.advanceTo(b.exchange.now + 100)
    const of = (type: string, execution?: string): unknown =>
      b.user.find((event) => event.type === type && (execution === undefined || (event.data['o'] as Doc)['x'] === execution))?.data
    const optional = new Set(['.o.AP', '.o.cr'])
    const check = (file: string, ours: unknown): void => {
      const gaps = missing(shape(read(`user_data_json/${file}`)), shape(ours)).filter((gap) => !optional.has(present(gap.split(':')[0])))
      expect(gaps, file).toEqual([])
    }
    check('order_update_trade.json', of('ORDER_TRADE_UPDATE', 'TRADE'))
    check('account_update.json', of('ACCOUNT_UPDATE'))
    check('algo_update_new.json', of('ALGO_UPDATE'))
    check('trade_lite.json', of('TRADE_LITE'))
  })
})
