/** Carries out the faults that strike sockets, keys, the clock or the market rather than one request or frame. */
import type { Exchange } from '../exchange.ts'
import type { Accounts } from './accounts.ts'
import type { ActionEffect } from './faults.ts'
import type { ListenKeys } from './listen-keys.ts'
import type { StreamSockets } from './stream-sockets.ts'

export interface ActionParts {
  readonly exchange: Exchange
  readonly accounts: Accounts
  readonly sockets: StreamSockets
  readonly listenKeys: ListenKeys
  /** The key meant when a fault names none. */
  readonly key: string
  shiftClock(ms: number): void
}

/** Does it; false when there was nothing to strike. */
export function performAction(parts: ActionParts, effect: ActionEffect): boolean {
  const { exchange, accounts, sockets, listenKeys } = parts
  switch (effect.do) {
    case 'cutSockets':
      return sockets.cut(effect.category)
    case 'closeSockets':
      return sockets.close(effect.category)
    case 'silence':
      return sockets.silence(effect.category, effect.ms === undefined ? Infinity : exchange.now + effect.ms)
    case 'halfOpen':
      return sockets.halfOpen(effect.category)
    case 'refuseSockets':
      sockets.refuseUntil(exchange.now + effect.ms)
      return true
    case 'expireListenKeys': {
      listenKeys.expire(exchange.now)
      const expired = listenKeys.takeExpired(exchange.now)
      sockets.listenKeysExpired(expired)
      return expired.length > 0
    }
    case 'revokeKey': {
      const revoked = effect.key ?? parts.key
      accounts.revoke(revoked)
      listenKeys.close(accounts.ownerOf(revoked))
      return true
    }
    case 'clockJump':
      parts.shiftClock(effect.ms)
      return true
    case 'market': {
      const { fault } = effect
      if (fault.kind !== 'user') return exchange.fault(fault)
      const { ms, count, how, account } = fault
      return exchange.fault({ kind: 'user', account: account ?? parts.key, how, count, ...(ms === undefined ? {} : { ms }) })
    }
  }
}
