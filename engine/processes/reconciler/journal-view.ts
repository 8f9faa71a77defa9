/**
 * What the journal proves about trades and orders, read step by step: which trades the ledger booked since its baseline, and which
 * venue order ids are ours. The reconciler believes these rows, not the brain's memory.
 *
 * Bounded (INV-11): trades older than everything the audits still look at, and all but the newest order ids, are forgotten.
 */
import type { DecimalText } from '../../contract/decimal-text.ts'
import type { JournalKinds } from '../../contract/journal-kinds.ts'
import type { IncomeRecord, VenueFill } from '../../contract/venue.ts'
import type { Journal } from '../../journal/journal.ts'
import { decimal, ZERO } from '../../money/decimal.ts'
import { compareNumericIds, isNumericId } from '../../money/trade-ids.ts'
import { changeKey, changeKeys, type BookedChange, type BookedFigures } from '../../reconciliation/income.ts'

const ORDER_IDS_KEPT = 50_000
const TRADES_KEPT = 200_000
const CHANGES_KEPT = 20_000
const ROWS_AT_ONCE = 5_000

export interface JournalView {
  /** Reads the rows that are new. False when the journal cannot be read. */
  refresh(): boolean
  booked(fill: VenueFill): boolean
  /** How many movements of the wallet of the record's kind, second (or a neighbour) and amount were booked; Infinity when forgotten. */
  bookedIncome(record: Pick<IncomeRecord, 'type' | 'time' | 'amount'>): number
  /** Movements booked from `since` up to `until`, venue ms. */
  changes(since: number, until: number): readonly BookedChange[]
  /** What was booked for a trade, over both its sides; null when it was not, or when that is no longer known. */
  figures(symbol: string, tradeId: string): BookedFigures | null
  ownOrder(symbol: string, orderId: string): boolean
  /** An order id proved ours by a targeted query. */
  learnOrder(symbol: string, orderId: string): void
  /** Venue time of the ledger's baseline; null before there is one. */
  readonly baselineAt: number | null
  /** Forget trades before this venue time; they count as booked from then on. */
  forgetBefore(time: number): void
}

interface Booked {
  readonly time: number
  readonly commission: DecimalText
  readonly realized: DecimalText
}

const NONE = '0' as DecimalText
const SIDES = ['BUY', 'SELL'] as const
const tradeKey = (fill: Pick<VenueFill, 'symbol' | 'tradeId' | 'side'>): string => `${fill.symbol} ${fill.tradeId} ${fill.side}`

