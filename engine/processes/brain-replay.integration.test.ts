/** The reducer is replayable: what the brain saw, played into a fresh one, gives the same commands bit by bit. */
import { expect, it } from 'vitest'
import type { BrainEvent, Command } from '../brain/events.ts'
import type { Recorder } from '../brain/recorder.ts'
import { reduce } from '../brain/reducer.ts'
import { createBrain } from '../brain/state.ts'
import { reduceTicks } from '../brain/ticks.ts'
import { TICK_WORDS } from '../contract/tick.ts'
import { brainOnSimulator } from './fixtures/brain-on-simulator.ts'

type Input = { readonly event: BrainEvent } | { readonly ticks: Float64Array; readonly count: number; readonly at: number }

it('gives the same orders, decisions and fills from the recorded inputs', async () => {
  const inputs: Input[] = []
  const recorder: Recorder = {
    ticks: (view, count, at) => inputs.push({ ticks: view.slice(0, count * TICK_WORDS), count, at }),
    event: (event) => inputs.push({ event }),
  }
  const h = await brainOnSimulator({ simulator: { horizonMs: 600 * 60_000, seed: 7 }, settings: { seed: 7 }, recorder })
  try {
    await h.play()
    const fresh = createBrain({ ...h.runtime().state.config, counter: 0 })
    const out: Command[] = []
    for (const input of inputs) {
      if ('event' in input) reduce(fresh, input.event, out)
      else reduceTicks(fresh, input.ticks, 0, input.count, input.at, out)
    }
    const again = out.flatMap((command) =>
      command.type === 'journal' ? [[command.entry.kind, JSON.parse(JSON.stringify(command.entry.payload))]] : [],
    )
    h.runtime().publish(true)
    await h.runtime().barrier({ step: 0, time: fresh.now, ringHead: 0, userFrames: 0 })
    const live = h.journal().rows({})
    const written = live.ok ? live.value.filter((row) => row.kind !== 'session').map((row) => [row.kind, row.payload]) : []
    expect(written.length).toBeGreaterThan(50)
    expect(again.slice(0, written.length)).toEqual(written)
  } finally {
    await h.close()
  }
})
