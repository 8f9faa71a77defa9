import { expect, it } from 'vitest'
import { handleSubscriptionRequest, MAX_STREAMS } from './subscription-requests.ts'

const fresh = () => ({ wrapped: false, streams: new Set<string>() })

it('serves the SUBSCRIBE family', () => {
  const state = fresh()
  expect(handleSubscriptionRequest('{"method":"SUBSCRIBE","params":["a@trade","b@trade","a@trade"],"id":1}', state)).toEqual({
    reply: { result: null, id: 1 },
    change: { added: ['a@trade', 'b@trade'], removed: [] },
  })
  expect(handleSubscriptionRequest('{"method":"LIST_SUBSCRIPTIONS","id":"x"}', state).reply).toEqual({
    result: ['a@trade', 'b@trade'],
    id: 'x',
  })
  expect(handleSubscriptionRequest('{"method":"UNSUBSCRIBE","params":["a@trade","never@trade"],"id":2}', state).change.removed).toEqual([
    'a@trade',
  ])
  expect(handleSubscriptionRequest('{"method":"GET_PROPERTY","params":["combined"],"id":3}', state).reply).toEqual({ result: false, id: 3 })
  expect(handleSubscriptionRequest('{"method":"SET_PROPERTY","params":["combined",true],"id":4}', state).reply).toEqual({
    result: null,
    id: 4,
  })
  expect(state.wrapped).toBe(true)
})

it('names what is wrong', () => {
  const code = (text: string): unknown => handleSubscriptionRequest(text, fresh()).reply['code']
  expect(code('{')).toBe(3)
  expect(code('[]')).toBe(2)
  expect(code('null')).toBe(2)
  expect(code('{"id":1}')).toBe(2)
  expect(code('{"method":"EAT","id":1}')).toBe(2)
  expect(code('{"method":"SUBSCRIBE","params":"a","id":1}')).toBe(2)
  expect(code('{"method":"SUBSCRIBE","params":[1],"id":1}')).toBe(2)
  expect(code('{"method":"SUBSCRIBE","params":["a@trade"],"id":-1}')).toBe(2)
  expect(code('{"method":"SET_PROPERTY","params":["combined","yes"],"id":1}')).toBe(1)
  expect(code('{"method":"SET_PROPERTY","params":["colour",true],"id":1}')).toBe(0)
})

it('refuses more streams than a connection may have', () => {
  const state = fresh()
  const names = (from: number, count: number) =>
    JSON.stringify({ method: 'SUBSCRIBE', params: Array.from({ length: count }, (_, i) => `s${from + i}@trade`), id: 1 })
  expect(handleSubscriptionRequest(names(0, MAX_STREAMS), state).reply['result']).toBeNull()
  expect(handleSubscriptionRequest(names(MAX_STREAMS, 1), state).reply['code']).toBe(2)
  expect(state.streams.size).toBe(MAX_STREAMS)
})
