/**
 * The embedded exchange, in process: one seeded tape per symbol from which trades, klines, book, mark and fills are all derived.
 * This file is its face: what the protocol layer (REST + WebSocket) and tests stand on; `createExchange` is in core.ts.
 *
 * - Virtual time only: nothing here reads a clock. `advanceTo` is the only thing that moves time, and it never moves it back.
 * - Same config, same calls at the same virtual times → byte-identical event log (`eventLog().sha256`).
 * - Amounts in every document are the venue's text; ids are integers from counters (below 2^53).
 * - Everything is synchronous; sinks are called during `advanceTo` and during order entry, and must not call back into
 *   order entry synchronously.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { SimulatorAccount } from '../contract/processes.ts'
import type { SymbolSpec } from './symbols.ts'

/** What a handler answers: the venue's JSON body, or the venue's error. HTTP 200 unless it says otherwise. */
export type Outcome = { readonly ok: true; readonly body: unknown } | VenueFailure

export interface VenueFailure {
  readonly ok: false
  /** HTTP status, 400 for business errors. */
  readonly status: number
  /** Binance's code, e.g. -2019. */
  readonly code: number
  readonly msg: string
}

/** Decoded request parameters as text (query wins over body; `timestamp`, `recvWindow`, `signature` may stay in, they are ignored). */
export type Params = Readonly<Record<string, string>>

/**
 * Every REST document the core serves: `METHOD path`. The protocol adds security, signatures, limits, listenKey, ping, rateLimit
 * headers and faults, and serves itself: GET ping, POST/PUT/DELETE listenKey, GET rateLimit/order.
 */
export const ROUTES = [
  /* public: no account */
  'GET /fapi/v1/time',
  'GET /fapi/v1/exchangeInfo',
  'GET /fapi/v1/depth',
  'GET /fapi/v1/trades',
  'GET /fapi/v1/historicalTrades',
  'GET /fapi/v1/aggTrades',
  'GET /fapi/v1/klines',
  'GET /fapi/v1/continuousKlines',
  'GET /fapi/v1/indexPriceKlines',
  'GET /fapi/v1/markPriceKlines',
  'GET /fapi/v1/premiumIndexKlines',
  'GET /fapi/v1/premiumIndex',
  'GET /fapi/v1/fundingRate',
  'GET /fapi/v1/fundingInfo',
  'GET /fapi/v1/ticker/24hr',
  'GET /fapi/v1/ticker/price',
  'GET /fapi/v2/ticker/price',
  'GET /fapi/v1/ticker/bookTicker',
  'GET /fapi/v1/openInterest',
  'GET /fapi/v1/indexInfo',
  'GET /fapi/v1/assetIndex',
  'GET /fapi/v1/constituents',
  /* trade: account */
  'POST /fapi/v1/order',
  'POST /fapi/v1/order/test',
  'PUT /fapi/v1/order',
  'GET /fapi/v1/order',
  'DELETE /fapi/v1/order',
  'POST /fapi/v1/batchOrders',
  'PUT /fapi/v1/batchOrders',
  'DELETE /fapi/v1/batchOrders',
  'DELETE /fapi/v1/allOpenOrders',
  'POST /fapi/v1/countdownCancelAll',
  'GET /fapi/v1/openOrder',
  'GET /fapi/v1/openOrders',
  'GET /fapi/v1/allOrders',
  'GET /fapi/v1/orderAmendment',
  'POST /fapi/v1/algoOrder',
  'GET /fapi/v1/algoOrder',
  'DELETE /fapi/v1/algoOrder',
  'DELETE /fapi/v1/algoOpenOrders',
  'GET /fapi/v1/openAlgoOrders',
  'GET /fapi/v1/allAlgoOrders',
  'GET /fapi/v1/userTrades',
  'POST /fapi/v1/leverage',
  'POST /fapi/v1/marginType',
  'POST /fapi/v1/positionMargin',
  'GET /fapi/v1/positionMargin/history',
  'POST /fapi/v1/positionSide/dual',
  'GET /fapi/v1/positionSide/dual',
  'GET /fapi/v1/multiAssetsMargin',
  'POST /fapi/v1/multiAssetsMargin',
  'GET /fapi/v1/feeBurn',
  'POST /fapi/v1/feeBurn',
  'GET /fapi/v2/account',
  'GET /fapi/v3/account',
  'GET /fapi/v2/balance',
  'GET /fapi/v3/balance',
  'GET /fapi/v1/balance',
  'GET /fapi/v1/account',
  'GET /fapi/v1/positionRisk',
  'GET /fapi/v2/positionRisk',
  'GET /fapi/v3/positionRisk',
  'GET /fapi/v1/accountConfig',
  'GET /fapi/v1/symbolConfig',
  'GET /fapi/v1/leverageBracket',
  'GET /fapi/v1/commissionRate',
  'GET /fapi/v1/income',
  'GET /fapi/v1/forceOrders',
  'GET /fapi/v1/adlQuantile',
  'GET /fapi/v1/apiTradingStatus',
] as const
export type Route = (typeof ROUTES)[number]

