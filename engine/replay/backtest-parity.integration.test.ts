/** The back-test is the live run without the wire: same tape, same seed, the same orders, decisions and fills, row by row. */
import { expect, it } from 'vitest'
import type { JournalEntry } from '../contract/journal-kinds.ts'
import { brainOnSimulator } from '../processes/fixtures/brain-on-simulator.ts'
import { runTape } from './tape-run.ts'

const KINDS = ['intent', 'request-outcome', 'order-event', 'fill', 'position', 'signal', 'decision', 'wallet-change'] as const
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

it('gives what a lock-step run over sockets gives', async () => {
  const horizonMs = 600 * 60_000
  const h = await brainOnSimulator({ simulator: { horizonMs, seed: 7 }, settings: { seed: 7 } })
  const runtime = h.runtime()
  const { ticks } = runtime
  // As the brain's process does in lock-step: the ring is drained when the barrier's time is set, not before.
  runtime.ticks = (view, count, lost) => {
    h.venue().clock.set(h.simulator.exchange.now)
    ticks(view, count, lost)
  }
  try {
    await h.play()
    await h.runtime().barrier({ step: 0, time: h.simulator.exchange.now, ringHead: 0, userFrames: 0 })
    const rows = h.journal().rows({ kinds: [...KINDS] })
    const live = rows.ok ? rows.value.map((row) => [row.kind, row.time, row.ref, row.payload]) : []

    const { settings } = h
    const entries: JournalEntry[] = []
    const run = await runTape({
      symbols: settings.symbols,
      tapes: {},
      seed: 7,
      balance: settings.startingBalance,
      rails: settings.rails,
      strategy: settings.strategy,
      leverage: settings.leverage,
      horizonMs,
      session: 'testtest',
      prelude: { bars: 1_600, given: 99 },
      rate: settings.speed,
      onEntry: (entry) => entries.push(entry),
    })
    if (!run.ok) throw new Error(run.error.message)
    const wanted = new Set<string>(KINDS)
    const mine = entries.filter((one) => wanted.has(one.kind)).map((one) => [one.kind, one.time, one.ref ?? '', plain(one.payload)])
    expect(live.length).toBeGreaterThan(50)
    expect(mine).toEqual(live)
    expect(run.value.truth).toEqual(h.simulator.account())
    // Not the hash: it names the account by its key.
    expect(run.value.exchange.eventLog().count).toBe(h.simulator.exchange.eventLog().count)
    expect(run.value.equity).toBe(run.value.truth.equity)
  } finally {
    await h.close()
  }
})
