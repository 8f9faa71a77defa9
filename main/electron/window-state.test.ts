import { expect, it } from 'vitest'
import { DEFAULT_STATE, MINIMUM, restoreWindow } from './window-state.ts'

const screens = [{ x: 0, y: 0, width: 1920, height: 1080 }]
it.each([null, '', '{', '[]', '{"width":"x"}', '{"width":1e9,"height":1,"maximized":false}'])(
  'unreadable %s opens at the default',
  (text) => expect(restoreWindow(text, screens)).toEqual(DEFAULT_STATE),
)
it('comes back where it was, but never off screen and never too small', () => {
  const kept = { x: 100, y: 50, width: 1280, height: 720, maximized: false }
  expect(restoreWindow(JSON.stringify(kept), screens)).toEqual(kept)
  expect(restoreWindow(JSON.stringify({ ...kept, x: 5_000 }), screens)).toEqual({ width: 1280, height: 720, maximized: false })
  expect(restoreWindow(JSON.stringify({ ...kept, width: 10, height: 10 }), screens)).toMatchObject(MINIMUM)
})
