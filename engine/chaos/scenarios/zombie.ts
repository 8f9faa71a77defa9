/** kill -9 of feed, brain and reconciler while orders are about: seen at once, back at once, nothing doubled, nothing lost. */
import type { ProcessName } from '../../contract/processes.ts'
import { defineScenario, judged } from '../scenario.ts'
import { processRow, startTwin, type Twin } from '../twin.ts'
import { seeded } from '../../audit/material.ts'

const NAMES = ['feed', 'brain', 'reconciler'] as const satisfies readonly ProcessName[]
const SEEN_MS = 50
const BACK_MS = 1_000

interface Death {
  readonly name: ProcessName
  readonly seenMs: number
  readonly backMs: number
}

/** One kill: how long until it was noticed, and until the process worked again. */
async function kill(twin: Twin, name: ProcessName): Promise<Death | string> {
  const before = processRow(twin, name)
  twin.engine.crash(name)
  const back = await twin.until(() => {
    const row = processRow(twin, name)
    return row !== undefined && row.restarts > (before?.restarts ?? 0) && row.state === 'running' && row.recoveredMs !== null
  }, 15_000)
  const row = processRow(twin, name)
  if (!back || row === undefined) return `${name} did not come back within 15 s (${row?.state ?? 'gone'}: ${row?.lastExit ?? ''})`
  return { name, seenMs: tenth(row.detectedMs ?? Number.POSITIVE_INFINITY), backMs: tenth(row.recoveredMs ?? Number.POSITIVE_INFINITY) }
}

const tenth = (ms: number): number => Math.round(ms * 10) / 10
const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0

export const zombie = defineScenario({
  id: 'zombie',
  title: 'Zombie',
  survived: `each death seen ≤ ${SEEN_MS} ms and back ≤ ${BACK_MS} ms (median), no order doubled or lost, ledger equal to the venue`,
  run: async (stage) => {
    const rounds = stage.size === 'full' ? 20 : 2
    /** Failures after which more kills tell nothing new. */
    const enough = stage.size === 'full' ? 3 : 1
    const random = seeded(stage.seed)
    const twin = await startTwin(stage, { speed: 240, tape: { kind: 'demo' } })
    await twin.until(() => (twin.last('counters')?.counters.orders ?? 0) > 0, 20_000)
    const deaths: Death[] = []
    const problems: string[] = []
    for (let round = 0; round < rounds; round++) {
      for (const name of NAMES) {
        // In the middle of things: when an order is on its way if one turns up soon, else at a random moment.
        if (name === 'brain')
          await twin.until(() => twin.last('account')?.view.orders.some((o) => o.state.includes('InFlight')) === true, 300)
        else await new Promise((resolve) => setTimeout(resolve, random() * 200))
        const death = await kill(twin, name)
        if (typeof death === 'string') problems.push(death)
        else deaths.push(death)
        // Longer than the restart budget's window would forgive is no test of recovery but of patience.
        await new Promise((resolve) => setTimeout(resolve, stage.size === 'full' ? 8_500 : 300))
        if (problems.length >= enough) break
      }
      if (problems.length >= enough) break
      stage.signal.throwIfAborted()
    }
    await twin.settle()
    problems.push(...(await twin.differences()))
    const intents = twin.last('counters')?.counters.orders ?? 0
    const account = await twin.engine.simulator.account()
    const seen = deaths.map((d) => d.seenMs)
    const back = deaths.map((d) => d.backMs)
    const figures = {
      kills: deaths.length,
      seenMedianMs: quantile(seen, 0.5),
      seenWorstMs: Math.max(0, ...seen),
      backMedianMs: quantile(back, 0.5),
      backWorstMs: Math.max(0, ...back),
      orders: account.ok ? account.value.orders : intents,
      fills: account.ok ? account.value.fills : 0,
    }
    const slow = figures.seenMedianMs > SEEN_MS || figures.backMedianMs > BACK_MS
    const times = `seen in ${figures.seenMedianMs} ms, back in ${figures.backMedianMs} ms`
    return judged(figures, {
      problems,
      weak: slow ? [times] : [],
      reason: `${deaths.length} kills: ${times}, ledger equal to the venue`,
    })
  },
  sabotages: [
    {
      name: 'a dead process is not started again',
      seams: (real) => ({
        ...real,
        startEngine: (settings, deps) => real.startEngine(settings, { ...deps, timings: { restart: { windowMs: 60_000, delaysMs: [] } } }),
      }),
    },
  ],
})
