/**
 * The one rate budget (audit C5.1), pure: times and randomness come as arguments.
 *
 * Used weight is the venue's own header (the highest seen this venue minute, by any of our processes) plus the weight of what
 * is in flight here. At a limit of 2,400: above 1,800 market data and account reads slow down; above 2,000 only cancels,
 * reduce-only orders and reconciliation go; from 2,300 on, and while backing off or banned, nothing goes but the kill path.
 * In a process's first minute its reads keep the whole budget below 20 % (market data: 12.5 %), but for a small allowance that a
 * process brought back after a crash needs at once, whatever the others have used.
 *
 * Windows and bans are venue time; back-off is local time. A ban also ends once its length has passed locally: the venue's clock may
 * be set back, and an old ban must not come to life again. INV-04: a refusal here means the request was never sent.
 */
import type { Random } from '../contract/clock.ts'
import type { BudgetObservation } from '../contract/processes.ts'
import type { Lane } from '../contract/venue.ts'
import { unreachable } from '../contract/result.ts'

export interface Moment {
  readonly venueMs: number
  readonly localMs: number
}

export type Admission =
  | { readonly verdict: 'go' }
  /** Ask again after this much local time (or as soon as something changes). */
  | { readonly verdict: 'wait'; readonly localMs: number; readonly reason: string }
  | { readonly verdict: 'refuse'; readonly code: 'throttled' | 'banned'; readonly reason: string }

/** What the answer to a request said about the budget. */
export interface BudgetNews {
  readonly usedWeight?: number | undefined
  readonly orders10s?: number | undefined
  readonly orders1m?: number | undefined
  /** 'slow' = 429 or -1003; 'orders' = -1015; 'system' = -1008; 'ban' = 418. */
  readonly refused?: 'slow' | 'orders' | 'system' | 'ban' | undefined
  readonly retryAfterMs?: number | undefined
  readonly bannedUntil?: number | undefined
}

export interface Ticket {
  readonly weight: number
  readonly orders: number
  readonly minute: number
}

const MINUTE = 60_000
const TEN_SECONDS = 10_000
const FRACTION = { slow: 0.75, essential: 5 / 6, killReserve: 23 / 24, cold: 0.2, coldMarket: 0.125 } as const
/** Weight a starting process may use in any case: an account snapshot with its settings; one symbol's history. */
const COLD_ALLOWANCE = { account: 150, market: 30 } as const
const ORDER_LIMITS = { tenSeconds: 300, minute: 1_200 } as const
/** Orders kept back for closing positions in a kill. */
const ORDER_RESERVE = 0.1
const BACK_OFF = { firstMs: 1_000, maxMs: 60_000 } as const
const BAN = { firstMs: 120_000, maxMs: 3 * 86_400_000 } as const
const SLOW_STEP_MS = 250

export class RateBudget {
  readonly #random: Random
  readonly #rate: number
  readonly #lockStep: boolean
  #limit: number
  #confirmed = 0
  #minute = -1
  #inFlight = 0
  #orders = { tenSeconds: 0, minute: 0, tenSecondsId: -1, minuteId: -1 }
  #refusals = 0
  #backOffUntil = 0
  #ordersBackOffUntil = 0
  /** 0 when there is none. */
  #bannedUntil = 0
  #banEndsLocal = 0
  #bans = 0
  #coldUntil: number | undefined
  /** Weight this process has used in its first minute. */
  #coldSpent = 0
  #lastSlowAt = -Infinity

