/**
 * The REST side: reads a request, counts it, checks key, time and signature, serves it from the exchange, and lets faults strike.
 *
 * - Order of checks: path, IP limits, fault, key, timestamp, signature, account order limit, exchange (exchange.md §3.1-3.3).
 * - The signature covers the raw text as sent; parameters may be in query, form body, or both, the query winning.
 * - INV-11: bodies are bounded, slow senders are cut by the HTTP server's own time-outs.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Exchange, Outcome, Params, Route, VenueFailure } from '../exchange.ts'
import type { Accounts } from './accounts.ts'
import type { FaultSchedule, RequestEffect } from './faults.ts'
import { jsonText } from './json-text.ts'
import type { Limits } from './limits.ts'
import type { ListenKeys } from './listen-keys.ts'
import { isKnownRoute, isOwnRoute, normalisePath, RULES, type OwnRoute, type RouteRule } from './routes.ts'
import { checkTimestamp, parseParams, signatureMatches, type RequestText } from './signature.ts'
import { mandatory, noSuchPath, VENUE_ERRORS } from './venue-errors.ts'

const MAX_BODY_BYTES = 131_072

export interface RestContext {
  readonly exchange: Exchange
  readonly accounts: Accounts
  readonly limits: Limits
  readonly listenKeys: ListenKeys
  readonly faults: FaultSchedule
  /** Stretches the timestamp tolerances: max(1, speed). */
  readonly timeScale: number
  /** Send Retry-After with 429 and 418, as the spot venue does. */
  readonly retryAfter: boolean
  /** Brings virtual time up to date before a request. */
  sync(): void
  /** Server time as told to clients, ms. */
  serverTime(): number
  /** Simulated ms since the start, for fault plans. */
  elapsed(): number
  /** Orders wait for the seeded latency only while virtual time moves. */
  timeMoves(): boolean
  /** Last touch to a document before it leaves (server time, changed limits). */
  amend(route: Route, account: string | null, body: unknown): unknown
  /** Paper mode: a document that only the upstream has; undefined when it is ours to serve. */
  relay(route: Route, query: string): Promise<Outcome> | undefined
  /** A control request; undefined when the path is not its. */
  control(request: IncomingMessage, path: string, body: () => Promise<string | undefined>): Promise<Reply> | undefined
  /** A signed request that may have changed the account is complete. */
  completed(): void
}

export interface Reply {
  readonly status: number
  readonly body: unknown
}

interface Call {
  readonly method: string
  readonly path: string
  readonly name: string
  readonly ip: string
  readonly key: string | undefined
  readonly text: RequestText
}

/** What a request ends with; `account` is set once it is known. */
interface Answer {
  readonly outcome: Outcome
  readonly rule: RouteRule | undefined
  readonly account: string | undefined
  readonly weighed: boolean
}

export function createRestServer(context: RestContext): Server {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 20_000,
      keepAliveTimeout: 60_000,
      connectionsCheckingInterval: 1_000,
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
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    else socket.destroy()
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
  const method = request.method ?? 'GET'

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
  const call: Call = {
    method,
    path,
    name: `${method} ${path}`,
    ip: request.socket.remoteAddress ?? '',
    key: typeof apiKey === 'string' ? apiKey : undefined,
    text: { query: at < 0 ? '' : target.slice(at + 1), body },
  }
  context.sync()
  const finish = (answer: Answer): void => respond(context, call, answer, response)
  const effect = context.faults.onRequest(call.name, context.elapsed())
  if (effect === undefined) serve(context, call, finish)
  else afflict(context, call, effect, response, finish)
}

