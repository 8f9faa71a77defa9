/**
 * What to do about a finding: repairs for the brain's book (applied by the brain, journaled first) and cancels or closes by the
 * reconciler's own hands. Pure: it only proposes.
 *
 * 1. Automatic repair follows proof only: a trade the venue shows, an order the venue proved gone or shows with other terms, a stop that
 *    does not rest.
 * 2. Nothing foreign is ever touched, adopted or closed unless the trader says so.
 */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { BookCopy, MismatchAction, Repair } from '../contract/mismatch.ts'
import { unreachable } from '../contract/result.ts'
import type { AccountSnapshot, IncomeRecord, PositionSide, VenueFill, VenueOrder } from '../contract/venue.ts'
import { decimal, toText } from '../money/decimal.ts'
import type { Finding } from './finding.ts'
import { syntheticFills } from './synthetic-fills.ts'

/** By the reconciler's own hands, at the venue. */
export type HandAction =
  | { readonly kind: 'cancel'; readonly order: VenueOrder }
  | { readonly kind: 'close'; readonly symbol: string; readonly positionSide: PositionSide }

export interface Proposal {
  readonly hands: readonly HandAction[]
  readonly repairs: readonly Repair[]
}

const NOTHING: Proposal = { hands: [], repairs: [] }
const ZERO = '0' as DecimalText

/** Kinds that are repaired without asking when their evidence is proof. */
export function isAutomatic(mismatch: Finding): boolean {
  switch (mismatch.kind) {
    case 'missing-fill':
    case 'missing-income':
    case 'lost-order':
    case 'order-terms':
    case 'missing-stop':
      return true
    case 'orphan-stop':
    case 'duplicate-stop':
    case 'ghost-position':
    case 'unknown-position':
    case 'quantity':
    case 'side-flip':
    case 'average-price':
    case 'foreign-order':
    case 'balance-drift':
    case 'income-drift':
    case 'stale-data':
    case 'clock-drift':
    case 'precision-drift':
      return false
    default:
      return unreachable(mismatch.kind)
  }
}

export function propose(
  mismatch: Finding,
  action: MismatchAction,
  local: BookCopy,
  venue: AccountSnapshot,
  marks: ReadonlyMap<string, DecimalText>,
  now: number,
): Proposal {
  switch (action) {
    case 'ignore':
      return NOTHING
    case 'flatten':
      return flatten(mismatch)
    case 'adopt':
      return adopt(mismatch, venue, marks)
    case 'repair':
      return repair(mismatch, local, venue, marks, now)
    default:
      return unreachable(action)
  }
}

function flatten(mismatch: Finding): Proposal {
  const order = orderIn(mismatch)
  if (mismatch.kind === 'foreign-order' && order !== null) return { hands: [{ kind: 'cancel', order }], repairs: [] }
  return { hands: [{ kind: 'close', symbol: mismatch.symbol, positionSide: mismatch.positionSide ?? 'BOTH' }], repairs: [] }
}

function adopt(mismatch: Finding, venue: AccountSnapshot, marks: ReadonlyMap<string, DecimalText>): Proposal {
  const order = orderIn(mismatch)
  if (mismatch.kind === 'foreign-order') {
    return order === null ? NOTHING : { hands: [], repairs: [{ kind: 'adopt-order', mismatchId: mismatch.id, order }] }
  }
  return { hands: [], repairs: [adoptPosition(mismatch, venue, marks), ...setWallet(mismatch, venue, 'adopted position')] }
}

