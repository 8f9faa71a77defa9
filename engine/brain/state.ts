/**
 * Everything the brain knows, in one object that only the reducer changes (INV-06): one event at a time, synchronously.
 * Whoever else wants to see it gets copies (views.ts). Nothing here grows without bound (INV-11).
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradingState } from '../contract/kill.ts'
import { InvariantError } from '../contract/result.ts'
import type { Rails, StrategySettings } from '../contract/settings.ts'
import type { LeverageTier, PositionSide, SymbolFilters, VenueOrder } from '../contract/venue.ts'
import { Decimal } from '../money/decimal.ts'
import type { Ledger } from '../money/ledger.ts'
import type { Movements } from './movements.ts'
import { OrderMap } from './order-map.ts'
import type { Bar, Signal, Strategy, StrategyFactory } from '../strategy/strategy.ts'
import type { Trade } from './trade.ts'

export interface BrainConfig {
  /** [a-z0-9]{8}, part of every client id. */
  readonly session: string
  readonly symbols: readonly string[]
  readonly filters: readonly SymbolFilters[]
  readonly tiers: ReadonlyMap<string, readonly LeverageTier[]>
  readonly rails: Rails
  readonly strategySettings: StrategySettings
  readonly createStrategy: StrategyFactory
  /** Leverage of every symbol; a student may earn more. */
  readonly leverage: number
  /** Nobody has set it at the venue yet: the brain has it confirmed before a symbol's first entry. Absent: set before the first event. */
  readonly leverageUnknown?: true
  /** Account in hedge mode: orders carry LONG or SHORT. */
  readonly hedge: boolean
  /** Why the account is not as the settings say (position mode); nothing is entered then. Absent: it is. */
  readonly accountFault?: string
  /** Venue seconds per local second; data age is judged in local time. */
  readonly rate: number
  /** A request may reach the venue this long after it was sent (recvWindow and a margin), venue ms; only then is absence a proof. */
  readonly proofMs: number
  readonly tradingState: TradingState
  /** Highest order counter ever used with this session. */
  readonly counter: number
  /** Bars that closed until then are history, however they arrive: a restart never acts on a signal twice (INV-07). Venue ms. */
  readonly startedAt?: number
}

export interface VenueLeverage {
  /** Last known at the venue; 0 = never known. */
  venue: number
  /** The venue has confirmed it in this life, and nobody has changed it since. */
  proved: boolean
  /** Asked for and not answered yet; 0 = nothing. */
  asked: number
  /** Above what everybody has, or was before a restart. */
  raised: boolean
  /** Not asked again before this, venue ms. */
  notBefore: number
}

export interface SymbolState {
  readonly id: number
  readonly symbol: string
  filters: SymbolFilters
  readonly strategy: Strategy
  /** 0 = none yet. Doubles: the shortest text of each is the venue's own. */
  last: number
  /** Close of the newest bar. */
  close: number
  bid: number
  ask: number
  mark: number
  /** Venue ms of the newest datum. */
  dataAt: number
  /** Open time of the newest closed bar the strategy saw; 0 = none. */
  lastBar: number
  /** Open time of the first bar of the unbroken series the strategy saw, and how many bars it has; 0 = none. */
  firstBar: number
  bars: number
  /** Closed bars that came while older ones are missing; at most MAX_PENDING_BARS. */
  pendingBars: { readonly bar: Bar; readonly live: boolean }[]
  /** The stream was restarted and no closed bar has joined on yet. */
  incomplete: boolean
  trade: Trade | null
  readonly leverage: VenueLeverage
  /** A signal whose entry waits until the venue has confirmed its leverage. */
  waiting: Signal | null
  coolDownUntil: number
  /** Position somebody else holds in this symbol, by side and together (foreign.ts): not in the ledger until the trader adopts it. */
  readonly foreignSides: Map<PositionSide, Decimal>
  foreign: Decimal
}

interface EquityMemo {
  ledger: Ledger | null
  revision: number
  legs: readonly { readonly symbol: SymbolState; mark: number }[]
  value: Decimal
}

