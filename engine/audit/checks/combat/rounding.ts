/** C1.3: rounded slices never exceed what they came from; text ↔ Decimal is the identity; the error stays below one step (INV-02). */
import { Decimal, decimal, toText, type Price, type Qty, type Usdt } from '../../../money/decimal.ts'
import { defineCheck, verdict } from '../../check.ts'
import { listings, seeded, text } from '../../material.ts'

export const rounding = defineCheck({
  id: 'C1.3',
  suite: 'combat',
  dimension: 'money',
  title: 'Rounding consistency',
  risk: 'CRITICAL',
  invariant: 'INV-02',
  run: ({ seams, seed }) => {
    const random = seeded(seed ^ 0x5eed)
    const problems: string[] = []
    let slicings = 0
    for (const { filters, referencePrice } of listings()) {
      for (let i = 0; i < 15; i++) {
        const total = new Decimal(filters.stepSize).mul(Math.floor(random() * 100_000) / 7)
        const most = new Decimal(filters.minQuantity).mul(1 + Math.floor(random() * 5_000))
        if (total.div(most).gt(2_000)) continue
        slicings++
        const slices = seams.sliceQuantity(total as Qty, most as Qty, filters, { market: false })
        const sum = slices.reduce((a, b) => a.plus(b), new Decimal(0))
        if (sum.gt(total)) problems.push(`${filters.symbol}: slices of ${total.toFixed(8)} sum to ${sum.toFixed()}`)
        if (slices.some((s) => s.gt(most) || s.lte(0)))
          problems.push(`${filters.symbol}: a slice is empty or larger than ${most.toFixed()}`)
        const whole = seams.quantiseQuantity(total as Qty, filters, { market: false })
        if (total.minus(whole).gte(filters.stepSize) && whole.gt(0))
          problems.push(`${filters.symbol}: rounding error of ${total.toFixed(8)} is a step or more`)
        const back = toText(decimal(text(toText(whole))))
        if (back !== toText(whole)) problems.push(`${filters.symbol}: ${toText(whole)} comes back from text as ${back}`)
        const available = new Decimal(Math.floor(random() * 1_000_000) + 1).div(100)
        const price = new Decimal(referencePrice)
        const feeRate = new Decimal('0.0005')
        const bought = seams.affordableQuantity(available as Usdt, price as Price, 3, feeRate, filters, { market: false })
        const cost = bought.mul(price).mul(new Decimal(1).div(3).plus(feeRate))
        if (cost.gt(available)) problems.push(`${filters.symbol}: ${bought.toFixed()} costs ${cost.toFixed(8)} of ${available.toFixed()}`)
      }
    }
    return Promise.resolve(
      verdict(
        problems,
        `${slicings} slicings and purchases, none beyond its source, error below one step`,
        'Σ slices ≤ total, cost ≤ balance, text round-trip is the identity',
        { slicings },
      ),
    )
  },
  sabotages: [
    {
      name: 'slices round up',
      seams: (real) => ({
        ...real,
        sliceQuantity: (total, most, filters, options) => real.sliceQuantity(total.plus(filters.stepSize) as Qty, most, filters, options),
      }),
    },
    {
      name: 'the fee is left out of the cost',
      seams: (real) => ({
        ...real,
        affordableQuantity: (available, price, leverage, _fee, filters, options) =>
          real.affordableQuantity(available, price, leverage, new Decimal(0), filters, options),
      }),
    },
    {
      name: 'quantities lose a step',
      seams: (real) => ({
        ...real,
        quantiseQuantity: (wished, filters, options) => real.quantiseQuantity(wished.minus(filters.stepSize) as Qty, filters, options),
      }),
    },
  ],
})
