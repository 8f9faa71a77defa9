import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { VenueOrder, VenueOrderStatus } from '../contract/venue.ts'
import { clientId, MAX_COUNTER, parseClientId } from './client-id.ts'
import { isTerminal, isUnresolved, newOrder, type Order } from './order.ts'
import { transition, type OrderEvent } from './transition.ts'

const d = (value: number | string): DecimalText => String(value) as DecimalText
const ID = clientId('abcdefgh', 'BTCUSDT', 'entry', 1)

const fresh = (book: 'regular' | 'algo' = 'regular'): Order =>
  newOrder(
    { clientId: ID, symbol: 'BTCUSDT', side: 'BUY', positionSide: 'BOTH', type: 'LIMIT', quantity: d(10), price: d(100) },
    { book, role: 'entry', group: ID, at: 0 },
  )

const venue = (status: VenueOrderStatus, executed: number, at = 1, book: 'regular' | 'algo' = 'regular'): VenueOrder => ({
  book,
  symbol: 'BTCUSDT',
  orderId: '77',
  clientId: ID,
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  status,
  timeInForce: 'GTC',
  price: d(100),
  triggerPrice: d(0),
  quantity: d(10),
  executed: d(executed),
  averagePrice: d(executed === 0 ? 0 : 100),
  reduceOnly: false,
  closePosition: false,
  createdAt: 0,
  updatedAt: at,
})

const drive = (order: Order, events: readonly OrderEvent[]): Order =>
  events.reduce((current, event) => {
    const step = transition(current, event)
    return step.ok ? step.order : current
  }, order)

const SEND: OrderEvent = { type: 'amendSent', amendment: { price: d(101), quantity: d(12), at: 2, counter: 9 }, at: 2 }
const failed = (gone: boolean): OrderEvent => ({ type: 'amendFailed', gone, proof: 'rejected', message: '-5027', at: 3 })

