/**
 * One WebSocket to the venue that stays up: raw frames in arrival order, none dropped; reconnects with jittered exponential
 * back-off; detects half-open connections by ping; tells every state change.
 *
 * Frames are bytes: UTF-8 is judged by the reader, so that one bad frame is one refused frame and not a lost connection.
 */
import { WebSocket } from 'ws'
import type { Random } from '../contract/clock.ts'
import type { AllowedHosts } from './allowed-hosts.ts'

export type SocketState = 'connecting' | 'open' | 'down' | 'stopped'

export interface StreamSocketOptions {
  readonly hosts: AllowedHosts
  /** Asked anew before each attempt (a listen key may have changed); undefined = not now, try again later. */
  readonly url: () => Promise<string | undefined>
  readonly random: Random
  readonly onFrame: (frame: Buffer) => void
  readonly onOpen: (attempt: number) => void
  readonly onDown: (reason: string) => void
  /** A frame or pong is expected at least this often, local ms; a ping goes out at half of it. */
  readonly aliveMs?: number
}

export interface StreamSocket {
  readonly state: SocketState
  /** Successful connections so far. */
  readonly opened: number
  start(): void
  /** Resolves true once a ping that follows everything sent so far was answered; false when the connection broke first. */
  flushed(): Promise<boolean>
  /** Drops the connection and connects again at once. */
  restart(reason: string): void
  stop(): void
}

const BACK_OFF = { firstMs: 200, maxMs: 15_000 } as const
const HANDSHAKE_MS = 5_000
/** Far above any real frame; a poisoned megabyte is refused by the reader, not by tearing the connection down. */
const MAX_FRAME_BYTES = 8 * 1024 * 1024
/** A connection that stood this long was good: the back-off starts afresh. */
const STABLE_MS = 5_000

export function createStreamSocket(options: StreamSocketOptions): StreamSocket {
  const aliveMs = options.aliveMs ?? 20_000
  let state: SocketState = 'stopped'
  let socket: WebSocket | undefined
  let retry: ReturnType<typeof setTimeout> | undefined
  let watch: ReturnType<typeof setInterval> | undefined
  let failures = 0
  let opened = 0
  let openedAt = 0
  let generation = 0
  const pendingFlush = new Set<(answered: boolean) => void>()

  const discard = (): void => {
    clearInterval(watch)
    clearTimeout(retry)
    const old = socket
    socket = undefined
    if (old === undefined) return
    for (const settle of pendingFlush) settle(false)
    old.removeAllListeners()
    old.on('error', () => {})
    old.terminate()
  }

  const down = (reason: string, atOnce = false): void => {
    if (state === 'stopped') return
    const stood = state === 'open' ? performance.now() - openedAt : 0
    discard()
    state = 'down'
    if (stood > STABLE_MS) failures = 0
    const delay = atOnce ? 0 : Math.min(BACK_OFF.firstMs * 2 ** failures, BACK_OFF.maxMs) * (0.5 + options.random() / 2)
    failures += 1
    options.onDown(reason)
    /* the listener may have stopped us */
    if (socket === undefined && isDown()) retry = setTimeout(() => void connect(), delay)
  }
  const isDown = (): boolean => state === 'down'

  const connect = async (): Promise<void> => {
    const mine = ++generation
    state = 'connecting'
    const url = await options.url()
    if (mine !== generation || state !== 'connecting') return
    if (url === undefined) return down('no address to connect to')
    const allowed = options.hosts.check(url)
    if (!allowed.ok) return down(allowed.error.message)
    const candidate = new WebSocket(url, {
      skipUTF8Validation: true,
      maxPayload: MAX_FRAME_BYTES,
      handshakeTimeout: HANDSHAKE_MS,
      followRedirects: false,
      perMessageDeflate: false,
    })
    socket = candidate
    let heardAt = performance.now()
    candidate.on('message', (data) => {
      heardAt = performance.now()
      options.onFrame(Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data))
    })
    candidate.on('ping', () => (heardAt = performance.now()))
    candidate.on('pong', () => (heardAt = performance.now()))
    candidate.on('open', () => {
      state = 'open'
      opened += 1
      openedAt = performance.now()
      heardAt = openedAt
      watch = setInterval(() => {
        if (performance.now() - heardAt > aliveMs) down('no sign of life')
        else candidate.ping()
      }, aliveMs / 2)
      options.onOpen(opened)
    })
    candidate.on('error', (error) => down(error.message))
    candidate.on('close', (code) => down(`closed by the venue (${code})`))
  }

  return {
    get state() {
      return state
    },
    get opened() {
      return opened
    },
    start() {
      if (state === 'stopped') void connect()
    },
    flushed() {
      const asked = socket
      if (state !== 'open' || asked === undefined) return Promise.resolve(false)
      return new Promise((resolve) => {
        const settle = (answered: boolean): void => {
          pendingFlush.delete(settle)
          resolve(answered)
        }
        pendingFlush.add(settle)
        asked.once('pong', () => settle(true))
        asked.ping()
      })
    },
    restart(reason) {
      down(reason, true)
    },
    stop() {
      state = 'stopped'
      generation += 1
      discard()
    },
  }
}
