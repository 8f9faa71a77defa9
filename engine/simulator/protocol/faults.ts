/**
 * Faults of the transport, the session and the market, and when they strike: by request path or stream, by the n-th call, by
 * simulated time (exchange.md §7). Plans come from code or through the guarded control endpoint; both pass the same schema.
 * INV-11: at most 1,000 plans at a time.
 */
import * as v from 'valibot'
import { decimalText } from '../../contract/decimal-text.ts'
import { fail, ok, type Failure, type Result } from '../../contract/result.ts'
import { faultName } from './fault-names.ts'
import { POISONS } from './poison.ts'

const ms = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400_000))
const digits = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(15))
const FILTER_AMOUNTS = [
  'tickSize',
  'minPrice',
  'maxPrice',
  'stepSize',
  'minQty',
  'maxQty',
  'marketStepSize',
  'marketMinQty',
  'marketMaxQty',
  'minNotional',
  'multiplierUp',
  'multiplierDown',
] as const
const symbol = v.pipe(v.string(), v.regex(/^[A-Z0-9_]{2,30}$/))

const FilterChange = v.strictObject({
  ...(Object.fromEntries(FILTER_AMOUNTS.map((name) => [name, v.exactOptional(decimalText)])) as {
    readonly [K in (typeof FILTER_AMOUNTS)[number]]: v.ExactOptionalSchema<typeof decimalText, undefined>
  }),
  pricePrecision: v.exactOptional(digits),
  quantityPrecision: v.exactOptional(digits),
  maxOrders: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000))),
})

/** What happens to a request instead of, before or after being served. */
const RequestEffect = v.variant('do', [
  /** 503 A; executed or not, the client cannot know. */
  v.strictObject({ do: v.literal('unknown'), executed: v.boolean() }),
  v.strictObject({ do: v.literal('timeout'), executed: v.boolean() }),
  v.strictObject({ do: v.literal('unavailable') }),
  v.strictObject({ do: v.literal('throttled') }),
  v.strictObject({ do: v.literal('internal') }),
  /** 502 with an HTML body. */
  v.strictObject({ do: v.literal('html') }),
  /** Any refusal of the venue's: not executed. */
  v.strictObject({
    do: v.literal('refuse'),
    status: v.pipe(v.number(), v.integer(), v.minValue(400), v.maxValue(599)),
    code: v.pipe(v.number(), v.integer()),
    msg: v.string(),
    retryAfterSeconds: v.optional(v.number()),
  }),
  v.strictObject({ do: v.literal('rateLimited'), retryAfterSeconds: v.optional(v.number()) }),
  /** 418 and a ban of the caller's IP, ms of server time; escalating when not given. */
  v.strictObject({ do: v.literal('ban'), ms: v.optional(ms) }),
  /** No answer; the connection stays open. */
  v.strictObject({ do: v.literal('hang'), executed: v.boolean() }),
  /** Connection reset before or after execution. */
  v.strictObject({ do: v.literal('reset'), executed: v.boolean() }),
  /** Executed, answered after `ms` of real time. */
  v.strictObject({ do: v.literal('slow'), ms }),
  /**
   * Reaches the matching engine this much simulated time later, and is refused there (-5028, not executed) when that is beyond its
   * recvWindow; without `ms` always refused.
   */
  v.strictObject({ do: v.literal('late'), ms: v.optional(ms) }),
  /** Executed, half of the answer sent, then reset. */
  v.strictObject({ do: v.literal('truncated') }),
  /** Executed, answered 200 with text that is not JSON. */
  v.strictObject({ do: v.literal('garbage') }),
])

/** What happens to one frame of a stream. */
const FrameEffect = v.variant('do', [
  v.strictObject({ do: v.literal('dropFrame') }),
  v.strictObject({
    do: v.literal('duplicateFrame'),
    copies: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100)), 1),
  }),
  /** Held back by simulated time. */
  v.strictObject({ do: v.literal('lateFrame'), ms }),
  /** Sent after the stream's next frame. */
  v.strictObject({ do: v.literal('swapFrame') }),
  v.strictObject({ do: v.literal('poison'), poison: v.picklist(POISONS), keep: v.optional(v.boolean(), false) }),
])

