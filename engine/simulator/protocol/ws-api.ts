/**
 * The WebSocket API, /ws-fapi/v1: requests {id, method, params} answered {id, status, result | error, rateLimits} (exchange.md §3.8).
 * Same gateway, limits and documents as REST; the signature is over the parameters sorted by name. Session log-on is for Ed25519
 * keys only, as on the venue, and ours are HMAC keys. Request faults strike here as on REST, by the REST name of the method.
 * INV-11: frames and connections are bounded.
 */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Params } from '../exchange.ts'
import type { FaultSchedule } from './faults.ts'
import { serve, type Answer, type Call, type Gateway } from './gateway.ts'
import { jsonText } from './json-text.ts'
import { afflict } from './request-faults.ts'
import { isKnownRoute } from './routes.ts'
import { sign } from './signature.ts'
import { checkEveryMs, SocketAge, type AgeLimits } from './socket-age.ts'

/** What each method is on REST. */
const METHODS: Readonly<Record<string, string>> = {
  depth: 'GET /fapi/v1/depth',
  'ticker.price': 'GET /fapi/v1/ticker/price',
  'ticker.book': 'GET /fapi/v1/ticker/bookTicker',
  'order.place': 'POST /fapi/v1/order',
  'order.modify': 'PUT /fapi/v1/order',
  'order.cancel': 'DELETE /fapi/v1/order',
  'order.status': 'GET /fapi/v1/order',
  'algoOrder.place': 'POST /fapi/v1/algoOrder',
  'algoOrder.cancel': 'DELETE /fapi/v1/algoOrder',
  'account.balance': 'GET /fapi/v2/balance',
  'v2/account.balance': 'GET /fapi/v3/balance',
  'account.status': 'GET /fapi/v2/account',
  'v2/account.status': 'GET /fapi/v3/account',
  'account.position': 'GET /fapi/v2/positionRisk',
  'v2/account.position': 'GET /fapi/v3/positionRisk',
  'userDataStream.start': 'POST /fapi/v1/listenKey',
  'userDataStream.ping': 'PUT /fapi/v1/listenKey',
  'userDataStream.stop': 'DELETE /fapi/v1/listenKey',
}

const HANDSHAKE_WEIGHT = 5
const MAX_CONNECTIONS = 300

const Scalar = v.union([v.string(), v.number(), v.boolean()])
const RequestSchema = v.object({
  id: v.nullish(v.union([v.string(), v.number()]), null),
  method: v.string(),
  params: v.nullish(v.record(v.string(), v.nullish(Scalar)), {}),
})

export interface WsApiContext extends Gateway {
  readonly faults: FaultSchedule
  /** Brings virtual time up to date before a request. */
  sync(): void
  /** Simulated ms since the start, for fault plans. */
  elapsed(): number
  readonly age: AgeLimits
  monotonic(): number
}

