/**
 * The receiving half that all transports share: one listener, messages kept until it is set, close told once.
 * INV-11: at most INBOX_LIMIT messages wait for a listener; the newest beyond that are dropped and counted.
 */
export const INBOX_LIMIT = 1_024

export interface Inbox {
  /** From the transport: one message, in arrival order. Ignored after close. */
  deliver(message: unknown): void
  /** From the transport: the other end is gone. The first call wins; later ones do nothing. */
  closed(): void
  onMessage(listener: (message: unknown) => void): void
  /** A listener set after the close is told at once. */
  onClose(listener: () => void): void
  readonly isClosed: boolean
  /** Messages refused because nobody listened yet. */
  readonly dropped: number
}

export function createInbox(): Inbox {
  let listener: ((message: unknown) => void) | null = null
  let waiting: unknown[] = []
  let dropped = 0
  let isClosed = false
  const closeListeners: (() => void)[] = []
  return {
    deliver(message) {
      if (isClosed) return
      if (listener !== null) listener(message)
      else if (waiting.length < INBOX_LIMIT) waiting.push(message)
      else dropped += 1
    },
    closed() {
      if (isClosed) return
      isClosed = true
      for (const told of closeListeners.splice(0)) told()
    },
    onMessage(next) {
      listener = next
      const kept = waiting
      waiting = []
      for (const message of kept) next(message)
    },
    onClose(told) {
      if (isClosed) told()
      else closeListeners.push(told)
    },
    get isClosed() {
      return isClosed
    },
    get dropped() {
      return dropped
    },
  }
}