function repair(
  mismatch: Finding,
  local: BookCopy,
  venue: AccountSnapshot,
  marks: ReadonlyMap<string, DecimalText>,
  now: number,
): Proposal {
  const order = orderIn(mismatch)
  switch (mismatch.kind) {
    case 'missing-fill': {
      const fill = fillIn(mismatch)
      return fill === null ? NOTHING : { hands: [], repairs: [{ kind: 'book-fill', mismatchId: mismatch.id, fill }] }
    }
    case 'missing-income': {
      const record = mismatch.evidence['record']
      const { count } = mismatch.evidence
      if (!isIncome(record)) return NOTHING
      return {
        hands: [],
        repairs: [{ kind: 'book-income', mismatchId: mismatch.id, record, count: typeof count === 'number' ? count : 1 }],
      }
    }
    case 'lost-order': {
      const lost = mismatch.evidence['local']
      if (!isOrder(lost)) return NOTHING
      const found = mismatch.evidence['venue']
      const proved = isOrder(found) ? found : null
      return { hands: [], repairs: [{ kind: 'drop-order', mismatchId: mismatch.id, clientId: lost.clientId, venue: proved }] }
    }
    case 'order-terms': {
      const stated = mismatch.evidence['venue']
      if (!isOrder(stated)) return NOTHING
      return { hands: [], repairs: [{ kind: 'take-terms', mismatchId: mismatch.id, clientId: stated.clientId, venue: stated }] }
    }
    case 'missing-stop':
      return {
        hands: [],
        repairs: [{ kind: 're-arm-stop', mismatchId: mismatch.id, symbol: mismatch.symbol, positionSide: mismatch.positionSide ?? 'BOTH' }],
      }
    case 'orphan-stop':
    case 'duplicate-stop':
      return order === null ? NOTHING : { hands: [{ kind: 'cancel', order }], repairs: [] }
    case 'foreign-order':
      return order === null ? NOTHING : { hands: [], repairs: [{ kind: 'adopt-order', mismatchId: mismatch.id, order }] }
    case 'ghost-position':
    case 'quantity':
    case 'side-flip':
    case 'average-price':
      return {
        hands: [],
        repairs: [...bookDifference(mismatch, local, venue, marks, now), ...setWallet(mismatch, venue, 'repaired position')],
      }
    case 'unknown-position':
      return adopt(mismatch, venue, marks)
    case 'balance-drift':
      return { hands: [], repairs: setWallet(mismatch, venue, 'balance drift') }
    case 'income-drift':
    case 'stale-data':
    case 'clock-drift':
    case 'precision-drift':
      return NOTHING
    default:
      return unreachable(mismatch.kind)
  }
}

const samePosition = (mismatch: Finding) => (p: { symbol: string; positionSide: PositionSide }) =>
  p.symbol === mismatch.symbol && p.positionSide === (mismatch.positionSide ?? 'BOTH')

function adoptPosition(mismatch: Finding, venue: AccountSnapshot, marks: ReadonlyMap<string, DecimalText>): Repair {
  const position = venue.positions.find(samePosition(mismatch))
  return {
    kind: 'adopt-position',
    mismatchId: mismatch.id,
    symbol: mismatch.symbol,
    positionSide: mismatch.positionSide ?? 'BOTH',
    quantity: position?.quantity ?? ZERO,
    averageEntry: position?.entryPrice ?? ZERO,
    markPrice: marks.get(mismatch.symbol) ?? position?.markPrice ?? ZERO,
  }
}

function bookDifference(
  mismatch: Finding,
  local: BookCopy,
  venue: AccountSnapshot,
  marks: ReadonlyMap<string, DecimalText>,
  now: number,
): Repair[] {
  const mine = local.positions.find(samePosition(mismatch))
  const other = venue.positions.find(samePosition(mismatch))
  const fills = syntheticFills(
    mismatch.symbol,
    mismatch.positionSide ?? 'BOTH',
    { quantity: mine?.quantity ?? ZERO, averageEntry: mine?.averageEntry ?? ZERO },
    { quantity: other?.quantity ?? ZERO, averageEntry: other?.entryPrice ?? ZERO },
    marks.get(mismatch.symbol) ?? other?.markPrice ?? null,
    now,
  )
  return fills.map((fill) => ({ kind: 'book-fill', mismatchId: mismatch.id, fill }))
}

function setWallet(mismatch: Finding, venue: AccountSnapshot, reason: string): Repair[] {
  const usdt = venue.balances.find((balance) => balance.asset === 'USDT')
  if (usdt === undefined) return []
  return [{ kind: 'set-wallet', mismatchId: mismatch.id, wallet: toText(decimal(usdt.wallet)), reason }]
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const isOrder = (value: unknown): value is VenueOrder =>
  isRecord(value) && typeof value['clientId'] === 'string' && typeof value['orderId'] === 'string' && typeof value['symbol'] === 'string'
const isFill = (value: unknown): value is VenueFill =>
  isRecord(value) && typeof value['tradeId'] === 'string' && typeof value['price'] === 'string' && typeof value['symbol'] === 'string'
const isIncome = (value: unknown): value is IncomeRecord =>
  isRecord(value) && typeof value['amount'] === 'string' && typeof value['type'] === 'string' && typeof value['time'] === 'number'

const orderIn = (mismatch: Finding): VenueOrder | null => (isOrder(mismatch.evidence['order']) ? mismatch.evidence['order'] : null)
const fillIn = (mismatch: Finding): VenueFill | null => (isFill(mismatch.evidence['fill']) ? mismatch.evidence['fill'] : null)