/** Serves a call in the venue's order of checks. `finish` is called once, later only when the exchange delays the order. */
function serve(context: RestContext, call: Call, finish: (answer: Answer) => void): void {
  const { exchange, limits } = context
  const now = exchange.now
  const params = aliased(call, parseParams(call.text))
  const { name } = call
  if (!isKnownRoute(name)) {
    const refused = limits.takeWeight(call.ip, 1, now)
    return finish({ outcome: refused ?? noSuchPath(call.method, call.path), rule: undefined, account: undefined, weighed: true })
  }
  const rule = RULES[name]
  const weighed = rule.pool === undefined
  const weight = typeof rule.weight === 'number' ? rule.weight : rule.weight(params ?? {})
  const limited = weighed ? limits.takeWeight(call.ip, weight, now) : limits.takeFunding(call.ip, now)
  const stop = (outcome: VenueFailure, account?: string): void => finish({ outcome, rule, account, weighed })
  if (limited !== undefined) return stop(limited)
  if (params === undefined) return stop(VENUE_ERRORS.illegalCharacters)

  const admitted = admit(context, call, rule, params)
  if (typeof admitted === 'object' && admitted !== null) return stop(admitted)
  const account = admitted
  const signed = rule.security === 'USER_DATA' || rule.security === 'TRADE'
  const mutating = signed && call.method !== 'GET'
  if (account !== null && rule.orders !== undefined) {
    const full = limits.takeOrders(context.accounts.ownerOf(account), rule.orders[0], rule.orders[1], now)
    if (full !== undefined) return stop(full, account)
  }
  const done = (outcome: Outcome): void => {
    if (mutating) context.completed()
    finish({ outcome, rule, account: account ?? undefined, weighed })
  }
  if (isOwnRoute(name)) return done(serveOwn(context, name, account ?? '', now))
  const amended = (outcome: Outcome): void => done(outcome.ok ? { ok: true, body: context.amend(name, account, outcome.body) } : outcome)
  const relayed = context.relay(name, call.text.query)
  if (relayed !== undefined) void relayed.then(amended)
  else if (mutating && context.timeMoves()) exchange.submit(name, account, params, amended)
  else amended(exchange.request(name, account, params))
}

/** The documentation of algo cancels and queries spells two names in lower case; clients use both spellings. */
function aliased(call: Call, params: Params | undefined): Params | undefined {
  if (params === undefined || !call.path.endsWith('/algoOrder')) return params
  const { algoid, clientalgoid } = params
  if (algoid === undefined && clientalgoid === undefined) return params
  return {
    ...params,
    ...(algoid === undefined ? {} : { algoId: algoid }),
    ...(clientalgoid === undefined ? {} : { clientAlgoId: clientalgoid }),
  }
}

/** Key, time and signature. The key that may proceed, null for a public route, or the refusal. */
function admit(context: RestContext, call: Call, rule: RouteRule, params: Params): string | null | VenueFailure {
  if (rule.security === 'NONE') return null
  const { key } = call
  if (key === undefined || !/^[\w-]{1,128}$/.test(key)) return VENUE_ERRORS.keyFormat
  const secret = context.accounts.secretOf(key)
  if (secret === undefined) return VENUE_ERRORS.keyRefused
  if (rule.security === 'MARKET_DATA' || rule.security === 'USER_STREAM') return key

  const { timestamp, signature } = params
  if (timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) return mandatory('timestamp')
  const late = checkTimestamp(params, context.serverTime(), context.timeScale)
  if (late !== undefined) return late
  if (signature === undefined || signature === '') return mandatory('signature')
  if (!signatureMatches(secret, call.text, signature)) return VENUE_ERRORS.signature
  if (rule.security === 'TRADE' && !context.accounts.mayTrade(key)) return VENUE_ERRORS.keyRefused
  return key
}

function serveOwn(context: RestContext, name: OwnRoute, key: string, now: number): Outcome {
  const { accounts, listenKeys, limits } = context
  const owner = accounts.ownerOf(key)
  switch (name) {
    case 'GET /fapi/v1/ping':
      return { ok: true, body: {} }
    case 'POST /fapi/v1/listenKey':
      return { ok: true, body: { listenKey: listenKeys.open(owner, now) } }
    case 'PUT /fapi/v1/listenKey': {
      const listenKey = listenKeys.renew(owner, now)
      return listenKey === undefined ? VENUE_ERRORS.listenKeyGone : { ok: true, body: { listenKey } }
    }
    case 'DELETE /fapi/v1/listenKey':
      return listenKeys.close(owner) === undefined ? VENUE_ERRORS.listenKeyGone : { ok: true, body: {} }
    case 'GET /fapi/v1/rateLimit/order': {
      const rateLimitType = 'ORDERS'
      const { ordersPerTenSeconds, ordersPerMinute } = limits.settings
      return {
        ok: true,
        body: [
          { rateLimitType, interval: 'SECOND', intervalNum: 10, limit: ordersPerTenSeconds },
          { rateLimitType, interval: 'MINUTE', intervalNum: 1, limit: ordersPerMinute },
        ],
      }
    }
    case 'GET /sapi/v1/account/apiRestrictions':
      return { ok: true, body: accounts.restrictions(key) }
  }
}

