/**
 * Serves a CockpitApi over a Port (contract/cockpit-wire.ts). What comes in is untrusted: unknown shapes are counted and end the
 * connection, floods are refused, the number of calls in flight is bounded (INV-11).
 */
import * as v from 'valibot'
import { CockpitArgs, type CockpitApi, type CockpitMethod, type Topic } from '../contract/cockpit.ts'
import { ClientMessageSchema, type HostMessage } from '../contract/cockpit-wire.ts'
import type { Port } from '../contract/port.ts'
import { fail } from '../contract/result.ts'

export interface ServeLimits {
  /** Messages per second, on average over a burst of twice as many. */
  readonly messagesPerSecond: number
  readonly callsInFlight: number
}

export const SERVE_LIMITS: ServeLimits = { messagesPerSecond: 100, callsInFlight: 32 }

export function serveCockpit(
  port: Port,
  api: CockpitApi,
  limits: ServeLimits = SERVE_LIMITS,
  monotonic: () => number = () => performance.now(),
): void {
  const subscriptions = new Map<Topic, () => void>()
  const burst = limits.messagesPerSecond * 2
  let allowance = burst
  let at = monotonic()
  let inFlight = 0
  const send = (message: HostMessage): boolean => port.send(message)

  const flooded = (): boolean => {
    const now = monotonic()
    allowance = Math.min(burst, allowance + ((now - at) / 1_000) * limits.messagesPerSecond)
    at = now
    allowance -= 1
    return allowance < 0
  }
  const call = async (id: number, method: CockpitMethod, arg: unknown): Promise<void> => {
    if (inFlight >= limits.callsInFlight) {
      send({ id, result: fail('busy', `more than ${limits.callsInFlight} calls in flight`) })
      return
    }
    inFlight += 1
    try {
      const parsed = v.safeParse(CockpitArgs[method], arg)
      const result = parsed.success
        ? await api.call(method, parsed.output)
        : fail('bad-argument', `${method}: ${v.getDotPath(parsed.issues[0]) ?? 'argument'}: ${parsed.issues[0].message}`)
      send({ id, result })
    } finally {
      inFlight -= 1
    }
  }
  const unsubscribe = (topic: Topic): void => {
    subscriptions.get(topic)?.()
    subscriptions.delete(topic)
  }
  const subscribe = (topic: Topic): void => {
    unsubscribe(topic)
    /* a listener that is told synchronously while subscribing may find the port closed: then it ends itself afterwards */
    const stop =
      topic === 'state'
        ? api.subscribe('state', (message) => void send({ topic: 'state', message }))
        : api.subscribe('candles', (message) => void send({ topic: 'candles', message }))
    subscriptions.set(topic, stop)
  }

  port.onClose(() => {
    for (const topic of subscriptions.keys()) unsubscribe(topic)
  })
  port.onMessage((raw) => {
    const parsed = v.safeParse(ClientMessageSchema, raw)
    if (!parsed.success || flooded()) return port.close()
    const message = parsed.output
    if ('call' in message) void call(message.id, message.call, message.arg)
    else if ('subscribe' in message) subscribe(message.subscribe)
    else unsubscribe(message.unsubscribe)
  })
}