/** A venue-shaped market event. `stream` is the exact stream name it belongs to ("btcusdt@kline_1m", "!miniTicker@arr"). */
export interface MarketEvent {
  readonly stream: string
  /** Virtual ms; ≥ data.E is never violated. */
  readonly time: number
  /** The raw `data` object in the venue's field order (an array for "!…@arr" streams). Never mutated after it was handed out. */
  readonly data: unknown
}

/** A venue-shaped user event (ORDER_TRADE_UPDATE, ACCOUNT_UPDATE, ALGO_UPDATE, TRADE_LITE, MARGIN_CALL, ACCOUNT_CONFIG_UPDATE …). */
export interface UserEvent {
  readonly account: string
  readonly time: number
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What an in-process reader wants of the market, as numbers: no text is made and none is read. Symbols by their place in the list. */
export interface NumberSink {
  /** After a step, or after the last of several that could reach nobody (`watchMark`). Prices in USDT. */
  mark(symbol: number, time: number, mark: number, index: number, fundingRate: number, nextFundingTime: number): void
  /** Each minute's final bar, as in `@kline_1m`. */
  bar(symbol: number, openTime: number, open: number, high: number, low: number, close: number, volume: number): void
}

export interface Sinks {
  readonly numbers?: NumberSink
  /** Called in due order, only for streams named with `subscribe`. */
  onMarket?(event: MarketEvent): void
  /** Called when due: seeded latency, order kept only within one event type. */
  onUser?(event: UserEvent): void
  /** False while nobody can be listening to the account: its events are then not built. */
  hearsUser?(account: string): boolean
}

export interface AccountSpec {
  /** API key; it also names the account in every call. */
  readonly key: string
  readonly secret: string
  /** USDT. */
  readonly balance: DecimalText
  /** Positions by side, LONG and SHORT (default false). */
  readonly hedge?: boolean
  /** Further keys of the same account, e.g. a read-only one (permissions are the protocol's matter). */
  readonly aliases?: readonly string[]
}

/** Uniform draw in [min, max] virtual ms. */
export interface LatencyRange {
  readonly min: number
  readonly max: number
}

export interface Latency {
  /** From the request's arrival to the matching engine (only `submit` waits for it). */
  readonly orderIn: LatencyRange
  /** From matching to the acknowledgement (only `submit` waits for it). */
  readonly ack: LatencyRange
  /** From matching to each user event, drawn per event type; this is what shuffles types. */
  readonly eventOut: LatencyRange
}

export type Regime = 'trend' | 'range' | 'crash' | 'gap'

/** Open time and prices as decimal text; one minute each, ascending, gaps allowed. */
export interface TapeBar {
  readonly openTime: number
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
}

/** Many bars; times are open times in ms, prices in USDT. */
export interface TapeColumns {
  readonly length: number
  readonly time: Float64Array
  readonly open: Float64Array
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
  readonly volume: Float64Array
}

/** One public frame with the venue time it is played at; `data` is the venue's own object (aggTrade, trade, bookTicker, …). */
export interface TapeFrame {
  readonly time: number
  readonly data: unknown
}

/** Tape of one symbol. Parsing of files is in tape/*: `readKlinesCsv`, `readFrames`, `demoBars`. */
export type TapeSpec =
  | { readonly kind: 'synthetic'; readonly regimes?: readonly Regime[]; readonly startPrice?: DecimalText }
  | {
      readonly kind: 'bars'
      readonly bars: readonly TapeBar[]
      /** Play again from the start with prices re-based to the last close (default false: the tape ends). */
      readonly loop?: boolean
      /** Re-base the first open to this price, for playing one symbol's shape on another. */
      readonly startPrice?: DecimalText
    }
  /** As `bars` once, at their own prices, in columns of numbers: nothing is parsed, nothing is copied. */
  | { readonly kind: 'columns'; readonly columns: TapeColumns }
  | { readonly kind: 'frames'; readonly frames: readonly TapeFrame[] }
  /** Everything comes through `pushLive`. */
  | { readonly kind: 'live'; readonly startPrice?: DecimalText }

export interface ExchangeConfig {
  readonly seed: number
  readonly symbols: readonly SymbolSpec[]
  /** By symbol; a symbol without a tape gets 'synthetic'. */
  readonly tapes?: Readonly<Record<string, TapeSpec>>
  readonly accounts: readonly AccountSpec[]
  /** Virtual start, ms. Bars tapes are shifted so that their first bar opens at or before it (whole minutes). Default: the first bar's time. */
  readonly startTime?: number
  /** Price steps a minute derived from one bar (default 12: one each 5 s). 60 for slow, live-like playback. */
  readonly stepsPerMinute?: number
  /** One-minute bars before the start, seeded prelude ending at the first open (default 1,600). */
  readonly preludeBars?: number
  /** Default: all zero for orderIn/ack, 0-40 ms for eventOut. */
  readonly latency?: Partial<Latency>
  /** Acks as before 2026-07-15, with avgPrice and cumQuote (default false). */
  readonly legacyAcks?: boolean
  /** First order, algo and trade id, e.g. beyond 2^53 as text for the fault of that name. */
  readonly firstOrderId?: number
  readonly sinks?: Sinks
}

/** How a request comes to the matching engine. */
export interface EngineEntry {
  /** On top of the seeded latency, virtual ms. */
  readonly delayMs: number
  /** Asked on arrival: the refusal, or undefined to serve it. */
  refusal(): VenueFailure | undefined
}

export interface EventLog {
  readonly count: number
  /** Hash over every order event, fill, balance change and funding, in order, and over every step of each symbol's tape, in order. */
  readonly sha256: string
}

/** Fault hooks that change the market or the account itself; transport faults live in the protocol layer. */
export type MarketFault =
  /** Changes filters mid-run; visible in exchangeInfo at once. */
  | { readonly kind: 'filters'; readonly symbol: string; readonly change: Partial<SymbolSpec> }
  /** TRADING, TRADING_HALT, TRADING_CANCEL_ONLY, … */
  | { readonly kind: 'status'; readonly symbol: string; readonly status: string }
  /** Jumps the tape's price by a signed fraction ("-0.08"); later prices keep the offset. */
  | { readonly kind: 'jump'; readonly symbol: string; readonly fraction: string }
  /** Skips `updates` depthUpdate events: the next `pu` does not match. */
  | { readonly kind: 'depthGap'; readonly symbol: string; readonly updates: number }
  /** The next closed kline is revised (sent again with another close), late (x true after the next open), or missing. */
  | { readonly kind: 'kline'; readonly symbol: string; readonly how: 'revised' | 'late' | 'missing' }
  /** User events of the account from now: each one sent twice, held back by `ms`, or lost. */
  | {
      readonly kind: 'user'
      readonly account: string
      readonly how: 'duplicate' | 'late' | 'drop'
      readonly count: number
      readonly ms?: number
    }
  /** All ids from now on start here (text, may pass 2^53). */
  | { readonly kind: 'ids'; readonly from: string }

export interface Exchange {
  /** Virtual now, ms. */
  readonly now: number
  readonly startTime: number
  /** Time of the last tape datum over all symbols, or null when it never ends. */
  readonly endTime: number | null
  readonly symbols: readonly string[]

