/** Properties of conflation, series, timeframes, universe and number reading. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { BarSeries, SERIES_LIMIT, type Bar } from './bar-series.ts'
import { BarConflation, conflateBars, foldBars, TradeConflation, type TradePart } from './conflation.ts'
import { readDecimal, READ_REFUSAL, readRefusal, readSigned } from './decimal-reading.ts'
import { openOf, parseTimeframe, type Timeframe } from './timeframe.ts'
import { nextInTurn, selectUniverse } from './universe.ts'

const MINUTE = 60_000
const timeframe = (name: string): Timeframe => {
  const parsed = parseTimeframe(name)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

const barAt = (minute: number): fc.Arbitrary<Bar> =>
  fc
    .record({
      prices: fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 1, max: 1_000_000 }).map((n) => n / 100))),
      volume: fc.integer({ min: 0, max: 1_000_000 }).map((n) => n / 1_000),
      final: fc.boolean(),
    })
    .map(({ prices, volume, final }) => {
      const [a = 1, b = 1] = prices
      return { time: minute * MINUTE, open: a, close: b, high: Math.max(...prices), low: Math.min(...prices), volume, final }
    })
const minuteBars = fc
  .uniqueArray(fc.integer({ min: 28_000_000, max: 28_000_240 }), { minLength: 1, maxLength: 60 })
  .chain((minutes) => fc.tuple(...minutes.map(barAt)))

describe('conflation of bars', () => {
  it('is the same whatever order the bars arrive in, and equals folding each bucket from scratch', () => {
    fc.assert(
      fc.property(
        minuteBars,
        fc.constantFrom('3m', '5m', '15m', '1h', '4h', '1d', '1w'),
        fc.infiniteStream(fc.nat()),
        (bars, name, random) => {
          const frame = timeframe(name)
          const incremental = new BarConflation(frame, Infinity)
          const shuffled = bars.map((bar) => ({ bar, key: random.next().value })).sort((a, b) => a.key - b.key)
          for (const { bar } of shuffled) incremental.take(bar)
          const sorted = [...bars].sort((a, b) => a.time - b.time)
          const scratch = [...new Set(sorted.map((bar) => openOf(bar.time, frame)))].map((time) =>
            foldBars(
              time,
              frame,
              sorted.filter((bar) => openOf(bar.time, frame) === time),
            ),
          )
          expect(incremental.bars()).toEqual(scratch)
          expect(conflateBars(sorted, frame)).toEqual(scratch)
        },
      ),
    )
  })

  it('takes revisions: the last final version counts, a running one never undoes a final one', () => {
    fc.assert(
      fc.property(barAt(28_000_000), barAt(28_000_000), (first, second) => {
        const conflation = new BarConflation(timeframe('5m'))
        conflation.take({ ...first, final: true })
        const ignored = conflation.take({ ...second, final: false })
        expect(ignored).toBeUndefined()
        expect(conflation.bars()).toEqual(conflateBars([{ ...first, final: true }], timeframe('5m')))
        conflation.take({ ...second, final: true })
        expect(conflation.bars()).toEqual(conflateBars([{ ...second, final: true }], timeframe('5m')))
      }),
    )
  })

  it('is final only with its last minute, and leaves missing minutes missing', () => {
    const five = timeframe('5m')
    const bar = (minute: number, final = true): Bar => ({ time: minute * MINUTE, open: 1, high: 3, low: 1, close: 2, volume: 0.1, final })
    expect(conflateBars([bar(0), bar(1), bar(3)], five)).toEqual([{ ...bar(0), volume: 0.1 + 0.1 + 0.1, final: false }])
    expect(conflateBars([bar(0), bar(4)], five)[0]?.final).toBe(true)
    expect(conflateBars([bar(0), bar(4, false)], five)[0]?.final).toBe(false)
    expect(conflateBars([bar(9)], five)).toEqual([{ ...bar(9), time: 5 * MINUTE }])
  })

  it('keeps a bounded number of bars, the newest', () => {
    const conflation = new BarConflation(timeframe('3m'), 4)
    for (let minute = 0; minute < 300; minute += 1) {
      conflation.take({ time: minute * MINUTE, open: 1, high: 1, low: 1, close: 1, volume: 1, final: true })
    }
    expect(conflation.bars().map((bar) => bar.time / MINUTE)).toEqual([288, 291, 294, 297])
    expect(conflation.take({ time: 0, open: 1, high: 1, low: 1, close: 1, volume: 1, final: true })).toBeUndefined()
  })
})

describe('conflation of trades', () => {
  const trades = fc.uniqueArray(
    fc.record({
      id: fc.integer({ min: 1, max: 10_000 }),
      price: fc.integer({ min: 1, max: 10_000 }).map((n) => n / 100),
      quantity: fc.integer({ min: 1, max: 10_000 }).map((n) => n / 1_000),
    }),
    { minLength: 1, maxLength: 80, selector: (trade) => trade.id },
  )
  /* ids rise with time, as at the venue */
  const timed = trades.map((all) =>
    [...all].sort((a, b) => a.id - b.id).map((trade): TradePart => ({ ...trade, timeMs: 1_700_000_000_000 + trade.id * 97 })),
  )

  it('is the same for shuffled and repeated trades', () => {
    fc.assert(
      fc.property(timed, fc.infiniteStream(fc.nat()), fc.constantFrom('1m', '3m'), (parts, random, name) => {
        const frame = timeframe(name)
        const now = 1_700_000_000_000 + 20 * MINUTE
        const straight = new TradeConflation(frame)
        for (const trade of parts) straight.take(trade)
        const shuffled = new TradeConflation(frame)
        const repeated = [...parts, ...parts.filter(() => random.next().value % 3 === 0)]
        for (const { trade } of repeated.map((one) => ({ trade: one, key: random.next().value })).sort((a, b) => a.key - b.key)) {
          shuffled.take(trade)
        }
        expect(shuffled.bars(now)).toEqual(straight.bars(now))
        const total = parts.reduce((sum, trade) => sum + trade.quantity, 0)
        expect(straight.bars(now).reduce((sum, bar) => sum + bar.volume, 0)).toBeCloseTo(total, 9)
      }),
    )
  })

  it('shows a minute without trades as an empty bar at the close before it', () => {
    const conflation = new TradeConflation(timeframe('1m'))
    conflation.take({ id: 1, timeMs: 0, price: 10, quantity: 1 })
    conflation.take({ id: 2, timeMs: 3 * MINUTE + 5, price: 12, quantity: 2 })
    expect(conflation.bars(4 * MINUTE)).toEqual([
      { time: 0, open: 10, high: 10, low: 10, close: 10, volume: 1, final: true },
      { time: MINUTE, open: 10, high: 10, low: 10, close: 10, volume: 0, final: true },
      { time: 2 * MINUTE, open: 10, high: 10, low: 10, close: 10, volume: 0, final: true },
      { time: 3 * MINUTE, open: 12, high: 12, low: 12, close: 12, volume: 2, final: true },
      { time: 4 * MINUTE, open: 12, high: 12, low: 12, close: 12, volume: 0, final: false },
    ])
  })
})

