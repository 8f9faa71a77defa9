import { expect, it } from 'vitest'
import { sampleState } from '../fixture/sample-state.ts'
import { notices } from './notices.ts'
import { applyLink, applyMessage, emptyReplica, type Replica } from './replica.ts'

const healthy = (): Replica => {
  const state = sampleState(1_000)
  const calm = { ...state, reconciliation: { ...state.reconciliation, mismatches: [] } }
  return applyMessage(applyLink(emptyReplica(0), { kind: 'open' }, 0), { type: 'snapshot', seq: 1, time: 1_000, state: calm }, 0).replica
}
const ids = (replica: Replica, now: number, frozenAt: number | null = null): string[] =>
  notices(replica, 'BTCUSDT', frozenAt, now).map((n) => `${n.tone} ${n.id}`)
const change = (replica: Replica, changed: object, now: number): Replica =>
  applyMessage(replica, { type: 'delta', seq: replica.seq + 1, time: 1_000 + now, changed }, now).replica

it('is silent when all is well', () => expect(ids(healthy(), 100)).toEqual([]))
it('names a silent engine within the limit plus one beat', () => {
  expect(ids(healthy(), 3_000)).toEqual([])
  expect(ids(healthy(), 3_001)).toEqual(['crit engine'])
})
it('names a stopped feed while the engine talks', () => expect(ids(change(healthy(), { log: [] }, 3_100), 3_200)).toEqual(['warn feed']))
it('names a lost line and that HALT is kept', () => {
  const lost = applyLink(healthy(), { kind: 'closed', attempt: 3, retryInMs: 1_000, reason: 'refused' }, 100)
  const [notice] = notices(lost, 'BTCUSDT', null, 200)
  expect(notice).toMatchObject({ id: 'line', tone: 'crit' })
  expect(notice?.text).toContain('Try 4 in 0.9 s')
  expect(notice?.spoken).not.toMatch(/\d/)
})
it('names dead processes, critical mismatches, rails and the freeze', () => {
  const state = sampleState(1_000)
  const replica = change(
    healthy(),
    {
      processes: state.processes.map((row) => (row.name === 'brain' ? { ...row, state: 'restarting' } : row)),
      reconciliation: state.reconciliation,
      risk: { state: 'active', reason: '', blocks: ['daily loss limit'], released: true },
    },
    50,
  )
  expect(ids(replica, 100, 90)).toEqual(['warn process', 'crit mismatch', 'warn risk', 'info frozen'])
})
it('an ignored mismatch raises no banner', () => {
  const state = sampleState(1_000)
  const mismatches = state.reconciliation.mismatches.map((m) => ({ ...m, state: 'ignored' }))
  expect(ids(change(healthy(), { reconciliation: { ...state.reconciliation, mismatches } }, 50), 100)).toEqual([])
})

it.each([
  ['refused', 'crit', /^KEY REFUSED/],
  ['read-only', 'warn', /^READ ONLY: .*at the venue/],
  ['unchecked', 'warn', /^Entries wait/],
  ['trade', 'warn', /^KEY: /],
] as const)('says what a key that is %s cannot do, and once', (use, tone, text) => {
  const { status } = sampleState(1_000)
  const risk = { state: 'halted', reason: 'key', blocks: ['trading is halted'], released: false }
  const told = change(healthy(), { status: { ...status, key: { use, warnings: ['Something about the key.'] } }, risk }, 50)
  const [first, ...more] = notices(told, 'BTCUSDT', null, 100)
  expect(first).toMatchObject({ id: 'key', tone })
  expect(first?.text).toMatch(text)
  expect(first?.text).toContain('Something about the key.')
  expect(more.map((one) => one.id)).toEqual(use === 'refused' || use === 'read-only' ? [] : ['risk'])
})