/** What happens to sockets, keys, the clock or the market at a moment. */
const ActionEffect = v.variant('do', [
  /** Destroys stream sockets without a close frame; `category` narrows. */
  v.strictObject({ do: v.literal('cutSockets'), category: v.optional(v.picklist(['public', 'market', 'private'])) }),
  /** Closes with a close frame, as after 24 h. */
  v.strictObject({ do: v.literal('closeSockets'), category: v.optional(v.picklist(['public', 'market', 'private'])) }),
  /** Open sockets get no data any more but answer pings; `ms` of simulated time, for ever when absent. */
  v.strictObject({ do: v.literal('silence'), category: v.optional(v.picklist(['public', 'market', 'private'])), ms: v.optional(ms) }),
  /** Open sockets are neither read nor written nor closed any more. */
  v.strictObject({ do: v.literal('halfOpen'), category: v.optional(v.picklist(['public', 'market', 'private'])) }),
  /** New stream connections are refused for `ms` of simulated time. */
  v.strictObject({ do: v.literal('refuseSockets'), ms }),
  v.strictObject({ do: v.literal('expireListenKeys') }),
  /** The key is refused (-2015) from now on; its user stream falls silent. */
  v.strictObject({ do: v.literal('revokeKey'), key: v.optional(v.string()) }),
  /** Server time is shifted by this much from now on (added to earlier shifts). */
  v.strictObject({ do: v.literal('clockJump'), ms: v.pipe(v.number(), v.integer(), v.minValue(-86_400_000), v.maxValue(86_400_000)) }),
  v.strictObject({
    do: v.literal('market'),
    fault: v.variant('kind', [
      v.strictObject({ kind: v.literal('filters'), symbol, change: FilterChange }),
      v.strictObject({ kind: v.literal('status'), symbol, status: v.string() }),
      v.strictObject({ kind: v.literal('jump'), symbol, fraction: decimalText }),
      v.strictObject({ kind: v.literal('depthGap'), symbol, updates: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10_000)) }),
      v.strictObject({ kind: v.literal('kline'), symbol, how: v.picklist(['revised', 'late', 'missing']) }),
      v.strictObject({
        kind: v.literal('user'),
        account: v.optional(v.string()),
        how: v.picklist(['duplicate', 'late', 'drop']),
        count: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)),
        ms: v.optional(ms),
      }),
      v.strictObject({ kind: v.literal('ids'), from: v.pipe(v.string(), v.regex(/^[1-9]\d{0,18}$/)) }),
    ]),
  }),
])

export type RequestEffect = v.InferOutput<typeof RequestEffect>
export type FrameEffect = v.InferOutput<typeof FrameEffect>
export type ActionEffect = v.InferOutput<typeof ActionEffect>

const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000))
const When = v.strictObject({
  /** First matching call or frame struck, counted from the plan's arrival (default 1). */
  nth: v.optional(count, 1),
  /** How many in a row (default 1). */
  times: v.optional(count, 1),
  /** Not before this much simulated time after the start, ms. */
  fromMs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** Not after it. */
  untilMs: v.optional(v.pipe(v.number(), v.minValue(0))),
})

export const FaultPlanSchema = v.variant('on', [
  /** `path`: "POST /fapi/v1/order", "* /fapi/v1/order" or "*". */
  v.strictObject({ on: v.literal('request'), path: v.string(), ...When.entries, effect: RequestEffect }),
  /** `stream`: a stream name, "user", "user:ORDER_TRADE_UPDATE", "*@kline_1m" or "*" (every market stream). */
  v.strictObject({ on: v.literal('frame'), stream: v.string(), ...When.entries, effect: FrameEffect }),
  /** At once, or at a simulated time; or when the n-th matching request or frame passes (which is itself untouched). */
  v.strictObject({
    on: v.literal('time'),
    fromMs: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
    after: v.optional(v.strictObject({ path: v.optional(v.string()), stream: v.optional(v.string()), nth: v.optional(count, 1) })),
    effect: ActionEffect,
  }),
])
export type FaultPlan = v.InferInput<typeof FaultPlanSchema>
type Plan = v.InferOutput<typeof FaultPlanSchema>

const MAX_PLANS = 1_000

/** Parses a plan from outside; the failure names the field. */
export function parseFaultPlan(input: unknown): Result<Plan, Failure<'bad-fault'>> {
  const parsed = v.safeParse(FaultPlanSchema, input)
  if (parsed.success) return ok(parsed.output)
  const first = parsed.issues[0]
  return fail('bad-fault', `${v.getDotPath(first) ?? 'fault'}: ${first.message}`)
}

interface Armed {
  readonly id: number
  readonly plan: Plan
  seen: number
  struck: number
}

export interface FaultStatus {
  readonly id: number
  readonly plan: Plan
  readonly seen: number
  readonly struck: number
}

const matches = (pattern: string, subject: string): boolean => {
  if (pattern === subject || pattern === '*') return true
  if (pattern.startsWith('*')) return subject.endsWith(pattern.slice(1).trim())
  return pattern.endsWith('*') && subject.startsWith(pattern.slice(0, -1))
}

