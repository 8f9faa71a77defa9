/** A position that is gone: what the venue lets go by itself is waited for, and only so long. */
import { expect, it } from 'vitest'
import type { VenueOrder } from '../contract/venue.ts'
import { isTerminal, toVenueOrder, type Order } from '../orders/order.ts'
import { Bench, d } from './fixtures/leverage-bench.ts'

const LET_GO_MS = 1_000
const of = (bench: Bench, role: Order['role']): Order =>
  [...bench.brain.orders.values()].find((one) => one.role === role) ?? expect.fail(`no ${role}`)
const cancels = (bench: Bench): string[] => bench.sent.flatMap((command) => (command.type === 'cancel' ? command.clientId : []))
const told = (bench: Bench, role: Order['role'], at: number, change: Partial<VenueOrder>): void =>
  bench.give({
    type: 'user',
    at,
    event: { kind: 'algo', order: { ...toVenueOrder(of(bench, role)), ...change }, eventTime: at, transactionTime: at },
  })

/** Long with its stop and take-profit at rest; then the stop takes the whole position. Answers when. */
function stoppedOut(bench: Bench): number {
  bench.close()
  bench.fill()
  const at = bench.now + 1_000
  for (const role of ['stop', 'takeProfit'] as const) told(bench, role, at, { status: 'NEW', orderId: role === 'stop' ? '81' : '82' })
  const stop = of(bench, 'stop')
  expect([stop.state, of(bench, 'takeProfit').state, stop.request.closePosition]).toEqual(['Open', 'Open', true])
  const { quantity } = of(bench, 'entry')
  const child: VenueOrder = {
    ...toVenueOrder(stop),
    book: 'regular',
    orderId: '91',
    status: 'FILLED',
    quantity,
    executed: quantity,
    averagePrice: d('99.9'),
  }
  const fill = {
    symbol: stop.symbol,
    tradeId: '2',
    orderId: '91',
    clientId: stop.clientId,
    side: stop.request.side,
    positionSide: 'BOTH' as const,
    price: d('99.9'),
    quantity,
    realizedPnl: d('0'),
    commission: d('0'),
    commissionAsset: 'USDT',
    maker: false,
    time: at + 10,
  }
  bench.sent.length = 0
  bench.give({
    type: 'user',
    at: at + 10,
    event: { kind: 'order', execution: 'TRADE', order: child, fill, expiryReason: 0, eventTime: at + 10, transactionTime: at + 10 },
  })
  expect(bench.brain.ledger?.openPositions()).toEqual([])
  return at + 10
}
const trade = (bench: Bench): unknown => bench.brain.symbols[0]?.trade

it('the venue lets the other leg go: nothing is cancelled, and the trade is over with its news', () => {
  const bench = new Bench()
  const at = stoppedOut(bench)
  expect(cancels(bench)).toEqual([])
  expect(trade(bench)).not.toBe(null)
  told(bench, 'takeProfit', at + 5, { status: 'EXPIRED' })
  expect(trade(bench)).toBe(null)
  bench.give({ type: 'clock', at: at + 60_000 })
  expect(cancels(bench)).toEqual([])
})

it('it does not: the leg is cancelled within a second, and no entry comes before', () => {
  const bench = new Bench()
  const at = stoppedOut(bench)
  for (let ms = 100; ms < LET_GO_MS; ms += 100) bench.give({ type: 'clock', at: at + ms })
  expect(cancels(bench)).toEqual([])
  bench.give({ type: 'clock', at: at + LET_GO_MS + 100 })
  expect(cancels(bench)).toEqual([of(bench, 'takeProfit').clientId])
  expect(isTerminal(of(bench, 'takeProfit').state)).toBe(false)
  expect(trade(bench)).not.toBe(null)
})

it('its news cannot come while the private stream is down: the leg is cancelled at once', () => {
  const bench = new Bench()
  const at = stoppedOut(bench)
  bench.give({ type: 'stream', at: at + 1, healthy: false })
  bench.give({ type: 'clock', at: at + 200 })
  expect(cancels(bench)).toEqual([of(bench, 'takeProfit').clientId])
})

it.each([1, 60, 3_000])('a stop that was refused is asked for again within a second of venue time, at %i times', (rate) => {
  const bench = new Bench({ rate })
  bench.close()
  bench.fill()
  const placed = (): number => bench.sent.filter((command) => command.type === 'place' && command.order.type === 'STOP_MARKET').length
  const first = of(bench, 'stop')
  const at = bench.now + 20
  bench.give({
    type: 'placed',
    at,
    clientId: first.clientId,
    result: { ok: false, error: { code: 'rejected', message: 'refused', venueCode: -4045 } },
  })
  expect(placed()).toBe(1)
  for (let ms = 100; ms <= 1_000; ms += 100) bench.give({ type: 'clock', at: at + ms })
  expect(placed()).toBe(2)
})
