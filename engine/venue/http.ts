/**
 * HTTP to the venue: keep-alive, no redirects, no retries, one deadline, bounded answers, allowed hosts only.
 *
 * What matters more than the answer is what a failure proves (INV-04): before the connection stood, nothing was sent; after
 * that, anything may have happened. Fetch-like clients hide the difference, hence node:http.
 */
import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { AllowedHosts } from './allowed-hosts.ts'

export interface HttpReply {
  readonly ok: true
  readonly status: number
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  readonly ms: number
}

export interface HttpFailure {
  readonly ok: false
  /** True only when it is certain that no byte of the request left. */
  readonly notSent: boolean
  readonly reason: 'forbidden-host' | 'unsigned' | 'refused' | 'timeout' | 'reset' | 'too-large' | 'closed'
  readonly message: string
}

export type HttpOutcome = HttpReply | HttpFailure

export interface HttpCall {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  readonly timeoutMs: number
}

export interface HttpClient {
  send(call: HttpCall): Promise<HttpOutcome>
  /** Ends idle connections and fails what is in flight. */
  close(): void
}

/** exchangeInfo of ~900 symbols is below 2 MB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const MAX_SOCKETS = 32

export function createHttpClient(hosts: AllowedHosts, now: () => number): HttpClient {
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 8, scheduling: 'lifo' } as const
  const plain = new HttpAgent(options)
  const secure = new HttpsAgent(options)
  const open = new Set<ClientRequest>()
  let closed = false

  const send = (call: HttpCall): Promise<HttpOutcome> => {
    const allowed = hosts.check(call.url)
    if (!allowed.ok) return Promise.resolve({ ok: false, notSent: true, reason: 'forbidden-host', message: allowed.error.message })
    if (closed) return Promise.resolve({ ok: false, notSent: true, reason: 'closed', message: 'the adapter is closed' })
    const url = allowed.value
    const startedAt = now()
    return new Promise((resolve) => {
      let connected = false
      let settled = false
      const settle = (outcome: HttpOutcome): void => {
        if (settled) return
        settled = true
        clearTimeout(deadline)
        open.delete(request)
        resolve(outcome)
      }
      const breakOff = (reason: HttpFailure['reason'], message: string): void => {
        settle({ ok: false, notSent: !connected, reason, message })
        request.destroy()
      }
      const onAnswer = (answer: IncomingMessage): void => {
        const parts: Buffer[] = []
        let bytes = 0
        answer.on('data', (part: Buffer) => {
          bytes += part.length
          if (bytes > MAX_ANSWER_BYTES) return breakOff('too-large', `the answer is larger than ${MAX_ANSWER_BYTES} bytes`)
          parts.push(part)
        })
        answer.on('end', () => {
          if (!answer.complete) return breakOff('reset', 'the answer ended early')
          const text = Buffer.concat(parts).toString('utf8')
          settle({ ok: true, status: answer.statusCode ?? 0, headers: answer.headers, text, ms: now() - startedAt })
        })
        answer.on('error', (error) => breakOff('reset', error.message))
        answer.on('close', () => breakOff('reset', 'the connection closed before the answer was complete'))
      }
      const body = call.body ?? ''
      const named = { 'User-Agent': 'aegis', ...call.headers }
      const headers = body === '' && call.method === 'GET' ? named : { ...named, 'Content-Length': String(Buffer.byteLength(body)) }
      const encrypted = url.protocol === 'https:'
      const request = (encrypted ? httpsRequest : httpRequest)(
        url,
        { method: call.method, headers, agent: encrypted ? secure : plain },
        onAnswer,
      )
      open.add(request)
      const deadline = setTimeout(() => breakOff('timeout', `no answer within ${call.timeoutMs} ms`), call.timeoutMs)
      request.on('socket', (socket) => {
        if (!socket.connecting && !encrypted) connected = true
        else if (encrypted && request.reusedSocket) connected = true
        else socket.once(encrypted ? 'secureConnect' : 'connect', () => (connected = true))
      })
      request.on('error', (error) => breakOff(connected ? 'reset' : 'refused', error.message))
      request.on('close', () => breakOff(closed ? 'closed' : 'reset', 'the connection closed before the answer was complete'))
      request.end(body)
    })
  }

  return {
    send,
    close() {
      closed = true
      for (const request of open) request.destroy()
      plain.destroy()
      secure.destroy()
    },
  }
}
