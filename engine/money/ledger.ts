/**
 * The account's book: positions, realised profit, fees, funding, wallet. Single writer (INV-06): mutated only by the owner's
 * synchronous reducer; what it hands out are values that do not change under the reader.
 *
 * 1. wallet = start + Σ realised − Σ fees + Σ funding + Σ transfers + Σ adjustments, to the last digit, always.
 * 2. A fill counts once, by (symbol, tradeId, side), however often and in whatever order it is delivered.
 * 3. Only closing realises; fees are charged at each fill in the asset the venue names; other assets than the quote asset are
 *    kept apart and do not touch the wallet.
 * 4. Hedge mode needs no switch: BOTH, LONG and SHORT of a symbol are three positions.
 * 5. The realised profit is our own sum. The venue's figure is compared with it: a difference that its rounding of the entry
 *    price explains is taken over (so that both wallets stay equal to the last digit), any other is counted and reported.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { PositionSide, Side, VenueFill } from '../contract/venue.ts'
import { decimal, Decimal, ZERO, type Usdt } from './decimal.ts'
import { amountText, toFixedAmount } from './fixed.ts'
import { createPositionTrack, FLAT_TRACK, type LedgerPosition, type PositionTrack, type TrackState } from './position-track.ts'
import { createTradeIdMemory, idNumber, type TradeIdMemory } from './trade-ids.ts'

export type { LedgerPosition } from './position-track.ts'

export type FillOutcome =
  | {
      readonly kind: 'booked'
      /** Realised by this fill, before its fee. */
      readonly realized: DecimalText
      /** The position went from flat to open / from open to flat / to the other side. */
      readonly opened: boolean
      readonly closed: boolean
      readonly flipped: boolean
      /** 'reordered': it came late and was put where it belongs. 'beyond-memory': too late for that, booked at the end. */
      readonly order: 'in-order' | 'reordered' | 'beyond-memory'
      /** Our realised profit and the venue's differ by more than rounding. */
      readonly disagrees: boolean
    }
  | { readonly kind: 'duplicate' }
  /** Older than the memory of trade ids, or part of the baseline: not booked. */
  | { readonly kind: 'forgotten' }
  /** An amount that is not positive or has more than 18 decimals. */
  | { readonly kind: 'refused'; readonly field: 'price' | 'quantity' | 'commission'; readonly reason: string }

export interface LedgerTotals {
  readonly wallet: Usdt
  readonly realized: Usdt
  /** Paid in the quote asset; positive = paid. */
  readonly fees: Usdt
  readonly funding: Usdt
  readonly transfers: Usdt
  /** Set by repairs, with their reason in the journal. */
  readonly adjustments: Usdt
}

export interface BaselinePosition {
  readonly symbol: string
  readonly positionSide: PositionSide
  readonly quantity: DecimalText
  readonly averageEntry: DecimalText
}

export interface LedgerOptions {
  readonly wallet: DecimalText
  /** Positions that were open when the book begins. */
  readonly positions?: readonly BaselinePosition[]
  /** Per symbol the last trade the baseline already contains. */
  readonly lastTradeId?: Readonly<Record<string, string>>
  readonly quoteAsset?: string
  /** Rule 5; false = our own sum only. */
  readonly acceptVenueRounding?: boolean
  readonly time?: number
}

/** Funding, transfer, fee rebate: a wallet change that is not a fill. `id` makes it count once. */
export interface WalletChange {
  readonly kind: 'funding' | 'transfer'
  readonly id: string
  readonly amount: DecimalText
}

export interface Ledger {
  applyFill(fill: VenueFill): FillOutcome
  applyChange(change: WalletChange): 'booked' | 'duplicate'
  /** Repair: the wallet becomes `wallet`; returns the adjustment that was booked for it. */
  setWallet(wallet: DecimalText): DecimalText
  /** Repair or adoption: the position becomes what the venue says; every trade up to the last one seen is part of it. */
  adoptPosition(position: BaselinePosition, time: number, includesUpTo?: string): void
  /** Flat when unknown. */
  position(symbol: string, positionSide: PositionSide): LedgerPosition
  /** Open positions, in order of symbol and side. */
  openPositions(): readonly LedgerPosition[]
  /** Every position that ever had a fill. */
  allPositions(): readonly LedgerPosition[]
  totals(): LedgerTotals
  wallet(): Usdt
  /** Fees paid in other assets than the quote asset. */
  foreignFees(): Readonly<Record<string, DecimalText>>
  /** Σ quantity × (mark − entry) over open positions; a position without a mark counts at its entry. */
  unrealized(mark: (symbol: string) => Decimal | undefined): Usdt
  hasTrade(symbol: string, tradeId: string, side: Side): boolean
  lastTradeIds(): Readonly<Record<string, string>>
  readonly fillCount: number
  /** Fills whose realised profit disagrees with the venue's beyond rounding. */
  readonly disagreements: number
  /** Counts every change. */
  readonly revision: number
}

