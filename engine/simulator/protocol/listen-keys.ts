/**
 * Listen keys: one active key per account, 64 alphanumerics, valid for 60 minutes after its last renewal (exchange.md §3.7).
 * A key that ran out is gone: renewing it is -1125, and a new POST gives another key.
 */
export const LISTEN_KEY_TTL_MS = 3_600_000
export const LISTEN_KEY_PATTERN = /^[A-Za-z0-9]{64}$/

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export interface ListenKey {
  readonly key: string
  readonly account: string
  expiresAt: number
}

export class ListenKeys {
  readonly #ttlMs: number
  readonly #random: () => number
  readonly #byKey = new Map<string, ListenKey>()
  readonly #byAccount = new Map<string, ListenKey>()

  /** `ttlMs` in server time; `random` uniform in [0, 1). */
  constructor(ttlMs: number, random: () => number) {
    this.#ttlMs = ttlMs
    this.#random = random
  }

  /** The account's active key, extended; a new one when there is none. */
  open(account: string, now: number): string {
    const active = this.#byAccount.get(account)
    if (active !== undefined && now < active.expiresAt) {
      active.expiresAt = now + this.#ttlMs
      return active.key
    }
    if (active !== undefined) this.#byKey.delete(active.key)
    let key = ''
    for (let i = 0; i < 64; i++) key += ALPHABET.charAt(Math.floor(this.#random() * ALPHABET.length))
    const entry: ListenKey = { key, account, expiresAt: now + this.#ttlMs }
    this.#byKey.set(key, entry)
    this.#byAccount.set(account, entry)
    return key
  }

  /** Extends the account's active key and returns it; undefined when there is none (-1125). */
  renew(account: string, now: number): string | undefined {
    const active = this.#byAccount.get(account)
    if (active === undefined || now >= active.expiresAt) return undefined
    active.expiresAt = now + this.#ttlMs
    return active.key
  }

  close(account: string): string | undefined {
    const active = this.#byAccount.get(account)
    if (active === undefined) return undefined
    this.#byAccount.delete(account)
    this.#byKey.delete(active.key)
    return active.key
  }

  /** Account of a key that is still valid. */
  accountOf(key: string, now: number): string | undefined {
    const entry = this.#byKey.get(key)
    return entry !== undefined && now < entry.expiresAt ? entry.account : undefined
  }

  /** The account's key, while it is valid: the only one that gets its events. */
  activeKey(account: string, now: number): string | undefined {
    const active = this.#byAccount.get(account)
    return active !== undefined && now < active.expiresAt ? active.key : undefined
  }

  /** Removes and returns the keys whose time is over. */
  takeExpired(now: number): readonly ListenKey[] {
    if (this.#byKey.size === 0) return []
    const expired = [...this.#byKey.values()].filter((entry) => now >= entry.expiresAt)
    for (const entry of expired) {
      this.#byKey.delete(entry.key)
      this.#byAccount.delete(entry.account)
    }
    return expired
  }

  /** Lets every key (or one account's) run out now; `takeExpired` returns them. */
  expire(now: number, account?: string): void {
    for (const entry of this.#byKey.values()) if (account === undefined || entry.account === account) entry.expiresAt = now
  }
}
