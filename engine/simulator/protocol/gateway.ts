/**
 * The way in to the exchange, whatever the transport: counts a request, checks key, time and signature, serves it.
 *
 * Order of checks: IP limits, parameters, key, timestamp, signature, account order limit, exchange (exchange.md §3.1-3.3).
 */
import type { Exchange, Outcome, Params, Route, VenueFailure } from '../exchange.ts'
import type { Accounts } from './accounts.ts'
import type { Limits } from './limits.ts'
import type { ListenKeys } from './listen-keys.ts'
import { isKnownRoute, isOwnRoute, RULES, type OwnRoute, type RouteRule } from './routes.ts'
import { checkEngineTime, checkTimestamp } from './signature.ts'
import { mandatory, noSuchPath, VENUE_ERRORS } from './venue-errors.ts'

export interface Gateway {
  readonly exchange: Exchange
  readonly accounts: Accounts
  readonly limits: Limits
  readonly listenKeys: ListenKeys
  /** Stretches the timestamp tolerances: max(1, speed). */
  readonly timeScale: number
  /** Server time as told to clients, ms. */
  serverTime(): number
  /** Orders wait for the seeded latency only while virtual time moves. */
  timeMoves(): boolean
  /** Last touch to a document before it leaves (server time, changed limits). */
  amend(route: Route, account: string | null, body: unknown): unknown
  /** Paper mode: a document that only the upstream has; undefined when it is ours to serve. */
  relay(route: Route, query: string): Promise<Outcome> | undefined
  /** A signed request that may have changed the account is complete. */
  completed(): void
}

/** A request, taken apart by its transport. */
export interface Call {
  readonly method: string
  readonly path: string
  /** `METHOD path`. */
  readonly name: string
  readonly ip: string
  readonly key: string | undefined
  /** Undefined when they cannot be decoded. */
  readonly params: Params | undefined
  /** Raw query text, for what is relayed to an upstream. */
  readonly query: string
  /** True when `signature` is right for this request under `secret`. */
  verify(secret: string, signature: string): boolean
}

/** What a request ends with; `account` is set once it is known. */
export interface Answer {
  readonly outcome: Outcome
  readonly rule: RouteRule | undefined
  readonly account: string | undefined
  readonly weighed: boolean
}

/**
 * Serves a call in the venue's order of checks. `finish` is called once, later only when the exchange delays the order;
 * `lateMs` is a further delay on the way to the matching engine, simulated ms.
 */
export function serve(context: Gateway, call: Call, finish: (answer: Answer) => void, lateMs = 0): void {
  const { exchange, limits } = context
  const now = exchange.now
  const params = aliased(call)
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
  const relayed = context.relay(name, call.query)
  if (relayed !== undefined) void relayed.then(amended)
  else if (mutating && context.timeMoves()) {
    const refusal = (): VenueFailure | undefined => checkEngineTime(params, context.serverTime(), context.timeScale)
    exchange.submit(name, account, params, amended, { delayMs: lateMs, refusal })
  } else amended(exchange.request(name, account, params))
  /* what is due at this very moment (user events without latency) leaves now, not at the next step */
  if (mutating) exchange.advanceTo(exchange.now)
}

/** The documentation of algo cancels and queries spells two names in lower case; clients use both spellings. */
function aliased(call: Call): Params | undefined {
  const { params } = call
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
function admit(context: Gateway, call: Call, rule: RouteRule, params: Params): string | null | VenueFailure {
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
  if (!call.verify(secret, signature)) return VENUE_ERRORS.signature
  if (rule.security === 'TRADE' && !context.accounts.mayTrade(key)) return VENUE_ERRORS.keyRefused
  return key
}

function serveOwn(context: Gateway, name: OwnRoute, key: string, now: number): Outcome {
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
      return accounts.permissionsOf(key)?.told === false
        ? noSuchPath('GET', '/sapi/v1/account/apiRestrictions')
        : { ok: true, body: accounts.restrictions(key) }
  }
}
