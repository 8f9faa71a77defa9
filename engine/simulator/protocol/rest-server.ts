/**
 * The REST side: reads a request, lets faults strike, passes it to the gateway, answers with the venue's headers.
 *
 * - The signature covers the raw text as sent; parameters may be in query, form body, or both, the query winning.
 * - INV-11: bodies are bounded, slow senders are cut by the HTTP server's own time-outs.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { FaultSchedule } from './faults.ts'
import { serve, type Answer, type Call, type Gateway } from './gateway.ts'
import { jsonText } from './json-text.ts'
import { afflict, type Wire } from './request-faults.ts'
import { normalisePath } from './routes.ts'
import { parseParams, signatureMatches } from './signature.ts'
import { VENUE_ERRORS } from './venue-errors.ts'

const MAX_BODY_BYTES = 131_072
/** Told to OPTIONS, without a word about other origins: no browser page may talk to the exchange. */
const METHODS = 'GET, HEAD, POST, PUT, DELETE, OPTIONS'

export interface RestContext extends Gateway {
  readonly faults: FaultSchedule
  /** Real ms in which a request must be complete. */
  readonly requestTimeoutMs: number
  /** Send Retry-After with 429 and 418, as the spot venue does. */
  readonly retryAfter: boolean
  /** Brings virtual time up to date before a request. */
  sync(): void
  /** Simulated ms since the start, for fault plans. */
  elapsed(): number
  /** A control request; undefined when the path is not its. */
  control(request: IncomingMessage, path: string, body: () => Promise<string | undefined>): Promise<Reply> | undefined
}

export interface Reply {
  readonly status: number
  readonly body: unknown
}

/** What the HTTP parser gives up on, by its error code. */
const REFUSALS: Readonly<Record<string, readonly [status: string, msg: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The request line or headers are too large.'],
}

export function createRestServer(context: RestContext): Server {
  const server = createServer(
    {
      headersTimeout: context.requestTimeoutMs / 2,
      requestTimeout: context.requestTimeoutMs,
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: Math.min(1_000, context.requestTimeoutMs / 2),
      maxHeaderSize: 32_768,
      noDelay: true,
    },
    (request, response) => {
      response.on('error', () => response.destroy())
      request.on('error', () => response.destroy())
      void handle(context, request, response)
    },
  )
  server.maxConnections = 8_000
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (!socket.writable) return void socket.destroy()
    const [status, msg] = REFUSALS[error.code ?? ''] ?? ['400 Bad Request', 'Malformed request.']
    const body = JSON.stringify({ code: -1100, msg })
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  })
  return server
}

/** The raw body; undefined when it is too large. */
function readBody(request: IncomingMessage): Promise<string | undefined> {
  const { method, headers } = request
  const length = headers['content-length']
  if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined && method !== undefined))
    return Promise.resolve('')
  if (Number(length) > MAX_BODY_BYTES) return Promise.resolve(undefined)
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > MAX_BODY_BYTES) {
        request.pause()
        resolve(undefined)
      } else chunks.push(chunk)
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.on('close', () => resolve(undefined))
  })
}

async function handle(context: RestContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.url ?? '/'
  const at = target.indexOf('?')
  const path = normalisePath(at < 0 ? target : target.slice(0, at))
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET')

  const control = context.control(request, path, () => readBody(request))
  if (control !== undefined) {
    const reply = await control
    send(response, reply.status, jsonText(reply.body), {})
    return
  }

  const body = await readBody(request)
  if (request.destroyed && !request.complete) return
  if (body === undefined) {
    response.setHeader('Connection', 'close')
    send(response, 413, jsonText({ code: VENUE_ERRORS.tooLarge.code, msg: VENUE_ERRORS.tooLarge.msg }), {})
    request.resume()
    return
  }
  const apiKey = request.headers['x-mbx-apikey']
  const text = { query: at < 0 ? '' : target.slice(at + 1), body }
  const call: Call = {
    method,
    path,
    name: `${method} ${path}`,
    ip: request.socket.remoteAddress ?? '',
    key: typeof apiKey === 'string' ? apiKey : undefined,
    params: parseParams(text),
    query: text.query,
    verify: (secret, signature) => signatureMatches(secret, text, signature),
  }
  context.sync()
  if (method === 'OPTIONS') {
    response.writeHead(204, { Allow: METHODS })
    response.end()
    return
  }
  const finish = (answer: Answer): void => respond(context, call, answer, response)
  const effect = context.faults.onRequest(call.name, context.elapsed())
  if (effect === undefined) serve(context, call, finish)
  else afflict(context, call, effect, wireOf(response), finish)
}

/** Sends a whole answer; nothing when the caller is gone. */
function send(
  response: ServerResponse,
  status: number,
  text: string,
  fields: Readonly<Record<string, string | number>>,
  type = 'application/json',
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), ...fields })
  response.end(text)
}

const bodyText = ({ outcome }: Answer): string => jsonText(outcome.ok ? outcome.body : { code: outcome.code, msg: outcome.msg })

function wireOf(response: ServerResponse): Wire {
  const cut = (): void => {
    const { socket } = response
    if (socket === null) response.destroy()
    else socket.resetAndDestroy()
  }
  return {
    cut,
    refuse: ({ status, code, msg }, fields) => send(response, status, jsonText({ code, msg }), fields),
    babble: (status, text) => send(response, status, text, {}, 'text/html'),
    halve(answer) {
      const text = bodyText(answer)
      response.writeHead(answer.outcome.ok ? 200 : answer.outcome.status, {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(text),
      })
      response.write(text.slice(0, Math.floor(text.length / 2)), cut)
    },
  }
}

function respond(context: RestContext, call: Call, answer: Answer, response: ServerResponse): void {
  const { outcome } = answer
  send(response, outcome.ok ? 200 : outcome.status, bodyText(answer), headers(context, call, answer))
}

function headers(context: RestContext, call: Call, answer: Answer): Record<string, string | number> {
  const { limits, exchange, accounts } = context
  const now = exchange.now
  const fields: Record<string, string | number> = {}
  if (answer.weighed) fields['X-MBX-USED-WEIGHT-1M'] = limits.usedWeight(call.ip, now)
  if (answer.account !== undefined && answer.rule?.orders !== undefined) {
    const counts = limits.orderCounts(accounts.ownerOf(answer.account), now)
    fields['X-MBX-ORDER-COUNT-10S'] = counts.tenSeconds
    fields['X-MBX-ORDER-COUNT-1M'] = counts.minute
  }
  if (context.retryAfter && !answer.outcome.ok && (answer.outcome.status === 429 || answer.outcome.status === 418)) {
    const until = answer.outcome.status === 418 ? limits.bannedUntil(call.ip) : (Math.floor(now / 60_000) + 1) * 60_000
    fields['Retry-After'] = Math.max(1, Math.ceil((until - now) / 1_000))
  }
  return fields
}
