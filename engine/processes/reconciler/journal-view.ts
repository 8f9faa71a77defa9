/**
 * What the journal proves about trades and orders, read step by step: which trades the ledger booked since its baseline, and which
 * venue order ids are ours. The reconciler believes these rows, not the brain's memory.
 *
 * Bounded (INV-11): trades older than everything the audits still look at, and all but the newest order ids, are forgotten.
 */
import type { JournalKinds } from '../../contract/journal-kinds.ts'
import type { VenueFill } from '../../contract/venue.ts'
import type { Journal } from '../../journal/journal.ts'
import { compareNumericIds, isNumericId } from '../../money/trade-ids.ts'

const ORDER_IDS_KEPT = 50_000
const TRADES_KEPT = 200_000
const ROWS_AT_ONCE = 5_000

export interface JournalView {
  /** Reads the rows that are new. False when the journal cannot be read. */
  refresh(): boolean
  booked(fill: VenueFill): boolean
  ownOrder(symbol: string, orderId: string): boolean
  /** An order id proved ours by a targeted query. */
  learnOrder(symbol: string, orderId: string): void
  /** Venue time of the ledger's baseline; null before there is one. */
  readonly baselineAt: number | null
  /** Forget trades before this venue time; they count as booked from then on. */
  forgetBefore(time: number): void
}

const tradeKey = (fill: Pick<VenueFill, 'symbol' | 'tradeId' | 'side'>): string => `${fill.symbol} ${fill.tradeId} ${fill.side}`

export function createJournalView(journal: Journal | null): JournalView {
  const trades = new Map<string, number>()
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
    const times = [...trades.values()].sort((a, b) => a - b)
    forgottenBefore = Math.max(forgottenBefore, times[TRADES_KEPT / 2] ?? forgottenBefore)
    for (const [key, at] of trades) if (at < forgottenBefore) trades.delete(key)
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
          { kinds: ['baseline', 'fill', 'request-outcome', 'order-event'], fromSeq: nextSeq, limit: ROWS_AT_ONCE },
          (row) => {
            nextSeq = row.seq + 1
            switch (row.kind) {
              case 'baseline': {
                // The ledger begins anew, perhaps on another account: what was booked before says nothing about it.
                const payload = row.payload as JournalKinds['baseline']
                trades.clear()
                forgottenBefore = -Infinity
                orders.clear()
                floor = payload.lastTradeId
                baselineAt = row.time
                return
              }
              case 'fill': {
                const payload = row.payload as JournalKinds['fill']
                trades.set(tradeKey(payload), payload.time)
                if (trades.size > TRADES_KEPT) forgetOldest()
                if (!payload.foreign) learnOrder(payload.symbol, payload.orderId)
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
    ownOrder: (symbol, orderId) => orders.has(`${symbol} ${orderId}`),
    learnOrder,
    get baselineAt() {
      return baselineAt
    },
    forgetBefore(time) {
      if (time <= forgottenBefore) return
      forgottenBefore = time
      for (const [key, at] of trades) if (at < time) trades.delete(key)
    },
  }
}