describe('bar series', () => {
  it('holds what a sorted map would hold, whatever the order of arrival', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 80 }).chain(barAt), { maxLength: 120 }),
        fc.integer({ min: 1, max: 40 }),
        (bars, limit) => {
          const series = new BarSeries(limit)
          const model = new Map<number, Bar>()
          for (const bar of bars) {
            series.upsert(bar.time, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.final)
            const known = model.get(bar.time)
            if (known !== undefined) {
              if (bar.final || !known.final) model.set(bar.time, bar)
              continue
            }
            const oldest = Math.min(...model.keys())
            if (model.size === limit) {
              if (bar.time < oldest) continue
              model.delete(oldest)
            }
            model.set(bar.time, bar)
          }
          const expected = [...model.values()].sort((a, b) => a.time - b.time)
          expect(Array.from({ length: series.size }, (_, n) => series.at(n))).toEqual(expected)
          for (const bar of expected) expect(series.find(bar.time)).toEqual(bar)
          expect(series.find(81 * MINUTE)).toBeUndefined()
        },
      ),
    )
  })

  it('finds every hole between the first bar and now, and only those', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (minutes) => {
        const series = new BarSeries()
        for (const minute of minutes) series.upsert(minute * MINUTE, 1, 1, 1, 1, 1, true)
        const first = Math.min(...minutes)
        const missing = Array.from({ length: 61 - first }, (_, n) => first + n).filter((minute) => !minutes.includes(minute))
        const found = series.holes(61 * MINUTE).flatMap((hole) => Array.from({ length: hole.bars }, (_, n) => hole.first / MINUTE + n))
        expect(found).toEqual(missing)
        expect(series.holes(61 * MINUTE).every((hole) => hole.last === hole.first + (hole.bars - 1) * MINUTE)).toBe(true)
      }),
    )
  })

  it('never holds more than 5,000 bars', () => {
    const series = new BarSeries()
    for (let minute = 0; minute < 12_000; minute += 1) series.upsert(minute * MINUTE, 1, 1, 1, 1, 1, true)
    expect(series.size).toBe(SERIES_LIMIT)
    expect(series.at(0).time).toBe(7_000 * MINUTE)
    expect(series.lastFinal).toBe(11_999 * MINUTE)
  })
})

describe('timeframes', () => {
  it.each([
    ['1m', '2026-11-20T10:07:31Z', '2026-11-20T10:07:00Z'],
    ['15m', '2026-11-20T10:07:31Z', '2026-11-20T10:00:00Z'],
    ['4h', '2026-11-20T10:07:31Z', '2026-11-20T08:00:00Z'],
    ['1d', '2026-11-20T10:07:31Z', '2026-11-20T00:00:00Z'],
    ['1w', '2026-11-20T10:07:31Z', '2026-11-16T00:00:00Z'],
  ])('%s bar of %s opens at %s', (name, at, open) => {
    expect(openOf(Date.parse(at), timeframe(name))).toBe(Date.parse(open))
  })

  it.each(['', '0m', '1s', '1M', '1.5h', '-1m', '5w', '99999d', 'm', '1 m'])('refuses %j', (name) => {
    expect(parseTimeframe(name).ok).toBe(false)
  })
})

