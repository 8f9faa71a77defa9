/**
 * One request from lane to result: wait for the clock and the budget, sign at the last moment, send once, book what the answer
 * says about the budget, class it.
 *
 * INV-04: nothing is ever sent twice, but for one case that proves itself: -1021 (outside the time window, not executed) is
 * repeated once after the clock was measured anew. A write whose success cannot be read is 'ambiguous', not 'malformed'.
 */
import type { Monotonic } from '../contract/clock.ts'
import type { BudgetObservation, ProcessName } from '../contract/processes.ts'
import { ok } from '../contract/result.ts'
import type { Lane, VenueError, VenueResult } from '../contract/venue.ts'
import type { ApiFamily, ApiMethod, ApiParams, RequestMaker } from './ccxt-exchange.ts'
import type { SkewClock } from './clock.ts'
import { decode } from './codec/values.ts'
import type { HttpClient, HttpOutcome, HttpReply } from './http.ts'
import type { LaneGate } from './lane-gate.ts'
import { parseLossless } from './lossless-json.ts'
import type { BudgetNews, Moment, RateBudget } from './rate-budget.ts'
import { bannedUntil, refusalError, retryAfterMs, transportError, venueError } from './venue-errors.ts'
import type * as v from 'valibot'

export interface RestCall<S extends v.GenericSchema> {
  readonly method: ApiMethod
  readonly api: ApiFamily
  readonly path: string
  readonly params?: ApiParams
  readonly lane: Lane
  readonly weight: number
  /** Orders counted by the venue. */
  readonly orders?: number
  readonly schema: S
}

export interface RestCounters {
  requests: number
  failures: number
  orderRttMs: number
}

export interface RestOptions {
  readonly rest: string
  readonly source: ProcessName
  readonly budget: RateBudget
  readonly gate: LaneGate
  readonly clock: SkewClock
  readonly http: HttpClient
  readonly monotonic: Monotonic
  readonly timeoutMs: number
  readonly maker: () => Promise<RequestMaker>
  readonly onBudget: (observation: BudgetObservation) => void
}

export interface Rest {
  call<S extends v.GenericSchema>(spec: RestCall<S>): Promise<VenueResult<v.InferOutput<S>>>
  readonly counters: RestCounters
  moment(): Moment
}

const PATHS: Readonly<Record<string, string>> = { fapiPublic: '/fapi/v1/', fapiPublicV2: '/fapi/v2/' }
const isPublic = (api: ApiFamily): boolean => api in PATHS

const header = (reply: HttpReply, name: string): number | undefined => {
  const value = reply.headers[name]
  if (typeof value !== 'string' || !/^\d{1,9}$/.test(value)) return undefined
  return Number(value)
}

interface Body {
  readonly code: number | undefined
  readonly text: string
}

/** {"code":-2019,"msg":"…"}; anything else (a proxy's HTML) has no code, and its text is cut for the log. */
const refusalBody = (text: string): Body => {
  const parsed = parseLossless(text)
  if (!parsed.ok || typeof parsed.value !== 'object' || parsed.value === null) return { code: undefined, text: text.slice(0, 200) }
  const body = parsed.value
  const code = 'code' in body ? Number(body.code) : Number.NaN
  return {
    code: Number.isInteger(code) ? code : undefined,
    text: 'msg' in body && typeof body.msg === 'string' ? body.msg.slice(0, 300) : '',
  }
}

export function createRest(options: RestOptions): Rest {
  const { budget, gate, clock, http, monotonic } = options
  const counters: RestCounters = { requests: 0, failures: 0, orderRttMs: 0 }
  const moment = (): Moment => ({ venueMs: clock.nowMs(), localMs: monotonic.nowMs() })

  const send = async (spec: RestCall<v.GenericSchema>): Promise<HttpOutcome> => {
    if (isPublic(spec.api)) {
      const query = new URLSearchParams()
      for (const [key, value] of Object.entries(spec.params ?? {})) query.set(key, String(value))
      const text = query.toString()
      const url = `${options.rest}${PATHS[spec.api]}${spec.path}${text === '' ? '' : `?${text}`}`
      return http.send({ method: spec.method, url, headers: {}, timeoutMs: options.timeoutMs })
    }
    return (await options.maker()).call(spec.path, spec.api, spec.method, spec.params ?? {})
  }

  const newsOf = (outcome: HttpOutcome, body: Body | undefined): BudgetNews => {
    if (!outcome.ok) return {}
    const refused =
      outcome.status === 418
        ? 'ban'
        : body?.code === -1015
          ? 'orders'
          : body?.code === -1008
            ? 'system'
            : outcome.status === 429 || body?.code === -1003
              ? 'slow'
              : undefined
    return {
      usedWeight: header(outcome, 'x-mbx-used-weight-1m'),
      orders10s: header(outcome, 'x-mbx-order-count-10s'),
      orders1m: header(outcome, 'x-mbx-order-count-1m'),
      refused,
      retryAfterMs: retryAfterMs(outcome),
      bannedUntil: body === undefined ? undefined : bannedUntil(body.text),
    }
  }

  let told = { minute: -1, usedWeight: -1, bannedUntil: 0 }
  const tell = (at: Moment): void => {
    const observation = { usedWeight: budget.usedWeight(at), minute: Math.floor(at.venueMs / 60_000), bannedUntil: budget.bannedUntil }
    if (observation.minute === told.minute && observation.usedWeight === told.usedWeight && observation.bannedUntil === told.bannedUntil)
      return
    told = observation
    options.onBudget({ source: options.source, ...observation })
  }

  const once = async <S extends v.GenericSchema>(spec: RestCall<S>): Promise<VenueResult<v.InferOutput<S>>> => {
    if (!isPublic(spec.api)) {
      const ready = await clock.ready()
      /* the kill path tries with the wall clock rather than not at all */
      if (!ready.ok && spec.lane !== 'kill')
        return { ok: false, error: venueError('notSent', `the venue's time is not known, ${ready.error.message}`) }
    }
    const entered = await gate.enter(spec.lane, spec.weight, spec.orders ?? 0)
    if (!entered.ok) {
      counters.failures += 1
      return entered
    }
    counters.requests += 1
    const outcome = await send(spec)
    const succeeded = outcome.ok && outcome.status >= 200 && outcome.status < 300
    const body = outcome.ok && !succeeded ? refusalBody(outcome.text) : undefined
    const at = moment()
    budget.settled(entered.value, newsOf(outcome, body), at)
    gate.leave(spec.lane)
    tell(at)
    const failed = (error: VenueError): VenueResult<never> => {
      counters.failures += 1
      return { ok: false, error }
    }
    if (!outcome.ok) return failed(transportError(outcome))
    if ((spec.orders ?? 0) > 0) counters.orderRttMs = outcome.ms
    if (body !== undefined) return failed(refusalError({ status: outcome.status, ...body }, retryAfterMs(outcome)))
    const unreadable = (reason: string): VenueResult<never> =>
      failed(venueError(spec.method === 'GET' ? 'malformed' : 'ambiguous', `${spec.path}: ${reason}`, { httpStatus: outcome.status }))
    const parsed = parseLossless(outcome.text)
    if (!parsed.ok) return unreadable(parsed.error.message)
    const decoded = decode(spec.schema, parsed.value)
    return decoded.ok ? ok(decoded.value) : unreadable(decoded.error.message)
  }

  return {
    counters,
    moment,
    async call(spec) {
      const first = await once(spec)
      if (first.ok || first.error.venueCode !== -1021) return first
      const synced = await clock.sync()
      return synced.ok ? once(spec) : first
    },
  }
}
