/**
 * Port over a message port with structured clone: Electron's MessagePortMain, an Electron utility process seen from either
 * side, Node's worker MessagePort. Structural types only: electron is imported nowhere in the engine.
 */
import { createInbox } from './inbox.ts'
import type { Port } from '../port.ts'

/**
 * The common part of those objects:
 *
 * | object | delivers | closes on |
 * |---|---|---|
 * | Electron MessagePortMain | event | close |
 * | Electron `process.parentPort` (inside a utility process) | event | never: the process dies with its parent |
 * | Electron UtilityProcess (in main) | value | exit |
 * | Node MessagePort | value | close |
 */
export interface MessagePortLike {
  postMessage(message: unknown): unknown
  on(event: string, listener: (argument: unknown) => void): unknown
  start?: (() => void) | undefined
  close?: (() => void) | undefined
}

export interface MessagePortShape {
  /** 'event': the listener gets `{ data }`; 'value': it gets the message itself. */
  readonly delivers: 'event' | 'value'
  readonly closesOn: 'close' | 'exit'
}

export const ELECTRON_PORT: MessagePortShape = { delivers: 'event', closesOn: 'close' }
export const UTILITY_PROCESS: MessagePortShape = { delivers: 'value', closesOn: 'exit' }
export const NODE_PORT: MessagePortShape = { delivers: 'value', closesOn: 'close' }

export function messagePort(port: MessagePortLike, shape: MessagePortShape): Port {
  const inbox = createInbox()
  port.on('message', (argument: unknown) => {
    if (shape.delivers === 'value') inbox.deliver(argument)
    else if (typeof argument === 'object' && argument !== null && 'data' in argument) inbox.deliver(argument.data)
  })
  port.on(shape.closesOn, () => inbox.closed())
  port.start?.()
  return {
    send(message) {
      if (inbox.isClosed) return false
      try {
        port.postMessage(message)
        return true
      } catch {
        return false
      }
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      if (inbox.isClosed) return
      port.close?.()
      inbox.closed()
    },
  }
}
