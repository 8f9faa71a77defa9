import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dec, moneyPlain, moneyText, toMoney } from '../decimal.ts'
import { spec } from '../exchange.fixture.ts'
import { Market } from '../market/market.ts'
import { bookFill, Position } from './position.ts'

const TAKER = 50_000n
const position = (symbol: string): Position => new Position(new Market(spec(symbol), 1), 'BOTH')
const pu = (one: Position, price: string): number => Math.round(Number(price) * one.market.instrument.priceScale)
const qu = (one: Position, qty: string): number => Math.round(Number(qty) * one.market.instrument.qtyScale)
const fill = (one: Position, qty: string, price: string) => bookFill(one, qu(one, qty), pu(one, price), TAKER, 0)

describe('fills on a position', () => {
  it('short 1 at 100, closed at 95: exactly +5 before fees', () => {
    const one = position('ETHUSDT')
    expect(moneyPlain(fill(one, '-1', '100').realized)).toBe('0')
    expect(moneyPlain(fill(one, '1', '95').realized)).toBe('5')
    expect(one).toMatchObject({ qty: 0, cost: 0n })
  })

  it('averages what it adds, keeps the average when it reduces, starts anew on a flip', () => {
    const one = position('ETHUSDT')
    fill(one, '1', '100')
    fill(one, '2', '130')
    expect(one.entry.toFixed()).toBe('120')
    expect(moneyPlain(fill(one, '-1', '150').realized)).toBe('30')
    expect(one.entry.toFixed()).toBe('120')
    expect(moneyPlain(fill(one, '-5', '110').realized)).toBe('-20')
    expect(one.entry.toFixed()).toBe('110')
    expect(moneyPlain(one.realized)).toBe('-20')
  })

  it('breaks even where the fees paid are earned back: above the entry of a long, below that of a short', () => {
    const long = position('ETHUSDT')
    fill(long, '2', '100')
    expect([long.entryText, long.breakEvenText]).toEqual(['100', '100.05'])
    const short = position('ETHUSDT')
    fill(short, '-2', '100')
    expect([short.entryText, short.breakEvenText]).toEqual(['100', '99.95'])
  })

  it('rounds commission and profit half up at eight decimals', () => {
    const one = position('XRPUSDT')
    // 33.3 × 0.6001 × 0.0005 = 0.009991665
    expect(moneyText(fill(one, '33.3', '0.6001').commission)).toBe('0.00999167')
    const third = position('ETHUSDT')
    fill(third, '1', '100')
    fill(third, '2', '100.01')
    // entry 100.00666…: closing 1 at 100 loses 0.00666666…
    expect(moneyText(fill(third, '-1', '100').realized)).toBe('-0.00666667')
  })

  it('agrees with Decimal on any sequence of fills, and cash never leaks (property)', () => {
    const fills = fc.array(fc.record({ qty: fc.integer({ min: -5_000, max: 5_000 }), ticks: fc.integer({ min: 9_000, max: 11_000 }) }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(fills, (sequence) => {
        const one = position('ETHUSDT')
        const { instrument } = one.market
        let qty = dec(0)
        let entry = dec(0)
        let cash = dec(0)
        let realized = dec(0)
        for (const step of sequence) {
          if (step.qty === 0) continue
          const price = dec(step.ticks).times('0.01')
          const amount = dec(step.qty).times('0.001')
          cash = cash.minus(price.times(amount))
          const booked = bookFill(one, step.qty * instrument.step, step.ticks * instrument.tick, TAKER, 0)
          const reduces = !qty.isZero() && qty.isPositive() !== amount.isPositive()
          const closing = reduces ? (amount.abs().lt(qty.abs()) ? amount.abs() : qty.abs()) : dec(0)
          const gain = price
            .minus(entry)
            .times(closing)
            .times(qty.isPositive() ? 1 : -1)
          expect(booked.realized).toBe(toMoney(gain))
          expect(booked.commission).toBe(toMoney(price.times(amount.abs()).times('0.0005')))
          const after = qty.plus(amount)
          if (!reduces) entry = qty.abs().times(entry).plus(amount.abs().times(price)).div(after.abs())
          else if (amount.abs().gt(qty.abs())) entry = price
          qty = after
          realized = realized.plus(gain)
          expect(instrument.qty(one.qty).toFixed()).toBe(qty.toFixed())
          expect(one.entryText).toBe(one.entry.toDecimalPlaces(12).toFixed())
          if (!qty.isZero()) expect(one.entry.minus(entry).abs().lt('1e-25')).toBe(true)
        }
        // Cash paid and received, plus what the open part cost, is the profit: nothing appears or vanishes.
        expect(cash.plus(qty.times(entry)).minus(realized).abs().lt('1e-25')).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
