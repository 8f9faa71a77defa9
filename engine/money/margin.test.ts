/** Brackets of exchange.md §3.5, the published liquidation formula, funding and commission. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { LeverageTier } from '../contract/venue.ts'
import { decimal, price, qty, toText, usdt, ZERO, type Decimal } from './decimal.ts'
import { commission, fundingPayment, unrealizedProfit } from './fees.ts'
import { initialMargin, liquidationPrice, maintenanceMargin, maxLeverage, maxNotional, tierFaults, tiersOf, type Tier } from './margin.ts'

const text = (value: string | number): DecimalText => String(value) as DecimalText
const d = (value: string | number): Decimal => decimal(text(value))

/** cap, rate, leverage, cumulative. */
type Row = readonly [cap: number, rate: string, leverage: number, cumulative: number]
const BTC: readonly Row[] = [
  [50_000, '0.004', 125, 0],
  [600_000, '0.005', 100, 50],
  [3_000_000, '0.0065', 75, 950],
  [12_000_000, '0.01', 50, 11_450],
  [70_000_000, '0.02', 25, 131_450],
  [100_000_000, '0.025', 20, 481_450],
  [230_000_000, '0.05', 10, 2_981_450],
  [480_000_000, '0.1', 5, 14_481_450],
  [600_000_000, '0.125', 4, 26_481_450],
  [800_000_000, '0.15', 3, 41_481_450],
  [1_200_000_000, '0.25', 2, 121_481_450],
  [1_800_000_000, '0.5', 1, 421_481_450],
]
const SOL: readonly Row[] = [
  [20_000, '0.005', 100, 0],
  [100_000, '0.0065', 75, 30],
  [800_000, '0.01', 50, 380],
  [4_000_000, '0.02', 25, 8_380],
  [8_000_000, '0.025', 20, 28_380],
  [40_000_000, '0.05', 10, 228_380],
  [80_000_000, '0.1', 5, 2_228_380],
  [100_000_000, '0.125', 4, 4_228_380],
  [200_000_000, '0.25', 2, 16_728_380],
  [400_000_000, '0.5', 1, 66_728_380],
]
const BTC_2026: readonly Row[] = [
  [300_000, '0.004', 150, 0],
  [800_000, '0.005', 100, 300],
  [3_000_000, '0.0065', 75, 1_500],
  [12_000_000, '0.01', 50, 12_000],
]
const table = (rows: readonly Row[]): readonly Tier[] =>
  tiersOf(
    rows.map(([cap, rate, leverage, cumulative], index): LeverageTier => ({
      bracket: index + 1,
      floor: text(rows[index - 1]?.[0] ?? 0),
      cap: text(cap),
      maintenanceRate: text(rate),
      cumulative: text(cumulative),
      maxLeverage: leverage,
    })),
  )

describe('leverage brackets', () => {
  it.each([
    ['BTCUSDT 2024-10', BTC],
    ['SOLUSDT 2024-10', SOL],
    ['BTCUSDT 2026', BTC_2026],
  ] as const)('%s: the cumulative amounts follow from the rates', (_, rows) => {
    expect(tierFaults(table(rows))).toEqual([])
  })

  it('a wrong cumulative amount and a gap are named', () => {
    const wrong = BTC.map((row, index): Row => (index === 3 ? [row[0], row[1], row[2], 11_451] : row))
    expect(tierFaults(table(wrong)).map((f) => [f.bracket, f.what, toText(f.expected)])).toEqual([
      [4, 'cumulative', '11450'],
      [5, 'cumulative', '131451'],
    ])
    const gap = table(BTC).map((tier, index) => (index === 1 ? { ...tier, floor: d(60_000) } : tier))
    expect(tierFaults(gap).map((f) => f.what)).toContain('gap')
  })

  it('maintenance margin is continuous at every border and counts both signs', () => {
    const tiers = table(BTC)
    for (const tier of tiers.slice(0, -1)) {
      const below = maintenanceMargin(tiers, tier.cap)
      const above = maintenanceMargin(tiers, tier.cap.plus('0.00000001'))
      expect(above.minus(below).toNumber()).toBeLessThan(1e-8)
    }
    expect(toText(maintenanceMargin(tiers, d(-100_000)))).toBe('450')
    expect(toText(maintenanceMargin(tiers, d(40_000)))).toBe('160')
  })

  it('leverage caps', () => {
    const tiers = table(BTC)
    expect([
      maxLeverage(tiers, d(50_000)),
      maxLeverage(tiers, d(50_001)),
      toText(maxNotional(tiers, 20)),
      toText(maxNotional(tiers, 126)),
    ]).toEqual([125, 100, '100000000', '0'])
    expect(toText(initialMargin(d(-30_000), 3))).toBe('10000')
  })
})