function respond(context: RestContext, call: Call, answer: Answer, response: ServerResponse): void {
  const { outcome } = answer
  if (outcome.ok) send(response, 200, jsonText(outcome.body), headers(context, call, answer))
  else send(response, outcome.status, jsonText({ code: outcome.code, msg: outcome.msg }), headers(context, call, answer))
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

function send(
  response: ServerResponse,
  status: number,
  text: string,
  fields: Record<string, string | number>,
  type = 'application/json',
): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), ...fields })
  response.end(text)
}

const cut = (response: ServerResponse): void => {
  const { socket } = response
  if (socket === null) response.destroy()
  else socket.resetAndDestroy()
}

/** Orders that only reduce risk are exempt from system-level throttling. */
function isExempt(call: Call): boolean {
  if (call.method === 'DELETE') return true
  const params = parseParams(call.text) ?? {}
  const { side, positionSide } = params
  return (
    params['reduceOnly'] === 'true' ||
    params['closePosition'] === 'true' ||
    (positionSide === 'LONG' && side === 'SELL') ||
    (positionSide === 'SHORT' && side === 'BUY')
  )
}

/** Serves a call under a fault. */
function afflict(
  context: RestContext,
  call: Call,
  effect: RequestEffect,
  response: ServerResponse,
  finish: (answer: Answer) => void,
): void {
  const { limits, exchange } = context
  const bare = { rule: undefined, account: undefined, weighed: true }
  const fail = (outcome: Outcome): void => finish({ ...bare, outcome })
  const execute = (then: (answer: Answer) => void): void => serve(context, call, then)
  switch (effect.do) {
    case 'unknown':
      return effect.executed ? execute(() => fail(VENUE_ERRORS.unknown)) : fail(VENUE_ERRORS.unknown)
    case 'timeout':
      return effect.executed ? execute(() => fail(VENUE_ERRORS.timeout)) : fail(VENUE_ERRORS.timeout)
    case 'unavailable':
      return fail(VENUE_ERRORS.unavailable)
    case 'throttled':
      return isExempt(call) ? execute(finish) : fail(VENUE_ERRORS.throttled)
    case 'internal':
      return fail(VENUE_ERRORS.internal)
    case 'html':
      return send(response, 502, '<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>', {}, 'text/html')
    case 'refuse': {
      const extra: Record<string, number> = effect.retryAfterSeconds === undefined ? {} : { 'Retry-After': effect.retryAfterSeconds }
      return send(response, effect.status, jsonText({ code: effect.code, msg: effect.msg }), extra)
    }
    case 'rateLimited': {
      const extra: Record<string, number> = effect.retryAfterSeconds === undefined ? {} : { 'Retry-After': effect.retryAfterSeconds }
      const { weightPerMinute } = limits.settings
      const msg = `Too many requests; current limit is ${weightPerMinute} requests per minute. Please use the websocket for live updates to avoid polling the API.`
      return send(response, 429, jsonText({ code: -1003, msg }), { 'X-MBX-USED-WEIGHT-1M': weightPerMinute + 1, ...extra })
    }
    case 'ban':
      limits.ban(call.ip, exchange.now, effect.ms)
      return execute(finish)
    case 'hang':
      return effect.executed ? execute(() => {}) : undefined
    case 'reset':
      return effect.executed ? execute(() => cut(response)) : cut(response)
    case 'slow':
      return execute((answer) => void setTimeout(() => finish(answer), effect.ms))
    case 'truncated':
      return execute(({ outcome }) => {
        const text = jsonText(outcome.ok ? outcome.body : { code: outcome.code, msg: outcome.msg })
        response.writeHead(outcome.ok ? 200 : outcome.status, {
          'Content-Type': 'application/json',
          'Content-Length': Buffer.byteLength(text),
        })
        response.write(text.slice(0, Math.floor(text.length / 2)), () => cut(response))
      })
    case 'garbage':
      return execute(() => send(response, 200, '<!doctype html><p>maintenance</p>', {}, 'text/html'))
  }
}
