import { expect, it } from 'vitest'
import type { CockpitState } from '../../engine/contract/cockpit.ts'
import { sampleState } from '../fixture/sample-state.ts'
import { applyLink, applyMessage, emptyReplica } from '../replica/replica.ts'
import { resumeChecklist } from './resume-checklist.ts'

const base = sampleState(1_000)
const calm: CockpitState = {
  ...base,
  reconciliation: { ...base.reconciliation, mismatches: [] },
  kill: {
    latch: { v: 1, level: 'flatten', reason: 'x', by: 'person', at: 900, confirmedAt: 950 },
    running: false,
    items: [],
    stillOpen: { orders: 0, positions: [] },
  },
}
const tones = (state: CockpitState, now = 100): Record<string, string> => {
  const replica = applyMessage(
    applyLink(emptyReplica(0), { kind: 'open' }, 0),
    { type: 'snapshot', seq: 1, time: 1_000, state },
    50,
  ).replica
  return Object.fromEntries(resumeChecklist(replica, 'BTCUSDT', now).map((item) => [item.id, item.tone]))
}

it('is all green when flat, confirmed, agreed and running', () => {
  expect(new Set(Object.values(tones(calm)))).toEqual(new Set(['ok']))
})
it('each fault turns its own line', () => {
  expect(tones({ ...calm, kill: { ...calm.kill, stillOpen: { orders: 1, positions: [] } } })['flat']).toBe('warn')
  expect(tones({ ...calm, kill: { ...calm.kill, stillOpen: null } })['flat']).toBe('warn')
  expect(tones({ ...calm, reconciliation: base.reconciliation })['books']).toBe('crit')
  expect(
    tones({ ...calm, processes: calm.processes.map((row) => (row.name === 'brain' ? { ...row, state: 'failed' as const } : row)) })[
      'brain'
    ],
  ).toBe('crit')
  expect(tones(calm, 9_000)['line']).toBe('crit')
})
