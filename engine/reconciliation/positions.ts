/**
 * Positions and trades. The trades the ledger missed come first: they are the cause, a wrong quantity is their effect.
 *
 * 1. A venue trade that is not booked is a missing fill when its order is ours, or when it only made our position smaller (closed by
 *    hand, liquidated: the position is gone whoever did it). It is repaired by booking it.
 * 2. A foreign trade that opens or adds is not swallowed into our position: what it leaves is a foreign position, and the trader decides.
 * 3. What the missing fills do not explain is a position finding of its own: ghost, unknown, side flip, quantity, average price.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BookCopy } from '../contract/mismatch.ts'
import type { PositionSide, VenueFill, VenuePosition } from '../contract/venue.ts'
import { decimal, ZERO, toText, type Decimal } from '../money/decimal.ts'
import { finding, positionKey, type BothBooks, type Finding } from './finding.ts'

/** Average entries further apart than 0.01 % differ. */
export const ENTRY_TOLERANCE = decimal('0.0001' as DecimalText)

type LocalPosition = BookCopy['positions'][number]

export interface PositionFindings {
  readonly findings: readonly Finding[]
  /** Σ (realised − commission) of the trades that are not booked, in USDT: what the wallet still misses. */
  readonly unbookedCash: Decimal
}

export function comparePositions({ local, venue, context }: BothBooks): PositionFindings {
  const findings: Finding[] = []
  const ours = new Map(local.positions.map((p) => [positionKey(p.symbol, p.positionSide), p]))
  const theirs = new Map(venue.positions.map((p) => [positionKey(p.symbol, p.positionSide), p]))
  const unbooked = new Map<string, VenueFill[]>()
  let unbookedCash: Decimal = ZERO
  for (const fill of context.fills) {
    if (context.booked(fill)) continue
    const key = positionKey(fill.symbol, fill.positionSide)
    const list = unbooked.get(key)
    if (list === undefined) unbooked.set(key, [fill])
    else list.push(fill)
    unbookedCash = unbookedCash.plus(fill.realizedPnl)
    if (fill.commissionAsset === 'USDT') unbookedCash = unbookedCash.minus(fill.commission)
  }
  for (const key of new Set([...ours.keys(), ...theirs.keys(), ...unbooked.keys()])) {
    const mine = ours.get(key)
    const other = theirs.get(key)
    const fills = unbooked.get(key) ?? []
    const first = mine ?? other ?? fills[0]
    if (first === undefined) continue
    const { symbol, positionSide } = first
    const mark = context.marks.get(symbol) ?? (other === undefined ? undefined : decimal(other.markPrice))
    let quantity = mine === undefined ? ZERO : decimal(mine.quantity)
    for (const fill of fills) {
      const signed = fill.side === 'BUY' ? decimal(fill.quantity) : decimal(fill.quantity).neg()
      const own = context.ownOrder(fill.symbol, fill.orderId)
      const reduces = !quantity.isZero() && quantity.isNegative() !== signed.isNegative() && signed.abs().lte(quantity.abs())
      if (!own && !reduces) continue
      quantity = quantity.plus(signed)
      findings.push(missingFill(fill, own, local.lastTradeId[symbol]))
    }
    const foreign = fills.filter((f) => !context.ownOrder(f.symbol, f.orderId)).map((f) => f.tradeId)
    const rest = comparePosition(symbol, positionSide, quantity, mine, other, mark, foreign, context.symbols.has(symbol))
    if (rest !== null) findings.push(rest)
    else if (fills.length === 0) {
      const entry = compareEntry(symbol, positionSide, mine, other)
      if (entry !== null) findings.push(entry)
    }
  }
  return { findings, unbookedCash }
}

