/**
 * Paper mode's link to a real venue's public data: the streams our clients ask for are relayed as they arrive, and the ones that
 * drive the matching (trades, book top, mark, running bar) are always held. Nothing private ever goes to the upstream.
 *
 * - Connections are re-made after a drop, an error or silence, with growing pauses; the streams are asked for again.
 * - INV-11: one socket per category; frames are relayed, not kept.
 */
import { WebSocket } from 'ws'
import { streamCategory } from './stream-names.ts'

export interface UpstreamHooks {
  /** A frame of a stream: its raw `data` text and the same parsed. */
  frame(stream: string, text: string, data: unknown): void
  /** Real ms, monotonic. */
  monotonic(): number
  log(text: string): void
}

type PublicCategory = 'public' | 'market'
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000
const SILENT_AFTER_MS = 30_000
const BATCH_MS = 150

interface Link {
  readonly category: PublicCategory
  ws: WebSocket | undefined
  pause: number
  lastFrame: number
  /** Names to (un)subscribe at the next batch. */
  readonly pending: Map<string, 'SUBSCRIBE' | 'UNSUBSCRIBE'>
  timer: NodeJS.Timeout | undefined
}

/** Streams that drive the matching of a symbol. */
export const drivingStreams = (symbol: string): readonly string[] => {
  const name = symbol.toLowerCase()
  return [`${name}@aggTrade`, `${name}@bookTicker`, `${name}@markPrice@1s`, `${name}@kline_1m`]
}

export class Upstream {
  readonly #ws: string
  readonly #hooks: UpstreamHooks
  readonly #wanted = new Map<string, number>()
  readonly #links: Readonly<Record<PublicCategory, Link>>
  readonly #watch: NodeJS.Timeout
  #nextId = 1
  #closed = false

  constructor(ws: string, hooks: UpstreamHooks) {
    this.#ws = ws
    this.#hooks = hooks
    const link = (category: PublicCategory): Link => ({
      category,
      ws: undefined,
      pause: FIRST_PAUSE_MS,
      lastFrame: 0,
      pending: new Map(),
      timer: undefined,
    })
    this.#links = { public: link('public'), market: link('market') }
    this.#watch = setInterval(() => this.#cutSilent(), 5_000)
    this.#watch.unref()
  }

  /** Counted: a stream is held until as many `release` calls as `want` calls were made. */
  want(stream: string): void {
    const count = this.#wanted.get(stream) ?? 0
    this.#wanted.set(stream, count + 1)
    if (count === 0) this.#queue(stream, 'SUBSCRIBE')
  }

  release(stream: string): void {
    const count = this.#wanted.get(stream) ?? 0
    if (count > 1) this.#wanted.set(stream, count - 1)
    else if (this.#wanted.delete(stream)) this.#queue(stream, 'UNSUBSCRIBE')
  }

  #linkOf(stream: string): Link | undefined {
    const category = streamCategory(stream)
    return category === 'public' || category === 'market' ? this.#links[category] : undefined
  }

  /** Requests go out in batches: the venue takes ten messages a second. */
  #queue(stream: string, method: 'SUBSCRIBE' | 'UNSUBSCRIBE'): void {
    const link = this.#linkOf(stream)
    if (link === undefined || this.#closed) return
    if (link.ws === undefined) {
      if (method === 'SUBSCRIBE' && link.timer === undefined) this.#connect(link)
      return
    }
    link.pending.set(stream, method)
    if (link.timer === undefined && link.ws.readyState === WebSocket.OPEN) this.#flushSoon(link)
  }

  #flushSoon(link: Link): void {
    link.timer = setTimeout(() => {
      link.timer = undefined
      for (const method of ['UNSUBSCRIBE', 'SUBSCRIBE'] as const) {
        const params = [...link.pending].filter(([, wanted]) => wanted === method).map(([name]) => name)
        if (params.length > 0) link.ws?.send(JSON.stringify({ method, params, id: this.#nextId++ }))
      }
      link.pending.clear()
    }, BATCH_MS)
  }

  #connect(link: Link): void {
    const ws = new WebSocket(`${this.#ws}/${link.category}/stream`, { handshakeTimeout: 10_000, maxPayload: 16 * 1_048_576 })
    link.ws = ws
    link.lastFrame = this.#hooks.monotonic()
    ws.on('open', () => {
      link.pause = FIRST_PAUSE_MS
      link.pending.clear()
      for (const stream of this.#wanted.keys()) if (this.#linkOf(stream) === link) link.pending.set(stream, 'SUBSCRIBE')
      this.#flushSoon(link)
    })
    ws.on('message', (data) => {
      link.lastFrame = this.#hooks.monotonic()
      this.#message((data as Buffer).toString('utf8'))
    })
    ws.on('error', (error) => this.#hooks.log(`upstream ${link.category}: ${error.message}`))
    ws.on('close', () => this.#dropped(link, ws))
  }

  #dropped(link: Link, ws: WebSocket): void {
    if (link.ws !== ws) return
    link.ws = undefined
    clearTimeout(link.timer)
    link.timer = undefined
    if (this.#closed || ![...this.#wanted.keys()].some((stream) => this.#linkOf(stream) === link)) return
    this.#hooks.log(`upstream ${link.category} stream lost; again in ${link.pause} ms`)
    link.timer = setTimeout(() => {
      link.timer = undefined
      if (!this.#closed) this.#connect(link)
    }, link.pause)
    link.pause = Math.min(LONGEST_PAUSE_MS, link.pause * 2)
  }

  #message(frame: string): void {
    let parsed: unknown
    try {
      parsed = JSON.parse(frame)
    } catch {
      return
    }
    if (typeof parsed !== 'object' || parsed === null || !('stream' in parsed) || !('data' in parsed)) return
    const { stream, data } = parsed
    if (typeof stream !== 'string' || !this.#wanted.has(stream)) return
    const at = frame.indexOf('"data":')
    const text = frame.startsWith('{"stream":') && at > 0 ? frame.slice(at + 7, frame.lastIndexOf('}')) : JSON.stringify(data)
    this.#hooks.frame(stream, text, data)
  }

  /** A market socket that says nothing for long is dead, whatever TCP believes. */
  #cutSilent(): void {
    const now = this.#hooks.monotonic()
    for (const link of Object.values(this.#links)) if (link.ws !== undefined && now - link.lastFrame > SILENT_AFTER_MS) link.ws.terminate()
  }

  close(): void {
    this.#closed = true
    clearInterval(this.#watch)
    for (const link of Object.values(this.#links)) {
      clearTimeout(link.timer)
      link.ws?.terminate()
    }
  }
}
