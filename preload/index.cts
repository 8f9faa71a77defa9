/**
 * The only door between page and host: `call(method, arg)` and `subscribe(topic, callback)`. CommonJS on purpose: a sandboxed preload
 * is one CJS file that may require electron and nothing else. No event object and no ipcRenderer ever reaches the page; what the
 * page says is checked by main against the same schema as on the loopback host.
 */
import electron = require('electron')
import type { CockpitApi, CockpitMethod, CockpitTopics, Topic } from '../engine/contract/cockpit.ts' with { 'resolution-mode': 'import' }
import type { ClientMessage, HostMessage } from '../engine/contract/cockpit-wire.ts' with { 'resolution-mode': 'import' }
import type { Result } from '../engine/contract/result.ts' with { 'resolution-mode': 'import' }

const { contextBridge, ipcRenderer } = electron

/** Same names in main/electron/channels.ts; a preload cannot import them (a test compares). */
const HELLO = 'aegis:hello'
const TO_HOST = 'aegis:to-host'
const TO_PAGE = 'aegis:to-page'
const TAKEN = 'aegis:taken'
/** Main stops sending to a page that takes nothing; this many messages are confirmed at once. */
const CONFIRM_EVERY = 64

const pending = new Map<number, (result: Result<never>) => void>()
const listeners: { [T in Topic]: Set<(message: CockpitTopics[T]) => void> } = { state: new Set(), candles: new Set() }
let nextId = 0
let taken = 0
const ready = ipcRenderer.invoke(HELLO, null)

const send = async (message: ClientMessage): Promise<boolean> => {
  try {
    await ready
    await ipcRenderer.invoke(TO_HOST, message)
    return true
  } catch {
    return false
  }
}

ipcRenderer.on(TO_PAGE, (_event, message: HostMessage) => {
  taken += 1
  if (taken % CONFIRM_EVERY === 0) void ipcRenderer.invoke(TAKEN, CONFIRM_EVERY)
  if ('id' in message) {
    const settle = pending.get(message.id)
    pending.delete(message.id)
    settle?.(message.result as Result<never>)
  } else if (message.topic === 'state') for (const listener of listeners.state) listener(message.message)
  else for (const listener of listeners.candles) listener(message.message)
})

const call = (method: CockpitMethod, arg: unknown): Promise<Result<never>> =>
  new Promise((resolve) => {
    const id = nextId++
    pending.set(id, resolve)
    void send({ id, call: method, arg }).then((sent) => {
      if (sent || !pending.delete(id)) return
      resolve({ ok: false, error: { code: 'not-connected', message: 'the host did not take the command; nothing was done' } })
    })
  })

const subscribe = <T extends Topic>(topic: T, listener: (message: CockpitTopics[T]) => void): (() => void) => {
  listeners[topic].add(listener)
  void send({ subscribe: topic })
  return () => {
    listeners[topic].delete(listener)
    if (listeners[topic].size === 0) void send({ unsubscribe: topic })
  }
}

contextBridge.exposeInMainWorld('aegis', { call, subscribe } satisfies Record<keyof CockpitApi, unknown>)