function missingFill(fill: VenueFill, own: boolean, lastTradeId: string | undefined): Finding {
  const notional = decimal(fill.price).mul(fill.quantity)
  return finding({
    kind: 'missing-fill',
    severity: 'crit',
    symbol: fill.symbol,
    positionSide: fill.positionSide,
    key: `${fill.tradeId}${fill.side === 'BUY' ? 'b' : 's'}`,
    summary: `${fill.side} ${fill.quantity} at ${fill.price} is not booked${own ? '' : ' (made outside the engine, closes our position)'}`,
    local: 'not booked',
    venue: `trade ${fill.tradeId}: ${fill.side} ${fill.quantity} at ${fill.price}`,
    atRisk: notional,
    evidence: { fill, own, lastTradeId: lastTradeId ?? null },
    actions: ['repair', 'ignore'],
  })
}

/** @param quantity our quantity with the missing fills counted in */
function comparePosition(
  symbol: string,
  positionSide: PositionSide,
  quantity: Decimal,
  mine: LocalPosition | undefined,
  other: VenuePosition | undefined,
  mark: Decimal | undefined,
  foreign: readonly string[],
  traded: boolean,
): Finding | null {
  const venueQuantity = other === undefined ? ZERO : decimal(other.quantity)
  const difference = venueQuantity.minus(quantity)
  if (difference.isZero()) return null
  const value = mark ?? (mine === undefined ? ZERO : decimal(mine.averageEntry))
  const evidence = { local: mine ?? null, venue: other ?? null, foreignTrades: foreign.slice(0, 20), foreignTradeCount: foreign.length }
  const foreignCause = foreign.length > 0
  const common = {
    symbol,
    positionSide,
    evidence,
    local: show(quantity, mine?.averageEntry),
    venue: show(venueQuantity, other?.entryPrice),
  }
  const actions =
    foreignCause || mine === undefined ? (['adopt', 'flatten', 'ignore'] as const) : (['repair', 'flatten', 'ignore'] as const)
  const words = `local ${toText(quantity)}, venue ${toText(venueQuantity)}`
  if (venueQuantity.isZero()) {
    return finding({
      ...common,
      kind: 'ghost-position',
      severity: 'crit',
      summary: `the ledger holds ${toText(quantity)}, the venue holds nothing`,
      atRisk: quantity.mul(value),
      actions: ['repair', 'ignore'],
    })
  }
  if (quantity.isZero()) {
    return finding({
      ...common,
      kind: 'unknown-position',
      severity: traded ? 'crit' : 'warn',
      summary: `the venue holds ${toText(venueQuantity)}, the ledger nothing`,
      atRisk: venueQuantity.mul(value),
      actions: ['adopt', 'flatten', 'ignore'],
    })
  }
  if (venueQuantity.isNegative() !== quantity.isNegative()) {
    return finding({ ...common, kind: 'side-flip', severity: 'crit', summary: `side: ${words}`, atRisk: difference.mul(value), actions })
  }
  return finding({ ...common, kind: 'quantity', severity: 'crit', summary: `quantity: ${words}`, atRisk: difference.mul(value), actions })
}

function compareEntry(
  symbol: string,
  positionSide: PositionSide,
  mine: LocalPosition | undefined,
  other: VenuePosition | undefined,
): Finding | null {
  if (mine === undefined || other === undefined || mine.averageEntry === other.entryPrice) return null
  const entry = decimal(mine.averageEntry)
  const venueEntry = decimal(other.entryPrice)
  const difference = entry.minus(venueEntry).abs()
  if (venueEntry.isZero() || difference.lte(venueEntry.mul(ENTRY_TOLERANCE))) return null
  return finding({
    kind: 'average-price',
    severity: 'warn',
    symbol,
    positionSide,
    summary: `average entry: local ${toText(entry.toSignificantDigits(10))}, venue ${toText(venueEntry.toSignificantDigits(10))}`,
    local: mine.averageEntry,
    venue: other.entryPrice,
    atRisk: difference.mul(other.quantity),
    evidence: { local: mine, venue: other },
    actions: ['repair', 'ignore'],
  })
}

const show = (quantity: Decimal, entry: string | undefined): string =>
  quantity.isZero() ? 'flat' : `${toText(quantity)}${entry === undefined ? '' : ` at ${entry}`}`
