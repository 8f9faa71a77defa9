import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { moneyPlain, moneyText, roundedDiv } from '../decimal.ts'
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

  it('agrees with exact fractions on any sequence of fills, and cash never leaks (property)', () => {
    const fills = fc.array(fc.record({ qty: fc.integer({ min: -5_000, max: 5_000 }), ticks: fc.integer({ min: 9_000, max: 11_000 }) }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(fills, (sequence) => {
        const one = position('ETHUSDT')
        const { instrument } = one.market
        let qty = 0n
        // What is open cost cost.n / cost.d, in 10^-5 USDT (a tick of 0.01 times a step of 0.001); signed as the quantity.
        let cost: Fraction = { n: 0n, d: 1n }
        let cash = 0n
        let realized: Fraction = { n: 0n, d: 1n }
        for (const step of sequence) {
          if (step.qty === 0) continue
          const [amount, ticks] = [BigInt(step.qty), BigInt(step.ticks)]
          cash -= ticks * amount
          const booked = bookFill(one, step.qty * instrument.step, step.ticks * instrument.tick, TAKER, 0)
          const reduces = qty !== 0n && qty > 0n !== amount > 0n
          const closing = reduces ? (absolute(amount) < absolute(qty) ? absolute(amount) : absolute(qty)) : 0n
          const sign = qty > 0n ? 1n : -1n
          const closedCost: Fraction = closing === 0n ? { n: 0n, d: 1n } : { n: cost.n * closing, d: cost.d * absolute(qty) }
          const gain: Fraction = { n: sign * ticks * closing * closedCost.d - closedCost.n, d: closedCost.d }
          expect(roundings(gain)).toContain(booked.realized)
          // 10^-5 USDT x 0.0005 in 10^-8 USDT.
          expect(booked.commission).toBe(roundedDiv(ticks * absolute(amount) * 1_000n * 5n, 10_000n))
          cost = sum(cost, { n: -closedCost.n, d: closedCost.d })
          cost = sum(cost, { n: ticks * (amount > 0n ? 1n : -1n) * (absolute(amount) - closing), d: 1n })
          qty += amount
          realized = sum(realized, gain)
          expect(BigInt(Math.round(one.qty / instrument.step))).toBe(qty)
          expect(one.entryText).toBe(one.entry.toDecimalPlaces(12).toFixed())
          // Kept to 10^-36 USDT; each partial close may cut one of them.
          const kept: Fraction = { n: one.cost - (cost.n * COST_UNITS) / cost.d, d: 1n }
          expect(absolute(kept.n) <= 80n).toBe(true)
        }
        // Cash paid and received, plus what the open part cost, is the profit: nothing appears or vanishes.
        const left = sum(sum({ n: cash, d: 1n }, cost), { n: -realized.n, d: realized.d })
        expect(left.n).toBe(0n)
      }),
      { numRuns: 200 },
    )
  })
})

interface Fraction {
  readonly n: bigint
  readonly d: bigint
}

/** 10^-36 USDT in one 10^-5 USDT. */
const COST_UNITS = 10n ** 31n
const absolute = (value: bigint): bigint => (value < 0n ? -value : value)

function sum(one: Fraction, other: Fraction): Fraction {
  const [n, d] = [one.n * other.d + other.n * one.d, one.d * other.d]
  const common = divisorOf(absolute(n), d)
  return { n: n / common, d: d / common }
}

const divisorOf = (a: bigint, b: bigint): bigint => (b === 0n ? a : divisorOf(b, a % b))

/**
 * A gain in 10^-8 USDT, half up. Only where it stands so near a half that costs cut at 10^-36 USDT decide, and it is not an exact half
 * of exact costs, both neighbours are right.
 */
function roundings(gain: Fraction): bigint[] {
  const rounded = roundedDiv(gain.n * 1_000n, gain.d)
  const fromHalf = absolute(absolute(gain.n * 2_000n - rounded * 2n * gain.d) - gain.d)
  const exact = (gain.n * COST_UNITS) % gain.d === 0n
  if (exact || fromHalf * 10n ** 25n >= gain.d) return [rounded]
  return [rounded, rounded - 1n, rounded + 1n].filter((near) => absolute(gain.n * 1_000n - near * gain.d) * 2n <= gain.d + 1n)
}
