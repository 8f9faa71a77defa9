import { expect, it } from 'vitest'
import type { KeyVerdict } from '../../contract/processes.ts'
import { createKeyCheck, type KeyCheckDeps } from './key-check.ts'

type Answer = Awaited<ReturnType<KeyCheckDeps['ask']>>
const rights = (canTrade: boolean, canWithdraw: boolean): Answer => ({ ok: true, value: { canTrade, canWithdraw, ipRestricted: true } })
const silence: Answer = { ok: false, error: { code: 'ambiguous', message: 'no answer' } }
const refusal: Answer = { ok: false, error: { code: 'auth', message: 'Invalid API-key' } }

const setUp = (answers: Answer[]) => {
  const emitted: KeyVerdict['use'][] = []
  const recorded: KeyVerdict['use'][] = []
  const pauses: number[] = []
  const check = createKeyCheck({
    ask: async () => answers.shift() ?? silence,
    emit: ({ use }) => emitted.push(use),
    record: ({ use }) => recorded.push(use),
    sleep: async (ms) => void pauses.push(ms),
  })
  return { check, emitted, recorded, pauses }
}

it('asks until the venue answers, ever more patiently, and says meanwhile that the key is unchecked', async () => {
  const { check, emitted, recorded, pauses } = setUp([silence, silence, silence, rights(true, false)])
  await check.start()
  expect(emitted).toEqual(['unchecked', 'trade'])
  expect(recorded).toEqual(['unchecked', 'trade'])
  expect(pauses).toEqual([250, 500, 1_000])
})

it('a right given later is seen, a silence later changes nothing, a revoked key is refused', async () => {
  const { check, emitted } = setUp([rights(true, false), silence, rights(true, false), rights(true, true), rights(false, false), refusal])
  await check.start()
  for (let look = 0; look < 5; look++) await check.again()
  expect(emitted).toEqual(['trade', 'refused', 'read-only', 'refused'])
  expect(check.verdict?.warnings).toEqual(['The venue does not accept this key: Invalid API-key.'])
})

it('says nothing more once stopped', async () => {
  const { check, emitted } = setUp([rights(true, true)])
  check.stop()
  await check.start()
  await check.again()
  expect(emitted).toEqual([])
})
