/**
 * INV-06 and INV-07 against a model venue: random interleavings of signals, acks, fills, amendments (by the strategy, by the trader, behind
 * the brain's back), batches, trailing stops, timeouts, lost, late and doubled events, and restarts.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEDGED, PAIR } from './fixtures/model-config.ts'
import { closeBar, give, restart, runModel } from './fixtures/model-run.ts'
import { World } from './fixtures/model-venue.ts'

describe('INV-06, INV-07', () => {
  for (const [name, config] of [
    ['one-way', PAIR],
    ['hedged', HEDGED],
  ] as const) {
    it(`${name}: one entry per symbol at a time, one stop per position, every fill once, whatever the interleaving`, () => {
      fc.assert(
        fc.property(fc.array(fc.nat(9_999), { minLength: 40, maxLength: 220 }), (rolls) => {
          const world = runModel(rolls, config)
          expect(world.mostEntries, 'INV-07').toBeLessThanOrEqual(1)
          // Two only while a better one takes the place of the other.
          expect(world.mostStops, 'one stop per position').toBeLessThanOrEqual(2)
          expect(new Set(world.placed).size).toBe(world.placed.length)
          const { ledger } = world.brain
          expect(ledger?.fillCount).toBe(world.fills.length)
          expect(ledger?.wallet().toFixed()).toBe(world.wallet.toFixed())
          const live = world.live()
          for (const symbol of config.symbols) {
            for (const side of config.hedge ? (['LONG', 'SHORT'] as const) : (['BOTH'] as const)) {
              const held = world.position(symbol, side)
              expect(ledger?.position(symbol, side).quantity.toFixed()).toBe(held.toFixed())
              // Settled: a position stands under exactly one stop; flat leaves nothing behind.
              const guards = live.filter(
                ({ request, order }) => order.book === 'algo' && request.symbol === symbol && request.positionSide === side,
              )
              if (held.isZero()) expect(guards).toEqual([])
              else expect(guards.filter((guard) => guard.request.type === 'STOP_MARKET').length).toBe(1)
            }
          }
          // The book's terms are the venue's.
          for (const { order } of live) {
            if (order.book !== 'regular') continue
            expect(world.brain.orders.get(order.clientId)).toMatchObject({ price: order.price, quantity: order.quantity })
          }
        }),
        { numRuns: Number(process.env['AEGIS_MODEL_RUNS'] ?? 300), endOnFailure: true },
      )
    })
  }

  it('such runs meet batches, amendments, moved entries and trailed stops', () => {
    const seen = { batches: 0, amendments: 0, moved: 0, trailed: 0 }
    for (const rolls of fc.sample(fc.array(fc.nat(9_999), { minLength: 200, maxLength: 220 }), { numRuns: 120, seed: 1 })) {
      const { batches, amendments, journal } = runModel(rolls, PAIR)
      seen.batches += batches
      seen.amendments += amendments
      for (const row of journal) {
        if (row.kind !== 'intent') continue
        if (row.payload.action === 'amend' && row.payload.plan !== undefined) seen.moved++
        if (row.payload.reason === 'the stop is replaced') seen.trailed++
      }
    }
    for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(10)
  })

  it('two signals inside one millisecond give one order', () => {
    const world = new World()
    const never = (): number => 5
    restart(world, never, false)
    for (let i = 0; i < 4; i++) for (const event of world.inbox.splice(0)) give(world, event, never, false)
    closeBar(world, never, false)
    closeBar(world, never, false)
    expect(world.placed.length).toBe(1)
    const refusals = world.journal.filter((row) => row.kind === 'decision' && !row.payload.allowed)
    expect(refusals.map((row) => (row.kind === 'decision' ? row.payload.rule : ''))).toEqual(['moves'])
  })
})
