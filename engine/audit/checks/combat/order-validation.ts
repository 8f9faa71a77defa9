/** C5.3: what the venue would refuse is refused here first, with its code, before any request; a good order passes (INV-02). */
import type { OrderRequest } from '../../../contract/venue.ts'
import { isDecimalText } from '../../../contract/decimal-text.ts'
import { Decimal, parseDecimalText } from '../../../money/decimal.ts'
import { defineCheck, verdict } from '../../check.ts'
import { listing, text } from '../../material.ts'

const good: OrderRequest = {
  clientId: 'audit-C5.3',
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: text('0.010'),
  price: text('65000.0'),
}

const BAD: readonly [name: string, change: Partial<OrderRequest>, code: number][] = [
  ['notional below the minimum', { quantity: text('0.001'), price: text('40000') }, -4164],
  ['negative quantity', { quantity: text('-1') }, -4003],
  ['zero quantity', { quantity: text('0') }, -4003],
  ['quantity below the minimum', { quantity: text('0.0001') }, -1111],
  ['quantity above the maximum', { quantity: text('1001') }, -4005],
  ['negative price', { price: text('-1') }, -4001],
  ['zero price', { price: text('0') }, -4001],
  ['price below the minimum', { price: text('500.0') }, -4013],
  ['price off the tick', { price: text('65000.05') }, -4014],
  ['price too precise', { price: text('65000.123') }, -1111],
  ['buy above the band', { price: text('68250.1') }, -4016],
  ['sell below the band', { side: 'SELL', price: text('61749.9') }, -4024],
  ['unknown symbol', { symbol: 'NOSUCHUSDT' }, -1121],
  ['client id too long', { clientId: 'x'.repeat(37) }, -4015],
]

export const orderValidation = defineCheck({
  id: 'C5.3',
  suite: 'combat',
  dimension: 'protocol',
  title: 'Order validation',
  risk: 'CRITICAL',
  invariant: 'INV-02',
  run: ({ seams }) => {
    const { filters } = listing('BTCUSDT')
    const context = { mark: new Decimal(65_000), available: new Decimal(10_000), leverage: 3 }
    const problems: string[] = []
    const accepted = seams.validateOrder(good, filters, context)
    if (!accepted.ok) problems.push(`a good order is refused: ${accepted.error.message}`)
    for (const [name, change, code] of BAD) {
      const result = seams.validateOrder({ ...good, ...change }, filters, context)
      if (result.ok) problems.push(`${name}: accepted, must be ${code}`)
      else if (result.error.venueCode !== code) problems.push(`${name}: ${result.error.venueCode}, the venue says ${code}`)
    }
    const { price: _price, ...unpriced } = good
    const missing = seams.validateOrder(unpriced, filters, context)
    if (missing.ok || missing.error.venueCode !== -1102) problems.push('a LIMIT order without a price is not refused as -1102')
    // NaN and friends are stopped at the border: they are no decimal text, so they cannot even be put into an order.
    for (const poison of ['NaN', 'Infinity', '-Infinity', '', '1,5', '0x10', ' 1']) {
      if (isDecimalText(poison) || parseDecimalText(poison).ok) problems.push(`"${poison}" passes as an amount`)
    }
    return Promise.resolve(
      verdict(
        problems,
        `1 good order accepted, ${BAD.length} bad ones refused with the venue’s code, 7 non-numbers stopped at the border`,
        'good passes, bad is refused locally with the reason',
        { cases: BAD.length },
      ),
    )
  },
  sabotages: [
    { name: 'everything is accepted', seams: (real) => ({ ...real, validateOrder: (request) => ({ ok: true, value: request }) }) },
    {
      name: 'everything is refused',
      seams: (real) => ({
        ...real,
        validateOrder: (request, filters, context) => real.validateOrder({ ...request, quantity: text('0') }, filters, context),
      }),
    },
    {
      name: 'the band is not checked',
      seams: (real) => ({
        ...real,
        validateOrder: (request, filters, { mark: _mark, ...context }) => real.validateOrder(request, filters, context),
      }),
    },
  ],
})
