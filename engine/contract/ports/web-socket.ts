/**
 * Port over a WebSocket, JSON text frames. Structural: the `ws` package's socket and the browser's both fit.
 *
 * - Only plain JSON data crosses unchanged (no undefined, NaN, Map …); contract messages are made of that.
 * - A frame that is not JSON text breaks the protocol: the port closes.
 * - INV-11: a reader that leaves more than `maxBufferedBytes` unread is dropped, never waited for.
 */
import { createInbox, INBOX_LIMIT } from './inbox.ts'
import type { Port } from '../port.ts'

export interface WebSocketLike {
  readonly readyState: number
  readonly bufferedAmount: number
  send(data: string): void
  close(code?: number, reason?: string): void
  /** Only in `ws`: no closing handshake, for a reader that does not read. */
  terminate?: (() => void) | undefined
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
}

const CONNECTING = 0
const OPEN = 1

export const MAX_BUFFERED_BYTES = 8 * 1024 * 1024

export function webSocketPort(socket: WebSocketLike, options: { readonly maxBufferedBytes?: number } = {}): Port {
  const inbox = createInbox()
  const limit = options.maxBufferedBytes ?? MAX_BUFFERED_BYTES
  let early: string[] = []
  const drop = (code: number, reason: string): void => {
    if (socket.terminate === undefined) socket.close(code, reason)
    else socket.terminate()
    inbox.closed()
  }
  const write = (text: string): boolean => {
    if (socket.bufferedAmount > limit) {
      drop(4_013, 'too slow')
      return false
    }
    try {
      socket.send(text)
      return true
    } catch {
      return false
    }
  }
  socket.addEventListener('open', () => {
    const kept = early
    early = []
    for (const text of kept) write(text)
  })
  socket.addEventListener('message', (event) => {
    if (typeof event.data !== 'string') return drop(4_003, 'text frames only')
    let message: unknown
    try {
      message = JSON.parse(event.data)
    } catch {
      return drop(4_007, 'not JSON')
    }
    inbox.deliver(message)
  })
  socket.addEventListener('close', () => inbox.closed())
  /* 'close' follows every 'error'; the listener only keeps an error from being unhandled */
  socket.addEventListener('error', () => {})
  return {
    send(message) {
      if (inbox.isClosed) return false
      let text: string | undefined
      try {
        text = JSON.stringify(message)
      } catch {
        return false
      }
      if (text === undefined) return false
      if (socket.readyState === OPEN) return write(text)
      if (socket.readyState !== CONNECTING || early.length >= INBOX_LIMIT) return false
      early.push(text)
      return true
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      if (inbox.isClosed) return
      socket.close(1_000)
      inbox.closed()
    },
  }
}
