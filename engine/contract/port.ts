/**
 * The control plane. A Port moves plain data between two ends; transports: Electron MessagePort, Node child process,
 * loopback WebSocket (engine/contract/ports/*). One contract suite runs over all of them.
 */
export interface Port {
  /** Never throws: a closed or broken port drops the message and returns false. */
  send(message: unknown): boolean
  /** At most one listener. Messages that arrive before it is set are kept, in order (bounded to 1,024). */
  onMessage(listener: (message: unknown) => void): void
  /** Called once, also when the other end died. */
  onClose(listener: () => void): void
  close(): void
}
