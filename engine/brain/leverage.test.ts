/** Leverage at the venue: confirmed before the entry, never raised under a position, lowered at once, remembered over a restart. */
import { describe, expect, it } from 'vitest'
import { Bench, d } from './fixtures/leverage-bench.ts'
import { SYMBOL } from './fixtures/model-venue.ts'

describe('what an entry may use', () => {
  it('the teacher has the configured leverage and never more than its rail', () => {
    for (const [configured, quantity] of [
      [2, '200'],
      [3, '300'],
      [20, '300'],
    ] as const) {
      const bench = new Bench({ leverage: configured })
      bench.script.claim = { leverageClass: 'teacher', earnedSteps: 9 }
      bench.script.steps = 9
      bench.close()
      // 10,000 USDT at 100 with the stop 0.1 % away: 5 % of risk would be 5,000 pieces, so leverage is what binds.
      expect(bench.did()).toEqual([`LIMIT ${quantity}`])
    }
  })

  it('a claim without a record behind it earns nothing', () => {
    const bench = new Bench()
    bench.close()
    expect(bench.did()).toEqual(['LIMIT 300'])
  })

  it('the record counts as it is now, not as it was when the signal was made', () => {
    const bench = new Bench()
    bench.script.steps = 5
    bench.script.claim = { leverageClass: 'student', earnedSteps: 2 }
    bench.close()
    expect(bench.did()).toEqual(['leverage 5'])
    bench.script.steps = 0
    bench.answer(5)
    // Confirmed, but no longer earned: lowered first, and the entry waits for that.
    expect(bench.did()).toEqual(['leverage 3'])
    bench.answer(3)
    expect(bench.did()).toEqual(['LIMIT 300'])
  })

  it('the rail and the venue’s own tier cap what is earned', () => {
    const capped = new Bench()
    capped.script.steps = 19
    capped.script.claim = { leverageClass: 'student', earnedSteps: 19 }
    capped.close()
    expect(capped.did()).toEqual(['leverage 10'])
    const tier = { bracket: 1, floor: d('0'), cap: d('1000000'), maintenanceRate: d('0.01'), cumulative: d('0'), maxLeverage: 6 }
    const tiered = new Bench({ tiers: new Map([[SYMBOL, [tier]]]) })
    tiered.script.steps = 19
    tiered.script.claim = { leverageClass: 'student', earnedSteps: 19 }
    tiered.close()
    expect(tiered.did()).toEqual(['leverage 6'])
  })
})

describe('raising', () => {
  const raising = (): Bench => {
    const bench = new Bench()
    bench.script.steps = 4
    bench.close()
    return bench
  }

  it('is journaled, asked for, confirmed, and only then the entry leaves, sized by it', () => {
    const bench = raising()
    expect(bench.did()).toEqual(['leverage 7'])
    expect(bench.steps()).toEqual(['asked 3→7'])
    bench.answer(7)
    expect(bench.did()).toEqual(['LIMIT 700'])
    expect(bench.steps()).toEqual(['asked 3→7', 'confirmed 3→7'])
    expect(bench.rules()).toEqual(['all'])
  })

  it('a second signal meanwhile is refused: one entry in flight (INV-07)', () => {
    const bench = raising()
    bench.close()
    expect(bench.did()).toEqual(['leverage 7'])
    expect(bench.rules()).toEqual(['entry-in-flight'])
    bench.answer(7)
    expect(bench.did()).toEqual(['LIMIT 700'])
  })

  it('refused: the entry does not leave, and the old leverage still holds', () => {
    const bench = raising()
    bench.did()
    bench.answer(7, 'rejected')
    expect(bench.did()).toEqual([])
    expect(bench.rules()).toEqual(['leverage'])
    bench.script.claim = { leverageClass: 'teacher' }
    bench.close()
    expect(bench.did()).toEqual(['LIMIT 300'])
  })

  it('an answer that proves nothing: no entry, and the venue is asked again before the next one', () => {
    const bench = raising()
    bench.did()
    bench.answer(7, 'ambiguous')
    expect(bench.rules()).toEqual(['leverage'])
    bench.script.claim = { leverageClass: 'teacher' }
    bench.close()
    expect(bench.did()).toEqual(['leverage 3'])
    bench.answer(3)
    expect(bench.did()).toEqual(['LIMIT 300'])
  })

  it('a kill while it waits: the rails are asked again, nothing leaves', () => {
    const bench = raising()
    bench.did()
    bench.give({ type: 'tradingState', at: bench.now, state: 'reduceOnly', reason: 'test' })
    bench.answer(7)
    expect(bench.did()).toEqual([])
    expect(bench.rules()).toEqual(['trading-state'])
  })

  it('never under an open position, whatever is earned meanwhile', () => {
    const bench = raising()
    bench.answer(7)
    bench.fill()
    bench.did()
    bench.script.steps = 7
    for (let i = 0; i < 5; i++) {
      bench.close()
      bench.clock(500)
    }
    expect(bench.did().filter((one) => one.startsWith('leverage'))).toEqual([])
    expect(bench.brain.symbols[0]?.leverage.venue).toBe(7)
  })
})

