import { expect, it } from 'vitest'
import type { CockpitApi } from '../../engine/contract/cockpit.ts'
import { fail, ok, type Result } from '../../engine/contract/result.ts'
import type { LinkStatus } from '../bridge/bridge.ts'
import { createKillDesk } from './kill-desk.ts'

function stage(answer: () => Result<unknown>) {
  let listener: (link: LinkStatus) => void = () => {}
  const calls: string[] = []
  const call = (async (method: string, arg: { level: string }) => {
    calls.push(`${method} ${arg.level}`)
    return answer()
  }) as CockpitApi['call']
  const desk = createKillDesk(
    {
      call,
      onLink(next) {
        listener = next
        next({ kind: 'connecting', attempt: 0 })
        return () => {}
      },
    },
    () => 5,
  )
  return {
    desk,
    calls,
    open: () => listener({ kind: 'open' }),
    close: () => listener({ kind: 'closed', attempt: 1, retryInMs: 1, reason: 'x' }),
  }
}
const taken = () => ok({ latch: null, running: true, items: [], stillOpen: null, acceptedAt: 9 })

it('without a line the request waits, says so, and goes out once the line is there', async () => {
  const { desk, calls, open } = stage(taken)
  desk.request('halt')
  expect(desk.asked.getState()).toEqual({ kind: 'queued', level: 'halt', askedAt: 5 })
  expect(calls).toEqual([])
  open()
  await new Promise((done) => setTimeout(done))
  expect(calls).toEqual(['halt halt'])
  expect(desk.asked.getState()).toEqual({ kind: 'accepted', level: 'halt', askedAt: 5, acceptedAt: 9 })
})
it('a waiting flatten is not weakened by a later reduce only', async () => {
  const { desk, calls, open } = stage(taken)
  desk.request('flatten')
  desk.request('reduceOnly')
  open()
  await new Promise((done) => setTimeout(done))
  expect(calls).toEqual(['halt flatten'])
})
it('a line lost in the middle keeps the request', async () => {
  let answers = 0
  const { desk, calls, open, close } = stage(() => (answers++ === 0 ? fail('closed', 'lost') : taken()))
  open()
  desk.request('halt')
  close()
  await new Promise((done) => setTimeout(done))
  expect(desk.asked.getState().kind).toBe('queued')
  open()
  await new Promise((done) => setTimeout(done))
  expect(calls).toEqual(['halt halt', 'halt halt'])
  expect(desk.asked.getState().kind).toBe('accepted')
})
it('a refusal is shown, not retried', async () => {
  const { desk, calls, open } = stage(() => fail('bad-arg', 'no'))
  open()
  desk.request('halt')
  await new Promise((done) => setTimeout(done))
  expect(desk.asked.getState()).toMatchObject({ kind: 'refused', message: 'no' })
  expect(calls.length).toBe(1)
})
