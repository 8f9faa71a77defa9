import { expect, it } from 'vitest'
import { createPreferences, DEFAULT_PREFERENCES, readPreferences } from './preferences.ts'

it.each([null, '', '{', '[]', '"x"', '{"theme":"pink","sideWidth":9e9}'])('unreadable %s becomes the defaults', (text) => {
  expect(readPreferences(text)).toEqual(DEFAULT_PREFERENCES)
})
it('keeps what is valid beside what is not, and writes changes back', () => {
  const kept = new Map([['aegis.preferences', '{"palette":"green-red","holdMode":7}']])
  const store = createPreferences({ getItem: (k) => kept.get(k) ?? null, setItem: (k, value) => void kept.set(k, value) })
  expect(store.getState()).toEqual({ ...DEFAULT_PREFERENCES, palette: 'green-red' })
  store.setState({ theme: 'light' })
  expect(readPreferences(kept.get('aegis.preferences') ?? null)).toMatchObject({ palette: 'green-red', theme: 'light' })
})
it('storage that throws does not stop the screen', () => {
  const refuse = (): never => {
    throw new Error('denied')
  }
  const store = createPreferences({ getItem: refuse, setItem: refuse })
  store.setState({ theme: 'light' })
  expect(store.getState().theme).toBe('light')
})
