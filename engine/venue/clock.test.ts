/** Audit C5.2: round-trip-corrected offset, wall-clock jumps ignored, venue jumps measured, lock-step set. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createClock } from './clock.ts'

const T0 = 1_795_219_800_000

/** A venue `rate` times as fast as local time, `skewMs` away from the wall, answering after uneven round trips. */
function world(rate: number, skewMs: number, trips: readonly number[], lockStep = false) {
  const state = { local: 1_000, wall: T0, skew: skewMs, asked: 0, down: false }
  const venueNow = (): number => T0 + state.skew + (state.local - 1_000) * rate
  const advance = (ms: number): void => {
    state.local += ms
    state.wall += ms
  }
  const clock = createClock({
    rate,
    lockStep,
    wall: { nowMs: () => state.wall },
    monotonic: { nowMs: () => state.local },
    serverTime: () => {
      const trip = trips[state.asked % trips.length] ?? 1
      state.asked += 1
      if (state.down) return Promise.resolve({ ok: false, error: { code: 'ambiguous' as const, message: '' } })
      /* the way out is as long as the way back */
      advance(trip / 2)
      const value = Math.floor(venueNow())
      advance(trip / 2)
      return Promise.resolve({ ok: true, value })
    },
  })
  return { state, clock, venueNow, advance }
}

describe('venue clock', () => {
  it('finds the offset from at least five samples, whatever the skew and the round trips', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -7_200_000, max: 7_200_000 }),
        fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 5, maxLength: 5 }),
        async (skew, trips) => {
          const { state, clock, venueNow } = world(1, skew, trips)
          expect((await clock.sync()).ok).toBe(true)
          expect(state.asked).toBeGreaterThanOrEqual(5)
          expect(Math.abs(clock.nowMs() - venueNow())).toBeLessThanOrEqual(1)
          expect(Math.abs(clock.skewMs - skew)).toBeLessThanOrEqual(2)
        },
      ),
    )
  })

  it.each([3_600_000, -3_600_000, 30_000, -30_000])('a wall clock jump of %i ms moves nothing', async (jump) => {
    const { state, clock, venueNow, advance } = world(1, 1_270, [20])
    await clock.sync()
    state.wall += jump
    advance(5_000)
    expect(Math.abs(clock.nowMs() - venueNow())).toBeLessThanOrEqual(1)
  })

  it.each([3_600_000, -3_600_000])('a venue clock jump of %i ms is found by the next measurement', async (jump) => {
    const { state, clock, venueNow } = world(1, 0, [10])
    await clock.sync()
    state.skew += jump
    await clock.sync()
    expect(Math.abs(clock.nowMs() - venueNow())).toBeLessThanOrEqual(1)
  })

  it('follows a venue that runs faster', async () => {
    const { clock, venueNow, advance } = world(60, 0, [4])
    await clock.sync()
    advance(10_000)
    expect(Math.abs(clock.nowMs() - venueNow())).toBeLessThanOrEqual(1)
    expect(clock.skewMs).toBe(0)
  })

  it('keeps the old offset when a measurement fails, and is not ready before the first one', async () => {
    const { state, clock, venueNow, advance } = world(1, 500, [10])
    state.down = true
    expect((await clock.ready()).ok).toBe(false)
    state.down = false
    expect((await clock.ready()).ok).toBe(true)
    state.down = true
    expect((await clock.sync()).ok).toBe(false)
    advance(1_000)
    expect(Math.abs(clock.nowMs() - venueNow())).toBeLessThanOrEqual(1)
  })

  it('measures once for many who ask at the same time', async () => {
    const { state, clock } = world(1, 0, [10])
    await Promise.all([clock.sync(), clock.sync(), clock.ready()])
    expect(state.asked).toBe(5)
  })

  it('lock-step: stands still at the first server time, then moves only when set', async () => {
    const { state, clock, venueNow, advance } = world(3_000, 0, [0], true)
    await clock.ready()
    const start = clock.nowMs()
    expect(start).toBe(Math.floor(venueNow()))
    advance(5_000)
    expect(clock.nowMs()).toBe(start)
    const heard: number[] = []
    clock.onSet((time) => heard.push(time))
    clock.set(start + 60_000)
    expect(clock.nowMs()).toBe(start + 60_000)
    expect(heard).toEqual([start + 60_000])
    const asked = state.asked
    await clock.sync()
    expect(state.asked).toBe(asked)
  })
})
