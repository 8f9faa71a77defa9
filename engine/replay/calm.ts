/**
 * Whether the passing of time alone can change nothing in the brain: no trade, no position, nothing open, unproved or owed. Between
 * two bars such a brain needs no clock and no marks; skipping them changes no decision (the parity test holds it to that).
 */
import { isTerminal } from '../orders/order.ts'
import { decimal } from '../money/decimal.ts'
import type { BrainState } from '../brain/state.ts'

export function isCalm(state: BrainState): boolean {
  const { ledger, venueWallet } = state
  if (ledger === null || !state.synced || !state.streamHealthy || state.snapshotOut || state.incomeOut) return false
  if (state.lookupsOut.size > 0 || state.fillsOut.size > 0 || state.fillsWanted.size > 0 || state.owedSince.size > 0) return false
  for (const symbol of state.symbols)
    if (symbol.trade !== null || symbol.waiting !== null || symbol.leverage.asked !== 0 || !symbol.foreign.isZero()) return false
  if (ledger.openPositions().length > 0) return false
  for (const order of state.orders.values()) if (!isTerminal(order.state) || order.executed !== order.booked) return false
  return venueWallet !== null && ledger.wallet().eq(decimal(venueWallet))
}
