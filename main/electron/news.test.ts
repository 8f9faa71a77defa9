import { expect, it } from 'vitest'
import type { CockpitState } from '../../engine/contract/cockpit.ts'
import { fill, mismatch, sampleState } from '../../renderer/fixture/sample-state.ts'
import { createQuiet, newsBetween } from './news.ts'

const before: CockpitState = { ...sampleState(1_000), reconciliation: { ...sampleState(1_000).reconciliation, mismatches: [] } }
const kinds = (after: CockpitState): string[] => newsBetween(before, after).map((one) => one.kind)

it('tells fills, trips, critical mismatches and dead processes, and nothing else', () => {
  expect(kinds(before)).toEqual([])
  expect(newsBetween(before, { ...before, fills: [{ ...fill(1, 1), tradeId: 'new' }, ...before.fills] })[0]?.title).toBe(
    'Fill: SELL 0.120 BTCUSDT',
  )
  const latch = { v: 1 as const, level: 'halt' as const, reason: 'daily loss', at: 5, confirmedAt: null }
  expect(kinds({ ...before, kill: { ...before.kill, latch: { ...latch, by: 'rail' } } })).toEqual(['trip'])
  expect(kinds({ ...before, kill: { ...before.kill, latch: { ...latch, by: 'person' } } })).toEqual([])
  const withMismatch = (severity: 'crit' | 'warn'): CockpitState => ({
    ...before,
    reconciliation: { ...before.reconciliation, mismatches: [mismatch(severity, 'quantity', 's', '1', '2', 1)] },
  })
  expect(kinds(withMismatch('crit'))).toEqual(['mismatch'])
  expect(kinds(withMismatch('warn'))).toEqual([])
  expect(
    kinds({ ...before, processes: before.processes.map((row) => (row.name === 'brain' ? { ...row, state: 'restarting' as const } : row)) }),
  ).toEqual(['process'])
  expect(kinds({ ...before, engine: { ...before.engine, session: 'other' }, fills: [{ ...fill(1, 1), tradeId: 'new' }] })).toEqual([])
})
it('what keeps coming is said after 30 s, 60 s, … at most every 300 s; after calm, at once', () => {
  const may = createQuiet()
  const said: number[] = []
  for (let t = 0; t <= 1_500_000; t += 1_000) if (may('fill', t)) said.push(t / 1_000)
  expect(said).toEqual([0, 30, 90, 210, 450, 750, 1_050, 1_350])
  expect(may('trip', 1_000)).toBe(true)
  expect(may('fill', 1_350_000 + 700_000)).toBe(true)
})
