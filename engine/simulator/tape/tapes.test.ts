import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bench, spec, START, type Doc } from '../exchange.fixture.ts'
import { Instrument } from '../instrument.ts'
import { Rng } from '../random.ts'
import { BarPath, MINUTE } from './bars.ts'
import { demoBars } from './demo.ts'
import { readFrames } from './frames.ts'
import { parseKlinesCsv, readKlinesCsv } from './klines-csv.ts'
import { columnsOf, recordedBars } from './recorded.ts'
import { present } from '../present.ts'

const shared = (name: string): string => fileURLToPath(new URL(`../../../../shared/data/market/${name}`, import.meta.url))

describe('paths', () => {
  it('touch open, high, low, close; stay inside; keep the volume; rise in time (property)', () => {
    const price = fc.integer({ min: 1_000, max: 2_000 })
    fc.assert(
      fc.property(
        fc.tuple(price, price, price, price),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 4, max: 60 }),
        fc.integer(),
        (prices, volume, steps, seed) => {
          const [open, close] = prices
          const bar = { openTime: 0, open, close, high: Math.max(...prices), low: Math.min(...prices), volume: volume * 10 }
          const path = new BarPath(steps)
          path.draw(bar, 1, 10, new Rng(seed))
          const [times, drawn, quantities] = [[...path.times], [...path.prices], [...path.quantities]]
          expect(drawn).toHaveLength(steps)
          expect(drawn[0]).toBe(open)
          expect(times[0]).toBe(0)
          expect(drawn.at(-1)).toBe(close)
          expect(Math.max(...drawn)).toBe(bar.high)
          expect(Math.min(...drawn)).toBe(bar.low)
          expect(quantities.reduce((sum, qty) => sum + qty, 0)).toBe(bar.volume)
          for (const qty of quantities) expect(qty % 10 === 0 && qty >= 0).toBe(true)
          for (let i = 1; i < steps; i++) expect(present(times[i])).toBeGreaterThan(present(times[i - 1]))
          expect(present(times.at(-1))).toBeLessThan(MINUTE)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('recorded bars', () => {
  it('loop without a price gap: every pass begins where the last one ended', () => {
    const bars = [100, 110, 120].map((price, i) => ({
      openTime: START + i * MINUTE,
      open: `${price}`,
      high: `${price + 5}`,
      low: `${price - 5}`,
      close: `${price + 2}`,
      volume: '1',
    }))
    const source = recordedBars(columnsOf(bars), new Instrument(spec('ETHUSDT')), { loop: true })
    const played = Array.from({ length: 7 }, () => ({ ...present(source.next()) }))
    expect(played.map((bar) => bar.openTime)).toEqual(Array.from({ length: 7 }, (_, i) => START + i * MINUTE))
    expect(present(played[3]).open).toBe(present(played[2]).close)
    expect(present(played[6]).open).toBe(present(played[5]).close)
    expect(source.endTime).toBeNull()
  })

  it('ships a day of real prices with the flash crash, without a gap', () => {
    const bars = demoBars()
    if (!bars.ok) throw new Error(bars.error.message)
    expect(bars.value).toHaveLength(1_440)
    expect(present(bars.value[0]).openTime).toBe(Date.UTC(2021, 1, 22))
    const crash = bars.value.slice(14 * 60 + 5, 14 * 60 + 20).map((bar) => Number(bar.low))
    expect(Math.min(...crash)).toBeLessThan(48_000)
  })
})

describe('klines CSV', () => {
  const good = `${START},1,2,0.5,1.5,10\n${START + MINUTE},1.5,2,1,1,0,more,columns\n`

  it('reads with and without header, further columns ignored', () => {
    for (const text of [good, `open_time,open,high,low,close,volume\n${good}`]) {
      const bars = parseKlinesCsv(text, 'x')
      expect(bars).toMatchObject({
        ok: true,
        value: [
          { openTime: START, high: '2' },
          { close: '1', volume: '0' },
        ],
      })
    }
  })

  it.each([
    ['no bars', '', 'holds no bars'],
    ['text for a price', `${START},1,2,0.5,abc,10`, 'line 1'],
    ['NaN', `${START},1,NaN,0.5,1,10`, 'line 1'],
    ['zero price', `${START},0,2,0,1,10`, 'line 1'],
    ['missing column', `${START},1,2,0.5,1.5`, 'line 1'],
    ['high below close', `${START},1,1.2,0.5,1.5,10`, 'lies outside'],
    ['time going back', `${START},1,2,0.5,1.5,10\n${START},1,2,0.5,1.5,10`, 'line 2'],
    ['odd seconds', `${START + 5},1,2,0.5,1.5,10`, 'whole minute'],
  ])('refuses %s, naming the line', (_, text, words) => {
    const bars = parseKlinesCsv(text, 'x')
    expect(bars.ok).toBe(false)
    if (!bars.ok) expect(bars.error.message).toContain(words)
  })

  it('says when a file is missing', () => {
    expect(readKlinesCsv('/nowhere/tape.csv')).toMatchObject({ ok: false, error: { code: 'tape-missing' } })
  })

  const real = shared('BTCUSDT-USDM-1m-2022-09-17_from_fapi_json.csv')
  it.runIf(existsSync(real))(`plays the venue's own futures bars exactly${existsSync(real) ? '' : ` (not run: ${real} is absent)`}`, () => {
    const bars = readKlinesCsv(real)
    if (!bars.ok) throw new Error(bars.error.message)
    const b = bench({ bars: bars.value, startTime: present(bars.value[0]).openTime, stepsPerMinute: 12 })
    b.exchange.advanceTo(present(b.exchange.endTime))
    const rows = b.bars('GET /fapi/v1/klines', { symbol: 'BTCUSDT', interval: '1m', limit: '516' })
    expect(rows.map((row) => row.slice(0, 6))).toEqual(
      bars.value.map((bar) => [bar.openTime, bar.open, bar.high, bar.low, bar.close, bar.volume]),
    )
  })
})

describe('frames', () => {
  const frames = shared('ws-frames/usdm_btcusdt_20240808.gz')
  it.runIf(existsSync(frames))(
    `plays recorded frames: trades print, the top follows${existsSync(frames) ? '' : ` (not run: ${frames} is absent)`}`,
    () => {
      const read = readFrames(frames)
      if (!read.ok) throw new Error(read.error.message)
      const head = read.value.slice(0, 20_000)
      const b = bench({ startTime: present(head[0]).time, tapes: { BTCUSDT: { kind: 'frames', frames: head } } })
      b.exchange.subscribe('btcusdt@aggTrade')
      b.exchange.advanceTo(present(head.at(-1)).time)
      const trades = head.filter((frame) => (frame.data as Doc)['e'] === 'trade')
      expect(trades.length).toBeGreaterThan(10)
      expect(b.market).toHaveLength(trades.length)
      const printed = b.market.map((event) => [Number((event.data as Doc)['p']), Number((event.data as Doc)['q'])])
      expect(printed).toEqual(trades.map((frame) => [Number((frame.data as Doc)['p']), Number((frame.data as Doc)['q'])]))
      const last = present(head.findLast((frame) => (frame.data as Doc)['e'] === 'bookTicker')).data as Doc
      const lastTrade = present(trades.at(-1)).data as Doc
      const top = b.body('GET /fapi/v1/ticker/bookTicker', { symbol: 'BTCUSDT' })
      if (Number(last['E']) > Number(lastTrade['E'])) expect(Number(top['bidPrice'])).toBe(Number(last['b']))
    },
  )
})
