/** C5.1: one budget for all processes, read from X-MBX-USED-WEIGHT-1M, with the kill path reserved; a cold start takes at most a fifth. */
import type { Lane } from '../../../contract/venue.ts'
import { defineCheck, verdict } from '../../check.ts'
import { seeded } from '../../material.ts'
import { json, startScriptedVenue } from '../../scripted-venue.ts'
import type { Seams } from '../../seams.ts'

const LANES: readonly Lane[] = ['kill', 'cancel', 'order', 'account', 'market']
const MINUTE = 1_700_000_040_000

/** Lanes that may go at once when the venue says this much weight is used, after the cold first minute. */
function open(seams: Seams, used: number, ban = false): string {
  const budget = new seams.RateBudget({ random: seeded(3), rate: 1 })
  const start = { venueMs: MINUTE - 120_000, localMs: 0 }
  budget.settled(budget.begin(1, 0, start), { usedWeight: 1 }, start)
  const now = { venueMs: MINUTE, localMs: 120_000 }
  budget.settled(budget.begin(1, 0, now), ban ? { refused: 'ban' } : { usedWeight: used }, now)
  // The slow lane lets one through per step, so the second request is the one that tells.
  if (!ban) budget.admit('market', 1, 0, now)
  return LANES.filter((lane) => budget.admit(lane, 1, lane === 'order' ? 1 : 0, now).verdict === 'go').join(' ')
}

export const rateHeaders = defineCheck({
  id: 'C5.1',
  suite: 'combat',
  dimension: 'protocol',
  title: 'Rate headers',
  risk: 'CRITICAL',
  invariant: 'INV-08',
  run: async ({ seams, defer }) => {
    const problems: string[] = []
    const expect = (what: string, got: string, want: string): void => {
      if (got !== want) problems.push(`${what}: ${got === '' ? 'nothing' : got} may go, must be ${want}`)
    }
    expect('used weight 100', open(seams, 100), 'kill cancel order account market')
    expect('used weight 1850', open(seams, 1_850), 'kill cancel order')
    // Account reads are the reconciler's: above 2000 they go on, entries and market data do not.
    expect('used weight 2050', open(seams, 2_050), 'kill cancel account')
    expect('used weight 2400', open(seams, 2_400), 'kill')
    expect('banned (418)', open(seams, 0, true), 'kill')

    // The real adapter must learn the figure from the header, whatever its case, and tell the other processes.
    const server = await startScriptedVenue((request) =>
      json(200, request.path === '/fapi/v1/time' ? { serverTime: MINUTE } : [], { 'X-Mbx-Used-Weight-1m': '2100' }),
    )
    defer(() => server.close())
    const told: number[] = []
    const venue = seams.createVenue({
      endpoints: { rest: server.rest, ws: server.ws, rate: 1, real: false },
      credentials: { key: 'k', secret: 's' },
      source: 'reconciler',
      random: seeded(1),
      lockStep: true,
      onBudget: (o) => told.push(o.usedWeight),
    })
    defer(() => venue.close())
    await venue.clock.sync()
    await venue.public.serverTime()
    if (venue.metrics().usedWeight < 2_100) problems.push(`the header says 2100, the adapter believes ${venue.metrics().usedWeight}`)
    if (!told.includes(2_100)) problems.push('the other processes were not told')
    const other = seams.createVenue({
      endpoints: { rest: server.rest, ws: server.ws, rate: 1, real: false },
      source: 'feed',
      random: seeded(2),
      lockStep: true,
    })
    defer(() => other.close())
    other.clock.set(MINUTE)
    other.observeBudget({ source: 'reconciler', usedWeight: 2_100, minute: Math.floor(MINUTE / 60_000), bannedUntil: 0 })
    if (other.metrics().usedWeight < 2_100)
      problems.push(`another process's 2100 is not in this one's budget (${other.metrics().usedWeight})`)

    // Cold start: as much as the lanes ask for, the first minute stays within a fifth.
    const cold = new seams.RateBudget({ random: seeded(1), rate: 1 })
    let weight = 0
    for (let i = 0; i < 2_000; i++) {
      const now = { venueMs: MINUTE + i * 25, localMs: i * 25 }
      if (cold.admit(i % 3 === 0 ? 'account' : 'market', 5, 0, now).verdict !== 'go') continue
      weight += 5
      cold.settled(cold.begin(5, 0, now), { usedWeight: weight }, now)
    }
    if (weight > 480) problems.push(`a cold start uses ${weight} of 2400 in the first minute`)
    return verdict(
      problems,
      `thresholds 1800 / 2000 / 2400 and 418 hold, header shared, cold start ${weight} ≤ 480`,
      'slow > 1800, essential only > 2000, kill path only ≥ 2400 or on 418; one budget; cold start ≤ 20 %',
      { coldStartWeight: weight },
    )
  },
  sabotages: [
    {
      name: 'the header is not read',
      seams: (real) => ({
        ...real,
        RateBudget: class extends real.RateBudget {
          override settled(...args: Parameters<InstanceType<Seams['RateBudget']>['settled']>): void {
            super.settled(args[0], { refused: args[1].refused }, args[2])
          }
        },
      }),
    },
    {
      name: 'the kill path waits like everybody else',
      seams: (real) => ({
        ...real,
        RateBudget: class extends real.RateBudget {
          override admit(
            ...args: Parameters<InstanceType<Seams['RateBudget']>['admit']>
          ): ReturnType<InstanceType<Seams['RateBudget']>['admit']> {
            return super.admit(args[0] === 'kill' ? 'cancel' : args[0], args[1], args[2], args[3])
          }
        },
      }),
    },
    {
      name: 'processes keep the budget to themselves',
      seams: (real) => ({ ...real, createVenue: (options) => ({ ...real.createVenue(options), observeBudget: () => {} }) }),
    },
  ],
})
