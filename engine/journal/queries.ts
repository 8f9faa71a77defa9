/** Questions a trader asks the journal: trades, equity over time, profit of a day. Read from rows as they were written. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { JournalKinds } from '../contract/journal-kinds.ts'
import { ok, type Result } from '../contract/result.ts'
import { decimal, toText, ZERO } from '../money/decimal.ts'
import type { JournalFailure } from './failure.ts'
import type { Journal } from './journal.ts'

const DAY_MS = 86_400_000

export interface JournalTrade {
  /** Client id of its entry. */
  readonly group: string
  readonly symbol: string
  readonly closedAt: number
  /** Realised profit less fees, USDT. */
  readonly net: DecimalText
}

/** Closed trades, oldest first. `fromTime` inclusive, `toTime` exclusive, venue ms. */
export function closedTrades(
  journal: Journal,
  range: { fromTime?: number; toTime?: number } = {},
): Result<readonly JournalTrade[], JournalFailure> {
  const rows = journal.rows({ kinds: ['position'], ...range })
  if (!rows.ok) return rows
  return ok(
    rows.value
      .filter((row) => !row.payload.opened)
      .map((row) => ({ group: row.ref, symbol: row.symbol, closedAt: row.time, net: row.payload.realized })),
  )
}

export interface EquityPoint {
  readonly time: number
  readonly equity: DecimalText
  readonly wallet: DecimalText
}

export function equityCurve(
  journal: Journal,
  range: { fromTime?: number; toTime?: number } = {},
): Result<readonly EquityPoint[], JournalFailure> {
  const rows = journal.rows({ kinds: ['equity'], ...range })
  if (!rows.ok) return rows
  return ok(rows.value.map(({ time, payload }) => ({ time, equity: payload.equity, wallet: payload.wallet })))
}

export interface DayPnl {
  /** 00:00 UTC, ms. */
  readonly day: number
  /** Realised profit − fees + funding of that day, USDT; transfers and adjustments are not profit. */
  readonly pnl: DecimalText
  readonly fees: DecimalText
  readonly fills: number
}

/** Profit of the UTC day that holds `time`. */
export function dayPnl(journal: Journal, time: number): Result<DayPnl, JournalFailure> {
  const day = Math.floor(time / DAY_MS) * DAY_MS
  const rows = journal.rows({ kinds: ['fill', 'wallet-change'], fromTime: day, toTime: day + DAY_MS })
  if (!rows.ok) return rows
  let pnl = ZERO
  let fees = ZERO
  let fills = 0
  for (const row of rows.value) {
    if (isFill(row.payload)) {
      const fee = row.payload.commissionAsset === 'USDT' ? decimal(row.payload.commission) : ZERO
      pnl = pnl.plus(decimal(row.payload.realized)).minus(fee)
      fees = fees.plus(fee)
      fills++
    } else if (row.payload.reason === 'FUNDING_FEE') pnl = pnl.plus(decimal(row.payload.amount))
  }
  return ok({ day, pnl: toText(pnl), fees: toText(fees), fills })
}

const isFill = (payload: JournalKinds['fill'] | JournalKinds['wallet-change']): payload is JournalKinds['fill'] => 'tradeId' in payload