/** One symbol: the trades booked, and its positions (BOTH in one-way mode; LONG and SHORT in hedge mode). */
interface SymbolBook {
  readonly trades: TradeIdMemory
  BOTH: PositionTrack | null
  LONG: PositionTrack | null
  SHORT: PositionTrack | null
}

const CHANGE_IDS_KEPT = 20_000

/** A position of `quantity` at `entry` in fixed point. */
function coreOf(position: BaselinePosition): { quantity: bigint; cost: bigint } {
  const quantity = fixedOf(position.quantity)
  return { quantity, cost: quantity * fixedOf(position.averageEntry) }
}

/** To 18 decimals, rounded half up beyond: for baselines, where the venue prints quotients. */
const fixedOf = (text: DecimalText): bigint => {
  const exact = toFixedAmount(text)
  return exact ?? BigInt(decimal(text).mul('1e18').toFixed(0))
}

export function createLedger(options: LedgerOptions): Ledger {
  return new AccountLedger(options)
}

// A class, not closures with getters: code compiled for one account's book fits the next one's.
class AccountLedger implements Ledger {
  fillCount = 0
  disagreements = 0
  revision = 0
  private readonly options: LedgerOptions
  private readonly quoteAsset: string
  private readonly books = new Map<string, SymbolBook>()
  private readonly foreign = new Map<string, Decimal>()
  private readonly changes = new Set<string>()
  private balance: bigint
  private realized = 0n
  private fees = 0n
  private funding = 0n
  private transfers = 0n
  private adjustments = 0n
  private shownRevision = -1
  private shown = ZERO as Usdt

  constructor(options: LedgerOptions) {
    this.options = options
    this.quoteAsset = options.quoteAsset ?? 'USDT'
    this.balance = fixedOf(options.wallet)
    for (const symbol of Object.keys(options.lastTradeId ?? {})) this.bookOf(symbol)
    const time = options.time ?? 0
    for (const position of options.positions ?? []) {
      const core = coreOf(position)
      const openedAt = core.quantity === 0n ? 0 : time
      this.trackOf(position.symbol, position.positionSide, { ...core, realized: 0n, openedAt, updatedAt: time })
    }
  }

  applyFill(fill: VenueFill): FillOutcome {
    const price = toFixedAmount(fill.price)
    if (price === null || price <= 0n) return { kind: 'refused', field: 'price', reason: `price ${fill.price}` }
    const quantity = toFixedAmount(fill.quantity)
    if (quantity === null || quantity <= 0n) return { kind: 'refused', field: 'quantity', reason: `quantity ${fill.quantity}` }
    const commission = toFixedAmount(fill.commission)
    if (commission === null) return { kind: 'refused', field: 'commission', reason: `commission ${fill.commission}` }
    const { symbol, tradeId, side } = fill
    const number = idNumber(tradeId)
    const added = this.bookOf(symbol).trades.add(tradeId, number, side)
    if (added !== 'new') return { kind: added }
    const venueRealized = Number.isNaN(number) ? null : toFixedAmount(fill.realizedPnl)
    const signed = side === 'BUY' ? quantity : -quantity
    const applied = this.trackOf(symbol, fill.positionSide).apply(tradeId, number, signed, price, venueRealized, fill.time)
    this.realized += applied.realizedDelta
    this.balance += applied.realizedDelta
    this.disagreements += applied.disagreements
    if (commission !== 0n) {
      if (fill.commissionAsset === this.quoteAsset) {
        this.fees += commission
        this.balance -= commission
      } else this.foreign.set(fill.commissionAsset, (this.foreign.get(fill.commissionAsset) ?? ZERO).plus(fill.commission))
    }
    this.fillCount++
    this.revision++
    const { before, after } = applied
    return {
      kind: 'booked',
      realized: amountText(applied.realized),
      opened: before === 0n && after !== 0n,
      closed: before !== 0n && after === 0n,
      flipped: before !== 0n && after !== 0n && before > 0n !== after > 0n,
      order: applied.order,
      disagrees: applied.disagreements > 0,
    }
  }

