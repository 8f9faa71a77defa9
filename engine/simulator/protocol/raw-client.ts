/** A bare signed client for tests and benches of the server: fetch and HMAC, nothing clever, nothing shared with the adapter. */
import { WebSocket } from 'ws'
import { sign } from './signature.ts'

export interface RawReply {
  readonly status: number
  readonly body: unknown
  /** The body as it came: ids beyond 2^53 survive only here. */
  readonly text: string
  readonly headers: Headers
}

export interface RawAccess {
  readonly rest: string
  readonly key: string
  readonly secret: string
  /** Timestamp of a signed request, ms. */
  now(): number
}

type Fields = Readonly<Record<string, string | number | boolean>>
const encode = (fields: Fields): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join('&')

async function replyOf(response: Response): Promise<RawReply> {
  const text = await response.text()
  let body: unknown = text
  try {
    body = JSON.parse(text)
  } catch {
    /* kept as text */
  }
  return { status: response.status, body, text, headers: response.headers }
}

export async function publicGet(rest: string, path: string, headers: Record<string, string> = {}): Promise<RawReply> {
  return replyOf(await fetch(rest + path, { headers }))
}

/** A signed request with its parameters in the query (GET, DELETE) or the form body (POST, PUT). */
export async function signed(access: RawAccess, method: string, path: string, fields: Fields = {}): Promise<RawReply> {
  const payload = encode({ ...fields, timestamp: fields['timestamp'] ?? access.now() })
  const text = `${payload}&signature=${sign(access.secret, payload)}`
  const inBody = method === 'POST' || method === 'PUT'
  const response = await fetch(inBody ? access.rest + path : `${access.rest}${path}?${text}`, {
    method,
    headers: { 'X-MBX-APIKEY': access.key, ...(inBody ? { 'Content-Type': 'application/x-www-form-urlencoded' } : {}) },
    ...(inBody ? { body: text } : {}),
  })
  return replyOf(response)
}

export interface RawSocket {
  readonly frames: string[]
  readonly ws: WebSocket
  /** Resolves with the first frame (from `from` on) that `accept` takes; rejects after `timeoutMs`. */
  next(accept: (frame: Record<string, unknown>) => boolean, timeoutMs?: number): Promise<Record<string, unknown>>
  readonly closed: Promise<number>
}

/** Opens a socket and keeps every text frame. */
export function openSocket(url: string): Promise<RawSocket> {
  const ws = new WebSocket(url)
  const frames: string[] = []
  const waiting = new Set<() => void>()
  ws.on('message', (data) => {
    frames.push((data as Buffer).toString('utf8'))
    for (const check of waiting) check()
  })
  const closed = new Promise<number>((resolve) => ws.on('close', (code) => resolve(code)))
  const socket: RawSocket = {
    frames,
    ws,
    closed,
    next: (accept, timeoutMs = 10_000) =>
      new Promise((resolve, reject) => {
        let at = 0
        const timer = setTimeout(() => {
          waiting.delete(check)
          reject(new Error(`no such frame within ${timeoutMs} ms; got ${frames.length}: ${frames.slice(-3).join(' ')}`))
        }, timeoutMs)
        const check = (): void => {
          for (; at < frames.length; at++) {
            let frame: unknown
            try {
              frame = JSON.parse(frames[at] ?? '')
            } catch {
              continue
            }
            if (typeof frame === 'object' && frame !== null && accept(frame as Record<string, unknown>)) {
              clearTimeout(timer)
              waiting.delete(check)
              resolve(frame as Record<string, unknown>)
              return
            }
          }
        }
        waiting.add(check)
        check()
      }),
  }
  return new Promise((resolve, reject) => {
    ws.on('open', () => resolve(socket))
    ws.on('error', reject)
  })
}
