/**
 * What a list of fills and wallet changes amounts to, worked out by the ledger the engine trades with: per fill its realised profit,
 * the position and average entry after it, its fee; then the open positions and the totals. Pure.
 *
 * The realised profit is our own sum, never the file's; where the file claims another one, the row says so. Contracts paid in another
 * asset than USDT have a book of their own: USDC is never added to USDT.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { VenueFill } from '../contract/venue.ts'
import { toText } from './decimal.ts'
import { createLedger, type Ledger, type WalletChange } from './ledger.ts'
import { marginAssetOf, type MarginAsset } from './margin-asset.ts'
import { compareNumericIds, isNumericId } from './trade-ids.ts'

/** `at` names where the entry came from: "line 7". */
export type LedgerEntry = { readonly at: string } & (
  | { readonly kind: 'fill'; readonly fill: VenueFill }
  | { readonly kind: 'change'; readonly change: WalletChange; readonly asset: MarginAsset; readonly time: number }
)

export interface FillReport {
  readonly symbol: string
  /** What its profit is paid in, where that is not USDT. */
  readonly marginAsset?: MarginAsset
  readonly tradeId: string
  readonly orderId: string
  readonly time: number
  readonly side: 'BUY' | 'SELL'
  readonly positionSide: string
  readonly price: DecimalText
  readonly quantity: DecimalText
  /** booked, duplicate (counted already) or forgotten. */
  readonly outcome: string
  readonly realizedPnl: DecimalText
  /** As the file claims; `disagrees` when it differs by more than rounding. */
  readonly venueRealizedPnl: DecimalText
  readonly disagrees: boolean
  readonly fee: DecimalText
  readonly feeAsset: string
  /** Position and average entry after the fill. */
  readonly position: DecimalText
  readonly averageEntry: DecimalText
}

export interface LedgerDocument {
  readonly fills: readonly FillReport[]
  readonly positions: readonly {
    readonly symbol: string
    /** Where it is not USDT. */
    readonly marginAsset?: MarginAsset
    readonly positionSide: string
    readonly quantity: DecimalText
    readonly averageEntry: DecimalText
    readonly realizedPnl: DecimalText
  }[]
  /** USDT, as every total but `otherAssets`. */
  readonly wallet: DecimalText
  readonly realizedPnl: DecimalText
  /** In USDT; positive = paid. */
  readonly fees: DecimalText
  readonly funding: DecimalText
  readonly transfers: DecimalText
  /** Fees paid in other assets. */
  readonly foreignFees: Readonly<Record<string, DecimalText>>
  /** What contracts paid in other assets come to, each in its own; absent where there is none. No wallet: where it began is unknown. */
  readonly otherAssets?: Readonly<Record<string, AssetTotals>>
  /** Fills whose realised profit the file states otherwise. */
  readonly disagreements: number
  readonly duplicates: number
}

/** As the totals of the document, for one other asset. */
export type AssetTotals = Pick<LedgerDocument, 'realizedPnl' | 'fees' | 'funding' | 'transfers' | 'foreignFees'>

interface Placed {
  readonly entry: LedgerEntry
  time: number
  /** Symbol of a fill with a numeric id; '' for what only its time places. */
  readonly book: string
}

/** Trades in the order in which they happened: within a symbol by trade id, whatever the clock says; between them by time. */
export function inOrder(entries: readonly LedgerEntry[]): readonly LedgerEntry[] {
  const placed = entries.map((entry): Placed => {
    if (entry.kind === 'change') return { entry, time: entry.time, book: '' }
    const { time, symbol, tradeId } = entry.fill
    return { entry, time, book: isNumericId(tradeId) ? symbol : '' }
  })
  const books = new Map<string, Placed[]>()
  for (const one of placed) {
    if (one.book === '') continue
    const known = books.get(one.book)
    if (known === undefined) books.set(one.book, [one])
    else known.push(one)
  }
  // Trades of many symbols share a millisecond: "by id here, by time there" in one comparison is no order at all. So a trade's time is
  // first raised to that of the trades before it, and its rank in its symbol decides between equals.
  const rank = new Map<Placed, number>()
  for (const list of books.values()) {
    let latest = 0
    for (const one of list.toSorted((a, b) => compareNumericIds(idOf(a), idOf(b)))) {
      latest = Math.max(latest, one.time)
      one.time = latest
      rank.set(one, rank.size)
    }
  }
  const rankOf = (one: Placed): number => rank.get(one) ?? rank.size
  return placed.toSorted((a, b) => a.time - b.time || rankOf(a) - rankOf(b)).map((one) => one.entry)
}