  /** Plays everything due up to and including `timeMs`. */
  advanceTo(timeMs: number): void
  /** Time of the next thing that will happen (tape step, due event, timer), or null when nothing is left. */
  nextTime(): number | null
  /** `advanceTo(nextTime())`; false when nothing is left. */
  step(): boolean
  /** One-shot virtual timer; returns a cancel function. */
  after(delayMs: number, callback: () => void): () => void

  /** Market streams to produce; idempotent, not counted. Returns false for a name no symbol or category has. */
  subscribe(stream: string): boolean
  unsubscribe(stream: string): void
  /** Marks outside [low, high] (USDT) are told the moment they come; the steps of marks inside need no moment of their own. */
  watchMark(symbol: string, low: number, high: number): void

  /** Serves one REST document now. `account` is the key (or alias), null for public routes. */
  request(route: Route, account: string | null, params: Params): Outcome
  /** As `request`, after the seeded order-in latency, answering after the ack latency (synchronously when both are zero). */
  submit(route: Route, account: string | null, params: Params, done: (outcome: Outcome) => void, entry?: EngineEntry): void

  /** Secret of a key or alias; undefined when unknown. */
  secretOf(key: string): string | undefined
  /** Exact truth for proofs. */
  account(key: string): SimulatorAccount
  eventLog(): EventLog

  /** Live tape: an upstream's public event in venue shape (aggTrade, bookTicker, depthUpdate, markPriceUpdate, kline). */
  pushLive(data: unknown): void
  /** Live tape: closed bars from the upstream's REST, before the start. */
  pushHistory(symbol: string, bars: readonly TapeBar[]): void

  /** Changes the market or an account; false when the symbol or account is unknown. */
  fault(fault: MarketFault): boolean
}