describe('liquidation price', () => {
  const isolated = (wallet: string, quantity: string, entry: string, tiers = table(BTC)) =>
    liquidationPrice({
      wallet: usdt(text(wallet)),
      otherMaintenance: usdt(ZERO),
      otherUnrealized: usdt(ZERO),
      tiers,
      legs: [{ quantity: qty(text(quantity)), entry: price(text(entry)) }],
    })

  it('long 1 BTC at 40000 with 4000 isolated, worked by hand', () => {
    // (4000 + 0 − 40000) / (0.004 − 1) = 36144.578313… (tier 1 at that price)
    expect(toText(isolated('4000', '1', '40000')?.toDecimalPlaces(6) ?? ZERO)).toBe('36144.578313')
  })

  it('short 1 BTC at 40000 with 4000 isolated, worked by hand', () => {
    // (4000 + 40000) / (0.004 + 1) = 43824.701195…
    expect(toText(isolated('4000', '-1', '40000')?.toDecimalPlaces(6) ?? ZERO)).toBe('43824.701195')
  })

  it('no liquidation when the wallet carries the whole position', () => {
    expect(isolated('40000', '1', '40000')).toBeNull()
  })

  it('property: at the liquidation price the margin balance equals the maintenance margin; hedge legs too', () => {
    const amount = (min: number, max: number, places: number) => fc.integer({ min, max }).map((v) => d(v).div(d(10).pow(places)))
    fc.assert(
      fc.property(
        amount(1, 500_000_000, 2),
        amount(1, 100_000, 3),
        amount(0, 100_000, 3),
        amount(100_000, 10_000_000, 2),
        amount(-1_000_000, 1_000_000, 2),
        amount(0, 1_000_000, 2),
        fc.boolean(),
        (wallet, long, short, entry, otherUnrealized, otherMaintenance, negate) => {
          const tiers = table(BTC)
          const legs = short.isZero()
            ? [{ quantity: qty(negate ? long.neg() : long), entry: price(entry) }]
            : [
                { quantity: qty(long), entry: price(entry) },
                { quantity: qty(short.neg()), entry: price(entry.mul('1.01')) },
              ]
          const at = liquidationPrice({
            wallet: usdt(wallet),
            otherMaintenance: usdt(otherMaintenance),
            otherUnrealized: usdt(otherUnrealized),
            tiers,
            legs,
          })
          if (at === null) return
          let balance: Decimal = wallet.plus(otherUnrealized)
          let needed: Decimal = otherMaintenance
          for (const leg of legs) {
            balance = balance.plus(unrealizedProfit(leg.quantity, leg.entry, at))
            needed = needed.plus(maintenanceMargin(tiers, leg.quantity.mul(at)))
          }
          expect(balance.minus(needed).abs().toNumber()).toBeLessThan(1e-9)
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('funding and commission', () => {
  it('a long pays a positive rate, a short receives it', () => {
    expect(toText(fundingPayment(qty(text('0.5')), price(text('60000')), d('0.0001')))).toBe('-3')
    expect(toText(fundingPayment(qty(text('-0.5')), price(text('60000')), d('0.0001')))).toBe('3')
    expect(toText(fundingPayment(qty(text('0.5')), price(text('60000')), d('-0.0003')))).toBe('9')
  })
  it('commission is rounded to eight decimals, half up', () => {
    expect(toText(commission(price(text('65070')), qty(text('-0.1')), d('0.0005')))).toBe('3.2535')
    expect(toText(commission(price(text('0.00001234')), qty(text('1')), d('0.0005')))).toBe('0.00000001')
  })
  it('C1.1 unrealised profit: short 1 @100 → 95 is +5', () => {
    expect(toText(unrealizedProfit(qty(text('-1')), price(text('100')), price(text('95'))))).toBe('5')
  })
})
