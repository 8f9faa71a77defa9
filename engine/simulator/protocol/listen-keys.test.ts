import { expect, it } from 'vitest'
import { LISTEN_KEY_PATTERN, ListenKeys } from './listen-keys.ts'

const HOUR = 3_600_000
function keys(): ListenKeys {
  let state = 1
  return new ListenKeys(HOUR, () => {
    state = (state * 16_807) % 2_147_483_647
    return state / 2_147_483_647
  })
}

it('gives one key per account, extended by POST and PUT, gone an hour after the last of them', () => {
  const store = keys()
  const first = store.open('a', 0)
  expect(first).toMatch(LISTEN_KEY_PATTERN)
  expect(store.open('b', 0)).not.toBe(first)
  expect(store.open('a', HOUR - 1)).toBe(first)
  expect(store.renew('a', 2 * HOUR - 2)).toBe(first)
  expect(store.accountOf(first, 3 * HOUR - 3)).toBe('a')
  expect(store.activeKey('a', 3 * HOUR - 3)).toBe(first)
  expect(store.takeExpired(3 * HOUR - 3).map((entry) => entry.account)).toEqual(['b'])
  expect(store.accountOf(first, 3 * HOUR - 2)).toBeUndefined()
  expect(store.renew('a', 3 * HOUR - 2)).toBeUndefined()
  expect(store.takeExpired(3 * HOUR).map((entry) => entry.key)).toEqual([first])
  expect(store.open('a', 3 * HOUR)).not.toBe(first)
})

it('closes and expires on demand', () => {
  const store = keys()
  const key = store.open('a', 0)
  expect(store.close('a')).toBe(key)
  expect(store.close('a')).toBeUndefined()
  expect(store.activeKey('a', 1)).toBeUndefined()
  store.open('a', 0)
  store.open('b', 0)
  store.expire(5, 'a')
  expect(store.takeExpired(5).map((entry) => entry.account)).toEqual(['a'])
  expect(store.activeKey('b', 5)).toBeDefined()
})
