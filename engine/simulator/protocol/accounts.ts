/** Keys, whose they are and what they may do. Keys of one account share its order limits and its user stream. */
import type { KeyRights } from '../../contract/settings.ts'
import type { AccountSpec } from '../exchange.ts'

export interface KeyPermissions {
  /** May place and cancel orders; else the key only reads. */
  readonly trade: boolean
  readonly withdraw: boolean
  readonly transfer: boolean
  readonly ipRestricted: boolean
  /** False: the venue has no document that tells these rights, as the demo venue. */
  readonly told: boolean
}

export interface KeySpec {
  readonly key: string
  readonly secret: string
  readonly permissions: KeyPermissions
}

export interface AccountKeys {
  readonly account: AccountSpec
  /** First the account's own key, then its aliases. */
  readonly keys: readonly KeySpec[]
}

export const FULL_PERMISSIONS: KeyPermissions = { trade: true, withdraw: false, transfer: false, ipRestricted: true, told: true }

/** The rights a user can ask for by name, as they differ from FULL_PERMISSIONS. */
export const PERMISSIONS_OF: Readonly<Record<KeyRights, Partial<KeyPermissions>>> = {
  trade: {},
  'read-only': { trade: false },
  withdraw: { withdraw: true },
  transfer: { transfer: true },
  untold: { told: false },
}

export class Accounts {
  readonly #keys = new Map<string, KeySpec & { readonly owner: string }>()
  readonly #revoked = new Set<string>()

  constructor(accounts: readonly AccountKeys[]) {
    for (const { account, keys } of accounts) for (const key of keys) this.#keys.set(key.key, { ...key, owner: account.key })
  }

  /** Undefined for unknown and revoked keys. */
  secretOf(key: string): string | undefined {
    return this.#revoked.has(key) ? undefined : this.#keys.get(key)?.secret
  }

  /** The key that names the account in the exchange. */
  ownerOf(key: string): string {
    return this.#keys.get(key)?.owner ?? key
  }

  mayTrade(key: string): boolean {
    return this.#keys.get(key)?.permissions.trade ?? false
  }

  permissionsOf(key: string): KeyPermissions | undefined {
    return this.#keys.get(key)?.permissions
  }

  revoke(key: string): void {
    this.#revoked.add(key)
  }

  /** The document of the wallet API that tells what a key may do. */
  restrictions(key: string): Readonly<Record<string, unknown>> {
    const permissions = this.permissionsOf(key)
    return {
      ipRestrict: permissions?.ipRestricted ?? false,
      createTime: 1_600_000_000_000,
      enableInternalTransfer: permissions?.transfer ?? false,
      enableFutures: permissions?.trade ?? false,
      enablePortfolioMarginTrading: false,
      enableVanillaOptions: false,
      permitsUniversalTransfer: permissions?.transfer ?? false,
      enableReading: permissions !== undefined,
      enableSpotAndMarginTrading: false,
      enableWithdrawals: permissions?.withdraw ?? false,
      enableMargin: false,
    }
  }
}
