/** Seeded random trading under random faults on the wire and deaths of the brain; more seeds: AEGIS_SOAK=200. */
import { afterEach, describe, it } from 'vitest'
import { checkJournal, compare, settle } from './fixtures/brain-checks.ts'
import { brainOnSimulator, type Harness } from './fixtures/brain-on-simulator.ts'

const open: Harness[] = []
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
const MINUTE = 60_000
const WIDE = {
  maxDailyLoss: '5000',
  maxDrawdownFromPeakPct: 90,
  maxDrawdownFromDayStartPct: 90,
  coolDownSeconds: 0,
  maxConsecutiveRejects: 100,
}
const RUNS = Number(process.env['AEGIS_SOAK'] ?? 10)

/** Deterministic numbers in [0, 1). */
function numbers(seed: number): () => number {
  let state = seed * 2_654_435_761
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 4_294_967_296
  }
}

async function soak(h: Harness, seed: number): Promise<void> {
  const random = numbers(seed)
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const PATHS = [
    'POST /fapi/v1/order',
    'POST /fapi/v1/algoOrder',
    'DELETE /fapi/v1/order',
    'DELETE /fapi/v1/algoOrder',
    'GET /fapi/v1/order',
    'GET /fapi/v1/userTrades',
    '*',
  ]
  for (let round = 0; round < 8; round++) {
    const kind = random()
    if (kind < 0.6) {
      const effect = pick([
        { do: 'unknown', executed: true },
        { do: 'unknown', executed: false },
        { do: 'reset', executed: true },
        { do: 'reset', executed: false },
        { do: 'unavailable' },
        { do: 'throttled' },
        { do: 'truncated' },
        { do: 'garbage' },
        { do: 'refuse', status: 400, code: -2019, msg: 'Margin is insufficient.' },
      ] as const)
      h.simulator.fault({
        on: 'request',
        path: pick(PATHS),
        nth: 1 + Math.floor(random() * 3),
        times: 1 + Math.floor(random() * 3),
        effect,
      })
    } else if (kind < 0.75) {
      const how = pick(['duplicate', 'late', 'drop'] as const)
      h.simulator.fault({
        on: 'time',
        effect: { do: 'market', fault: { kind: 'user', how, count: 1 + Math.floor(random() * 4), ms: 3_000 } },
      })
    } else if (kind < 0.85) h.simulator.fault({ on: 'time', effect: { do: 'cutSockets', category: 'private' } })
    const steps = 30 + Math.floor(random() * 400)
    let step = 0
    await h.play(() => ++step >= steps)
    if (random() < 0.35) await h.restart()
  }
  await settle(h)
}

describe('random trading, faults and deaths: 0 duplicate orders, 0 lost fills, ledger = venue, journal intact', () => {
  for (let seed = 1; seed <= RUNS; seed++) {
    it(`seed ${seed}`, async () => {
      const h = await brainOnSimulator({
        simulator: { horizonMs: 2_000 * MINUTE, seed },
        settings: { symbols: ['BTCUSDT', 'ETHUSDT'], rails: WIDE, seed },
      })
      open.push(h)
      await soak(h, seed)
      compare(h)
      checkJournal(h)
    })
  }
})
