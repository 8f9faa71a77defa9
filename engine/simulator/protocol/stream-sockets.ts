/**
 * The WebSocket side: connections by category, what each listens to, frames out (exchange.md §3.8). Counts every market and user
 * frame that left, so that a lock-step host can wait for its readers.
 *
 * - A stream is produced only while a connection of its own category listens to it.
 * - INV-11: streams per connection, connections, incoming messages and the send queue of a slow reader are bounded.
 * - Transport timers (ping, pong, message rate) run in real time; the 24 h cut is counted in real time too.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { MarketEvent, UserEvent } from '../exchange.ts'
import { poisonFrames } from './poison.ts'
import type { FaultSchedule, FrameEffect } from './faults.ts'
import { jsonText } from './json-text.ts'
import { LISTEN_KEY_PATTERN, type ListenKey, type ListenKeys } from './listen-keys.ts'
import { checkEveryMs, SocketAge, type AgeLimits } from './socket-age.ts'
import { parseAddress, streamCategory, type Category, type SocketAddress } from './stream-names.ts'
import { handleSubscriptionRequest, MAX_STREAMS, type Subscriptions } from './subscription-requests.ts'

export interface SocketSettings extends AgeLimits {
  readonly messagesPerSecond: number
  readonly maxSockets: number
  /** A reader that lags this many bytes behind is cut. */
  readonly maxQueuedBytes: number
}

export const VENUE_SOCKETS: SocketSettings = {
  pingEveryMs: 180_000,
  pongTimeoutMs: 600_000,
  maxAgeMs: 86_400_000,
  messagesPerSecond: 10,
  maxSockets: 4_000,
  maxQueuedBytes: 32 * 1_048_576,
}

export interface SocketContext {
  readonly settings: SocketSettings
  readonly listenKeys: ListenKeys
  readonly faults: FaultSchedule
  /** Simulated ms. */
  now(): number
  /** Simulated ms since the start, for fault plans. */
  elapsed(): number
  monotonic(): number
  startStream(name: string): void
  stopStream(name: string): void
  after(ms: number, callback: () => void): void
  isBanned(ip: string): boolean
  /** A connection from there was cut for sending too many messages. */
  cutNoisy(ip: string): void
}

interface Connection extends Subscriptions {
  readonly ws: WebSocket
  readonly ip: string
  readonly category: Category
  /** Listen keys with the event types wanted; null = all. */
  readonly keys: Map<string, ReadonlySet<string> | null>
  readonly age: SocketAge
  second: number
  messages: number
  /** No data before this simulated time. */
  silentUntil: number
  halfOpen: boolean
}

export interface SocketCounts {
  readonly open: number
  readonly publicFrames: number
  readonly userFrames: number
  /** Connections cut because their reader lagged. */
  readonly lagged: number
}