export interface BrainState {
  readonly config: BrainConfig
  readonly symbols: readonly SymbolState[]
  readonly bySymbol: ReadonlyMap<string, SymbolState>
  now: number
  rails: Rails
  /** null until a baseline or the journal gave it a start. */
  ledger: Ledger | null
  /** The equity last worked out, and what it rests on. */
  readonly equity: EquityMemo
  readonly orders: OrderMap
  counter: number
  /** Orders of others at the venue, shown and left alone. */
  readonly foreignOrders: Map<string, VenueOrder>
  tradingState: TradingState
  tradingReason: string
  released: boolean
  /** Account state is known to include everything the stream may have missed. */
  synced: boolean
  streamHealthy: boolean
  journalFault: string
  /** '' while the account's position mode is the one that orders are made for. */
  accountFault: string
  /** Look-ups, snapshots and reads under way, so that none is asked for twice. */
  readonly lookupsOut: Set<string>
  readonly fillsOut: Set<string>
  /** Quantity booked from REST fills whose order was not known yet, by the venue's order id; claimed when the order turns up. */
  readonly unclaimed: Map<string, DecimalText>
  /** Client ids whose fills were asked for, with the venue ms of asking. */
  readonly owedSince: Map<string, number>
  /** Symbols whose fills must be read again once no order of theirs is unresolved. */
  readonly fillsWanted: Set<string>
  snapshotOut: boolean
  incomeOut: boolean
  /** Venue ms of the last snapshot asked for. */
  lastSyncAt: number
  consecutiveRejects: number
  /** Venue ms of the orders of the last minute. */
  orderTimes: number[]
  /** The venue's own wallet, newest first by transaction time. */
  venueWallet: DecimalText | null
  venueWalletAt: number
  walletDriftSince: number
  /** Venue ms at which ledger and venue last agreed: fills are read again from there. */
  walletAgreedAt: number
  balanceMismatch: string
  peakEquity: Decimal
  dayStartEquity: Decimal
  /** UTC day number the day figures belong to. */
  day: number
  tripped: boolean
  lastHouseKeeping: number
  /** Symbols whose trade must be planned again before the step ends. */
  readonly dirty: Set<SymbolState>
  /** Counts account-changing events (BookCopy.revision). */
  revision: number
  /** Counts changes of what the learning strategy's view shows. */
  learningRevision: number
  lastIncomeAt: number
  /** Funding and transfers of late, so that each is booked once (movements.ts). */
  readonly movements: Map<string, Movements>
  /** Venue ms of the ledger's beginning: what happened until then is part of it. */
  baselineAt: number
  counters: {
    ticks: number
    candles: number
    signals: number
    orders: number
    fills: number
    rejects: number
    lost: number
    invalidTransitions: number
  }
}

export const MAX_PENDING_BARS = 16
/** Terminal orders remembered for late events. */
export const MAX_DONE_ORDERS = 500
const ZERO = new Decimal(0)

/** A brain that knows its configuration and nothing else. Throws InvariantError when a symbol has no filters. */
export function createBrain(config: BrainConfig): BrainState {
  const filters = new Map(config.filters.map((one) => [one.symbol, one]))
  const symbols = config.symbols.map((symbol, id): SymbolState => {
    const known = filters.get(symbol)
    if (known === undefined) throw new InvariantError(`Invariant: no filters for ${symbol}`)
    return {
      id,
      symbol,
      filters: known,
      strategy: config.createStrategy(symbol, config.strategySettings),
      last: 0,
      close: 0,
      bid: 0,
      ask: 0,
      mark: 0,
      dataAt: 0,
      lastBar: 0,
      firstBar: 0,
      bars: 0,
      pendingBars: [],
      incomplete: false,
      trade: null,
      leverage: {
        venue: config.leverageUnknown === true ? 0 : Math.min(config.leverage, config.rails.maxLeverageTeacher),
        proved: config.leverageUnknown !== true,
        asked: 0,
        raised: false,
        notBefore: 0,
      },
      waiting: null,
      coolDownUntil: 0,
      foreignSides: new Map(),
      foreign: ZERO,
    }
  })
  return {
    config,
    symbols,
    bySymbol: new Map(symbols.map((one) => [one.symbol, one])),
    now: 0,
    rails: config.rails,
    ledger: null,
    orders: new OrderMap(),
    equity: { ledger: null, revision: -1, legs: [], value: ZERO },
    counter: config.counter,
    foreignOrders: new Map(),
    tradingState: config.tradingState,
    tradingReason: config.tradingState === 'active' ? '' : 'set before the brain started',
    released: false,
    synced: false,
    streamHealthy: false,
    journalFault: '',
    accountFault: config.accountFault ?? '',
    lookupsOut: new Set(),
    fillsOut: new Set(),
    unclaimed: new Map(),
    owedSince: new Map(),
    fillsWanted: new Set(),
    snapshotOut: false,
    incomeOut: false,
    lastSyncAt: 0,
    consecutiveRejects: 0,
    orderTimes: [],
    venueWallet: null,
    venueWalletAt: 0,
    walletDriftSince: 0,
    walletAgreedAt: 0,
    balanceMismatch: '',
    peakEquity: ZERO,
    dayStartEquity: ZERO,
    day: 0,
    tripped: false,
    lastHouseKeeping: 0,
    dirty: new Set(),
    revision: 0,
    learningRevision: 0,
    lastIncomeAt: 0,
    movements: new Map(),
    baselineAt: 0,
    counters: { ticks: 0, candles: 0, signals: 0, orders: 0, fills: 0, rejects: 0, lost: 0, invalidTransitions: 0 },
  }
}

/** Which side of a hedged account a side of an entry works on. */
export const positionSideOf = (config: BrainConfig, side: 'BUY' | 'SELL'): PositionSide =>
  config.hedge ? (side === 'BUY' ? 'LONG' : 'SHORT') : 'BOTH'
