/**
 * INV-06 and INV-07 against a model venue: random interleavings of signals, acks, fills, timeouts, lost and doubled events, and
 * restarts.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closeBar, give, restart, runModel } from './fixtures/model-run.ts'
import { SYMBOL, World } from './fixtures/model-venue.ts'

describe('INV-06, INV-07', () => {
  it('one entry per symbol at a time, one stop per position, every fill once, whatever the interleaving', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9_999), { minLength: 40, maxLength: 220 }), (dice) => {
        const world = runModel(dice)
        expect(world.mostEntries, 'INV-07').toBeLessThanOrEqual(1)
        expect(world.mostStops, 'one stop per position').toBeLessThanOrEqual(1)
        expect(new Set(world.placed).size).toBe(world.placed.length)
        const { ledger } = world.brain
        expect(ledger?.fillCount).toBe(world.fills.length)
        expect(ledger?.position(SYMBOL, 'BOTH').quantity.toFixed()).toBe(world.position.toFixed())
        expect(ledger?.wallet().toFixed()).toBe(world.wallet.toFixed())
        // Settled: a position stands under exactly one stop; flat leaves nothing behind.
        const live = world.live()
        if (world.position.isZero()) expect(live.filter((held) => held.order.book === 'algo')).toEqual([])
        else expect(live.filter((held) => held.request.type === 'STOP_MARKET').length).toBe(1)
      }),
      { numRuns: Number(process.env['AEGIS_MODEL_RUNS'] ?? 300) },
    )
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
    expect(refusals.map((row) => (row.kind === 'decision' ? row.payload.rule : ''))).toEqual(['entry-in-flight'])
  })
})
