import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stepHold, type HoldConfig, type HoldEvent, type HoldState } from './hold.ts'

const hold: HoldConfig = { mode: 'hold', holdMs: 600, twiceMs: 2_000 }
const twice: HoldConfig = { ...hold, mode: 'twice' }
const run = (config: HoldConfig, events: readonly HoldEvent[]): number => {
  let state: HoldState = { kind: 'idle' }
  let fired = 0
  for (const event of events) {
    const step = stepHold(config, state, event)
    state = step.state
    if (step.fire) fired++
  }
  return fired
}
const at = (type: HoldEvent['type'], time: number): HoldEvent => ({ type, at: time })

describe('hold', () => {
  it('released at 500 ms does nothing, also when the timer comes late', () => {
    expect(run(hold, [at('press', 0), at('tick', 400), at('release', 500), at('tick', 650)])).toBe(0)
  })
  it('held for 600 ms fires once, however long it is held', () => {
    expect(run(hold, [at('press', 0), at('tick', 600), at('tick', 700), at('press', 800), at('tick', 2_000), at('release', 2_100)])).toBe(1)
  })
  it('losing the pointer or the focus aborts', () => {
    expect(run(hold, [at('press', 0), at('cancel', 300), at('tick', 600), at('release', 700)])).toBe(0)
  })
})
describe('two presses', () => {
  it('fire within two seconds and not later', () => {
    expect(run(twice, [at('press', 0), at('release', 10), at('press', 1_900)])).toBe(1)
    expect(run(twice, [at('press', 0), at('release', 10), at('press', 2_100)])).toBe(0)
    expect(run(twice, [at('press', 0), at('release', 10), at('tick', 2_100), at('press', 2_200)])).toBe(0)
  })
})
it('never fires without a press held long enough, whatever the events', () => {
  const types = fc.constantFrom<HoldEvent['type']>('press', 'release', 'cancel', 'tick')
  fc.assert(
    fc.property(fc.array(fc.tuple(types, fc.integer({ min: 0, max: 590 })), { maxLength: 50 }), (steps) => {
      let now = 0
      let pressedAt: number | null = null
      let state: HoldState = { kind: 'idle' }
      for (const [type, after] of steps) {
        now += after
        const step = stepHold(hold, state, { type, at: now })
        if (type === 'press' && state.kind === 'idle') pressedAt = now
        if (step.fire) {
          expect(pressedAt).not.toBeNull()
          expect(now - (pressedAt ?? now)).toBeGreaterThanOrEqual(600)
          pressedAt = null
        }
        state = step.state
      }
    }),
  )
})
