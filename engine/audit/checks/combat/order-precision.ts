/** C1.2: what leaves obeys every symbol's tick, step and minimum; the raw figure would have been refused by the venue (INV-02). */
import type { OrderRequest, Side, SymbolFilters } from '../../../contract/venue.ts'
import { Decimal, toText, type Price, type Qty } from '../../../money/decimal.ts'
import { defineCheck, verdict } from '../../check.ts'
import { listing, listings, seeded, text } from '../../material.ts'
import type { Seams } from '../../seams.ts'

const order = (filters: SymbolFilters, side: Side, quantity: string, price: string): OrderRequest => ({
  clientId: 'audit-C1.2',
  symbol: filters.symbol,
  side,
  positionSide: 'BOTH',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: text(quantity),
  price: text(price),
})

/** Grid tests written out with whole numbers, so that they share nothing with the code they judge. */
function onGrid(value: string, step: string, origin: string): boolean {
  const places = Math.max(...[value, step, origin].map((t) => (t.split('.')[1] ?? '').length))
  const scale = (t: string): bigint => {
    const [whole = '0', fraction = ''] = t.split('.')
    return BigInt(whole + fraction.padEnd(places, '0'))
  }
  const unit = scale(step)
  return unit === 0n || (scale(value) - scale(origin)) % unit === 0n
}

function leaves(seams: Seams, filters: SymbolFilters, side: Side, rawQuantity: Decimal, rawPrice: Decimal): string[] {
  const quantity = toText(seams.quantiseQuantity(rawQuantity as Qty, filters, { market: false }))
  const price = toText(seams.quantisePrice(rawPrice as Price, side, filters))
  const problems: string[] = []
  const where = `${filters.symbol} ${side} ${rawQuantity.toSignificantDigits(12).toFixed()} @ ${rawPrice.toSignificantDigits(12).toFixed()}`
  if (!onGrid(price, filters.tickSize, filters.minPrice)) problems.push(`${where}: price ${price} is off the tick ${filters.tickSize}`)
  if (!onGrid(quantity, filters.stepSize, '0')) problems.push(`${where}: quantity ${quantity} is off the step ${filters.stepSize}`)
  if (new Decimal(quantity).gt(rawQuantity)) problems.push(`${where}: quantity ${quantity} is more than was wished`)
  if (side === 'BUY' ? new Decimal(price).gt(rawPrice) : new Decimal(price).lt(rawPrice))
    problems.push(`${where}: price ${price} is worse than was wished`)
  if (quantity !== '0' && new Decimal(quantity).mul(price).gte(filters.minNotional)) {
    const checked = seams.validateOrder(order(filters, side, quantity, price), filters, {})
    if (!checked.ok) problems.push(`${where}: refused locally as ${checked.error.venueCode}`)
  }
  return problems
}

export const orderPrecision = defineCheck({
  id: 'C1.2',
  suite: 'combat',
  dimension: 'money',
  title: 'Order precision',
  risk: 'CRITICAL',
  invariant: 'INV-02',
  run: ({ seams, seed }) => {
    const random = seeded(seed)
    const problems: string[] = []
    const all = listings()
    let orders = 0
    for (const { filters, referencePrice } of all) {
      for (let i = 0; i < 40; i++) {
        const price = new Decimal(referencePrice).mul(0.96 + random() * 0.08)
        const quantity = new Decimal(filters.minNotional).mul(1 + random() * 1_000).div(price)
        problems.push(...leaves(seams, filters, i % 2 === 0 ? 'BUY' : 'SELL', quantity, price))
        orders++
      }
    }
    const { filters } = listing('BTCUSDT')
    const raw = new Decimal(10_000).mul('0.98').div('65432.5')
    const quantity = toText(seams.quantiseQuantity(raw as Qty, filters, { market: false }))
    if (quantity !== '0.149') problems.push(`10000 × 0.98 / 65432.5 = ${raw.toFixed(17)} leaves as ${quantity}, must be 0.149`)
    const code = (price: string, size: string): number | string => {
      const checked = seams.validateOrder(order(filters, 'BUY', size, price), filters, {})
      return checked.ok ? 'accepted' : checked.error.venueCode
    }
    for (const [price, size, want] of [
      ['65432.5', raw.toFixed(17), -1111],
      ['65432.55', '0.149', -4014],
      ['65432.5', '0.0015', -1111],
    ] as const) {
      const got = code(price, size)
      if (got !== want) problems.push(`BTCUSDT ${size} @ ${price} unquantised: ${got}, the venue says ${want}`)
    }
    const coarse: SymbolFilters = { ...filters, stepSize: text('0.005') }
    const step = seams.validateOrder(order(coarse, 'BUY', '0.012', '65432.5'), coarse, {})
    if (step.ok || step.error.venueCode !== -4023) problems.push('a quantity off a 0.005 step was not refused as -4023')
    return Promise.resolve(
      verdict(
        problems,
        `${orders} orders over ${all.length} symbols on every grid; 0.14977… leaves as ${quantity}`,
        'every order obeys tick, step and precision; raw ones are refused with the venue’s codes',
        { symbols: all.length, orders },
      ),
    )
  },
  sabotages: [
    {
      name: 'quantity rounds up',
      seams: (real) => ({
        ...real,
        quantiseQuantity: (wished, filters, options) => real.quantiseQuantity(wished.plus(filters.stepSize) as Qty, filters, options),
      }),
    },
    { name: 'price is not put on the tick', seams: (real) => ({ ...real, quantisePrice: (wished) => wished }) },
    {
      name: 'tick is taken from pricePrecision',
      seams: (real) => ({ ...real, quantisePrice: (wished, _side, filters) => wished.toDecimalPlaces(filters.pricePrecision) as Price }),
    },
    {
      name: 'validation lets everything through',
      seams: (real) => ({ ...real, validateOrder: (request) => ({ ok: true, value: request }) }),
    },
  ],
})
