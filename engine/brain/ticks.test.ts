/** Closed bars reach the strategy in order, once, and never across a hole. */
import { beforeEach, expect, it } from 'vitest'
import { TICK_WORDS, TickKind, writeTick } from '../contract/tick.ts'
import type { Command } from './events.ts'
import { CONFIG } from './fixtures/model-venue.ts'
import { createBrain, MAX_PENDING_BARS, type BrainState } from './state.ts'
import { reduceTicks } from './ticks.ts'

let seen: string[]
let state: BrainState
beforeEach(() => {
  seen = []
  state = createBrain({
    ...CONFIG,
    startedAt: 5 * 60_000,
    createStrategy: () => ({
      name: 'listener',
      warmUpBars: 10,
      onBar(bar, live) {
        seen.push(`${bar.openTime / 60_000}${live ? '' : 'h'}`)
        return undefined
      },
      reset: () => void seen.push('reset'),
    }),
  })
})

const view = new Float64Array(TICK_WORDS * 64)
function give(kind: TickKind, ...minutes: number[]): Command[] {
  const out: Command[] = []
  minutes.forEach((minute, index) => writeTick(view, index, 0, kind, minute * 60_000_000, 100, 101, 99, 100, 1))
  reduceTicks(state, view, 0, minutes.length, 1_000_000, out)
  return out
}

it('history, then live, without repeats', () => {
  give(TickKind.barHistory, 1, 2, 3)
  give(TickKind.barClosed, 3, 4, 5, 6)
  expect(seen).toEqual(['1h', '2h', '3h', '4h', '5', '6'])
})

it('a bar that comes too early waits for the ones before it', () => {
  give(TickKind.barHistory, 1, 2)
  give(TickKind.barClosed, 6, 5)
  expect(seen).toEqual(['1h', '2h'])
  give(TickKind.barHistory, 3, 4)
  expect(seen).toEqual(['1h', '2h', '3h', '4h', '5', '6'])
})

it('a hole the feed gives up on starts the indicators over', () => {
  give(TickKind.barHistory, 1, 2)
  give(TickKind.barClosed, 7)
  writeTick(view, 0, 0, TickKind.gap, 3 * 60_000_000, 6 * 60_000, 4, 0, 0, 0)
  reduceTicks(state, view, 0, 1, 1_000_000, [])
  expect(seen).toEqual(['1h', '2h', 'reset', '7'])
})

it('so does one nobody fills, after a bounded wait', () => {
  give(TickKind.barHistory, 1)
  const out = give(TickKind.barClosed, ...Array.from({ length: MAX_PENDING_BARS }, (_, i) => 10 + i))
  expect(seen.slice(0, 3)).toEqual(['1h', 'reset', '10'])
  expect(state.symbols[0]?.pendingBars.length).toBe(0)
  expect(out.some((command) => command.type === 'log')).toBe(true)
})

it('after a restart, history from before the first live bars is used from its beginning', () => {
  give(TickKind.barClosed, 20, 21)
  give(TickKind.barHistory, 17, 18, 19, 20, 21, 22)
  expect(seen).toEqual(['20', '21', 'reset', '17h', '18h', '19h', '20h', '21h', '22h'])
})

it('a restarted stream is incomplete until a bar joins on', () => {
  give(TickKind.barHistory, 1)
  writeTick(view, 0, 0, TickKind.reset, 0, 0, 0, 0, 0, 0)
  reduceTicks(state, view, 0, 1, 1_000_000, [])
  expect(state.symbols[0]?.incomplete).toBe(true)
  give(TickKind.barClosed, 2)
  expect(state.symbols[0]?.incomplete).toBe(false)
})
