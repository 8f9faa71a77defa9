/**
 * The embedded exchange as the brain's venue without a wire: the adapter's own request maker and decoders (engine/venue) over
 * `Exchange.submit`. What an answer proves is decided by the same table as live (INV-04). Times are the exchange's virtual ones.
 */
import { InvariantError, ok } from '../contract/result.ts'
import type { PrivateVenue, VenueResult } from '../contract/venue.ts'
import { ROUTES, type Exchange, type Outcome, type Params, type Route } from '../simulator/exchange.ts'
import { decode } from '../venue/codec/values.ts'
import type { ApiFamily } from '../venue/ccxt-exchange.ts'
import { createPrivateVenue } from '../venue/private-venue.ts'
import type { Rest, RestCall } from '../venue/rest.ts'
import { refusalError, venueError } from '../venue/venue-errors.ts'
import type * as v from 'valibot'

const VERSION: Readonly<Record<ApiFamily, string>> = {
  fapiPublic: 'v1',
  fapiPublicV2: 'v2',
  fapiPrivate: 'v1',
  fapiPrivateV2: 'v2',
  fapiPrivateV3: 'v3',
  sapi: 'v1',
}

export interface InProcessVenue {
  readonly account: PrivateVenue
  /** Requests that may have changed the account, as the lock-step barrier counts them. */
  readonly mutations: number
  /** Requests that wait for virtual time (seeded latency). */
  readonly waiting: number
}

const SERVED: ReadonlySet<string> = new Set(ROUTES)
const isRoute = (name: string): name is Route => SERVED.has(name)

const textOf = (params: RestCall<v.GenericSchema>['params']): Params => {
  const text: Record<string, string> = {}
  for (const [key, value] of Object.entries(params ?? {})) text[key] = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text
}

/** `key` names the account at the exchange. */
export function createInProcessVenue(exchange: Exchange, key: string): InProcessVenue {
  return new ExchangeVenue(exchange, key)
}

class ExchangeVenue implements InProcessVenue, Rest {
  readonly account: PrivateVenue
  readonly counters = { requests: 0, failures: 0, orderRttMs: 0 }
  mutations = 0
  waiting = 0
  readonly #exchange: Exchange
  readonly #key: string

  constructor(exchange: Exchange, key: string) {
    this.#exchange = exchange
    this.#key = key
    this.account = createPrivateVenue(this, () => () => {})
  }

  moment(): { readonly venueMs: number; readonly localMs: number } {
    const { now } = this.#exchange
    return { venueMs: now, localMs: now }
  }

  call<S extends v.GenericSchema>(spec: RestCall<S>): Promise<VenueResult<v.InferOutput<S>>> {
    const exchange = this.#exchange
    const route = `${spec.method} /fapi/${VERSION[spec.api]}/${spec.path}`
    if (!isRoute(route)) throw new InvariantError(`Invariant: the embedded exchange serves ${route}`)
    this.counters.requests += 1
    const account = spec.api.startsWith('fapiPublic') ? null : this.#key
    const params = textOf(spec.params)
    if (spec.method === 'GET') return Promise.resolve(this.#read(spec, exchange.request(route, account, params)))
    this.waiting += 1
    const sentAt = exchange.now
    return new Promise((resolve) => {
      exchange.submit(route, account, params, (outcome) => {
        this.waiting -= 1
        this.mutations += 1
        if ((spec.orders ?? 0) > 0) this.counters.orderRttMs = exchange.now - sentAt
        resolve(this.#read(spec, outcome))
      })
      // What is due at this very moment (events without latency) leaves now, as over the wire.
      exchange.advanceTo(exchange.now)
    })
  }

  #read<S extends v.GenericSchema>(spec: RestCall<S>, outcome: Outcome): VenueResult<v.InferOutput<S>> {
    if (!outcome.ok) {
      this.counters.failures += 1
      return { ok: false, error: refusalError({ status: outcome.status, code: outcome.code, text: outcome.msg }, undefined) }
    }
    const decoded = decode(spec.schema, outcome.body)
    if (decoded.ok) return ok(decoded.value)
    this.counters.failures += 1
    return { ok: false, error: venueError(spec.method === 'GET' ? 'malformed' : 'ambiguous', `${spec.path}: ${decoded.error.message}`) }
  }
}
