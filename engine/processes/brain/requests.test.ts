/** What leaves together, and whose answer is whose. */
import { expect, it } from 'vitest'
import type { DecimalText } from '../../contract/decimal-text.ts'
import type { OrderRequest, OrderType, PrivateVenue, VenueOrder, VenueResult } from '../../contract/venue.ts'
import type { BrainEvent } from '../../brain/events.ts'
import type { RequestCommand } from './requests.ts'
import { createRequests } from './requests.ts'

const order = (clientId: string, type: OrderType = 'LIMIT'): OrderRequest => ({
  clientId,
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type,
  quantity: '1' as DecimalText,
})
const place = (clientId: string, type?: OrderType): RequestCommand => ({ type: 'place', order: order(clientId, type) })
const refused: VenueResult<VenueOrder> = { ok: false, error: { code: 'rejected', message: 'refused' } }
const unknown: VenueResult<never> = { ok: false, error: { code: 'ambiguous', message: 'lost' } }

/** A venue that answers every order with its own client id as the refusal's text. */
function bench(batch?: (ids: readonly string[]) => Awaited<ReturnType<PrivateVenue['placeBatch']>>) {
  const sent: string[] = []
  const told: string[] = []
  const venue = {
    place: (one: OrderRequest) => {
      sent.push(one.clientId)
      return Promise.resolve(refused)
    },
    placeBatch: (all: readonly OrderRequest[]) => {
      const ids = all.map((one) => one.clientId)
      sent.push(ids.join('+'))
      const each = ids.map((id): VenueResult<VenueOrder> => ({ ok: false, error: { code: 'rejected', message: id } }))
      return Promise.resolve(batch?.(ids) ?? { ok: true as const, value: each })
    },
  }
  const requests = createRequests({
    venue: venue as PrivateVenue,
    lockStep: false,
    now: () => 0,
    onAnswer: (event: BrainEvent) => {
      if (event.type === 'placed') told.push(`${event.clientId} ${event.result.ok ? 'ok' : event.result.error.message}`)
    },
    onBug: (thrown) => {
      throw thrown
    },
  })
  return { requests, sent, told }
}

it('regular orders of one step leave as batches of five; conditional ones and single ones alone', async () => {
  const { requests, sent } = bench()
  requests.sendAll([
    ...['a', 'b', 'c', 'd', 'e', 'f'].map((id) => place(id)),
    place('s', 'STOP_MARKET'),
    place('t', 'TAKE_PROFIT_MARKET'),
    place('g', 'MARKET'),
    place('h'),
  ])
  await requests.settle()
  expect(sent).toEqual(['a+b+c+d+e', 'f', 's', 't', 'g+h'])
  expect(requests.completed).toBe(5)
})

it('each order of a batch has its own answer', async () => {
  const { requests, told } = bench()
  requests.sendAll([place('a'), place('b'), place('c')])
  await requests.settle()
  expect(told).toEqual(['a a', 'b b', 'c c'])
})

it('INV-04: a batch whose answer is lost, or too short, leaves every order it does not name unresolved', async () => {
  const whole = bench(() => unknown)
  whole.requests.sendAll([place('a'), place('b')])
  await whole.requests.settle()
  expect(whole.told).toEqual(['a lost', 'b lost'])
  const short = bench(() => ({ ok: true, value: [refused] }))
  short.requests.sendAll([place('a'), place('b')])
  await short.requests.settle()
  expect(short.told).toEqual(['a refused', 'b the batch answer does not name the order'])
})
