/** C2.1: partial fills with cancels between, duplicates and reordering: remaining, average and fees stay exact (INV-06). */
import type { VenueFill, VenueOrder } from '../../../contract/venue.ts'
import { Decimal, toText } from '../../../money/decimal.ts'
import { newOrder } from '../../../orders/order.ts'
import type { OrderEvent } from '../../../orders/transition.ts'
import { defineCheck, verdict } from '../../check.ts'
import { fill, seeded, shuffled, text } from '../../material.ts'
import type { Seams } from '../../seams.ts'

const AT = 1_700_000_000_000

function venueOrder(executed: string, status: VenueOrder['status'], at: number): VenueOrder {
  return {
    book: 'regular',
    symbol: 'BTCUSDT',
    orderId: '77',
    clientId: 'audit-C2.1',
    side: 'BUY',
    positionSide: 'BOTH',
    type: 'LIMIT',
    status,
    timeInForce: 'GTC',
    price: text('100'),
    triggerPrice: text('0'),
    quantity: text('1'),
    executed: text(executed),
    averagePrice: text('0'),
    reduceOnly: false,
    closePosition: false,
    createdAt: AT,
    updatedAt: at,
  }
}

/** One order of 1.0, filled in tenths up to `filled`, then cancelled unless complete. Returns what was found wrong. */
function trial(seams: Seams, random: () => number): string[] {
  const filled = 1 + Math.floor(random() * 10)
  const fills: VenueFill[] = Array.from({ length: filled }, (_, i) =>
    fill(i + 1, 'BUY', '0.1', toText(new Decimal(99).plus(Math.floor(random() * 100) / 100)), { commission: text('0.005') }),
  )
  const events: OrderEvent[] = fills.map((_, i) => {
    const executed = toText(new Decimal(i + 1).div(10))
    return { type: 'report', order: venueOrder(executed, i === 9 ? 'FILLED' : 'PARTIALLY_FILLED', AT + i), at: AT + i }
  })
  if (filled < 10) {
    events.push({ type: 'cancelSent', at: AT + 50 })
    events.push({ type: 'report', order: venueOrder(toText(new Decimal(filled).div(10)), 'CANCELED', AT + 60), at: AT + 60 })
  }
  // Duplicates of anything, and every order of arrival: the venue promises neither.
  const messy = shuffled([...events, ...events.filter(() => random() < 0.4)], random)
  const messyFills = shuffled([...fills, ...fills.filter(() => random() < 0.4)], random)

  let order = newOrder(
    {
      clientId: 'audit-C2.1',
      symbol: 'BTCUSDT',
      side: 'BUY',
      positionSide: 'BOTH',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: text('1'),
      price: text('100'),
    },
    { book: 'regular', role: 'entry', group: 'audit-C2.1', at: AT },
  )
  for (const event of messy) {
    const moved = seams.transition(order, event)
    if (moved.ok) order = moved.order
  }
  const ledger = seams.createLedger({ wallet: text('1000') })
  for (const f of messyFills) ledger.applyFill(f)

  const want = new Decimal(filled).div(10)
  const cost = fills.reduce((sum, f) => sum.plus(new Decimal(f.price).mul(f.quantity)), new Decimal(0))
  const position = ledger.position('BTCUSDT', 'BOTH')
  const problems: string[] = []
  const state = filled === 10 ? 'Filled' : 'Canceled'
  if (order.state !== state) problems.push(`after ${filled} tenths the order is ${order.state}, must be ${state}`)
  if (!new Decimal(order.executed).eq(want)) problems.push(`executed ${order.executed}, must be ${want.toFixed()}`)
  if (!position.quantity.eq(want)) problems.push(`position ${position.quantity.toFixed()}, must be ${want.toFixed()}`)
  if (!position.averageEntry.mul(want).minus(cost).abs().lt('1e-12'))
    problems.push(`average entry ${position.averageEntry.toFixed(12)}, cost says ${cost.div(want).toFixed(12)}`)
  if (!ledger.totals().fees.eq(want.mul('0.05')))
    problems.push(`fees ${ledger.totals().fees.toFixed()}, must be ${want.mul('0.05').toFixed()}`)
  return problems
}

export const partialFills = defineCheck({
  id: 'C2.1',
  suite: 'combat',
  dimension: 'orders',
  title: 'Partial fills',
  risk: 'CRITICAL',
  invariant: 'INV-06',
  run: ({ seams, seed }) => {
    const random = seeded(seed ^ 0xf111)
    const problems: string[] = []
    for (let i = 0; i < 300; i++) problems.push(...trial(seams, random))
    return Promise.resolve(
      verdict(
        problems,
        '300 orders with duplicated and reordered events: all exact',
        'remaining, average and fees exact whatever the order of events',
        { trials: 300 },
      ),
    )
  },
  sabotages: [
    {
      name: 'duplicate fills are booked again',
      seams: (real) => {
        let n = 0
        return {
          ...real,
          createLedger: (options) => {
            const ledger = real.createLedger(options)
            return Object.assign(Object.create(ledger) as typeof ledger, {
              applyFill: (f: VenueFill) => ledger.applyFill({ ...f, tradeId: String(1_000_000 + ++n) }),
            })
          },
        }
      },
    },
    {
      name: 'the newest report overwrites the executed quantity',
      seams: (real) => ({
        ...real,
        transition: (order, event) => {
          const moved = real.transition(order, event)
          return moved.ok && event.type === 'report' ? { ok: true, order: { ...moved.order, executed: event.order.executed } } : moved
        },
      }),
    },
    {
      name: 'a cancel after a fill is ignored',
      seams: (real) => ({
        ...real,
        transition: (order, event) =>
          event.type === 'report' && event.order.status === 'CANCELED' ? { ok: true, order } : real.transition(order, event),
      }),
    },
  ],
})