describe('known lives', () => {
  it('ack, partial, fill', () => {
    const end = drive(fresh(), [
      { type: 'acked', order: venue('NEW', 0), at: 1 },
      { type: 'report', order: venue('PARTIALLY_FILLED', 4), at: 2 },
      { type: 'booked', quantity: d(4), at: 2 },
      { type: 'report', order: venue('FILLED', 10), at: 3 },
      { type: 'booked', quantity: d(6), at: 3 },
    ])
    expect(end).toMatchObject({ state: 'Filled', executed: '10', booked: '10', orderId: '77' })
  })

  it('the fill comes before the ack', () => {
    const end = drive(fresh(), [
      { type: 'report', order: venue('FILLED', 10), at: 1 },
      { type: 'acked', order: venue('NEW', 0), at: 2 },
    ])
    expect(end.state).toBe('Filled')
  })

  it('INV-04: ambiguous is unresolved until proved; found revives, absent ends', () => {
    const lost = drive(fresh(), [{ type: 'ambiguous', message: 'timeout', at: 1 }])
    expect(lost.state).toBe('Unresolved')
    expect(drive(lost, [{ type: 'found', order: venue('NEW', 0), at: 2 }]).state).toBe('Open')
    expect(drive(lost, [{ type: 'absent', at: 2 }]).state).toBe('NotSent')
  })

  it('declared dead by us, alive at the venue: the venue wins', () => {
    const dead = drive(fresh(), [{ type: 'rejected', message: 'timeout taken for a refusal', at: 1 }])
    expect(dead.state).toBe('Rejected')
    const back = drive(dead, [{ type: 'report', order: venue('PARTIALLY_FILLED', 3), at: 2 }])
    expect(back).toMatchObject({ state: 'PartiallyFilled', executed: '3' })
  })

  it('a fill beats the cancel: -2011, look-up says FILLED', () => {
    const open = drive(fresh(), [
      { type: 'acked', order: venue('NEW', 0), at: 1 },
      { type: 'cancelSent', at: 2 },
      { type: 'cancelFailed', gone: true, message: '-2011', at: 3 },
    ])
    expect(open.state).toBe('CancelUnresolved')
    expect(drive(open, [{ type: 'found', order: venue('FILLED', 10), at: 4 }])).toMatchObject({ state: 'Filled', executed: '10' })
    expect(drive(open, [{ type: 'found', order: venue('PARTIALLY_FILLED', 2), at: 4 }]).state).toBe('PartiallyFilled')
  })

  it('a cancel in flight outlives a passing report', () => {
    const open = drive(fresh(), [
      { type: 'acked', order: venue('NEW', 0), at: 1 },
      { type: 'cancelSent', at: 2 },
      { type: 'report', order: venue('PARTIALLY_FILLED', 2), at: 3 },
    ])
    expect(open).toMatchObject({ state: 'CancelInFlight', executed: '2' })
  })

  it('a conditional order fires: its child fills it, and FINISHED changes nothing more', () => {
    const armed = drive(fresh('algo'), [{ type: 'acked', order: venue('NEW', 0, 1, 'algo'), at: 1 }])
    const fired = drive(armed, [
      { type: 'report', order: venue('TRIGGERED', 0, 2, 'algo'), at: 2 },
      { type: 'report', order: { ...venue('NEW', 0), orderId: '900' }, at: 3 },
    ])
    expect(fired).toMatchObject({ state: 'Triggered', orderId: '77', childOrderId: '900' })
    const done = drive(fired, [
      { type: 'report', order: { ...venue('FILLED', 10), orderId: '900' }, at: 4 },
      { type: 'report', order: venue('FINISHED', 10, 5, 'algo'), at: 5 },
    ])
    expect(done.state).toBe('Filled')
  })

  it('amend: sent, answered, refused, ambiguous', () => {
    const open = drive(fresh(), [{ type: 'acked', order: venue('NEW', 0), at: 1 }])
    const amending = drive(open, [SEND])
    expect(amending).toMatchObject({ state: 'AmendInFlight', price: '100', amendment: { price: '101', quantity: '12' } })
    const moved = { ...venue('NEW', 0, 3), price: d(101), quantity: d(12) }
    expect(drive(amending, [{ type: 'amended', order: moved, at: 3 }])).toMatchObject({
      state: 'Open',
      price: '101',
      quantity: '12',
      amendment: null,
    })
    expect(drive(amending, [failed(false)])).toMatchObject({ state: 'Open', price: '100', amendment: null })
    expect(drive(amending, [failed(true)])).toMatchObject({ state: 'AmendUnresolved', amendment: { price: '101' } })
    const lost = drive(amending, [{ type: 'ambiguous', message: '503', at: 3 }])
    expect(lost).toMatchObject({ state: 'AmendUnresolved', amendment: { price: '101' } })
    // INV-04: a passing report proves nothing, an answer to our question does.
    expect(drive(lost, [{ type: 'report', order: venue('NEW', 0, 4), at: 4 }])).toMatchObject({ state: 'AmendUnresolved' })
    expect(drive(lost, [{ type: 'found', order: moved, at: 4 }])).toMatchObject({ state: 'Open', price: '101', amendment: null })
  })

  it('a late answer to the placing does not end an amendment, and a late report does not bring old terms back', () => {
    const amending = drive(fresh(), [{ type: 'report', order: venue('NEW', 0, 1), at: 1 }, SEND])
    expect(drive(amending, [{ type: 'acked', order: venue('NEW', 0, 1), at: 3 }]).state).toBe('AmendInFlight')
    const moved = { ...venue('NEW', 0, 3), price: d(101), quantity: d(12) }
    const late = drive(amending, [
      { type: 'amended', order: moved, at: 3 },
      { type: 'report', order: venue('PARTIALLY_FILLED', 4, 2), at: 5 },
    ])
    expect(late).toMatchObject({ state: 'PartiallyFilled', executed: '4', price: '101', quantity: '12' })
  })

  it('while an amendment is unproved no quantity is whole; a larger order is not filled by its old quantity', () => {
    const lost = drive(fresh(), [
      { type: 'acked', order: venue('NEW', 0, 1), at: 1 },
      SEND,
      { type: 'ambiguous', message: '503', at: 3 },
      { type: 'booked', quantity: d(10), at: 4 },
    ])
    expect(lost).toMatchObject({ state: 'AmendUnresolved', executed: '10' })
    const found = drive(lost, [{ type: 'found', order: { ...venue('PARTIALLY_FILLED', 10, 5), quantity: d(12) }, at: 5 }])
    expect(found).toMatchObject({ state: 'PartiallyFilled', quantity: '12' })
    // Made larger by somebody else: its fills made it look whole, the venue says it is not.
    const whole = drive(fresh(), [
      { type: 'acked', order: venue('NEW', 0, 1), at: 1 },
      { type: 'booked', quantity: d(10), at: 2 },
    ])
    expect(whole.state).toBe('Filled')
    expect(drive(whole, [{ type: 'report', order: { ...venue('PARTIALLY_FILLED', 10, 3), quantity: d(15) }, at: 3 }])).toMatchObject({
      state: 'PartiallyFilled',
      quantity: '15',
    })
    expect(drive(whole, [{ type: 'report', order: venue('PARTIALLY_FILLED', 4, 0), at: 3 }]).state).toBe('Filled')
  })

  it('a stop whose trigger was moved by hand stands where the venue says', () => {
    const request = { ...fresh('algo').request, triggerPrice: d(90) }
    const armed = drive({ ...fresh('algo'), request }, [
      { type: 'report', order: { ...venue('NEW', 0, 2, 'algo'), triggerPrice: d(95) }, at: 2 },
    ])
    expect(armed.request.triggerPrice).toBe('95')
  })
})

