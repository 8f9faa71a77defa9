/**
 * The private stream as ledger input: raw frames of an own socket (ccxt collapses and drops: exchange.md §1.5), decoded in
 * arrival order, duplicates included.
 *
 * - After every (re)connect a `resync` event goes out before any other, so that the shell follows with a REST snapshot.
 * - A frame that cannot be understood also gives `resync`: what it said is not lost, it is asked for.
 * - listenKeyExpired, -1125 and a refused keep-alive make a new key and a new connection: no silent deafness.
 */
import { isUtf8 } from 'node:buffer'
import type { Random } from '../contract/clock.ts'
import type { LogLine } from '../contract/processes.ts'
import { fail, ok } from '../contract/result.ts'
import type { UserEvent, UserStream, VenueResult } from '../contract/venue.ts'
import type { AllowedHosts } from './allowed-hosts.ts'
import type { SkewClock } from './clock.ts'
import { decodeUserFrame } from './codec/user-events.ts'
import { KEEP_ALIVE_MS, type ListenKeys } from './listen-key.ts'
import { parseLossless } from './lossless-json.ts'
import { createStreamSocket } from './stream-socket.ts'
import { venueError } from './venue-errors.ts'

export interface UserStreamOptions {
  readonly hosts: AllowedHosts
  readonly keys: ListenKeys
  readonly clock: SkewClock
  /** Venue seconds per local second. */
  readonly rate: number
  /** Venue time stands still between barriers, so silence means nothing. */
  readonly lockStep: boolean
  readonly random: Random
  readonly log: (line: LogLine) => void
  /** See StreamSocketOptions.aliveMs. */
  readonly aliveMs?: number
}

/** A failed keep-alive is tried again this soon, venue ms. */
const KEEP_ALIVE_RETRY_MS = 60_000
/** How long `start` waits for the first connection, local ms. */
const START_MS = 15_000
const MIN_CHECK_MS = 20
const MAX_CHECK_MS = 15_000

/** An accepted order must be heard of this soon, local ms; a stream that says nothing then is deaf, however open its socket is. */
const HEARD_MS = 5_000

export interface OwnUserStream extends UserStream {
  /** Call before sending an order or a cancel, and what it returns when the venue accepted it. */
  listen(): () => void
}

export function createUserStream(options: UserStreamOptions): OwnUserStream {
  const { clock, keys, log } = options
  const listeners: ((event: UserEvent) => void)[] = []
  let frames = 0
  let key: string | undefined
  let keyDueAt = Infinity
  let checking = false
  let started: ((result: VenueResult<void>) => void) | undefined
  let lastFailure = ''
  let timer: ReturnType<typeof setInterval> | undefined

  const emit = (event: UserEvent): void => {
    for (const listener of listeners) listener(event)
  }
  const resync = (reason: string): void => emit({ kind: 'resync', reason, eventTime: Math.round(clock.nowMs()) })

  const newKey = (reason: string): void => {
    key = undefined
    log({ level: 'warn', text: `user stream: ${reason}; making a new listen key` })
    socket.restart(reason)
  }

  const onFrame = (frame: Buffer): void => {
    frames += 1
    const parsed = isUtf8(frame) ? parseLossless(frame.toString('utf8')) : fail('malformed', 'not UTF-8')
    const decoded = parsed.ok ? decodeUserFrame(unwrap(parsed.value)) : parsed
    if (!decoded.ok) {
      log({ level: 'error', text: `user stream: a frame could not be understood (${decoded.error.message}); asking REST instead` })
      return resync('a frame could not be understood')
    }
    switch (decoded.value.kind) {
      case 'event':
        return emit(decoded.value.event)
      case 'listenKeyExpired':
        return newKey('the listen key expired')
      case 'ignored':
        return
    }
  }

  const socket = createStreamSocket({
    hosts: options.hosts,
    random: options.random,
    ...(options.aliveMs === undefined ? {} : { aliveMs: options.aliveMs }),
    async url() {
      if (key === undefined) {
        const made = await keys.create()
        if (!made.ok) {
          lastFailure = made.error.message
          log({ level: 'error', text: `user stream: no listen key, ${made.error.message}` })
          return undefined
        }
        key = made.value
        keyDueAt = clock.nowMs() + KEEP_ALIVE_MS
      }
      return `${options.hosts.ws}/private/ws?listenKey=${key}`
    },
    onFrame,
    onOpen(attempt) {
      resync(attempt === 1 ? 'connected' : 'reconnected')
      started?.(ok(undefined))
      started = undefined
    },
    onDown(reason) {
      lastFailure = reason
      log({ level: 'warn', text: `user stream down: ${reason}` })
      /* the key may be what is wrong: ask the venue before the next attempt */
      void checkKey(true)
    },
  })

  const checkKey = async (now = false): Promise<void> => {
    if (checking || key === undefined || (!now && clock.nowMs() < keyDueAt)) return
    checking = true
    const asked = key
    const kept = await keys.keepAlive()
    checking = false
    if (key !== asked) return
    keyDueAt = clock.nowMs() + (kept.ok ? KEEP_ALIVE_MS : KEEP_ALIVE_RETRY_MS)
    if (kept.ok && kept.value === 'gone') newKey('the venue does not know the listen key')
    if (!kept.ok) log({ level: 'warn', text: `user stream: keep-alive failed, ${kept.error.message}` })
  }
  clock.onSet(() => void checkKey())

  let doubt: ReturnType<typeof setTimeout> | undefined

  return {
    listen() {
      const before = frames
      return () => {
        if (options.lockStep || doubt !== undefined || frames > before) return
        doubt = setTimeout(() => {
          doubt = undefined
          if (frames > before || socket.state !== 'open') return
          log({ level: 'error', text: `user stream: nothing heard within ${HEARD_MS} ms of an accepted order; connecting anew` })
          socket.restart('deaf')
        }, HEARD_MS)
        doubt.unref()
      }
    },
    onEvent: (listener) => void listeners.push(listener),
    get healthy() {
      return socket.state === 'open' && key !== undefined
    },
    get frames() {
      return frames
    },
    start() {
      const check = Math.min(MAX_CHECK_MS, Math.max(MIN_CHECK_MS, KEEP_ALIVE_MS / options.rate / 20))
      timer ??= setInterval(() => void checkKey(), check)
      return new Promise((resolve) => {
        const giveUp = setTimeout(
          () => settle({ ok: false, error: venueError('unavailable', `the user stream is not up yet, ${lastFailure}`) }),
          START_MS,
        )
        const settle = (result: VenueResult<void>): void => {
          clearTimeout(giveUp)
          resolve(result)
        }
        started = settle
        socket.start()
      })
    },
    async stop() {
      clearInterval(timer)
      timer = undefined
      clearTimeout(doubt)
      doubt = undefined
      started?.({ ok: false, error: venueError('notSent', 'stopped') })
      started = undefined
      socket.stop()
      if (key !== undefined) await keys.close()
      key = undefined
    },
  }
}

/** {stream, data} of a combined connection, or the bare event. */
function unwrap(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'stream' in value && 'data' in value ? value.data : value
}
