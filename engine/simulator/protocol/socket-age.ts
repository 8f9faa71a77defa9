/** How long a WebSocket may live, and what keeps it alive: ping, pong, the 24 h cut (exchange.md §3.8). Real, monotonic ms. */
import type { WebSocket } from 'ws'

export interface AgeLimits {
  readonly pingEveryMs: number
  readonly pongTimeoutMs: number
  readonly maxAgeMs: number
}

/** Often enough for the shorter of the limits. */
export const checkEveryMs = ({ pingEveryMs, maxAgeMs }: AgeLimits): number => Math.max(20, Math.min(5_000, pingEveryMs / 4, maxAgeMs / 4))

export class SocketAge {
  readonly #ws: WebSocket
  readonly #openedAt: number
  #lastPong: number
  #lastPing: number

  constructor(ws: WebSocket, monotonic: () => number) {
    this.#ws = ws
    this.#openedAt = this.#lastPong = this.#lastPing = monotonic()
    ws.on('pong', () => {
      this.#lastPong = monotonic()
    })
  }

  /** Pings when it is time; ends a connection that is too old, drops one that does not answer. */
  check(limits: AgeLimits, at: number, payload: string): void {
    const ws = this.#ws
    if (at - this.#openedAt >= limits.maxAgeMs) ws.close(1001, 'Disconnected after 24 hours')
    else if (at - this.#lastPong >= limits.pongTimeoutMs) ws.terminate()
    else if (at - this.#lastPing >= limits.pingEveryMs && ws.readyState === ws.OPEN) {
      this.#lastPing = at
      ws.ping(payload)
    }
  }
}
