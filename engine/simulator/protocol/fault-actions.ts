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

export function performAction(parts: ActionParts, effect: ActionEffect): void {
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
      return sockets.refuseUntil(exchange.now + effect.ms)
    case 'expireListenKeys':
      listenKeys.expire(exchange.now)
      return sockets.listenKeysExpired(listenKeys.takeExpired(exchange.now))
    case 'revokeKey': {
      const revoked = effect.key ?? parts.key
      accounts.revoke(revoked)
      listenKeys.close(accounts.ownerOf(revoked))
      return
    }
    case 'clockJump':
      return parts.shiftClock(effect.ms)
    case 'market': {
      const { fault } = effect
      if (fault.kind === 'user') {
        const { ms, count, how, account } = fault
        exchange.fault({ kind: 'user', account: account ?? parts.key, how, count, ...(ms === undefined ? {} : { ms }) })
      } else exchange.fault(fault)
    }
  }
}