export function createJournalView(journal: Journal | null): JournalView {
  const trades = new Map<string, Booked>()
  /** By journal row, oldest first, and how many there are of each kind, second and amount. */
  const changes = new Map<number, BookedChange>()
  const counts = new Map<string, number>()
  const orders = new Set<string>()
  let floor: Readonly<Record<string, string>> = {}
  let baselineAt: number | null = null
  let forgottenBefore = -Infinity
  let nextSeq = 1

  const learnOrder = (symbol: string, orderId: string): void => {
    if (orderId === '' || orderId === '0') return
    orders.add(`${symbol} ${orderId}`)
    if (orders.size > ORDER_IDS_KEPT) {
      for (const oldest of orders) {
        orders.delete(oldest)
        break
      }
    }
  }

  const forgetOldest = (): void => {
    const times = [...trades.values()].map((trade) => trade.time).sort((a, b) => a - b)
    forgottenBefore = Math.max(forgottenBefore, times[TRADES_KEPT / 2] ?? forgottenBefore)
    for (const [key, { time }] of trades) if (time < forgottenBefore) trades.delete(key)
  }

  const count = ({ reason, time, amount }: BookedChange, by: 1 | -1): void => {
    const key = changeKey(reason, Math.floor(time / 1_000), amount)
    const left = (counts.get(key) ?? 0) + by
    if (left > 0) counts.set(key, left)
    else counts.delete(key)
  }
  const forgetChange = (row: number, change: BookedChange): void => {
    if (changes.delete(row)) count(change, -1)
  }
  const forgetOldestChange = (): void => {
    for (const [row, change] of changes) {
      forgetChange(row, change)
      forgottenBefore = Math.max(forgottenBefore, change.time + 1)
      break
    }
  }

  const begin = (): void => {
    const newest = journal?.rows({ kinds: ['baseline'], newestFirst: true, limit: 1 })
    const row = newest?.ok === true ? newest.value[0] : undefined
    if (row !== undefined) nextSeq = row.seq
  }
  begin()

  return {
    refresh() {
      if (journal === null) return false
      for (;;) {
        const from = nextSeq
        const read = journal.each(
          { kinds: ['baseline', 'fill', 'wallet-change', 'request-outcome', 'order-event'], fromSeq: nextSeq, limit: ROWS_AT_ONCE },
          (row) => {
            nextSeq = row.seq + 1
            switch (row.kind) {
              case 'baseline': {
                // The ledger begins anew, perhaps on another account: what was booked before says nothing about it.
                const payload = row.payload as JournalKinds['baseline']
                trades.clear()
                changes.clear()
                counts.clear()
                forgottenBefore = -Infinity
                orders.clear()
                floor = payload.lastTradeId
                baselineAt = row.time
                return
              }
              case 'fill': {
                const payload = row.payload as JournalKinds['fill']
                const commission = payload.commissionAsset === 'USDT' ? payload.commission : NONE
                trades.set(tradeKey(payload), { time: payload.time, commission, realized: payload.realized })
                if (trades.size > TRADES_KEPT) forgetOldest()
                if (!payload.foreign) learnOrder(payload.symbol, payload.orderId)
                return
              }
              case 'wallet-change': {
                const { reason, symbol, amount } = row.payload as JournalKinds['wallet-change']
                const change = { reason, symbol, amount, time: row.time }
                changes.set(row.seq, change)
                count(change, 1)
                if (changes.size > CHANGES_KEPT) forgetOldestChange()
                return
              }
              case 'request-outcome': {
                const { order } = row.payload as JournalKinds['request-outcome']
                if (order?.book === 'regular') learnOrder(order.symbol, order.orderId)
                return
              }
              case 'order-event':
                learnOrder(row.symbol, (row.payload as JournalKinds['order-event']).orderId)
                return
              default:
                return
            }
          },
        )
        if (!read.ok) return false
        if (nextSeq === from) return true
      }
    },
    booked(fill) {
      if (fill.time < forgottenBefore) return true
      const last = floor[fill.symbol]
      if (last !== undefined && isNumericId(last) && isNumericId(fill.tradeId) && compareNumericIds(fill.tradeId, last) <= 0) return true
      return trades.has(tradeKey(fill))
    },
    bookedIncome: ({ type, time, amount }) =>
      time < forgottenBefore || time <= (baselineAt ?? 0)
        ? Infinity
        : changeKeys(type, time, amount).reduce((sum, key) => sum + (counts.get(key) ?? 0), 0),
    changes: (since, until) => [...changes.values()].filter(({ time }) => time >= since && time < until),
    figures(symbol, tradeId) {
      const sides = SIDES.flatMap((side) => trades.get(tradeKey({ symbol, tradeId, side })) ?? [])
      if (sides.length === 0) return null
      return {
        commission: sides.reduce((sum, { commission }) => sum.plus(decimal(commission)), ZERO),
        realized: sides.reduce((sum, { realized }) => sum.plus(decimal(realized)), ZERO),
      }
    },
    ownOrder: (symbol, orderId) => orders.has(`${symbol} ${orderId}`),
    learnOrder,
    get baselineAt() {
      return baselineAt
    },
    forgetBefore(time) {
      if (time <= forgottenBefore) return
      forgottenBefore = time
      for (const [key, trade] of trades) if (trade.time < time) trades.delete(key)
      for (const [row, change] of changes) if (change.time < time) forgetChange(row, change)
    },
  }
}