const idOf = ({ entry }: Placed): string => (entry.kind === 'fill' ? entry.fill.tradeId : '')

/** Books the entries in the given order; fails with 'bad-fill' naming where and which field. `wallet`: USDT at the start. */
export function ledgerReport(entries: readonly LedgerEntry[], wallet: DecimalText): Result<LedgerDocument, Failure<'bad-fill'>> {
  const usdt = createLedger({ wallet, acceptVenueRounding: false })
  const others = new Map<MarginAsset, Ledger>()
  const ledgerOf = (asset: MarginAsset): Ledger => {
    const known = asset === 'USDT' ? usdt : others.get(asset)
    if (known !== undefined) return known
    const made = createLedger({ wallet: NOTHING, quoteAsset: asset, acceptVenueRounding: false })
    others.set(asset, made)
    return made
  }
  const fills: FillReport[] = []
  let duplicates = 0
  for (const entry of entries) {
    if (entry.kind === 'change') {
      ledgerOf(entry.asset).applyChange(entry.change)
      continue
    }
    const { fill } = entry
    const asset = marginAssetOf(fill.symbol)
    if (asset === undefined)
      return fail(
        'bad-fill',
        `${entry.at}: symbol: ${fill.symbol} is coin-margined or unknown; only contracts paid in their quote are booked`,
      )
    const ledger = ledgerOf(asset)
    const outcome = ledger.applyFill(fill)
    if (outcome.kind === 'refused') return fail('bad-fill', `${entry.at}: ${outcome.field}: ${outcome.reason} cannot be booked`)
    if (outcome.kind !== 'booked') duplicates++
    const position = ledger.position(fill.symbol, fill.positionSide)
    fills.push({
      symbol: fill.symbol,
      ...naming(asset),
      tradeId: fill.tradeId,
      orderId: fill.orderId,
      time: fill.time,
      side: fill.side,
      positionSide: fill.positionSide,
      price: fill.price,
      quantity: fill.quantity,
      outcome: outcome.kind,
      realizedPnl: outcome.kind === 'booked' ? outcome.realized : NOTHING,
      venueRealizedPnl: fill.realizedPnl,
      disagrees: outcome.kind === 'booked' && outcome.disagrees,
      fee: outcome.kind === 'booked' ? fill.commission : NOTHING,
      feeAsset: fill.commissionAsset,
      position: toText(position.quantity),
      averageEntry: toText(position.averageEntry.toSignificantDigits(20)),
    })
  }
  const all: readonly (readonly [MarginAsset, Ledger])[] = [['USDT', usdt], ...others]
  return ok({
    fills,
    positions: all.flatMap(([asset, ledger]) => positionsOf(asset, ledger)),
    wallet: toText(usdt.wallet()),
    ...totalsOf(usdt),
    ...(others.size === 0 ? {} : { otherAssets: Object.fromEntries([...others].map(([asset, ledger]) => [asset, totalsOf(ledger)])) }),
    disagreements: all.reduce((sum, [, ledger]) => sum + ledger.disagreements, 0),
    duplicates,
  })
}

const NOTHING = '0' as DecimalText
const naming = (asset: MarginAsset): { readonly marginAsset?: MarginAsset } => (asset === 'USDT' ? {} : { marginAsset: asset })

const positionsOf = (asset: MarginAsset, ledger: Ledger): LedgerDocument['positions'] =>
  ledger.openPositions().map((one) => ({
    symbol: one.symbol,
    ...naming(asset),
    positionSide: one.positionSide,
    quantity: toText(one.quantity),
    averageEntry: toText(one.averageEntry.toSignificantDigits(20)),
    realizedPnl: toText(one.realized),
  }))

function totalsOf(ledger: Ledger): AssetTotals {
  const totals = ledger.totals()
  return {
    realizedPnl: toText(totals.realized),
    fees: toText(totals.fees),
    funding: toText(totals.funding),
    transfers: toText(totals.transfers),
    foreignFees: ledger.foreignFees(),
  }
}