export class StreamSockets {
  readonly #context: SocketContext
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 65_536, clientTracking: false })
  readonly #connections = new Set<Connection>()
  readonly #byStream = new Map<string, Set<Connection>>()
  readonly #byKey = new Map<string, Set<Connection>>()
  /** Frames held back by a swap fault, by subject. */
  readonly #held = new Map<string, () => void>()
  readonly #timer: NodeJS.Timeout
  #publicFrames = 0
  #userFrames = 0
  #lagged = 0
  #refuseUntil = 0

  constructor(context: SocketContext) {
    this.#context = context
    this.#timer = setInterval(() => this.#keepAlive(), checkEveryMs(context.settings))
    this.#timer.unref()
  }

  get counts(): SocketCounts {
    return { open: this.#connections.size, publicFrames: this.#publicFrames, userFrames: this.#userFrames, lagged: this.#lagged }
  }

  /** Takes over an HTTP upgrade; refuses unknown paths with 404 and too many connections with 503. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    let address: SocketAddress | undefined
    try {
      address = parseAddress(request.url ?? '/')
    } catch {
      address = undefined
    }
    const ip = request.socket.remoteAddress ?? ''
    if (this.#context.isBanned(ip)) return refuse(socket, "418 I'm a teapot")
    if (address === undefined) return refuse(socket, '404 Not Found')
    if (address.streams.length > MAX_STREAMS) return refuse(socket, '400 Bad Request')
    if (this.#connections.size >= this.#context.settings.maxSockets || this.#context.now() < this.#refuseUntil) {
      return refuse(socket, '503 Service Unavailable')
    }
    const target = address
    this.#server.handleUpgrade(request, socket, head, (ws) => this.#open(ws, target, ip))
  }

  #open(ws: WebSocket, address: SocketAddress, ip: string): void {
    const connection: Connection = {
      ws,
      ip,
      category: address.category,
      wrapped: address.wrapped,
      streams: new Set(),
      keys: new Map(),
      age: new SocketAge(ws, this.#context.monotonic),
      second: 0,
      messages: 0,
      silentUntil: 0,
      halfOpen: false,
    }
    this.#connections.add(connection)
    ws.on('message', (data, isBinary) => this.#message(connection, data, isBinary))
    ws.on('ping', () => this.#admit(connection))
    ws.on('error', () => ws.terminate())
    ws.on('close', () => this.#closed(connection))
    for (const name of address.streams) this.#add(connection, name)
    for (const { key, events } of address.listenKeys) this.#addKey(connection, key, events)
  }

  #closed(connection: Connection): void {
    if (!this.#connections.delete(connection)) return
    for (const name of connection.streams) this.#remove(connection, name)
    for (const key of connection.keys.keys()) this.#removeKey(connection, key)
  }

  #add(connection: Connection, name: string): void {
    connection.streams.add(name)
    const category = streamCategory(name)
    if (category === 'private') {
      this.#addKey(connection, name, null)
      return
    }
    if (category === undefined || category !== connection.category) return
    const listening = this.#byStream.get(name)
    if (listening !== undefined) {
      listening.add(connection)
      return
    }
    this.#byStream.set(name, new Set([connection]))
    this.#context.startStream(name)
  }

  #remove(connection: Connection, name: string): void {
    if (LISTEN_KEY_PATTERN.test(name)) this.#removeKey(connection, name)
    const listening = this.#byStream.get(name)
    if (listening === undefined || !listening.delete(connection) || listening.size > 0) return
    this.#byStream.delete(name)
    this.#context.stopStream(name)
  }

  #addKey(connection: Connection, key: string, events: readonly string[] | null): void {
    if (connection.category !== 'private') return
    connection.keys.set(key, events === null ? null : new Set(events))
    const listening = this.#byKey.get(key)
    if (listening === undefined) this.#byKey.set(key, new Set([connection]))
    else listening.add(connection)
  }

  #removeKey(connection: Connection, key: string): void {
    const listening = this.#byKey.get(key)
    listening?.delete(connection)
    if (listening?.size === 0) this.#byKey.delete(key)
  }

  /** Counts an incoming message; false when the connection was cut for sending too many. */
  #admit(connection: Connection): boolean {
    const second = Math.floor(this.#context.monotonic() / 1_000)
    if (connection.second !== second) {
      connection.second = second
      connection.messages = 0
    }
    connection.messages += 1
    if (connection.messages <= this.#context.settings.messagesPerSecond) return true
    if (connection.messages === this.#context.settings.messagesPerSecond + 1) {
      connection.ws.close(1008, 'Too many requests')
      this.#context.cutNoisy(connection.ip)
    }
    return false
  }

  #message(connection: Connection, data: RawData, isBinary: boolean): void {
    if (!this.#admit(connection)) return
    const text = isBinary ? '' : (data as Buffer).toString('utf8')
    const { reply, change } = handleSubscriptionRequest(text, connection)
    if (connection.ws.readyState === connection.ws.OPEN) connection.ws.send(JSON.stringify(reply))
    for (const name of change.added) this.#add(connection, name)
    for (const name of change.removed) this.#remove(connection, name)
  }

  /** A market event for everyone listening to its stream; `text` when its JSON is at hand. */
  market(event: MarketEvent, text?: string): void {
    const { faults } = this.#context
    const send = (): void => this.#sendMarket(event.stream, text ?? jsonText(event.data))
    if (faults.empty && this.#held.size === 0) return send()
    if (!this.#isHeard(this.#byStream.get(event.stream))) return
    const effect = faults.onFrame([event.stream], this.#context.elapsed())
    this.#afflict(event.stream, effect, event.data, send, (frames) => {
      for (const connection of this.#byStream.get(event.stream) ?? []) {
        for (const frame of frames((text) => (connection.wrapped ? wrap(event.stream, text) : text)))
          this.#push(connection, frame, 'public')
      }
    })
  }

  #sendMarket(stream: string, text: string): void {
    let wrapped: string | undefined
    for (const connection of this.#byStream.get(stream) ?? []) {
      if (connection.wrapped) wrapped ??= wrap(stream, text)
      this.#push(connection, connection.wrapped ? (wrapped ?? text) : text, 'public')
    }
  }

  /** A user event for the connections that hold the account's active listen key. */
  user(event: UserEvent): void {
    const { faults } = this.#context
    let text: string | undefined
    const send = (): void => this.#sendUser(event.account, event.type, (encode) => [encode((text ??= jsonText(event.data)))])
    if (faults.empty && this.#held.size === 0) return send()
    const key = this.#context.listenKeys.activeKey(event.account, this.#context.now())
    if (key === undefined || !this.#isHeard(this.#byKey.get(key))) return
    const effect = faults.onFrame(['user', `user:${event.type}`], this.#context.elapsed())
    this.#afflict('user', effect, event.data, send, (frames) => this.#sendUser(event.account, event.type, frames))
  }

  #sendUser(account: string, type: string, frames: (encode: (text: string) => string) => readonly (string | Buffer)[]): void {
    const key = this.#context.listenKeys.activeKey(account, this.#context.now())
    if (key === undefined) return
    for (const connection of this.#byKey.get(key) ?? []) {
      const wanted = connection.keys.get(key)
      if (wanted !== null && wanted !== undefined && !wanted.has(type)) continue
      for (const frame of frames((text) => (connection.wrapped ? wrap(key, text) : text))) this.#push(connection, frame, 'user')
    }
  }

  #afflict(
    subject: string,
    effect: FrameEffect | undefined,
    data: unknown,
    send: () => void,
    sendFrames: (frames: (encode: (text: string) => string) => readonly (string | Buffer)[]) => void,
  ): void {
    const held = this.#held.get(subject)
    switch (effect?.do) {
      case undefined:
        send()
        break
      case 'dropFrame':
        break
      case 'duplicateFrame':
        for (let i = 0; i <= effect.copies; i++) send()
        break
      case 'lateFrame':
        this.#context.after(effect.ms, send)
        break
      case 'swapFrame':
        if (held === undefined) this.#held.set(subject, send)
        else send()
        return
      case 'poison': {
        const { poison, keep } = effect
        sendFrames((encode) => poisonFrames(poison, data, encode))
        if (keep) send()
        break
      }
    }
    if (held !== undefined) {
      this.#held.delete(subject)
      held()
    }
  }

  #hears(connection: Connection): boolean {
    return connection.ws.readyState === connection.ws.OPEN && !connection.halfOpen && this.#context.now() >= connection.silentUntil
  }

  /** A frame that reaches nobody is no frame, and no fault strikes it. */
  #isHeard(connections: ReadonlySet<Connection> | undefined): boolean {
    for (const connection of connections ?? []) if (this.#hears(connection)) return true
    return false
  }

  #push(connection: Connection, frame: string | Buffer, kind: 'public' | 'user'): void {
    const { ws } = connection
    if (!this.#hears(connection)) return
    if (ws.bufferedAmount > this.#context.settings.maxQueuedBytes) {
      this.#lagged += 1
      ws.terminate()
      return
    }
    if (kind === 'public') this.#publicFrames += 1
    else this.#userFrames += 1
    ws.send(frame, { binary: false })
  }

  /** Tells the sockets of expired keys, which stay open and fall silent. */
  listenKeysExpired(expired: readonly ListenKey[]): void {
    for (const { key } of expired) {
      const text = JSON.stringify({ e: 'listenKeyExpired', E: this.#context.now(), listenKey: key })
      for (const connection of this.#byKey.get(key) ?? []) this.#push(connection, connection.wrapped ? wrap(key, text) : text, 'user')
    }
  }

  /** Does it to every connection of the category; false when there is none. */
  #each(category: Category | undefined, act: (connection: Connection) => void): boolean {
    const chosen = [...this.#connections].filter((connection) => category === undefined || connection.category === category)
    for (const connection of chosen) act(connection)
    return chosen.length > 0
  }

  /** Destroys sockets without a close frame. */
  cut(category?: Category): boolean {
    return this.#each(category, ({ ws }) => ws.terminate())
  }

  close(category?: Category): boolean {
    return this.#each(category, ({ ws }) => ws.close(1001, 'Going away'))
  }

  /** Open sockets get no data until `until` (simulated ms); pings are still answered. */
  silence(category: Category | undefined, until: number): boolean {
    return this.#each(category, (connection) => {
      connection.silentUntil = until
    })
  }

  /** Open sockets are not read, written or closed any more. */
  halfOpen(category?: Category): boolean {
    return this.#each(category, (connection) => {
      connection.halfOpen = true
      connection.ws.pause()
    })
  }

  refuseUntil(time: number): void {
    this.#refuseUntil = time
  }

  #keepAlive(): void {
    const { settings } = this.#context
    const at = this.#context.monotonic()
    const payload = String(this.#context.now())
    for (const { halfOpen, age } of this.#connections) if (!halfOpen) age.check(settings, at, payload)
  }

  /** Destroys every socket; nothing is sent any more. */
  shutdown(): void {
    clearInterval(this.#timer)
    for (const { ws } of this.#connections) ws.terminate()
    this.#server.close()
  }
}

const wrap = (stream: string, text: string): string => `{"stream":${JSON.stringify(stream)},"data":${text}}`

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