/** Every event that can be thought of, in any order. */
const anyEvent: fc.Arbitrary<OrderEvent> = fc.oneof(
  fc
    .record({
      type: fc.constantFrom('acked' as const, 'found' as const, 'report' as const),
      status: fc.constantFrom<VenueOrderStatus>(
        'NEW',
        'PARTIALLY_FILLED',
        'FILLED',
        'CANCELED',
        'EXPIRED',
        'REJECTED',
        'TRIGGERING',
        'TRIGGERED',
        'FINISHED',
      ),
      executed: fc.integer({ min: 0, max: 10 }),
      book: fc.constantFrom('regular' as const, 'algo' as const),
    })
    .map(({ type, status, executed, book }): OrderEvent => ({ type, order: venue(status, executed, 1, book), at: 1 })),
  fc.integer({ min: 1, max: 10 }).map((quantity): OrderEvent => ({ type: 'booked', quantity: d(quantity), at: 1 })),
  fc.constantFrom<OrderEvent>(
    { type: 'rejected', message: 'r', at: 1 },
    { type: 'notSent', message: 'n', at: 1 },
    { type: 'ambiguous', message: 'a', at: 1 },
    { type: 'lookupSent', at: 1 },
    { type: 'absent', at: 1 },
    { type: 'cancelSent', at: 1 },
    { type: 'cancelAcked', at: 1 },
    { type: 'cancelFailed', gone: true, message: 'c', at: 1 },
    { type: 'cancelFailed', gone: false, message: 'c', at: 1 },
    SEND,
    { type: 'amended', order: { ...venue('NEW', 0, 3), price: d(101) }, at: 3 },
    failed(true),
    failed(false),
  ),
)

describe('random event orders', () => {
  it('is total, executed never shrinks, and an unresolved order is left only by proof', () => {
    fc.assert(
      fc.property(fc.constantFrom('regular' as const, 'algo' as const), fc.array(anyEvent, { maxLength: 40 }), (book, events) => {
        let order = fresh(book)
        for (const event of events) {
          const step = transition(order, event)
          if (!step.ok) continue
          expect(Number(step.order.executed)).toBeGreaterThanOrEqual(Number(order.executed))
          expect(Number(step.order.booked)).toBeGreaterThanOrEqual(Number(order.booked))
          if (isUnresolved(order.state) && !isUnresolved(step.order.state) && !isTerminal(step.order.state)) {
            expect(['acked', 'found', 'amended', 'report', 'booked', 'cancelSent']).toContain(event.type)
          }
          if (order.state === 'Unresolved' && step.order.state === 'NotSent') expect(['absent', 'notSent']).toContain(event.type)
          // The venue's last word stands: nothing brings a venue-terminal order back.
          if (isTerminal(order.state) && order.orderId !== '' && order.state !== 'NotSent') expect(isTerminal(step.order.state)).toBe(true)
          order = step.order
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('whatever the order, duplication and loss of events, one final look-up and the fills bring the truth', () => {
    const life = fc.record({
      fills: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 }),
      cancelled: fc.boolean(),
      noise: fc.array(fc.record({ index: fc.nat(), at: fc.nat() }), { maxLength: 12 }),
      lossy: fc.boolean(),
    })
    fc.assert(
      fc.property(life, ({ fills, cancelled, noise, lossy }) => {
        let executed = 0
        const reports: OrderEvent[] = [{ type: 'acked', order: venue('NEW', 0), at: 1 }]
        for (const fill of fills) {
          const quantity = Math.min(fill, 10 - executed)
          if (quantity === 0) break
          executed += quantity
          reports.push({ type: 'report', order: venue(executed === 10 ? 'FILLED' : 'PARTIALLY_FILLED', executed), at: 2 })
        }
        const last: VenueOrderStatus = executed === 10 ? 'FILLED' : cancelled ? 'CANCELED' : executed > 0 ? 'PARTIALLY_FILLED' : 'NEW'
        if (last === 'CANCELED') reports.push({ type: 'report', order: venue('CANCELED', executed), at: 3 })
        const shuffled = noise.flatMap(({ index }) => reports[index % reports.length] ?? [])
        const seen = lossy ? shuffled : [...shuffled, ...reports]
        const end = drive(drive(fresh(), seen), [
          { type: 'ambiguous', message: 'lost', at: 4 },
          { type: 'found', order: venue(last, executed), at: 5 },
        ])
        const expected = { FILLED: 'Filled', CANCELED: 'Canceled', PARTIALLY_FILLED: 'PartiallyFilled', NEW: 'Open' }[last]
        expect(end.state).toBe(expected)
        expect(Number(end.executed)).toBe(executed)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('client ids', () => {
  it('round-trip, fit the venue, never collide', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9]{8}$/),
        fc.stringMatching(/^[A-Z0-9]{2,20}$/),
        fc.constantFrom('entry' as const, 'exit' as const, 'stop' as const, 'takeProfit' as const),
        fc.integer({ min: 1, max: MAX_COUNTER }),
        (session, symbol, role, counter) => {
          const id = clientId(session, symbol, role, counter)
          expect(id).toMatch(/^[.A-Z:/a-z0-9_-]{1,36}$/)
          expect(parseClientId(id)).toEqual({ session, symbol, role, counter })
        },
      ),
    )
  })

  it("other people's ids are not ours", () => {
    for (const id of ['', 'web_abc', 'x-cvBPrNm9abc', 'autoclose-1', 'abcdefgh-BTCUSDT-z1']) expect(parseClientId(id)).toBeNull()
  })
})