describe('losing it', () => {
  const open = (): Bench => {
    const bench = new Bench()
    bench.script.steps = 4
    bench.close()
    bench.answer(7)
    bench.fill()
    bench.did()
    return bench
  }

  it('on the bar that fails the test it is lowered at the venue, also under the open position', () => {
    const bench = open()
    bench.script.steps = 0
    bench.close()
    expect(bench.did()).toEqual(['leverage 3'])
    bench.answer(3)
    expect(bench.steps().slice(2)).toEqual(['asked 7→3', 'confirmed 7→3'])
    bench.close()
    bench.clock(300)
    expect(bench.did()).toEqual([])
  })

  it('refused (margin): asked again later, and no entry counts on it', () => {
    const bench = open()
    bench.script.steps = 0
    bench.close()
    bench.answer(3, 'rejected')
    expect(bench.did()).toEqual(['leverage 3'])
    bench.clock(10_000)
    expect(bench.did()).toEqual([])
    bench.clock(31_000)
    expect(bench.did()).toEqual(['leverage 3'])
  })

  it('rails that become tighter take it at once', () => {
    const bench = open()
    bench.give({ type: 'rails', at: bench.now, rails: { ...bench.brain.rails, maxLeverageStudent: 5 } })
    expect(bench.did()).toEqual(['leverage 5'])
  })

  it('somebody changes it at the venue: confirmed again before the next entry', () => {
    const bench = new Bench()
    bench.script.claim = { leverageClass: 'teacher' }
    bench.give({ type: 'user', at: bench.now, event: { kind: 'config', symbol: SYMBOL, leverage: 20, eventTime: bench.now } })
    bench.close()
    expect(bench.did()).toEqual(['leverage 3'])
    bench.answer(3)
    expect(bench.did()).toEqual(['LIMIT 300'])
  })
})

describe('starting', () => {
  it('a brain for which nobody has set it confirms it itself, and no entry leaves before', () => {
    const bench = new Bench({ leverageUnknown: true })
    bench.script.claim = { leverageClass: 'teacher' }
    bench.close()
    expect(bench.did()).toEqual(['leverage 3'])
    const quiet = new Bench({ leverageUnknown: true })
    quiet.clock(300)
    expect(quiet.did()).toEqual(['leverage 3'])
    quiet.answer(3)
    quiet.clock(600)
    expect(quiet.did()).toEqual([])
  })

  it('after a restart the student still has what its facts say; the venue confirms it before the entry', () => {
    const before = new Bench()
    before.script.steps = 4
    before.close()
    before.answer(7)
    const rows = before.journal.filter((e) => e.kind === 'shadow' || e.kind === 'leverage')
    const after = new Bench({ leverageUnknown: true }, rows)
    expect(after.script.steps).toBe(4)
    expect(after.brain.symbols[0]?.leverage).toMatchObject({ venue: 7, proved: false, raised: true })
    after.close()
    expect(after.did()).toEqual(['leverage 7'])
    after.answer(7)
    expect(after.did()).toEqual(['LIMIT 700'])
  })

  it('after a restart that finds the steps lost, the raised leverage is lowered without waiting for a signal', () => {
    const before = new Bench()
    before.script.steps = 4
    before.close()
    // The process dies before the venue answers: the raise may have come true.
    const rows = before.journal.filter((e) => e.kind === 'leverage')
    const after = new Bench({ leverageUnknown: true }, rows)
    after.clock(300)
    expect(after.did()).toEqual(['leverage 3'])
  })
})
