import { describe, expect, it } from 'vitest'
import { RELEASE_PHRASE, type KillLatch, type KillState } from '../contract/kill.ts'
import { fail, ok, type Result } from '../contract/result.ts'
import { killSwitch, type KillHands } from './kill-switch.ts'
import type { LatchStore } from './latch.ts'

const confirmed = (): Result<KillState> =>
  ok({ latch: null, running: false, items: [], stillOpen: { orders: 0, positions: [] }, confirmedAt: 99 })

const setUp = (answers: (() => Promise<Result<KillState>> | Result<KillState>)[] = [], stored: KillLatch | null = null) => {
  const steps: string[] = []
  let file = stored
  const store: LatchStore & { broken: boolean } = {
    broken: false,
    read: () => file,
    write(latch) {
      if (store.broken) throw new Error('ENOSPC')
      steps.push(`write ${latch.level} ${latch.confirmedAt === null ? 'open' : 'confirmed'}`)
      file = latch
    },
    remove() {
      if (store.broken) throw new Error('EROFS')
      steps.push('remove')
      file = null
    },
  }
  const hands: KillHands = {
    tellBrain: async (state) => void steps.push(`brain ${state}`),
    kill: async (level) => {
      steps.push(`hands ${level}`)
      return (answers.shift() ?? confirmed)()
    },
    confirmFlat: async () => ok({ flat: true, orders: 0, positions: 0, error: null }),
    reconcileClean: async () => null,
    pause: async () => void steps.push('pause'),
    now: () => 1,
    changed: () => {},
    log: (level, text) => {
      if (level === 'error') steps.push(`error ${text.split(':')[0]}`)
    },
    recordLatch: (latch) => void steps.push(`journal ${latch?.level ?? 'released'}`),
    recordStep: (_level, step) => void steps.push(`journal ${step}`),
  }
  return { store, hands, steps, file: () => file }
}

describe('kill switch', () => {
  it('is durable before anything acts, and journaled after', async () => {
    const { store, hands, steps } = setUp()
    await killSwitch(store, hands).kill('halt', 'test', 'person')
    expect(steps).toEqual(['write halt open', 'brain halted', 'hands halt', 'journal halt', 'write halt confirmed', 'journal confirmed'])
  })

  it('acts even when the disk refuses, and says so', async () => {
    const { store, hands, steps } = setUp()
    store.broken = true
    const state = await killSwitch(store, hands).kill('halt', 'test', 'person')
    expect(state.latch).toMatchObject({ level: 'halt', confirmedAt: 99 })
    expect(steps.slice(0, 3)).toEqual([
      'error the kill latch could not be written, it may not survive a restart',
      'brain halted',
      'hands halt',
    ])
  })

  it('tries until confirmed: reconciler down, time-out, unconfirmed', async () => {
    const unconfirmed = ok({ latch: null, running: false, items: [], stillOpen: null })
    const { store, hands, steps, file } = setUp([() => fail('closed', 'down'), () => fail('timeout', 'late'), () => unconfirmed])
    const killer = killSwitch(store, hands)
    expect(await killer.kill('flatten', 'test', 'person')).toMatchObject({ running: true, latch: { confirmedAt: null } })
    while (killer.state.running) await new Promise((resolve) => setImmediate(resolve))
    expect(steps.filter((step) => step === 'hands flatten').length).toBe(4)
    expect(file()).toMatchObject({ confirmedAt: 99 })
  })

  it('an outcome of a lower level never confirms a higher one pressed meanwhile', async () => {
    let answer: (result: Result<KillState>) => void = () => {}
    const { store, hands, steps, file } = setUp([() => new Promise((resolve) => (answer = resolve))])
    const killer = killSwitch(store, hands)
    const first = killer.kill('reduceOnly', 'one', 'person')
    await new Promise((resolve) => setImmediate(resolve))
    const second = killer.kill('flatten', 'two', 'person')
    answer(confirmed())
    await Promise.all([first, second])
    expect(steps.filter((step) => step.startsWith('hands'))).toEqual(['hands reduceOnly', 'hands flatten'])
    expect(steps).not.toContain('write reduceOnly confirmed')
    expect(file()).toMatchObject({ level: 'flatten', confirmedAt: 99 })
  })

  it('carries on with an unconfirmed latch, leaves a confirmed one alone', async () => {
    const latch: KillLatch = { v: 1, level: 'halt', reason: 'before', by: 'person', at: 0, confirmedAt: null }
    const open = setUp([], latch)
    const killer = killSwitch(open.store, open.hands)
    expect(killer.tradingState).toBe('halted')
    killer.carryOn()
    while (killer.state.running) await new Promise((resolve) => setImmediate(resolve))
    expect(open.steps).toContain('hands halt')
    const done = setUp([], { ...latch, confirmedAt: 5 })
    killSwitch(done.store, done.hands).carryOn()
    expect(done.steps).toEqual([])
  })

  it('a release is refused while another kill comes in, and when the latch cannot be removed', async () => {
    const { store, hands } = setUp()
    const killer = killSwitch(store, {
      ...hands,
      reconcileClean: async () => {
        await killer.kill('halt', 'again', 'rail')
        return null
      },
    })
    await killer.kill('halt', 'test', 'person')
    expect(await killer.release(RELEASE_PHRASE)).toEqual({ released: false, reason: 'the kill switch was pressed again' })
    const second = setUp()
    const other = killSwitch(second.store, second.hands)
    await other.kill('halt', 'test', 'person')
    second.store.broken = true
    expect((await other.release(RELEASE_PHRASE)).released).toBe(false)
    expect(other.tradingState).toBe('halted')
  })
})
