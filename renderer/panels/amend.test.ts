import { expect, it } from 'vitest'
import { d, sampleState } from '../fixture/sample-state.ts'
import { amendmentOf, isAmendable, whyNotAmend, type AmendBars } from './amend.ts'

const FREE: AmendBars = { halted: false, old: false, key: null }
const [row, stop] = sampleState(0).account?.orders ?? []
if (row === undefined || stop === undefined) throw new Error('no orders in the sample')

it('only LIMIT orders of the regular book can be amended', () => {
  expect(isAmendable(row)).toBe(true)
  expect(isAmendable(stop)).toBe(false)
  expect(isAmendable({ ...row, type: 'MARKET' })).toBe(false)
  expect(isAmendable({ ...row, book: 'algo' })).toBe(false)
})

it('says why it cannot be done, the nearest reason first', () => {
  expect(whyNotAmend(row, FREE)).toBe(null)
  expect(whyNotAmend({ ...row, state: 'PartiallyFilled' }, FREE)).toBe(null)
  expect(whyNotAmend({ ...row, origin: 'adopted', role: 'foreign' }, FREE)).toBe(null)
  expect(whyNotAmend({ ...row, origin: 'foreign', state: 'NEW' }, { ...FREE, halted: true })).toBe(
    'Not our order: adopt it in Reconciliation first',
  )
  expect(whyNotAmend(row, { ...FREE, halted: true, old: true })).toBe('Halted: the kill switch owns every order')
  expect(whyNotAmend(row, { ...FREE, old: true })).toBe('These figures are not current')
  expect(whyNotAmend(row, { ...FREE, key: 'This key may only read' })).toBe('This key may only read')
  expect(whyNotAmend({ ...row, state: 'AmendInFlight' }, FREE)).toBe('The order is AmendInFlight')
})

it('asks for what was changed only, as decimal text; what is no number is named', () => {
  const typed = { price: row.price, quantity: row.quantity }
  expect(amendmentOf(row, typed)).toEqual({ ok: true, value: { clientId: row.clientId } })
  expect(amendmentOf(row, { ...typed, price: ' 68299.9 ' })).toEqual({ ok: true, value: { clientId: row.clientId, price: d('68299.9') } })
  expect(amendmentOf(row, { ...typed, quantity: '0.1' })).toEqual({ ok: true, value: { clientId: row.clientId, quantity: d('0.1') } })
  for (const price of ['', '1e5', '68,300.1', 'NaN', '0x10', '１'])
    expect(amendmentOf(row, { ...typed, price })).toMatchObject({
      ok: false,
      error: { code: 'price', message: expect.stringMatching(/^price: /) },
    })
  expect(amendmentOf(row, { ...typed, quantity: '.1' })).toMatchObject({ ok: false, error: { code: 'quantity' } })
})
