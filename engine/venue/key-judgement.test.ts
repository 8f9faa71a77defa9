import { describe, expect, it } from 'vitest'
import { judgeKey } from './key-judgement.ts'

type Flag = boolean | 'unknown'
const judge = (canTrade: boolean, canWithdraw: Flag, ipRestricted: Flag) =>
  judgeKey({ ok: true, value: { canTrade, canWithdraw, ipRestricted } })

describe('key judgement', () => {
  it('a key for trading alone, from one address, gives no warning', () => {
    expect(judge(true, false, true)).toEqual({ use: 'trade', warnings: [] })
  })
  it.each([true, false])('a key that can move money is refused, trading right %s or not', (canTrade) => {
    expect(judge(canTrade, true, true)).toMatchObject({ use: 'refused', warnings: [expect.stringContaining('withdraw')] })
  })
  it('what the venue cannot tell is said', () => {
    expect(judge(true, 'unknown', 'unknown').warnings).toHaveLength(2)
    expect(judge(true, 'unknown', true).warnings[0]).toContain('does not tell')
    expect(judge(true, false, false).warnings[0]).toContain('any address')
  })
  it('a reading key is read-only', () => {
    expect(judge(false, false, true)).toMatchObject({ use: 'read-only', warnings: [expect.stringContaining('only read')] })
  })
  it('a failed check is not a pass: a key the venue does not accept is refused, one it did not answer about stays unchecked', () => {
    expect(judgeKey({ ok: false, error: { code: 'auth', message: 'Invalid API-key' } })).toEqual({
      use: 'refused',
      warnings: ['The venue does not accept this key: Invalid API-key.'],
    })
    for (const code of ['ambiguous', 'unavailable', 'throttled', 'notSent', 'malformed'] as const) {
      expect(judgeKey({ ok: false, error: { code, message: 'no answer' } })).toMatchObject({
        use: 'unchecked',
        warnings: [expect.stringContaining('no answer')],
      })
    }
  })
})