/** Keeps the plans and tells, for each request, frame and moment, which strikes. Times are ms since the start of the simulation. */
export class FaultSchedule {
  #armed: Armed[] = []
  #nextId = 1
  readonly #struck = new Map<string, number>()
  readonly #perform: (effect: ActionEffect) => boolean

  /** `perform` says whether there was anything to strike. */
  constructor(perform: (effect: ActionEffect) => boolean) {
    this.#perform = perform
  }

  /** How often each fault, by name, has struck something so far. */
  get struck(): ReadonlyMap<string, number> {
    return this.#struck
  }

  get empty(): boolean {
    return this.#armed.length === 0
  }

  add(plan: Plan): Result<number, Failure<'too-many'>> {
    if (this.#armed.length >= MAX_PLANS) return fail('too-many', `at most ${MAX_PLANS} fault plans at a time`)
    const id = this.#nextId++
    this.#armed.push({ id, plan, seen: 0, struck: 0 })
    return ok(id)
  }

  clear(id?: number): void {
    this.#armed = id === undefined ? [] : this.#armed.filter((armed) => armed.id !== id)
  }

  list(): readonly FaultStatus[] {
    return this.#armed.map(({ id, plan, seen, struck }) => ({ id, plan, seen, struck }))
  }

  /** Effect on a request named "POST /fapi/v1/order"; the first plan that strikes wins. */
  onRequest(name: string, now: number): RequestEffect | undefined {
    if (this.#armed.length === 0) return undefined
    let effect: RequestEffect | undefined
    for (const armed of this.#armed) {
      const { plan } = armed
      if (plan.on === 'time') this.#passed(armed, plan.after?.path, name, now)
      else if (plan.on === 'request' && effect === undefined && matches(plan.path, name) && this.#strikes(armed, plan, now))
        effect = plan.effect
    }
    if (effect !== undefined) this.#tally(effect)
    return effect
  }

  /** Effects on a frame of any of these subjects ("btcusdt@kline_1m"; or "user" and "user:TYPE"). */
  onFrame(subjects: readonly string[], now: number): FrameEffect | undefined {
    if (this.#armed.length === 0) return undefined
    let effect: FrameEffect | undefined
    for (const armed of this.#armed) {
      const { plan } = armed
      if (plan.on === 'time') {
        for (const subject of subjects) this.#passed(armed, plan.after?.stream, subject, now)
      } else if (
        plan.on === 'frame' &&
        effect === undefined &&
        this.#frameMatches(plan.stream, subjects) &&
        this.#strikes(armed, plan, now)
      ) {
        effect = plan.effect
      }
    }
    if (effect !== undefined) this.#tally(effect)
    return effect
  }

  /** Performs what is due by time alone. */
  onTime(now: number): void {
    if (this.#armed.length === 0) return
    for (const armed of this.#armed) {
      if (armed.plan.on === 'time' && armed.plan.after === undefined && now >= armed.plan.fromMs) this.#act(armed, armed.plan.effect)
    }
  }

  /** When the next plan by time alone is due, ms since the start; null when there is none. */
  nextDue(): number | null {
    let next: number | null = null
    for (const { plan } of this.#armed) {
      if (plan.on === 'time' && plan.after === undefined && (next === null || plan.fromMs < next)) next = plan.fromMs
    }
    return next
  }

  #frameMatches(pattern: string, subjects: readonly string[]): boolean {
    if (pattern === '*' && subjects[0] === 'user') return false
    return subjects.some((subject) => matches(pattern, subject))
  }

  #strikes(armed: Armed, plan: { nth: number; times: number; fromMs: number; untilMs?: number | undefined }, now: number): boolean {
    if (now < plan.fromMs || (plan.untilMs !== undefined && now > plan.untilMs)) return false
    armed.seen += 1
    if (armed.seen < plan.nth) return false
    armed.struck += 1
    if (armed.struck >= plan.times) this.#forget(armed)
    return true
  }

  #passed(armed: Armed, pattern: string | undefined, subject: string, now: number): void {
    const { plan } = armed
    if (plan.on !== 'time' || plan.after === undefined || pattern === undefined || now < plan.fromMs || !matches(pattern, subject)) return
    armed.seen += 1
    if (armed.seen >= plan.after.nth) this.#act(armed, plan.effect)
  }

  #act(armed: Armed, effect: ActionEffect): void {
    armed.struck += 1
    this.#forget(armed)
    if (this.#perform(effect)) this.#tally(effect)
  }

  #tally(effect: RequestEffect | FrameEffect | ActionEffect): void {
    const name = faultName(effect)
    this.#struck.set(name, (this.#struck.get(name) ?? 0) + 1)
  }

  #forget(armed: Armed): void {
    this.#armed = this.#armed.filter((other) => other !== armed)
  }
}
