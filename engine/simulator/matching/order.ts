/** Orders of the regular and of the conditional (algo) book, as mutable records of the matching engine. */
import type { Account } from '../account/account.ts'
import type { Market } from '../market/market.ts'
import type { Entry } from '../schedule.ts'

/** Counter ids; bigint only once the `ids` fault pushed them beyond 2^53. */
export type Id = number | bigint
export type Side = 'BUY' | 'SELL'
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT'
export type OrderType = 'LIMIT' | 'MARKET' | 'LIQUIDATION'
export type AlgoType = 'STOP' | 'STOP_MARKET' | 'TAKE_PROFIT' | 'TAKE_PROFIT_MARKET' | 'TRAILING_STOP_MARKET'
export const ALGO_TYPES: readonly string[] = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET']
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD'
export const TIMES_IN_FORCE: readonly string[] = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD']
export type Stp = 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH'
export const STP_MODES: readonly string[] = ['NONE', 'EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH']
export type Status = 'NEW' | 'PARTIALLY_FILLED' | 'FILLED' | 'CANCELED' | 'EXPIRED' | 'EXPIRED_IN_MATCH'
export type WorkingType = 'CONTRACT_PRICE' | 'MARK_PRICE'

/** What a client asks for, parsed and in units; not yet an order. */
export interface OrderDraft {
  readonly account: Account
  readonly market: Market
  readonly clientId: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: OrderType
  /** Type shown as origin ("ot"): a triggered STOP_MARKET keeps it. */
  readonly origType: string
  readonly tif: TimeInForce
  /** PU; 0 for MARKET. */
  readonly price: number
  /** QU. */
  readonly qty: number
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  readonly stp: Stp
  readonly priceMatch: string
  readonly goodTillDate: number
  readonly stopPrice: number
  readonly workingType: WorkingType
  readonly priceProtect: boolean
  /** Of a trailing stop that triggered: what its events tell. */
  readonly trailing?: { readonly activatePrice: number; readonly callbackTenths: number }
}

export interface Order extends Omit<OrderDraft, 'price' | 'qty'> {
  readonly id: Id
  price: number
  qty: number
  executed: number
  /** Σ price × quantity, PU × QU. */
  quote: bigint
  status: Status
  readonly time: number
  updateTime: number
  /** Ambient QU before it in its level's queue. */
  ahead: number
  /** Arrival number: priority among clients' orders of one price. */
  arrival: number
  amends: number
  /** er of the last event. */
  expiryReason: number
  /** Good-till-date expiry. */
  timer: Entry | null
}

export type AlgoStatus = 'NEW' | 'TRIGGERING' | 'TRIGGERED' | 'FINISHED' | 'CANCELED' | 'REJECTED' | 'EXPIRED'

export interface Algo {
  readonly id: Id
  readonly clientId: string
  readonly account: Account
  readonly market: Market
  readonly type: AlgoType
  readonly side: Side
  readonly positionSide: PositionSide
  readonly tif: TimeInForce
  readonly qty: number
  readonly price: number
  triggerPrice: number
  readonly activatePrice: number
  /** Per cent × 10 (0.1 % units … the venue allows one decimal). */
  readonly callbackTenths: number
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  readonly priceProtect: boolean
  readonly workingType: WorkingType
  readonly stp: Stp
  readonly priceMatch: string
  readonly goodTillDate: number
  status: AlgoStatus
  readonly time: number
  updateTime: number
  triggerTime: number
  order: Order | null
  rejectReason: string
  timer: Entry | null
  /** Trailing: whether the activation price was crossed, and the extreme since. */
  active: boolean
  extreme: number
}

export const opposite = (side: Side): Side => (side === 'BUY' ? 'SELL' : 'BUY')
export const remaining = (order: Order): number => order.qty - order.executed
export const isOpen = (order: Order): boolean => order.status === 'NEW' || order.status === 'PARTIALLY_FILLED'

/** True when the order can only make a position smaller. */
export const reduces = (order: { reduceOnly: boolean; closePosition: boolean; positionSide: PositionSide; side: Side }): boolean =>
  order.reduceOnly ||
  order.closePosition ||
  (order.positionSide === 'LONG' && order.side === 'SELL') ||
  (order.positionSide === 'SHORT' && order.side === 'BUY')
