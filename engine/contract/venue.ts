/**
 * The exchange as the engine sees it: normalised records (all amounts DecimalText, INV-01; ids as text, they may pass 2^53)
 * and the interface that engine/venue implements. Raw payloads never leave engine/venue except as evidence.
 */
import type { DecimalText } from './decimal-text.ts'
import type { Failure, Result } from './result.ts'

export type Side = 'BUY' | 'SELL'
export type PositionSide = 'BOTH' | 'LONG' | 'SHORT'
export type OrderType =
  | 'LIMIT'
  | 'MARKET'
  | 'STOP'
  | 'STOP_MARKET'
  | 'TAKE_PROFIT'
  | 'TAKE_PROFIT_MARKET'
  | 'TRAILING_STOP_MARKET'
  | 'LIQUIDATION'
export type TimeInForce = 'GTC' | 'IOC' | 'FOK' | 'GTX' | 'GTD' | 'RPI'
export type WorkingType = 'CONTRACT_PRICE' | 'MARK_PRICE'
export type VenueOrderStatus =
  | 'NEW'
  | 'PARTIALLY_FILLED'
  | 'FILLED'
  | 'CANCELED'
  | 'EXPIRED'
  | 'EXPIRED_IN_MATCH'
  | 'REJECTED'
  /* conditional (algo) orders only */
  | 'TRIGGERING'
  | 'TRIGGERED'
  | 'FINISHED'

export interface SymbolFilters {
  readonly symbol: string
  readonly baseAsset: string
  readonly quoteAsset: string
  readonly status: string
  readonly tickSize: DecimalText
  readonly minPrice: DecimalText
  readonly maxPrice: DecimalText
  readonly stepSize: DecimalText
  readonly minQuantity: DecimalText
  readonly maxQuantity: DecimalText
  readonly marketStepSize: DecimalText
  readonly marketMinQuantity: DecimalText
  readonly marketMaxQuantity: DecimalText
  readonly minNotional: DecimalText
  /** PERCENT_PRICE multipliers against mark price. */
  readonly multiplierUp: DecimalText
  readonly multiplierDown: DecimalText
  readonly pricePrecision: number
  readonly quantityPrecision: number
  readonly maxOrders: number
  readonly triggerProtect: DecimalText
  readonly liquidationFee: DecimalText
  readonly marketTakeBound: DecimalText
  readonly orderTypes: readonly string[]
}

export interface LeverageTier {
  readonly bracket: number
  readonly floor: DecimalText
  readonly cap: DecimalText
  readonly maintenanceRate: DecimalText
  readonly cumulative: DecimalText
  readonly maxLeverage: number
}

export interface OrderRequest {
  /** Our own id, `^[\.A-Z\:/a-z0-9_-]{1,36}$` (INV-03). */
  readonly clientId: string
  readonly symbol: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: OrderType
  readonly quantity?: DecimalText
  readonly price?: DecimalText
  readonly triggerPrice?: DecimalText
  readonly activatePrice?: DecimalText
  readonly callbackRate?: DecimalText
  readonly timeInForce?: TimeInForce
  readonly goodTillDate?: number
  readonly reduceOnly?: boolean
  readonly closePosition?: boolean
  readonly workingType?: WorkingType
  readonly priceProtect?: boolean
}

/** New terms of a resting LIMIT order. The venue wants both, whichever changes; conditional orders cannot be amended. */
export interface AmendRequest {
  readonly clientId: string
  readonly symbol: string
  readonly side: Side
  readonly price: DecimalText
  /** Whole quantity, what is executed already included; at or below that the venue cancels the order. */
  readonly quantity: DecimalText
}

