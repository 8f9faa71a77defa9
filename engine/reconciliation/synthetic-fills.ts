/**
 * Fills that nobody can show any more, made up so that our position becomes the venue's. Last resort: only when the venue's trade
 * list does not explain the difference.
 *
 * 1. Applied to our position they give exactly the venue's quantity, and its average entry within 0.01 %.
 * 2. The same two positions give the same fills with the same ids, so a replay counts them once.
 * 3. Price ladder: the price that reproduces the venue's average; else the mark; else our own average.
 * 4. They carry no fee and claim no profit of the venue's: the wallet is corrected separately, from the venue's own figure.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { PositionSide, VenueFill } from '../contract/venue.ts'
import { Decimal, decimal, toText } from '../money/decimal.ts'
import { ENTRY_TOLERANCE } from './positions.ts'

export interface PositionFacts {
  readonly quantity: DecimalText
  readonly averageEntry: DecimalText
}

const ZERO_TEXT = '0' as DecimalText
const PRICE_DIGITS = 18
const PRICE_PLACES = 16

export function syntheticFills(
  symbol: string,
  positionSide: PositionSide,
  local: PositionFacts,
  venue: PositionFacts,
  mark: DecimalText | null,
  time: number,
): readonly VenueFill[] {
  const have = decimal(local.quantity)
  const want = decimal(venue.quantity)
  const entry = decimal(local.averageEntry)
  const target = decimal(venue.averageEntry)
  const steps: { readonly signed: Decimal; readonly price: Decimal }[] = []
  const market = mark === null ? (entry.gt(0) ? entry : target) : decimal(mark)
  const near = entry.gt(0) && target.gt(0) && entry.minus(target).abs().lte(target.mul(ENTRY_TOLERANCE))
  const rebuild = (): void => {
    // Closed at our own entry (no profit is claimed) and opened again as the venue has it.
    if (!have.isZero()) steps.push({ signed: have.neg(), price: entry })
    if (!want.isZero()) steps.push({ signed: want, price: target })
  }
  if (have.eq(want)) {
    if (!want.isZero() && !near) rebuild()
  } else if (want.isZero()) steps.push({ signed: have.neg(), price: market })
  else if (have.isZero()) steps.push({ signed: want, price: target })
  else if (have.isNegative() !== want.isNegative()) steps.push({ signed: want.minus(have), price: target })
  else if (want.abs().lt(have.abs())) {
    if (near) steps.push({ signed: want.minus(have), price: market })
    else rebuild()
  } else {
    const price = want.mul(target).minus(have.mul(entry)).div(want.minus(have))
    if (price.gt(0)) steps.push({ signed: want.minus(have), price })
    else rebuild()
  }
  const state = [symbol, positionSide, local.quantity, local.averageEntry, venue.quantity, venue.averageEntry].join('|')
  return steps.map(({ signed, price }, index) => ({
    symbol,
    tradeId: `syn-${fingerprint(state)}-${index + 1}`,
    orderId: '0',
    side: signed.isNegative() ? 'SELL' : 'BUY',
    positionSide,
    price: toText(price.toSignificantDigits(PRICE_DIGITS).toDecimalPlaces(PRICE_PLACES, Decimal.ROUND_HALF_UP)),
    quantity: toText(signed.abs()),
    realizedPnl: ZERO_TEXT,
    commission: ZERO_TEXT,
    commissionAsset: 'USDT',
    maker: false,
    time,
  }))
}

/** 64-bit FNV-1a in hex: an id, not a secret. */
export function fingerprint(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (let i = 0; i < text.length; i++) {
    hash = ((hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n) & 0xffffffffffffffffn
  }
  return hash.toString(16).padStart(16, '0')
}
