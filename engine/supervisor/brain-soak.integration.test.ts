/**
 * Seeded random trading under random faults on the wire, the real brain process killed with SIGKILL at random moments.
 * Here 100 runs (AEGIS_SOAK=300 for more); the long form is `npm run soak`.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Condition } from './fixtures/soak/judge.ts'
import { faultsOf, openPool, type SoakOutcome, type SoakPool } from './fixtures/soak/pool.ts'

const RUNS = Number(process.env['AEGIS_SOAK'] ?? 100)
const sabotageOf = (name: string): string => `${new URL('./fixtures/soak/sabotage.ts', import.meta.url).href}?${name}`

let pool: SoakPool
const outcomes: Promise<SoakOutcome>[] = []
const sabotaged = new Map<string, Promise<SoakOutcome[]>>()
/** An answer is lost to an order in about half of the runs, so a defect that needs one is shown more than one. */
const SABOTAGES: readonly (readonly [name: string, seeds: readonly number[], condition: Condition])[] = [
  ['resend', [900_201, 900_301, 900_501, 900_601], 'duplicate orders'],
  ['skip-fills', [900_002], 'lost fills'],
  ['round-fees', [900_003], 'ledger = venue'],
  ['loose-chain', [900_004], 'journal'],
]

beforeAll(() => {
  pool = openPool()
  for (const [name, seeds] of SABOTAGES) sabotaged.set(name, Promise.all(seeds.map((seed) => pool.run(seed, sabotageOf(name)))))
  for (let seed = 1; seed <= RUNS; seed++) outcomes.push(pool.run(seed))
})
afterAll(() => pool.close())

describe('a defect turns its condition red', () => {
  it.each(SABOTAGES)('%s', async (name, _seeds, condition) => {
    const seen = await sabotaged.get(name)
    expect(seen?.flatMap((outcome) => outcome.problems.map((problem) => problem.condition))).toContain(condition)
  })
})

describe('0 duplicate orders, 0 lost fills, ledger = venue, journal intact', () => {
  it.each(Array.from({ length: RUNS }, (_, at) => at + 1))('seed %i', async (seed) => {
    const outcome = await outcomes[seed - 1]
    expect(outcome === undefined ? ['no outcome'] : faultsOf(outcome)).toEqual([])
  })

  it('killed and traded enough to prove something', async () => {
    const all = await Promise.all(outcomes)
    const sum = (what: 'kills' | 'orders' | 'fills'): number => all.reduce((total, outcome) => total + outcome[what], 0)
    expect(sum('kills')).toBeGreaterThanOrEqual(RUNS)
    expect(sum('fills')).toBeGreaterThanOrEqual(10 * RUNS)
  })
})
