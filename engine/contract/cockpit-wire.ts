/**
 * The cockpit over a Port (WebSocket in the Node host, IPC in Electron may reuse it): calls with replies, topics with messages.
 *
 *   client → host   { id, call, arg }          one reply: { id, result }
 *                   { subscribe: topic }       one subscription per topic and connection; a second `subscribe` starts it afresh
 *                                              (state: a new snapshot; candles: history again): the way back after a gap
 *                   { unsubscribe: topic }
 *   host → client   { id, result }             result is a Result<…> as CockpitReturns says
 *                   { topic, message }         CockpitTopics[topic]
 *
 * WebSocket: ws://127.0.0.1:<port>/cockpit, subprotocols `cockpit.v1` and `t.<token>`; the host selects `cockpit.v1`.
 * The token is the URL's fragment (`#t=<token>`): read once, then removed from the address bar.
 */
import * as v from 'valibot'
import type { CockpitMethod, CockpitReturns, CockpitTopics, Topic } from './cockpit.ts'
import { CockpitArgs } from './cockpit.ts'
import type { Result } from './result.ts'

export const COCKPIT_PATH = '/cockpit'
export const COCKPIT_SUBPROTOCOL = 'cockpit.v1'
export const TOKEN_SUBPROTOCOL_PREFIX = 't.'
export const TOKEN_FRAGMENT_KEY = 't'

const METHODS = Object.keys(CockpitArgs) as CockpitMethod[]
const TOPICS = ['state', 'candles'] as const satisfies readonly Topic[]

export const ClientMessageSchema = v.union([
  v.strictObject({ id: v.pipe(v.number(), v.integer(), v.minValue(0)), call: v.picklist(METHODS), arg: v.unknown() }),
  v.strictObject({ subscribe: v.picklist(TOPICS) }),
  v.strictObject({ unsubscribe: v.picklist(TOPICS) }),
])
export type ClientMessage = v.InferOutput<typeof ClientMessageSchema>

export type HostMessage =
  | { readonly id: number; readonly result: Result<CockpitReturns[CockpitMethod]> }
  | { [T in Topic]: { readonly topic: T; readonly message: CockpitTopics[T] } }[Topic]
