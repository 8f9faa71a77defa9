/**
 * Port over a Node child process's IPC channel, both ends.
 *
 * Spawn with `serialization: 'advanced'` (ADVANCED below): it clones like Electron's MessagePort does, so NaN, Infinity and
 * -0 in a figure survive, where 'json' would turn them into null; and big arrays cost a third. The price, ~6 µs more for a
 * tiny message, does not matter on the control plane: market data travels over the ring.
 *
 * INV-11: messages written but not yet taken by the kernel are bounded (a stopped process must not grow our heap).
 */
import { createInbox } from './inbox.ts'
import type { Port } from '../port.ts'

export const ADVANCED = 'advanced'
/** Unsent messages at which a port starts to drop. */
export const OUTBOX_LIMIT = 8_192

/** What both `ChildProcess` and `process` (in a child) have; `send` and `connected` are theirs under the same names. */
export interface IpcEnd {
  readonly connected?: boolean
  send?: ((message: never, handle: undefined, options: undefined, callback: (error: Error | null) => void) => boolean) | undefined
  disconnect?: (() => void) | undefined
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

/** The child's own end: `ipcPort(process)`. The parent's end: `childPort(child)`, which also sees spawn errors and exits. */
export function ipcPort(end: IpcEnd): Port {
  const inbox = createInbox()
  let unsent = 0
  end.on('message', (message) => inbox.deliver(message))
  end.on('disconnect', () => inbox.closed())
  return {
    send(message) {
      if (inbox.isClosed || end.connected !== true || end.send === undefined || unsent >= OUTBOX_LIMIT) return false
      unsent += 1
      try {
        end.send(message as never, undefined, undefined, () => {
          unsent -= 1
        })
        return true
      } catch {
        unsent -= 1
        return false
      }
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      if (end.connected === true) end.disconnect?.()
      inbox.closed()
    },
  }
}

export interface ChildEnd extends IpcEnd {
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (code: number | null, signal: string | null) => void): unknown
}

/** The parent's end of a spawned child. Closes when the channel breaks, the child dies, or it could not be started. */
export function childPort(child: ChildEnd): Port {
  const port = ipcPort(child)
  child.on('error', () => port.close())
  child.on('exit', () => setImmediate(() => port.close()))
  return port
}
