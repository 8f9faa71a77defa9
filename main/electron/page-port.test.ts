import { expect, it } from 'vitest'
import { pagePort } from './page-port.ts'

it('stops at the limit, goes on after a confirmation, is silent once closed', () => {
  const sent: unknown[] = []
  const port = pagePort((message) => sent.push(message), 2)
  expect([port.send(1), port.send(2), port.send(3)]).toEqual([true, true, false])
  port.confirm(1)
  expect([port.send(4), port.send(5)]).toEqual([true, false])
  let closes = 0
  port.onClose(() => closes++)
  port.close()
  port.close()
  port.confirm(9)
  expect(port.send(6)).toBe(false)
  expect([sent, closes]).toEqual([[1, 2, 4], 1])
})
it('a page that is gone makes send false, not an exception', () => {
  const port = pagePort(() => {
    throw new Error('Object has been destroyed')
  })
  expect(port.send(1)).toBe(false)
})
