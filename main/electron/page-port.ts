/**
 * One page of ours as a Port, so that the same `serveCockpit` answers it as answers a WebSocket. INV-11: a page that takes nothing
 * gets nothing more once `limit` messages are unconfirmed; it finds the gap in the sequence and asks for a new snapshot.
 */
import type { Port } from '../../engine/contract/port.ts'

export const UNCONFIRMED_LIMIT = 512

export interface PagePort extends Port {
  /** A message from the page, already checked. */
  deliver(message: unknown): void
  /** The page took `count` messages. */
  confirm(count: number): void
}

/** `post` throws or is ignored when the page is gone. */
export function pagePort(post: (message: unknown) => void, limit: number = UNCONFIRMED_LIMIT): PagePort {
  let onMessage: ((message: unknown) => void) | null = null
  const onClose: (() => void)[] = []
  let closed = false
  let unconfirmed = 0
  return {
    send(message) {
      if (closed || unconfirmed >= limit) return false
      try {
        post(message)
        unconfirmed += 1
        return true
      } catch {
        return false
      }
    },
    onMessage(listener) {
      onMessage = listener
    },
    onClose(listener) {
      if (closed) listener()
      else onClose.push(listener)
    },
    close() {
      if (closed) return
      closed = true
      for (const listener of onClose.splice(0)) listener()
    },
    deliver(message) {
      if (!closed) onMessage?.(message)
    },
    confirm(count) {
      unconfirmed = Math.max(0, unconfirmed - count)
    },
  }
}
