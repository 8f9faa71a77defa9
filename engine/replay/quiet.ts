/**
 * How long, and between which marks, the passing of time can change nothing in the brain: nothing in flight, unproved or owed, no
 * deadline, no rail and no new peak of the equity within reach. Between such moments the brain needs no clock; skipping them changes
 * no decision (quiet.test.ts holds it to that, with every moment played beside it).
 */
import { decimal } from '../money/decimal.ts'
import type { LedgerPosition } from '../money/position-track.ts'
import type { Order } from '../orders/order.ts'
import type { BrainState, SymbolState } from '../brain/state.ts'

const DAY_MS = 86_400_000
/** Doubles of money and prices are good to far better than this; what is closer counts as reached. */
const MARGIN = 1e-9

export interface Quiet {
  /** Until before this, venue ms. */
  readonly until: number
  /** Whose mark must stay inside; null when no mark matters. */
  readonly symbol: string | null
  readonly low: number
  readonly high: number
}

export function quietOf(state: BrainState): Quiet | null {
  const { ledger, venueWallet } = state
  if (ledger === null || venueWallet === null || !state.synced || !state.streamHealthy || state.snapshotOut || state.incomeOut) return null
  if (state.lookupsOut.size > 0 || state.fillsOut.size > 0 || state.fillsWanted.size > 0 || state.owedSince.size > 0) return null
  let until = (Math.floor(state.now / DAY_MS) + 1) * DAY_MS
  for (const symbol of state.symbols) {
    if (symbol.waiting !== null || symbol.leverage.asked !== 0 || !symbol.leverage.proved || symbol.leverage.raised) return null
    if (!symbol.foreign.isZero()) return null
    if (symbol.trade !== null) until = Math.min(until, deadlineOf(state, symbol))
  }
  for (const order of state.orders.live.values()) if (!rests(order)) return null
  if (!ledger.wallet().eq(decimal(venueWallet))) return null
  const [position, ...others] = ledger.openPositions()
  if (position === undefined) return { until, symbol: null, low: -Infinity, high: Infinity }
  const band = others.length > 0 ? null : bandOf(state, position)
  return band === null ? null : { until, symbol: position.symbol, ...band }
}

const rests = (order: Order): boolean => (order.state === 'Open' || order.state === 'PartiallyFilled') && order.executed === order.booked

/** The next moment at which the trade's plan asks for something; at once when marks move the plan itself. */
function deadlineOf(state: BrainState, { trade }: SymbolState): number {
  if (trade === null) return Infinity
  const { plan, stopNotBefore, takeProfitNotBefore, exitNotBefore, letGoBy } = trade
  if (plan.trail !== undefined || trade.exitReason !== '') return -Infinity
  const times = [plan.entryDeadline, plan.exitDeadline, stopNotBefore, takeProfitNotBefore, exitNotBefore, letGoBy]
  return Math.min(...times.map((time) => (time > state.now ? time : Infinity)))
}

/** Marks between which the equity passes none of the levels a rail or the peak stands at; null when it stands on one. */
function bandOf(state: BrainState, position: LedgerPosition): { readonly low: number; readonly high: number } | null {
  const { rails } = state
  const mark = state.bySymbol.get(position.symbol)?.mark ?? 0
  const wallet = state.ledger?.wallet().toNumber() ?? 0
  const quantity = position.quantity.toNumber()
  const entry = position.averageEntry.toNumber()
  const equity = wallet + quantity * (mark - entry)
  const [peak, dayStart] = [state.peakEquity.toNumber(), state.dayStartEquity.toNumber()]
  const levels = [
    peak,
    dayStart - Number(rails.maxDailyLoss),
    dayStart * (1 - rails.maxDrawdownFromDayStartPct / 100),
    peak * (1 - rails.maxDrawdownFromPeakPct / 100),
  ]
  let floor = -Infinity
  let ceiling = Infinity
  for (const level of levels) {
    if (level <= equity) floor = Math.max(floor, level)
    if (level >= equity) ceiling = Math.min(ceiling, level)
  }
  const close = MARGIN * Math.max(1, Math.abs(equity))
  const markAt = (level: number): number => mark + (level - equity) / quantity
  const [one, other] = [markAt(floor + close), markAt(ceiling - close)]
  const [low, high] = quantity > 0 ? [one, other] : [other, one]
  return mark > 0 && low < mark && mark < high ? { low, high } : null
}
