/**
 * Rate limits as the venue keeps them (exchange.md §3.3): request weight per IP and minute, orders per account in 10 s and 1 min,
 * fixed windows aligned to server time, 429 when one is full, 418 with a growing ban for who does not stop. INV-11: one entry per
 * IP and per account, forgotten when their windows are over.
 */
import type { VenueFailure } from '../exchange.ts'
import { banned, tooManyOrders, tooManyRequests } from './venue-errors.ts'

export interface LimitSettings {
  readonly weightPerMinute: number
  readonly ordersPerTenSeconds: number
  readonly ordersPerMinute: number
  /** Requests answered 429 within one minute before the IP is banned. */
  readonly strikes: number
  /** Sockets cut within one minute for sending too many messages before the IP is banned. */
  readonly noisySockets: number
  /** First ban, ms; each further ban doubles, up to three days. */
  readonly firstBanMs: number
}

export const VENUE_LIMITS: LimitSettings = {
  weightPerMinute: 2_400,
  ordersPerTenSeconds: 300,
  ordersPerMinute: 1_200,
  strikes: 20,
  noisySockets: 5,
  firstBanMs: 120_000,
}

const MINUTE = 60_000
const TEN_SECONDS = 10_000
const FUNDING_WINDOW = 300_000
const FUNDING_LIMIT = 500
const LONGEST_BAN = 3 * 86_400_000
const FORGET_BANS_AFTER = 86_400_000
const MAX_ENTRIES = 10_000

interface IpState {
  minute: number
  used: number
  strikes: number
  /** Sockets cut in this minute for sending too many messages. */
  noisy: number
  bannedUntil: number
  bans: number
  fundingWindow: number
  fundingUsed: number
}
interface AccountState {
  tenSeconds: number
  inTenSeconds: number
  minute: number
  inMinute: number
}

export interface OrderCounts {
  readonly tenSeconds: number
  readonly minute: number
}

export class Limits {
  readonly settings: LimitSettings
  readonly #ips = new Map<string, IpState>()
  readonly #accounts = new Map<string, AccountState>()
  #clockShift = 0

  constructor(settings: LimitSettings) {
    this.settings = settings
  }

  #ip(ip: string, now: number): IpState {
    let state = this.#ips.get(ip)
    if (state === undefined) {
      if (this.#ips.size >= MAX_ENTRIES) this.#ips.clear()
      state = { minute: 0, used: 0, strikes: 0, noisy: 0, bannedUntil: 0, bans: 0, fundingWindow: 0, fundingUsed: 0 }
      this.#ips.set(ip, state)
    }
    const minute = Math.floor(now / MINUTE)
    if (state.minute !== minute) {
      state.minute = minute
      state.used = 0
      state.strikes = 0
      state.noisy = 0
    }
    return state
  }

  #account(account: string, now: number): AccountState {
    let state = this.#accounts.get(account)
    if (state === undefined) {
      if (this.#accounts.size >= MAX_ENTRIES) this.#accounts.clear()
      state = { tenSeconds: 0, inTenSeconds: 0, minute: 0, inMinute: 0 }
      this.#accounts.set(account, state)
    }
    const tenSeconds = Math.floor(now / TEN_SECONDS)
    if (state.tenSeconds !== tenSeconds) {
      state.tenSeconds = tenSeconds
      state.inTenSeconds = 0
    }
    const minute = Math.floor(now / MINUTE)
    if (state.minute !== minute) {
      state.minute = minute
      state.inMinute = 0
    }
    return state
  }

  /**
   * Counts a request; the refusal when the IP is over its limit or banned. Refused requests count too. What weighs nothing (orders:
   * they have their own limits) passes a full window, but no ban.
   */
  takeWeight(ip: string, weight: number, now: number): VenueFailure | undefined {
    const state = this.#ip(ip, now)
    if (now < state.bannedUntil) return banned(state.bannedUntil + this.#clockShift)
    if (weight === 0) return undefined
    state.used += weight
    if (state.used <= this.settings.weightPerMinute) return undefined
    state.strikes += 1
    if (state.strikes <= this.settings.strikes) return tooManyRequests(this.settings.weightPerMinute)
    return banned(this.#ban(state, now) + this.#clockShift)
  }

  #ban(state: IpState, now: number): number {
    if (now - state.bannedUntil > FORGET_BANS_AFTER) state.bans = 0
    state.bannedUntil = now + Math.min(LONGEST_BAN, this.settings.firstBanMs * 2 ** state.bans)
    state.bans += 1
    state.strikes = 0
    return state.bannedUntil
  }

  /** The venue's clock was set: windows and bans go on as they were, but a ban's end is told by the clock that callers see. */
  shiftClock(ms: number): void {
    this.#clockShift += ms
  }

  /** Bans an IP now; `ms` overrides the escalation. Returns the time until which it holds. */
  ban(ip: string, now: number, ms?: number): number {
    const state = this.#ip(ip, now)
    if (ms === undefined) return this.#ban(state, now)
    state.bannedUntil = now + ms
    return state.bannedUntil
  }

  /** A socket of this IP was cut for sending too many messages: who has several cut within a minute is banned. */
  cutNoisy(ip: string, now: number): void {
    const state = this.#ip(ip, now)
    state.noisy += 1
    if (state.noisy > this.settings.noisySockets && now >= state.bannedUntil) this.#ban(state, now)
  }

  isBanned(ip: string, now: number): boolean {
    return now < this.#ip(ip, now).bannedUntil
  }

  /** The funding pool: 500 requests per 5 minutes and IP, without weight. */
  takeFunding(ip: string, now: number): VenueFailure | undefined {
    const state = this.#ip(ip, now)
    if (now < state.bannedUntil) return banned(state.bannedUntil + this.#clockShift)
    const window = Math.floor(now / FUNDING_WINDOW)
    if (state.fundingWindow !== window) {
      state.fundingWindow = window
      state.fundingUsed = 0
    }
    state.fundingUsed += 1
    return state.fundingUsed > FUNDING_LIMIT ? tooManyRequests(FUNDING_LIMIT) : undefined
  }

  /** Counts orders; nothing is counted when the account is over a limit. */
  takeOrders(account: string, tenSeconds: number, minute: number, now: number): VenueFailure | undefined {
    const state = this.#account(account, now)
    if (state.inTenSeconds + tenSeconds > this.settings.ordersPerTenSeconds) {
      return tooManyOrders(this.settings.ordersPerTenSeconds, 'TEN_SECONDS')
    }
    if (state.inMinute + minute > this.settings.ordersPerMinute) return tooManyOrders(this.settings.ordersPerMinute, 'MINUTE')
    state.inTenSeconds += tenSeconds
    state.inMinute += minute
    return undefined
  }

  usedWeight(ip: string, now: number): number {
    return this.#ip(ip, now).used
  }

  bannedUntil(ip: string): number {
    return this.#ips.get(ip)?.bannedUntil ?? 0
  }

  orderCounts(account: string, now: number): OrderCounts {
    const state = this.#account(account, now)
    return { tenSeconds: state.inTenSeconds, minute: state.inMinute }
  }
}
