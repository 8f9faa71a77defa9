/** What the venue does to an account on its own, through the adapter: margin call, liquidation, insurance, funding. The books follow. */
import { afterEach, describe, expect, it } from 'vitest'
import type { UserEvent } from '../contract/venue.ts'
import { toText } from '../money/decimal.ts'
import type { FaultPlan } from '../simulator/protocol/faults.ts'
import { Bookkeeper } from './fixtures/bookkeeper.ts'
import { bench, endVenues, limitOrder, text } from './fixtures/simulated-venue.ts'

afterEach(endVenues)

async function until(what: string, isReached: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000
  while (!(await isReached())) {
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const LOST: FaultPlan = { on: 'frame', stream: 'user', times: 1_000, effect: { do: 'dropFrame' } }

describe('the venue acts on its own', () => {
  it.each([
    ['every event arrives', false],
    ['every event of it is lost', true],
  ])('liquidation, %s', async (_name, lost) => {
    const { sim, venue, api } = await bench({ speed: 60, timebase: 'tape', balance: text('500'), preludeBars: 60 })
    const stream = venue.userStream
    if (stream === undefined) throw new Error('a venue with credentials has a user stream')
    const events: UserEvent[] = []
    stream.onEvent((event) => events.push(event))
    const books = new Bookkeeper({ api, stream, symbols: ['BTCUSDT'], wallet: text('500'), startTime: sim.startTime })
    expect((await stream.start()).ok).toBe(true)
    const { price: _, timeInForce: __, ...buy } = limitOrder({ type: 'MARKET', quantity: text('0.130') })
    await books.place(buy)
    const resting = limitOrder({ clientId: 'resting', side: 'SELL', reduceOnly: true, price: text('66500.00') })
    await books.place(resting)
    await until('the fill', () => books.ledger.fillCount === sim.account().fills && sim.account().fills > 0)

    if (lost) expect(sim.fault(LOST).ok).toBe(true)
    const fault = { kind: 'jump', symbol: 'BTCUSDT', fraction: text('-0.06') } as const
    expect(sim.fault({ on: 'time', effect: { do: 'market', fault } }).ok).toBe(true)
    await until('the liquidation', () => sim.account().positions.length === 0)
    if (!lost) {
      await until('the call', () => events.some((event) => event.kind === 'marginCall'))
      await until('the end of the resting order', () =>
        events.some((event) => event.kind === 'order' && event.order.clientId === 'resting' && event.expiryReason === 5),
      )
      await until('the forced order', () =>
        events.some((event) => event.kind === 'order' && event.order.type === 'LIQUIDATION' && event.execution === 'CALCULATED'),
      )
      await until('the books', () => toText(books.ledger.wallet()) === sim.account().wallet)
    }
    sim.pause()
    if (lost) {
      expect(toText(books.ledger.wallet())).not.toBe(sim.account().wallet)
      sim.clearFaults()
    }
    await until('the last read', () => books.read())
    const truth = sim.account()
    const { wallet, realized, fees } = books.ledger.totals()
    expect([toText(wallet), toText(realized), toText(fees)]).toEqual([truth.wallet, truth.realizedPnl, truth.fees])
    expect(books.ledger.fillCount).toBe(truth.fills)
    expect(books.ledger.openPositions()).toEqual([])
    /* the fall was deeper than the account: the insurance fund paid the rest */
    expect(truth.wallet).toBe('0')
    expect(books.ledger.disagreements).toBe(0)
  })
})