describe('reading decimals', () => {
  const decimalText = fc.tuple(fc.integer({ min: 0, max: 2 ** 53 - 1 }), fc.integer({ min: 0, max: 12 })).map(([digits, places]) => {
    const text = String(digits).padStart(places + 1, '0')
    return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`
  })

  it('gives the correctly rounded double, whose shortest text is the same number', () => {
    fc.assert(
      fc.property(decimalText, (text) => {
        const value = readDecimal(text)
        expect(value).toBe(Number(text))
        if (text.replace('.', '').replace(/^0+/, '').length <= 15 && value >= 1e-6) {
          expect(String(value)).toBe(text.includes('.') ? text.replace(/\.?0+$/, '') : text)
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it.each([
    [null, 'missing'],
    [undefined, 'missing'],
    ['', 'not-a-number'],
    ['not a price', 'not-a-number'],
    [1, 'not-a-number'],
    [9_007_199_254_740_992, 'not-a-number'],
    [{}, 'not-a-number'],
    [['1'], 'not-a-number'],
    ['NaN', 'not-a-number'],
    ['1e5', 'not-a-number'],
    ['0x10', 'not-a-number'],
    [' 1', 'not-a-number'],
    ['1.', 'not-a-number'],
    ['.5', 'not-a-number'],
    ['1.2.3', 'not-a-number'],
    ['+1', 'not-a-number'],
    ['1_000', 'not-a-number'],
    ['Infinity', 'not-finite'],
    ['-Infinity', 'not-finite'],
    ['-1.5', 'negative'],
    ['90071992547409931.7', 'too-precise'],
    ['1'.repeat(41), 'not-a-number'],
  ])('refuses %j as %s', (value, reason) => {
    const result = readDecimal(value)
    expect(result).toBeLessThan(0)
    expect(readRefusal(result)).toBe(reason)
  })

  it('reads trailing zeros beyond 2^53 and signed rates', () => {
    expect(readDecimal('123456789.12300000000000')).toBe(123456789.123)
    expect(readSigned('-0.00012000')).toBe(-0.00012)
    expect(readSigned('0.0001')).toBe(0.0001)
    expect(readSigned('--1')).toBeNaN()
    expect(Object.keys(READ_REFUSAL)).toHaveLength(5)
  })
})

describe('universe', () => {
  const listing = (symbol: string, status = 'TRADING', quoteAsset = 'USDT'): SymbolFilters => {
    const zero = '0' as DecimalText
    return {
      symbol,
      baseAsset: 'X',
      quoteAsset,
      status,
      tickSize: zero,
      minPrice: zero,
      maxPrice: zero,
      stepSize: zero,
      minQuantity: zero,
      maxQuantity: zero,
      marketStepSize: zero,
      marketMinQuantity: zero,
      marketMaxQuantity: zero,
      minNotional: zero,
      multiplierUp: zero,
      multiplierDown: zero,
      pricePrecision: 1,
      quantityPrecision: 1,
      maxOrders: 1,
      triggerProtect: zero,
      liquidationFee: zero,
      marketTakeBound: zero,
      orderTypes: [],
    }
  }
  const volume = (symbol: string, quoteVolume: string) => ({ symbol, quoteVolume: quoteVolume as DecimalText })

  it('takes the most traded USDT perpetuals and keeps what must stay watched', () => {
    const symbols = [
      listing('AUSDT'),
      listing('BUSDT'),
      listing('CUSDT', 'TRADING_HALT'),
      listing('DUSDC', 'TRADING', 'USDC'),
      listing('EUSDT'),
    ]
    const volumes = [volume('AUSDT', '5'), volume('BUSDT', '100'), volume('CUSDT', '900'), volume('DUSDC', '900'), volume('EUSDT', '50')]
    expect(selectUniverse(symbols, volumes, { limit: 2, minQuoteVolume: 10 })).toEqual(['BUSDT', 'EUSDT'])
    expect(selectUniverse(symbols, volumes, { limit: 2, minQuoteVolume: 10, keep: ['CUSDT', 'GONE'] })).toEqual(['CUSDT', 'BUSDT'])
  })

  it('asks every symbol before any twice', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 }), (count, affordable) => {
        const symbols = Array.from({ length: count }, (_, n) => `S${n}USDT`)
        const asked = new Map<string, number>()
        let cursor = 0
        for (let round = 0; round < 20; round += 1) {
          const next = nextInTurn(symbols, cursor, affordable)
          cursor = next.cursor
          expect(next.turn).toHaveLength(Math.min(count, affordable))
          for (const symbol of next.turn) asked.set(symbol, (asked.get(symbol) ?? 0) + 1)
          const counts = symbols.map((symbol) => asked.get(symbol) ?? 0)
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1)
        }
      }),
    )
    expect(nextInTurn([], 3, 5)).toEqual({ turn: [], cursor: 3 })
  })
})