  applyChange(change: WalletChange): 'booked' | 'duplicate' {
    const { changes } = this
    const key = `${change.kind} ${change.id}`
    if (changes.has(key)) return 'duplicate'
    changes.add(key)
    if (changes.size > CHANGE_IDS_KEPT) {
      for (const oldest of changes) {
        changes.delete(oldest)
        break
      }
    }
    const amount = fixedOf(change.amount)
    if (change.kind === 'funding') this.funding += amount
    else this.transfers += amount
    this.balance += amount
    this.revision++
    return 'booked'
  }

  setWallet(text: DecimalText): DecimalText {
    const difference = fixedOf(text) - this.balance
    this.balance += difference
    this.adjustments += difference
    this.revision++
    return amountText(difference)
  }

  adoptPosition(position: BaselinePosition, time: number, includesUpTo?: string): void {
    const { trades } = this.bookOf(position.symbol)
    trades.forgetUpTo(trades.last)
    if (includesUpTo !== undefined) trades.forgetUpTo(includesUpTo)
    this.trackOf(position.symbol, position.positionSide).reset(coreOf(position), time)
    this.revision++
  }

  position(symbol: string, positionSide: PositionSide): LedgerPosition {
    return this.books.get(symbol)?.[positionSide]?.view() ?? flatPosition(symbol, positionSide)
  }

  openPositions(): readonly LedgerPosition[] {
    return this.sorted()
      .filter((track) => track.isOpen)
      .map((track) => track.view())
  }

  allPositions(): readonly LedgerPosition[] {
    return this.sorted().map((track) => track.view())
  }

  totals(): LedgerTotals {
    return {
      wallet: money(this.balance),
      realized: money(this.realized),
      fees: money(this.fees),
      funding: money(this.funding),
      transfers: money(this.transfers),
      adjustments: money(this.adjustments),
    }
  }

  wallet(): Usdt {
    if (this.shownRevision !== this.revision) {
      this.shownRevision = this.revision
      this.shown = money(this.balance)
    }
    return this.shown
  }

  foreignFees(): Readonly<Record<string, DecimalText>> {
    return Object.fromEntries([...this.foreign].map(([asset, amount]) => [asset, amount.toFixed() as DecimalText]))
  }

  unrealized(mark: (symbol: string) => Decimal | undefined): Usdt {
    let sum: Decimal = ZERO
    for (const [symbol, book] of this.books) {
      for (const track of [book.BOTH, book.LONG, book.SHORT]) {
        if (track === null || !track.isOpen) continue
        const at = mark(symbol)
        if (at === undefined) continue
        const position = track.view()
        sum = sum.plus(position.quantity.mul(at.minus(position.averageEntry)))
      }
    }
    return sum as Usdt
  }

  hasTrade(symbol: string, tradeId: string, side: Side): boolean {
    return this.books.get(symbol)?.trades.has(tradeId, side) ?? false
  }

  lastTradeIds(): Readonly<Record<string, string>> {
    const known = [...this.books].filter(([, { trades }]) => trades.last !== '')
    return Object.fromEntries(known.map(([symbol, { trades }]) => [symbol, trades.last]))
  }

  private bookOf(symbol: string): SymbolBook {
    const known = this.books.get(symbol)
    if (known !== undefined) return known
    const made: SymbolBook = { trades: createTradeIdMemory(this.options.lastTradeId?.[symbol] ?? ''), BOTH: null, LONG: null, SHORT: null }
    this.books.set(symbol, made)
    return made
  }

  private trackOf(symbol: string, side: PositionSide, initial: TrackState = FLAT_TRACK): PositionTrack {
    const book = this.bookOf(symbol)
    return (book[side] ??= createPositionTrack(symbol, side, initial, this.options.acceptVenueRounding ?? true))
  }

  private sorted(): PositionTrack[] {
    return [...this.books.entries()]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .flatMap(([, book]) => [book.BOTH, book.LONG, book.SHORT].filter((track) => track !== null))
  }
}

const flatPosition = (symbol: string, positionSide: PositionSide): LedgerPosition =>
  createPositionTrack(symbol, positionSide, FLAT_TRACK, false).view()

const money = (fixed: bigint): Usdt => new Decimal(amountText(fixed)) as Usdt
