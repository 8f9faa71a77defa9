/**
 * Calls, replies and events over a Port. The TypeScript interface of each end is the contract; arguments from the other
 * process are trusted only after the handler's schema (if any). A closed port rejects all pending and future calls at once.
 */
import { CONTRACT_VERSION } from './version.ts'
import type { Port } from './port.ts'
import { fail, toPlainError, type PlainError, type Result } from './result.ts'

type Wire =
  | { v: number; kind: 'call'; seq: number; ts: number; id: number; method: string; arg: unknown }
  | { v: number; kind: 'reply'; seq: number; ts: number; id: number; result: Result<unknown> }
  | { v: number; kind: 'event'; seq: number; ts: number; topic: string; data: unknown }

export interface Peer<Methods extends object, Events extends object> {
  /** Result code 'closed' when the other end is gone, 'timeout' after `timeoutMs` (default 10,000), 'unknown-method', 'thrown'. */
  call<M extends keyof Methods & string>(
    method: M,
    arg: Methods[M] extends (arg: infer A) => unknown ? A : never,
    timeoutMs?: number,
  ): Promise<Result<Methods[M] extends (arg: never) => infer R ? Awaited<R> : never>>
  on<E extends keyof Events & string>(topic: E, listener: (data: Events[E]) => void): void
}

export interface Served<Events extends object> {
  emit<E extends keyof Events & string>(topic: E, data: Events[E]): void
}

type Handler = (arg: never) => unknown

const isWire = (m: unknown): m is Wire =>
  typeof m === 'object' && m !== null && 'v' in m && 'kind' in m && (m.kind === 'call' || m.kind === 'reply' || m.kind === 'event')

/**
 * One end of a connection. `handlers` are the methods this end serves; `Methods` and `Remote` describe the other end.
 * `onBad` sees messages of a foreign shape or version (counted by the caller, never processed).
 */
export function connect<Local extends object, LocalEvents extends object, Remote extends object, RemoteEvents extends object>(
  port: Port,
  handlers: Local,
  onBad: (message: unknown) => void = () => {},
  now: () => number = Date.now,
): Peer<Remote, RemoteEvents> & Served<LocalEvents> {
  let seq = 0
  let nextId = 1
  let closed = false
  const pending = new Map<number, { settle: (result: Result<unknown>) => void; timer: ReturnType<typeof setTimeout> }>()
  const listeners = new Map<string, ((data: never) => void)[]>()
  const table = new Map<string, Handler>(Object.entries(handlers))
  const stamp = () => ({ v: CONTRACT_VERSION, seq: ++seq, ts: now() })

  const answer = async (id: number, method: string, arg: unknown): Promise<void> => {
    const handler = table.get(method)
    let result: Result<unknown>
    if (handler === undefined) result = fail('unknown-method', `no method ${method}`)
    else {
      try {
        result = { ok: true, value: await handler(arg as never) }
      } catch (thrown) {
        const plain: PlainError = toPlainError(thrown)
        result = fail('thrown', plain.message, { error: plain })
      }
    }
    port.send({ ...stamp(), kind: 'reply', id, result } satisfies Wire)
  }

  port.onMessage((message) => {
    if (!isWire(message) || message.v !== CONTRACT_VERSION) return onBad(message)
    switch (message.kind) {
      case 'call':
        void answer(message.id, message.method, message.arg)
        return
      case 'reply': {
        const waiting = pending.get(message.id)
        if (waiting === undefined) return
        pending.delete(message.id)
        clearTimeout(waiting.timer)
        waiting.settle(message.result)
        return
      }
      case 'event':
        for (const listener of listeners.get(message.topic) ?? []) listener(message.data as never)
        return
    }
  })
  port.onClose(() => {
    closed = true
    for (const { settle, timer } of pending.values()) {
      clearTimeout(timer)
      settle(fail('closed', 'the other process is gone'))
    }
    pending.clear()
  })

  return {
    call(method, arg, timeoutMs = 10_000) {
      if (closed) return Promise.resolve(fail('closed', 'the other process is gone'))
      return new Promise((resolve) => {
        const id = nextId++
        const timer = setTimeout(() => {
          pending.delete(id)
          resolve(fail('timeout', `${method} was not answered within ${timeoutMs} ms`))
        }, timeoutMs)
        pending.set(id, { settle: resolve as (result: Result<unknown>) => void, timer })
        port.send({ ...stamp(), kind: 'call', id, method, arg } satisfies Wire)
      })
    },
    on(topic, listener) {
      const known = listeners.get(topic)
      if (known === undefined) listeners.set(topic, [listener])
      else known.push(listener)
    },
    emit(topic, data) {
      port.send({ ...stamp(), kind: 'event', topic, data } satisfies Wire)
    },
  }
}
