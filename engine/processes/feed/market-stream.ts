/**
 * One public connection of the feed: its address, its frames, and whether it still speaks. A stream that is open but silent is as
 * deaf as a closed one (exchange.md §7), so silence ends in a new connection.
 */
import type { StreamHealth } from '../../contract/processes.ts'
import type { Random } from '../../contract/clock.ts'
import type { AllowedHosts } from '../../venue/allowed-hosts.ts'
import { createStreamSocket, type StreamSocket } from '../../venue/stream-socket.ts'

export interface MarketStreamOptions {
  readonly name: string
  readonly hosts: AllowedHosts
  readonly path: 'market' | 'public'
  readonly streams: readonly string[]
  readonly random: Random
  /** Silence after which it is reconnected, local ms; null = silence means nothing (lock-step). */
  readonly silentMs: number | null
  readonly onFrame: (frame: Buffer) => void
  readonly onOpen: (attempt: number) => void
  readonly onDown: (reason: string) => void
}

/** Silence that a fresh connection did not cure is looked at less and less often. */
const MAX_SILENCE_FACTOR = 16

export interface MarketStream {
  health(): StreamHealth
  readonly frames: number
  readonly isOpen: boolean
  readonly connections: number
  start(): void
  stop(): void
  /** Call a few times a second. */
  watch(): void
  /** Resolves true when everything the venue sent before now has been read; false when the connection broke. */
  drained(): Promise<boolean>
}

export function createMarketStream(options: MarketStreamOptions): MarketStream {
  let frames = 0
  let heardAt = performance.now()
  let factor = 1
  const socket: StreamSocket = createStreamSocket({
    hosts: options.hosts,
    random: options.random,
    url: () => Promise.resolve(`${options.hosts.ws}/${options.path}/stream?streams=${options.streams.join('/')}`),
    onFrame(frame) {
      frames += 1
      heardAt = performance.now()
      factor = 1
      options.onFrame(frame)
    },
    onOpen(attempt) {
      heardAt = performance.now()
      options.onOpen(attempt)
    },
    onDown: options.onDown,
  })
  const age = (): number => performance.now() - heardAt
  const limit = (): number => (options.silentMs ?? Infinity) * factor

  return {
    health() {
      const state =
        socket.state === 'open' ? (age() > limit() / 2 ? 'silent' : 'live') : socket.state === 'connecting' ? 'connecting' : 'down'
      return { name: options.name, state, ageMs: Math.round(age()), reconnects: Math.max(0, socket.opened - 1) }
    },
    get frames() {
      return frames
    },
    get isOpen() {
      return socket.state === 'open'
    },
    get connections() {
      return socket.opened
    },
    start: () => socket.start(),
    stop: () => socket.stop(),
    watch() {
      if (socket.state !== 'open' || age() < limit()) return
      factor = Math.min(factor * 2, MAX_SILENCE_FACTOR)
      socket.restart(`silent for ${Math.round(age())} ms`)
    },
    drained: () => socket.flushed(),
  }
}
