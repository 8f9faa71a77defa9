import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bench, KEY, text, type Doc } from '../exchange.fixture.ts'
import { Rng } from '../random.ts'
import { WINDOW } from './depth.ts'
import { present } from '../present.ts'

type Side = Map<string, string>
interface Event {
  readonly U: number
  readonly u: number
  readonly pu: number
  readonly b: readonly (readonly [string, string])[]
  readonly a: readonly (readonly [string, string])[]
}

const apply = (side: Side, changes: Event['b']): void => {
  for (const [price, qty] of changes) {
    if (Number(qty) === 0) side.delete(price)
    else side.set(price, qty)
  }
}
const sorted = (side: Side, descending: boolean): (readonly [string, string])[] =>
  [...side].sort(([a], [b]) => (Number(a) - Number(b)) * (descending ? -1 : 1))

describe('depth stream', () => {
  it('rebuilds the displayed book exactly by the venue’s rule, whatever trades and orders happen (property)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 5, max: 40 }), (seed, before) => {
        const b = bench({ seed, accounts: [{ key: KEY, secret: 's', balance: text('10000000') }] })
        const rng = new Rng(seed)
        b.exchange.subscribe('btcusdt@depth@100ms')
        const move = (): void => {
          b.exchange.advanceTo(b.exchange.now + rng.int(1, 20_000))
          const bid = Number(b.body('GET /fapi/v1/ticker/bookTicker', { symbol: 'BTCUSDT' })['bidPrice'])
          if (rng.next() < 0.3) b.call('POST /fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'MARKET', quantity: '2' })
          if (rng.next() < 0.3) {
            const price = (bid - rng.int(0, 300) / 10).toFixed(1)
            b.call('POST /fapi/v1/order', { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.5', price })
          }
        }
        for (let i = 0; i < before; i++) move()
        const snapshot = b.depth({ symbol: 'BTCUSDT', limit: '1000' })
        b.market.length = 0
        const bids: Side = new Map(snapshot.bids)
        const asks: Side = new Map(snapshot.asks)
        for (let i = 0; i < 15; i++) move()
        b.exchange.advanceTo(b.exchange.now + 60_000)
        // To the moment of an event: between two of them what takers consumed flows back untold.
        for (const told = b.market.length; b.market.length === told;) b.exchange.advanceTo(b.exchange.now + 1)
        let previous: number | null = null
        for (const { data } of b.market) {
          const event = data as Event
          if (event.u < snapshot.lastUpdateId) continue
          if (previous === null) {
            expect(event.U).toBeLessThanOrEqual(snapshot.lastUpdateId + 1)
            expect(event.u).toBeGreaterThanOrEqual(snapshot.lastUpdateId)
          } else expect(event.pu).toBe(previous)
          previous = event.u
          apply(bids, event.b)
          apply(asks, event.a)
        }
        expect(previous).not.toBeNull()
        const after = b.depth({ symbol: 'BTCUSDT', limit: '1000' })
        expect(sorted(bids, true)).toEqual(after.bids)
        expect(sorted(asks, false)).toEqual(after.asks)
        expect(Number(present(sorted(bids, true)[0])[0])).toBeLessThan(Number(present(sorted(asks, false)[0])[0]))
      }),
      { numRuns: 25 },
    )
  })

  it('tells a client of what its snapshot showed and is gone before the next event', () => {
    const b = bench({})
    b.exchange.subscribe('btcusdt@depth@100ms')
    b.minutes(1)
    const bid = Number(b.body('GET /fapi/v1/ticker/bookTicker', { symbol: 'BTCUSDT' })['bidPrice'])
    const place = (offset: number): string => {
      const price = (bid - offset).toFixed(1)
      const order = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.5', price }
      return String(b.body('POST /fapi/v1/order', order)['orderId'])
    }
    place(0.5)
    b.exchange.advanceTo(b.exchange.now + 10)
    b.market.length = 0
    const gone = place(0.7)
    const snapshot = b.depth({ symbol: 'BTCUSDT', limit: '100' })
    b.body('DELETE /fapi/v1/order', { symbol: 'BTCUSDT', orderId: gone })
    b.exchange.advanceTo(b.exchange.now + 120)
    expect(b.market).toHaveLength(1)
    const bids: Side = new Map(snapshot.bids)
    for (const { data } of b.market) apply(bids, (data as Event).b)
    expect(sorted(bids, true)).toEqual(b.body('GET /fapi/v1/depth', { symbol: 'BTCUSDT', limit: '100' })['bids'])
  })

  it('shows a gap in pu when updates are lost on purpose', () => {
    const b = bench({})
    b.exchange.subscribe('btcusdt@depth@100ms')
    b.minutes(1)
    const seen = b.market.length
    b.exchange.fault({ kind: 'depthGap', symbol: 'BTCUSDT', updates: 2 })
    b.minutes(2)
    const events = b.market.map(({ data }) => data as Event)
    const breaks = events.slice(1).filter((event, i) => event.pu !== present(events[i]).u)
    expect(events.length).toBeGreaterThan(seen + 2)
    expect(breaks).toHaveLength(1)
  })

  it('serves the limits the venue knows, and -4021 for others', () => {
    const b = bench({})
    b.minutes(1)
    for (const limit of ['5', '10', '20', '50', '100', '500', '1000']) {
      const { bids } = b.body('GET /fapi/v1/depth', { symbol: 'BTCUSDT', limit }) as { bids: Doc[] }
      expect(bids).toHaveLength(Math.min(Number(limit), WINDOW))
    }
    expect(b.call('GET /fapi/v1/depth', { symbol: 'BTCUSDT', limit: '3' })).toMatchObject({
      code: -4021,
      msg: '3 is not valid depth limit.',
    })
  })
})