export class WsApi {
  readonly #gateway: WsApiContext
  readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 65_536, clientTracking: false })
  readonly #sockets = new Map<WebSocket, SocketAge>()
  readonly #timer: NodeJS.Timeout

  constructor(gateway: WsApiContext) {
    this.#gateway = gateway
    this.#timer = setInterval(() => this.#keepAlive(), checkEveryMs(gateway.age))
    this.#timer.unref()
  }

  #keepAlive(): void {
    const { age, exchange } = this.#gateway
    const at = this.#gateway.monotonic()
    for (const socket of this.#sockets.values()) socket.check(age, at, String(exchange.now))
  }

  /** True when the request was for this API; it is then taken over or refused. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const [path, query = ''] = (request.url ?? '').split('?')
    if (path?.replace(/\/{2,}/g, '/').replace(/\/$/, '') !== '/ws-fapi/v1') return false
    const ip = request.socket.remoteAddress ?? ''
    socket.on('error', () => socket.destroy())
    const { limits, exchange } = this.#gateway
    const limited = limits.takeWeight(ip, HANDSHAKE_WEIGHT, exchange.now)
    if (limited !== undefined || this.#sockets.size >= MAX_CONNECTIONS) {
      socket.end(`HTTP/1.1 ${limited?.status ?? 503} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return true
    }
    const quiet = new URLSearchParams(query).get('returnRateLimits') === 'false'
    this.#server.handleUpgrade(request, socket, head, (ws) => {
      this.#sockets.set(ws, new SocketAge(ws, () => this.#gateway.monotonic()))
      ws.on('error', () => ws.terminate())
      ws.on('close', () => this.#sockets.delete(ws))
      ws.on('message', (data) => this.#message(ws, (data as Buffer).toString('utf8'), ip, quiet))
    })
    return true
  }

  #message(ws: WebSocket, text: string, ip: string, quiet: boolean): void {
    const reply = (id: unknown, status: number, rest: object): void => {
      if (ws.readyState === ws.OPEN) ws.send(jsonText({ id, status, ...rest }))
    }
    const request = parse(text)
    if (request === undefined) return reply(null, 400, { error: { code: -1135, msg: 'Invalid JSON Request' } })
    const { id, method } = request
    const limits = (account?: string): object => (quiet ? {} : { rateLimits: this.#rateLimits(ip, account) })
    if (method.startsWith('session.')) {
      return reply(id, 400, { error: { code: -4056, msg: 'HMAC_SHA256 API key is not supported.' }, ...limits() })
    }
    const name = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
    if (name === undefined || !isKnownRoute(name)) {
      return reply(id, 400, { error: { code: -1136, msg: `Invalid method ${method.slice(0, 64)}` }, ...limits() })
    }
    const params = textual(request.params ?? {})
    const [verb = '', path = ''] = name.split(' ')
    this.#gateway.sync()
    const call: Call = {
      method: verb,
      path,
      name,
      ip,
      key: params['apiKey'],
      params,
      query: '',
      verify: (secret: string, signature: string) => sign(secret, sortedPayload(params)) === signature.toLowerCase(),
    }
    const frameOf = (answer: Answer): [status: number, rest: object] => {
      const { outcome } = answer
      const counted = limits(answer.rule?.orders === undefined ? undefined : answer.account)
      return outcome.ok
        ? [200, { result: outcome.body, ...counted }]
        : [outcome.status, { error: { code: outcome.code, msg: outcome.msg }, ...counted }]
    }
    const finish = (answer: Answer): void => reply(id, ...frameOf(answer))
    const effect = this.#gateway.faults.onRequest(name, this.#gateway.elapsed())
    if (effect === undefined) return serve(this.#gateway, call, finish)
    afflict(
      this.#gateway,
      call,
      effect,
      {
        cut: () => ws.terminate(),
        refuse: ({ status, code, msg }, headers) => reply(id, status, { error: { code, msg, ...this.#retry(headers) }, ...limits() }),
        babble: (_status, words) => ws.send(words),
        halve(answer) {
          const [status, rest] = frameOf(answer)
          const whole = jsonText({ id, status, ...rest })
          ws.send(whole.slice(0, Math.floor(whole.length / 2)), () => ws.terminate())
        },
      },
      finish,
    )
  }

  /** Where REST has a header, this API tells the moment. */
  #retry(headers: Readonly<Record<string, number>>): object {
    const seconds = headers['Retry-After']
    if (seconds === undefined) return {}
    const serverTime = this.#gateway.serverTime()
    return { data: { serverTime, retryAfter: serverTime + seconds * 1_000 } }
  }

  #rateLimits(ip: string, account: string | undefined): readonly object[] {
    const { limits, exchange, accounts } = this.#gateway
    const { weightPerMinute, ordersPerMinute, ordersPerTenSeconds } = limits.settings
    const weight = {
      rateLimitType: 'REQUEST_WEIGHT',
      interval: 'MINUTE',
      intervalNum: 1,
      limit: weightPerMinute,
      count: limits.usedWeight(ip, exchange.now),
    }
    if (account === undefined) return [weight]
    const counts = limits.orderCounts(accounts.ownerOf(account), exchange.now)
    return [
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: ordersPerTenSeconds, count: counts.tenSeconds },
      { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: ordersPerMinute, count: counts.minute },
      weight,
    ]
  }

  shutdown(): void {
    clearInterval(this.#timer)
    for (const ws of this.#sockets.keys()) ws.terminate()
    this.#server.close()
  }
}

function parse(text: string): v.InferOutput<typeof RequestSchema> | undefined {
  try {
    const parsed = v.safeParse(RequestSchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

function textual(params: Readonly<Record<string, string | number | boolean | null | undefined>>): Params {
  const texts = Object.create(null) as Record<string, string>
  for (const [name, value] of Object.entries(params)) if (value !== null && value !== undefined) texts[name] = String(value)
  return texts
}

const sortedPayload = (params: Params): string =>
  Object.keys(params)
    .filter((name) => name !== 'signature')
    .sort()
    .map((name) => `${name}=${params[name] ?? ''}`)
    .join('&')
