/** Amendments step by step: what is proof, what a moved entry's plan is, and whose side is whose in a hedged account. */
import { describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { VenueOrder } from '../contract/venue.ts'
import type { Order } from '../orders/order.ts'
import { HEDGED, SYMBOL } from './fixtures/model-config.ts'
import { closeBar, give, restart } from './fixtures/model-run.ts'
import { World } from './fixtures/model-venue.ts'
import type { BrainConfig } from './state.ts'

const text = (value: string): DecimalText => value as DecimalText
const honest = (): number => 5
/** The request times out on the way and arrives four seconds later. */
const late = (n: number): number => (n === 10 ? 4 : 3_500)
/** The request is lost. */
const lost = (n: number): number => (n === 10 ? 0 : 5)

function deliver(world: World): void {
  for (let round = 0; round < 5; round++) for (const event of world.inbox.splice(0)) give(world, event, honest, false)
}
/** A brain with one entry resting at the venue. */
function resting(config?: BrainConfig): { world: World; order: () => Order; clientId: string } {
  const world = new World(config)
  restart(world, honest, false)
  deliver(world)
  closeBar(world, honest, false)
  deliver(world)
  const [clientId] = world.placed
  if (clientId === undefined) throw new Error('an entry was placed')
  const order = (): Order => {
    const found = world.brain.orders.get(clientId)
    if (found === undefined) throw new Error('the entry is known')
    return found
  }
  expect(order().state).toBe('Open')
  return { world, order, clientId }
}
const outcomes = (world: World): string[] =>
  world.journal.flatMap((row) => (row.kind === 'request-outcome' && row.payload.action === 'amend' ? [row.payload.outcome] : []))
const tick = (world: World, ms: number): void => {
  world.now += ms
  world.land()
  give(world, { type: 'clock', at: 0 }, honest, false)
  deliver(world)
}

describe('INV-04: an amendment without an answer', () => {
  it('old terms prove nothing while it may still arrive; it is asked for once, and found', () => {
    const { world, order, clientId } = resting()
    give(world, { type: 'amend', at: 0, clientId, price: text('100.5') }, late, true)
    deliver(world)
    expect(order()).toMatchObject({ state: 'AmendUnresolved', price: '101', amendment: { price: '100.5' } })
    tick(world, 2_000)
    expect(order()).toMatchObject({ state: 'AmendUnresolved', price: '101' })
    expect(outcomes(world)).toEqual([])
    tick(world, 2_500)
    tick(world, 4_000)
    expect(order()).toMatchObject({ state: 'Open', price: '100.5', amendment: null })
    expect(outcomes(world)).toEqual(['found'])
    expect(world.amendments).toBe(1)
  })

  it('when it can no longer arrive, the old terms are the truth', () => {
    const { world, order, clientId } = resting()
    give(world, { type: 'amend', at: 0, clientId, price: text('100.5') }, lost, true)
    deliver(world)
    for (let round = 0; round < 6; round++) tick(world, 2_000)
    expect(order()).toMatchObject({ state: 'Open', price: '101', amendment: null })
    expect(outcomes(world)).toEqual(['absent'])
  })

  it('the next request about the order waits until the last one is proved', () => {
    const { world, clientId } = resting()
    give(world, { type: 'amend', at: 0, clientId, price: text('100.5') }, lost, true)
    deliver(world)
    give(world, { type: 'amend', at: 0, clientId, price: text('100') }, honest, false)
    expect(world.journal.filter((row) => row.kind === 'intent' && row.payload.action === 'amend').length).toBe(1)
  })
})

describe('a moved entry', () => {
  const move = (dice: (n: number) => number): { world: World; order: () => Order } => {
    const made = resting()
    made.world.now = (made.world.bar + 2) * 60_000
    // The eager strategy's second signal moves the entry of its first.
    closeBar(made.world, (n) => (n === 9 ? 4 : dice(n)), true)
    deliver(made.world)
    return made
  }
  const planned = (world: World): string | undefined => world.brain.symbols[0]?.trade?.plan.signalId

  it('has the new signal’s price and plan, and no more at risk', () => {
    const { world, order } = move(honest)
    expect(order()).toMatchObject({ state: 'Open', price: '100', role: 'entry' })
    expect(planned(world)).toBe(`eager:${SYMBOL}:${world.bar * 60_000}`)
    const trade = world.brain.symbols[0]?.trade
    expect(trade?.stopLevel).toBe(trade?.plan.stop)
    expect(world.placed.length).toBe(1)
  })

  it('keeps its old plan when the move did not come about, also over a death', () => {
    const { world, order } = move(lost)
    expect(order().state).toBe('AmendUnresolved')
    const before = planned(world)
    restart(world, honest, false)
    deliver(world)
    expect(planned(world)).toBe(before)
    for (let round = 0; round < 6; round++) tick(world, 2_000)
    expect(planned(world)).toBe(before)
    expect(before).not.toBe(`eager:${SYMBOL}:${world.bar * 60_000}`)
  })
})

describe('terms changed elsewhere', () => {
  const venueSays = (world: World, clientId: string, quantity: string): VenueOrder => {
    const amended = world.set(clientId, { quantity: text(quantity) })
    if (amended === null) throw new Error('the venue has the order')
    return amended
  }

  it('are taken by repair, and not while a request about the order is on its way', () => {
    const { world, order, clientId } = resting()
    const venue = venueSays(world, clientId, '3')
    const repair = (): void =>
      give(world, { type: 'repair', at: 0, repair: { kind: 'take-terms', mismatchId: 'm', clientId, venue } }, honest, false)
    repair()
    expect(order()).toMatchObject({ state: 'Open', quantity: '3' })
    give(world, { type: 'amend', at: 0, clientId, price: text('100.5') }, lost, true)
    repair()
    const answers = world.journal.flatMap((row) => (row.kind === 'repair' ? [row.payload.applied] : []))
    expect(answers).toEqual([true, false])
    // What was taken is in the journal: a death does not bring the old terms back.
    restart(world, honest, false)
    expect(order().quantity).toBe('3')
  })
})

describe('a hedged account', () => {
  it('somebody else’s short beside our long is foreign, and ours stays ours', () => {
    const { world, clientId } = resting(HEDGED)
    world.fill(clientId, world.position(SYMBOL, 'LONG').plus(10))
    deliver(world)
    const held = world.brain.ledger?.position(SYMBOL, 'LONG').quantity.toFixed()
    expect(Number(held)).toBeGreaterThan(0)
    world.accept({ clientId: 'web_1', symbol: SYMBOL, side: 'SELL', positionSide: 'SHORT', type: 'MARKET', quantity: text('2') })
    world.fill('web_1', world.position(SYMBOL, 'LONG').plus(2))
    deliver(world)
    const [symbol] = world.brain.symbols
    expect(symbol?.foreign.toFixed()).toBe('2')
    expect(world.brain.ledger?.position(SYMBOL, 'SHORT').quantity.toFixed()).toBe('0')
    expect(world.brain.ledger?.position(SYMBOL, 'LONG').quantity.toFixed()).toBe(held)
    expect(world.brain.ledger?.wallet().toFixed()).toBe(world.wallet.toFixed())
  })
})