  /** `rate`: venue seconds per local second, to turn venue waits into local ones. */
  /** `lockStep`: venue time stands still while anybody waits, so waiting for the cold minute to pass would be for ever. */
  constructor(options: { readonly limit?: number; readonly random: Random; readonly rate: number; readonly lockStep?: boolean }) {
    this.#limit = options.limit ?? 2_400
    this.#lockStep = options.lockStep ?? false
    if (this.#lockStep) this.#coldUntil = 0
    this.#random = options.random
    this.#rate = options.rate
  }

  get limit(): number {
    return this.#limit
  }
  /** exchangeInfo's REQUEST_WEIGHT (the demo venue allows 6,000). */
  setLimit(limit: number): void {
    this.#limit = limit
  }
  get bannedUntil(): number {
    return this.#bannedUntil
  }
  get orderCount10s(): number {
    return this.#orders.tenSeconds
  }
  get orderCount1m(): number {
    return this.#orders.minute
  }

  usedWeight(now: Moment): number {
    this.#roll(now)
    return this.#confirmed + this.#inFlight
  }

  /** May a request of this lane go now? */
  admit(lane: Lane, weight: number, orders: number, now: Moment): Admission {
    this.#roll(now)
    if (lane === 'kill') return { verdict: 'go' }
    if (this.#bannedUntil > 0) {
      return { verdict: 'refuse', code: 'banned', reason: `banned until ${new Date(this.#bannedUntil).toISOString()}` }
    }
    if (now.localMs < this.#backOffUntil) return this.#wait(this.#backOffUntil - now.localMs, 'backing off after a rate refusal')
    const used = this.#confirmed + this.#inFlight
    const nextMinute = this.#toLocal((Math.floor(now.venueMs / MINUTE) + 1) * MINUTE - now.venueMs)
    const over = (fraction: number): boolean => used + weight > this.#limit * fraction
    const isCold = (reads: keyof typeof COLD_ALLOWANCE): boolean => this.#isCold(now) && this.#coldSpent + weight > COLD_ALLOWANCE[reads]
    if (over(FRACTION.killReserve)) return this.#wait(nextMinute, `used weight ${used} of ${this.#limit}`)
    switch (lane) {
      case 'cancel':
        return { verdict: 'go' }
      case 'order':
        if (now.localMs < this.#ordersBackOffUntil) return this.#wait(this.#ordersBackOffUntil - now.localMs, 'the venue throttles orders')
        if (this.#orders.tenSeconds + orders > ORDER_LIMITS.tenSeconds * (1 - ORDER_RESERVE)) {
          return this.#wait(this.#toLocal(TEN_SECONDS - (now.venueMs % TEN_SECONDS)), `${this.#orders.tenSeconds} orders in 10 s`)
        }
        if (this.#orders.minute + orders > ORDER_LIMITS.minute * (1 - ORDER_RESERVE)) {
          return this.#wait(nextMinute, `${this.#orders.minute} orders in this minute`)
        }
        return over(FRACTION.essential) ? this.#wait(nextMinute, `used weight ${used} of ${this.#limit}`) : { verdict: 'go' }
      case 'account':
        if (isCold('account') && over(FRACTION.cold)) return this.#wait(nextMinute, 'cold start')
        return over(FRACTION.slow) ? this.#slow(now, used) : { verdict: 'go' }
      case 'market':
        if (isCold('market') && over(FRACTION.coldMarket)) return this.#wait(nextMinute, 'cold start')
        if (over(FRACTION.essential)) return this.#wait(nextMinute, `used weight ${used} of ${this.#limit}`)
        return over(FRACTION.slow) ? this.#slow(now, used) : { verdict: 'go' }
      default:
        return unreachable(lane)
    }
  }

  /** Books an admitted request; give the ticket back with `settled`. */
  begin(weight: number, orders: number, now: Moment): Ticket {
    this.#roll(now)
    this.#coldUntil ??= now.venueMs + MINUTE
    if (this.#isCold(now)) this.#coldSpent += weight
    this.#inFlight += weight
    this.#orders.tenSeconds += orders
    this.#orders.minute += orders
    return { weight, orders, minute: this.#minute }
  }

  /** Books the answer. A request without an answer counts with its own weight. */
  settled(ticket: Ticket, news: BudgetNews, now: Moment): void {
    this.#roll(now)
    this.#inFlight = Math.max(0, this.#inFlight - ticket.weight)
    const sameMinute = ticket.minute === this.#minute
    if (news.usedWeight === undefined) {
      if (sameMinute) this.#confirmed += ticket.weight
    } else if (sameMinute) this.#confirmed = Math.max(this.#confirmed, news.usedWeight)
    if (sameMinute && news.orders1m !== undefined) this.#orders.minute = Math.max(this.#orders.minute, news.orders1m)
    if (sameMinute && news.orders10s !== undefined) this.#orders.tenSeconds = Math.max(this.#orders.tenSeconds, news.orders10s)
    if (news.refused === undefined) {
      if (news.usedWeight !== undefined) this.#refusals = 0
      return
    }
    this.#refused(news.refused, news, now)
  }

  /** What another process saw. Returns true when it changes something here. */
  observe(observation: Pick<BudgetObservation, 'usedWeight' | 'minute' | 'bannedUntil'>, now: Moment): boolean {
    this.#roll(now)
    const before = this.#confirmed + this.#bannedUntil
    if (observation.minute === this.#minute) this.#confirmed = Math.max(this.#confirmed, observation.usedWeight)
    if (observation.bannedUntil > now.venueMs) this.#ban(observation.bannedUntil, now)
    return this.#confirmed + this.#bannedUntil !== before
  }

  #refused(kind: NonNullable<BudgetNews['refused']>, news: BudgetNews, now: Moment): void {
    this.#refusals += 1
    const doubling = Math.min(BACK_OFF.firstMs * 2 ** (this.#refusals - 1), BACK_OFF.maxMs)
    const backOff = Math.max(doubling * (0.5 + this.#random() / 2), news.retryAfterMs ?? 0)
    switch (kind) {
      case 'slow':
        this.#backOffUntil = Math.max(this.#backOffUntil, now.localMs + backOff)
        return
      case 'orders':
      case 'system':
        this.#ordersBackOffUntil = Math.max(this.#ordersBackOffUntil, now.localMs + backOff)
        return
      case 'ban': {
        const assumed = Math.max(Math.min(BAN.firstMs * 2 ** this.#bans, BAN.maxMs), news.retryAfterMs ?? 0)
        this.#bans += 1
        const told = news.bannedUntil ?? 0
        this.#ban(told > now.venueMs ? told : now.venueMs + assumed, now)
        return
      }
      default:
        unreachable(kind)
    }
  }

  /** The longer of the ban that holds and the one told. */
  #ban(until: number, now: Moment): void {
    if (until === this.#bannedUntil) return
    const ends = this.#lockStep ? until : now.localMs + this.#toLocal(until - now.venueMs)
    if (ends <= this.#banEndsLocal) return
    this.#bannedUntil = until
    this.#banEndsLocal = ends
  }

  #isCold(now: Moment): boolean {
    return this.#coldUntil === undefined || now.venueMs < this.#coldUntil
  }

  /** One request per step, slower the nearer the essential threshold. */
  #slow(now: Moment, used: number): Admission {
    const from = this.#limit * FRACTION.slow
    const steps = 1 + Math.max(0, Math.floor(((used - from) / (this.#limit * (FRACTION.essential - FRACTION.slow))) * 4))
    const due = this.#lastSlowAt + steps * SLOW_STEP_MS
    if (now.localMs < due) return this.#wait(due - now.localMs, `used weight ${used} of ${this.#limit}`)
    this.#lastSlowAt = now.localMs
    return { verdict: 'go' }
  }

  #wait(localMs: number, reason: string): Admission {
    return { verdict: 'wait', localMs: Math.max(1, Math.ceil(localMs)), reason }
  }

  #toLocal(venueMs: number): number {
    return venueMs / this.#rate
  }

  #roll(now: Moment): void {
    if (now.venueMs >= this.#bannedUntil || (!this.#lockStep && now.localMs >= this.#banEndsLocal)) {
      this.#bannedUntil = 0
      this.#banEndsLocal = 0
    }
    const minute = Math.floor(now.venueMs / MINUTE)
    const tenSeconds = Math.floor(now.venueMs / TEN_SECONDS)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#confirmed = 0
    }
    if (minute !== this.#orders.minuteId) this.#orders = { ...this.#orders, minuteId: minute, minute: 0 }
    if (tenSeconds !== this.#orders.tenSecondsId) this.#orders = { ...this.#orders, tenSecondsId: tenSeconds, tenSeconds: 0 }
  }
}

/** How long a request of a lane may wait for its turn, local ms; then it is refused, unsent. A late order is a wrong order. */
export const PATIENCE_MS: Readonly<Record<Lane, number>> = { kill: 0, cancel: 1_000, order: 500, account: 10_000, market: 90_000 }
