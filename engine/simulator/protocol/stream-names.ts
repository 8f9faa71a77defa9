/**
 * WebSocket addresses and stream names (exchange.md §1.2, §3.8). Streams are split by category since 2026-04-23: a stream asked for
 * on another category's path is accepted and stays silent; an unrouted path carries public streams only.
 */
import { LISTEN_KEY_PATTERN } from './listen-keys.ts'

export type Category = 'public' | 'market' | 'private'

export interface SocketAddress {
  readonly category: Category
  /** True on /stream: frames come as {stream, data}. */
  readonly wrapped: boolean
  readonly streams: readonly string[]
  /** Listen keys with the event types asked for; null = all. */
  readonly listenKeys: readonly { readonly key: string; readonly events: readonly string[] | null }[]
}

const PUBLIC_STREAM = /^(?:[^@!]+@(?:depth|rpiDepth|bookTicker|trade)(?:$|[@\d])|!bookTicker$)/

/** Category of a market stream; a bare stream index ("0") or text without @ or ! is no stream. */
export function streamCategory(name: string): Category | undefined {
  if (LISTEN_KEY_PATTERN.test(name)) return 'private'
  if (!name.includes('@') && !name.startsWith('!')) return undefined
  return PUBLIC_STREAM.test(name) ? 'public' : 'market'
}

const split = (text: string): string[] => text.split('/').filter((part) => part !== '')

/** What a request target ("/private/ws?listenKey=K") connects to; undefined when the path is none of ours. */
export function parseAddress(target: string): SocketAddress | undefined {
  const at = target.indexOf('?')
  const path = split(at < 0 ? target : target.slice(0, at))
  const query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
  const first = path[0]
  const routed = first === 'public' || first === 'market' || first === 'private'
  const category: Category = routed ? first : 'public'
  const [kind, ...rest] = routed ? path.slice(1) : path
  if (kind !== 'ws' && kind !== 'stream') return undefined
  if (kind === 'stream' && rest.length > 0) return undefined

  const names = kind === 'ws' ? rest.map((name) => decodeURIComponent(name)) : split(query.get('streams') ?? '')
  const listenKeys: { key: string; events: readonly string[] | null }[] = []
  const streams: string[] = []
  for (const name of names) {
    if (LISTEN_KEY_PATTERN.test(name)) listenKeys.push({ key: name, events: null })
    else streams.push(name)
  }
  let latest: { key: string; events: readonly string[] | null } | undefined
  for (const [name, value] of query) {
    if (name === 'listenKey') {
      latest = { key: value, events: null }
      listenKeys.push(latest)
    } else if (name === 'events' && latest !== undefined) latest.events = split(value)
  }
  return { category, wrapped: kind === 'stream', streams, listenKeys }
}
