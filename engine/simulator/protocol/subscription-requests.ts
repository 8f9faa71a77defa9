/**
 * The SUBSCRIBE family on a stream socket: text in, reply out, the socket's subscription state changed (exchange.md §3.8).
 * Unknown and wrong-category streams are acknowledged like any other: the venue does not tell.
 */
export const MAX_STREAMS = 1_024

export interface Subscriptions {
  /** Frames come as {stream, data}. */
  wrapped: boolean
  readonly streams: Set<string>
}

export interface Change {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export interface Handled {
  readonly reply: Readonly<Record<string, unknown>>
  readonly change: Change
}

const METHODS = 'SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS, SET_PROPERTY, GET_PROPERTY'
const NONE: Change = { added: [], removed: [] }
const refuse = (code: number, msg: string): Handled => ({ reply: { code, msg }, change: NONE })

const isId = (id: unknown): id is number | string =>
  (typeof id === 'number' && Number.isInteger(id) && id >= 0) || (typeof id === 'string' && id.length <= 64)

/** Handles one text frame. `state` is updated; the change tells which streams to start or stop. */
export function handleSubscriptionRequest(text: string, state: Subscriptions): Handled {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return refuse(3, 'Invalid JSON: expected value at line 1 column 1')
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return refuse(2, 'Invalid request: expected an object')
  const { method, params, id } = parsed as { method?: unknown; params?: unknown; id?: unknown }
  if (method === undefined) return refuse(2, 'Invalid request: missing field `method` at line 1 column 1')
  if (id !== undefined && id !== null && !isId(id)) return refuse(2, 'Invalid request: request ID must be an unsigned integer')
  const answer = (result: unknown, change = NONE): Handled => ({ reply: { result, id: id ?? null }, change })

  switch (method) {
    case 'SUBSCRIBE': {
      if (!isNames(params)) return refuse(2, 'Invalid request: params must be an array of stream names')
      const added = [...new Set(params)].filter((name) => !state.streams.has(name))
      if (state.streams.size + added.length > MAX_STREAMS) {
        return refuse(2, `Invalid request: a connection can listen to at most ${MAX_STREAMS} streams`)
      }
      for (const name of added) state.streams.add(name)
      return answer(null, { added, removed: [] })
    }
    case 'UNSUBSCRIBE': {
      if (!isNames(params)) return refuse(2, 'Invalid request: params must be an array of stream names')
      const removed = [...new Set(params)].filter((name) => state.streams.delete(name))
      return answer(null, { added: [], removed })
    }
    case 'LIST_SUBSCRIPTIONS':
      return answer([...state.streams])
    case 'SET_PROPERTY': {
      if (!Array.isArray(params) || params.length !== 2) return refuse(2, 'Invalid request: too many parameters')
      if (params[0] !== 'combined') return refuse(0, 'Unknown property')
      if (typeof params[1] !== 'boolean') return refuse(1, 'Invalid value type: expected Boolean')
      state.wrapped = params[1]
      return answer(null)
    }
    case 'GET_PROPERTY': {
      if (!Array.isArray(params) || params.length !== 1) return refuse(2, 'Invalid request: too many parameters')
      if (typeof params[0] !== 'string') return refuse(2, 'Invalid request: property name must be a string')
      return params[0] === 'combined' ? answer(state.wrapped) : refuse(0, 'Unknown property')
    }
    default:
      return refuse(2, `Invalid request: unknown variant ${JSON.stringify(method).slice(0, 64)}, expected one of ${METHODS}`)
  }
}

const isNames = (value: unknown): value is string[] =>
  Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string' && name.length > 0 && name.length <= 128)