export interface VenueOrder {
  /** Regular orders and conditional (algo) orders live in different id spaces at the venue. */
  readonly book: 'regular' | 'algo'
  readonly symbol: string
  /** orderId, or algoId for the algo book. */
  readonly orderId: string
  /** Conditional orders that fired: the id of their child in the regular book, which fills carry. */
  readonly triggeredOrderId?: string
  readonly clientId: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly type: OrderType
  readonly status: VenueOrderStatus
  readonly timeInForce: TimeInForce
  readonly price: DecimalText
  readonly triggerPrice: DecimalText
  readonly quantity: DecimalText
  readonly executed: DecimalText
  /** "0" when the venue does not say (acks lost it on 2026-07-15). */
  readonly averagePrice: DecimalText
  readonly reduceOnly: boolean
  readonly closePosition: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

export interface VenueFill {
  readonly symbol: string
  readonly tradeId: string
  readonly orderId: string
  /** Absent in userTrades; known from the stream. */
  readonly clientId?: string
  readonly side: Side
  readonly positionSide: PositionSide
  readonly price: DecimalText
  readonly quantity: DecimalText
  /** As the venue says; the ledger recomputes it and compares. */
  readonly realizedPnl: DecimalText
  readonly commission: DecimalText
  readonly commissionAsset: string
  readonly maker: boolean
  readonly time: number
}

export interface VenuePosition {
  readonly symbol: string
  readonly positionSide: PositionSide
  /** Signed: negative is short (also for positionSide SHORT). */
  readonly quantity: DecimalText
  readonly entryPrice: DecimalText
  readonly markPrice: DecimalText
  readonly unrealizedPnl: DecimalText
  readonly liquidationPrice: DecimalText
  readonly marginType: 'cross' | 'isolated'
  readonly isolatedWallet: DecimalText
  readonly maintenanceMargin: DecimalText
  readonly initialMargin: DecimalText
  readonly updatedAt: number
}

export interface VenueBalance {
  readonly asset: string
  readonly wallet: DecimalText
  readonly crossWallet: DecimalText
  readonly available: DecimalText
  readonly unrealizedPnl: DecimalText
  readonly updatedAt: number
}

/** One consistent REST view (account v3 + positionRisk v3 + openOrders + openAlgoOrders). */
export interface AccountSnapshot {
  readonly takenAt: number
  readonly balances: readonly VenueBalance[]
  /** Only non-zero positions. */
  readonly positions: readonly VenuePosition[]
  readonly openOrders: readonly VenueOrder[]
}

export type UserEvent =
  | {
      readonly kind: 'order'
      /** x: NEW TRADE CANCELED EXPIRED CALCULATED AMENDMENT */
      readonly execution: string
      readonly order: VenueOrder
      /** Present when execution is TRADE (or CALCULATED with a fill). */
      readonly fill?: VenueFill
      readonly expiryReason: number
      readonly eventTime: number
      readonly transactionTime: number
    }
  | {
      readonly kind: 'algo'
      readonly order: VenueOrder
      /** Order id in the regular book once triggered. */
      readonly triggeredOrderId?: string
      readonly rejectReason?: string
      readonly eventTime: number
      readonly transactionTime: number
    }
  | {
      readonly kind: 'account'
      /** ORDER FUNDING_FEE DEPOSIT WITHDRAW … */
      readonly reason: string
      readonly balances: readonly {
        readonly asset: string
        readonly wallet: DecimalText
        readonly crossWallet: DecimalText
        readonly change: DecimalText
      }[]
      readonly positions: readonly {
        readonly symbol: string
        readonly positionSide: PositionSide
        readonly quantity: DecimalText
        readonly entryPrice: DecimalText
        readonly unrealizedPnl: DecimalText
        readonly marginType: 'cross' | 'isolated'
        readonly isolatedWallet: DecimalText
      }[]
      /** On FUNDING_FEE: the symbol it was paid for, when the venue says. */
      readonly fundingSymbol?: string
      readonly eventTime: number
      readonly transactionTime: number
    }
  | { readonly kind: 'marginCall'; readonly symbols: readonly string[]; readonly eventTime: number }
  | { readonly kind: 'config'; readonly symbol?: string; readonly leverage?: number; readonly eventTime: number }
  /** The stream was (re)connected: everything before may have been missed; the shell follows with a REST snapshot. */
  | { readonly kind: 'resync'; readonly reason: string; readonly eventTime: number }

export interface IncomeRecord {
  readonly symbol: string
  readonly type: string
  readonly amount: DecimalText
  readonly asset: string
  readonly time: number
  readonly id: string
  readonly tradeId: string
}

export interface VenueBar {
  readonly openTime: number
  readonly open: DecimalText
  readonly high: DecimalText
  readonly low: DecimalText
  readonly close: DecimalText
  readonly volume: DecimalText
  readonly closeTime: number
  readonly trades: number
}

/**
 * What became of a request. `rejected`, `notFound`, `throttled`, `banned`, `unavailable`, `auth`, `clock`, `notSent` prove that
 * nothing was executed; `ambiguous` (timeout, reset, 503 unknown, other 5xx) proves nothing (INV-04): look up by client id.
 */
export type VenueErrorCode =
  | 'rejected'
  | 'notFound'
  | 'throttled'
  | 'banned'
  | 'unavailable'
  | 'auth'
  | 'clock'
  | 'notSent'
  | 'ambiguous'
  | 'malformed'

export interface VenueError extends Failure<VenueErrorCode> {
  readonly httpStatus?: number
  /** Binance's own code, e.g. -2019. */
  readonly venueCode?: number
  readonly retryAfterMs?: number
}

export type VenueResult<T> = Result<T, VenueError>

/** Lanes of the shared rate budget, most urgent first (audit C5.1). */
export type Lane = 'kill' | 'cancel' | 'order' | 'account' | 'market'

/** Public half: needs no key. */
export interface PublicVenue {
  serverTime(): Promise<VenueResult<number>>
  symbols(): Promise<VenueResult<readonly SymbolFilters[]>>
  /** What was traded of every listing in the last 24 h, in quote currency. */
  dayVolumes(): Promise<VenueResult<readonly { readonly symbol: string; readonly quoteVolume: DecimalText }[]>>
  /** Ascending by openTime; limit ≤ 1500. */
  bars(
    symbol: string,
    interval: string,
    range: { startTime?: number; endTime?: number; limit?: number },
  ): Promise<VenueResult<readonly VenueBar[]>>
  markPrices(): Promise<
    VenueResult<
      readonly {
        readonly symbol: string
        readonly mark: DecimalText
        readonly index: DecimalText
        readonly fundingRate: DecimalText
        readonly nextFundingTime: number
      }[]
    >
  >
}

/** Signed half. `lane` defaults: cancels 'cancel', reduce-only orders 'cancel', other orders 'order', queries 'account'. */
export interface PrivateVenue {
  place(order: OrderRequest, lane?: Lane): Promise<VenueResult<VenueOrder>>
  placeBatch(orders: readonly OrderRequest[], lane?: Lane): Promise<VenueResult<readonly VenueResult<VenueOrder>[]>>
  /** The order as it stands afterwards; a change of price or more quantity loses its place in the queue. */
  amend(change: AmendRequest, lane?: Lane): Promise<VenueResult<VenueOrder>>
  cancel(symbol: string, clientId: string, book: 'regular' | 'algo', lane?: Lane): Promise<VenueResult<VenueOrder | undefined>>
  /** Both books (regular and conditional) of one symbol. */
  cancelAll(symbol: string, lane?: Lane): Promise<VenueResult<void>>
  /** Targeted query by our client id; `notFound` is proof of absence (INV-05). */
  order(symbol: string, clientId: string, book: 'regular' | 'algo', lane?: Lane): Promise<VenueResult<VenueOrder>>
  openOrders(symbol?: string, lane?: Lane): Promise<VenueResult<readonly VenueOrder[]>>
  positions(lane?: Lane): Promise<VenueResult<readonly VenuePosition[]>>
  balances(lane?: Lane): Promise<VenueResult<readonly VenueBalance[]>>
  snapshot(lane?: Lane): Promise<VenueResult<AccountSnapshot>>
  /** Ascending; `fromTradeId` inclusive. */
  fills(
    symbol: string,
    query: { fromTradeId?: string; startTime?: number; endTime?: number; limit?: number; orderId?: string },
    lane?: Lane,
  ): Promise<VenueResult<readonly VenueFill[]>>
  income(query: { startTime?: number; endTime?: number; type?: string; limit?: number }): Promise<VenueResult<readonly IncomeRecord[]>>
  leverageTiers(symbol?: string): Promise<VenueResult<ReadonlyMap<string, readonly LeverageTier[]>>>
  commission(symbol: string): Promise<VenueResult<{ readonly maker: DecimalText; readonly taker: DecimalText }>>
  setLeverage(symbol: string, leverage: number): Promise<VenueResult<void>>
  hedgeMode(): Promise<VenueResult<boolean>>
  /** Dead-man's switch: the venue cancels the symbol's orders unless refreshed within `ms`; 0 disarms. */
  countdownCancelAll(symbol: string, ms: number): Promise<VenueResult<void>>
  keyPermissions(): Promise<
    VenueResult<{ readonly canTrade: boolean; readonly canWithdraw: boolean | 'unknown'; readonly ipRestricted: boolean | 'unknown' }>
  >
}

export interface UserStream {
  /** Every event, in arrival order, exactly as the socket gave them; duplicates included (the ledger dedupes). */
  onEvent(listener: (event: UserEvent) => void): void
  /** True while the socket is open and the listen key known to be valid. */
  readonly healthy: boolean
  /** Raw frames received so far (the lock-step barrier compares it with what the simulator sent). */
  readonly frames: number
  start(): Promise<VenueResult<void>>
  stop(): Promise<void>
}

export interface VenueMetrics {
  readonly usedWeight: number
  readonly weightLimit: number
  readonly orderCount10s: number
  readonly orderCount1m: number
  readonly bannedUntil: number
  /** Last round trip of an order request, ms. */
  readonly orderRttMs: number
  readonly clockSkewMs: number
  readonly requests: number
  readonly failures: number
}
