/** What the parts of the matching engine share: time, agenda, ids, sinks, accounts and books. */
import type { Account } from '../account/account.ts'
import type { UserDispatch } from '../dispatch.ts'
import type { HashedLog } from '../event-log.ts'
import type { StreamHub } from '../market/hub.ts'
import type { PublicTrade } from '../market/trade-ring.ts'
import type { Schedule } from '../schedule.ts'
import type { Id, Order } from './order.ts'
import type { Resting } from './resting.ts'

export interface Ids {
  order(): Id
  algo(): Id
  /** Trade id as clients see it: the market's own number, or beyond 2^53 under the `ids` fault. */
  trade(native: number): Id
}

export interface World {
  now: number
  /** A position changed since the tapes last judged what their steps can reach. */
  disturbed: boolean
  readonly schedule: Schedule
  readonly dispatch: UserDispatch
  readonly log: HashedLog
  readonly hub: StreamHub
  readonly ids: Ids
  readonly accounts: readonly Account[]
  readonly books: ReadonlyMap<string, Resting>
  /** A trade was printed. */
  printed(book: Resting, trade: PublicTrade): void
  /** A position was liquidated with this order. */
  liquidated(book: Resting, order: Order): void
  /** The displayed book of a symbol changed outside a tape step. */
  bookChanged(book: Resting): void
}
