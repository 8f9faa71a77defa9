/**
 * The bridge of the browser: one WebSocket to the host that served this page. The token stays in memory (style B.5).
 * A lost line rejects every pending call at once, is retried with growing pauses, and subscriptions are made again by the caller.
 */
import type { CockpitApi, CockpitMethod, CockpitReturns, CockpitTopics, Topic } from '../../engine/contract/cockpit.ts'
import {
  COCKPIT_PATH,
  COCKPIT_SUBPROTOCOL,
  TOKEN_SUBPROTOCOL_PREFIX,
  type ClientMessage,
  type HostMessage,
} from '../../engine/contract/cockpit-wire.ts'
import { fail, type Result } from '../../engine/contract/result.ts'
import type { Bridge, LinkStatus } from './bridge.ts'

const FIRST_RETRY_MS = 250
const LAST_RETRY_MS = 5_000
const CALL_TIMEOUT_MS = 15_000
/** Audits and chaos runs answer at once with an id; a mode switch restarts the engine and may take longer. */
const SLOW_CALL_TIMEOUT_MS = 60_000
const SLOW: ReadonlySet<CockpitMethod> = new Set(['setMode', 'reconcile', 'verifyJournal', 'exportFills', 'halt', 'releaseHalt'])

type Pending = { readonly settle: (result: Result<never>) => void; readonly timer: ReturnType<typeof setTimeout> }

/** `origin` like "http://127.0.0.1:4711". */
export function webSocketBridge(origin: string, token: string): Bridge {
  const url = `${origin.replace(/^http/, 'ws')}${COCKPIT_PATH}`
  const pending = new Map<number, Pending>()
  const listeners: { [T in Topic]: Set<(message: CockpitTopics[T]) => void> } = { state: new Set(), candles: new Set() }
  const linkListeners = new Set<(link: LinkStatus) => void>()
  let link: LinkStatus = { kind: 'connecting', attempt: 0 }
  let socket: WebSocket | null = null
  let everOpen = false
  let attempt = 0
  let nextId = 0
  let retry: ReturnType<typeof setTimeout> | null = null

  const setLink = (next: LinkStatus): void => {
    link = next
    for (const listener of linkListeners) listener(next)
  }
  const send = (message: ClientMessage): boolean => {
    if (socket?.readyState !== WebSocket.OPEN) return false
    socket.send(JSON.stringify(message))
    return true
  }
  const receive = (text: string): void => {
    const message = JSON.parse(text) as HostMessage
    if ('id' in message) {
      const waiting = pending.get(message.id)
      if (waiting === undefined) return
      pending.delete(message.id)
      clearTimeout(waiting.timer)
      waiting.settle(message.result as Result<never>)
    } else if (message.topic === 'state') for (const listener of listeners.state) listener(message.message)
    else for (const listener of listeners.candles) listener(message.message)
  }
  const lost = (reason: string): void => {
    for (const { settle, timer } of pending.values()) {
      clearTimeout(timer)
      settle(fail('closed', 'the line to the engine was lost; whether the command arrived is not known'))
    }
    pending.clear()
    attempt++
    const pause = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempt - 1, 10))
    setLink({ kind: 'closed', attempt, retryInMs: pause, reason })
    retry = setTimeout(open, pause)
  }
  function open(): void {
    if (retry !== null) clearTimeout(retry)
    retry = null
    const opening = new WebSocket(url, [COCKPIT_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX + token])
    socket = opening
    if (attempt === 0) setLink({ kind: 'connecting', attempt })
    opening.addEventListener('open', () => {
      everOpen = true
      attempt = 0
      setLink({ kind: 'open' })
    })
    opening.addEventListener('message', (event) => {
      if (socket === opening && typeof event.data === 'string') receive(event.data)
    })
    opening.addEventListener('close', () => {
      if (socket !== opening) return
      socket = null
      lost(
        everOpen
          ? 'the engine host closed the line or is gone'
          : 'the engine host did not accept this page; open the link it printed again',
      )
    })
  }
  open()

  return {
    host: 'browser',
    call: ((method: CockpitMethod, arg: unknown) =>
      new Promise<Result<CockpitReturns[CockpitMethod]>>((resolve) => {
        const id = nextId++
        const limit = SLOW.has(method) ? SLOW_CALL_TIMEOUT_MS : CALL_TIMEOUT_MS
        const timer = setTimeout(() => {
          pending.delete(id)
          resolve(fail('timeout', `${method} was not answered within ${limit / 1000} s`))
        }, limit)
        pending.set(id, { settle: resolve, timer })
        if (!send({ id, call: method, arg })) {
          clearTimeout(timer)
          pending.delete(id)
          resolve(fail('not-connected', 'there is no line to the engine; nothing was sent'))
        }
      })) as CockpitApi['call'],
    subscribe(topic, listener) {
      listeners[topic].add(listener)
      send({ subscribe: topic })
      return () => {
        listeners[topic].delete(listener)
        if (listeners[topic].size === 0) send({ unsubscribe: topic })
      }
    },
    onLink(listener) {
      linkListeners.add(listener)
      listener(link)
      return () => linkListeners.delete(listener)
    },
    reconnect() {
      if (socket === null) open()
    },
  }
}
