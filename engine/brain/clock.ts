/** What the passing of time calls for: look-ups, owed fills, deadlines, day change, drift, trips. */
import { decimal, toText } from '../money/decimal.ts'
import { owesFills } from '../orders/bracket.ts'
import { isInFlight, isTerminal, isUnresolved, type Order } from '../orders/order.ts'
import { tripOf } from '../risk/risk.ts'
import { updateEquity } from './account.ts'
import type { Command } from './events.ts'
import { watchLeverage } from './leverage.ts'
import { lookUp } from './responses.ts'
import { standingOf } from './standing.ts'
import type { BrainState } from './state.ts'
import { completeSync, hasUnresolved, readFills } from './sync.ts'
import { requestSync } from './trades.ts'

/** Venue ms between two rounds. */
const ROUND_MS = 250
/** A fill the venue reported but did not deliver is asked for after this long. */
const OWED_MS = 2_000
/** A fired conditional order that says nothing more is asked about after this long. */
const TRIGGERED_MS = 5_000
const RESYNC_MS = 2_000
/** While the private stream is down the account is read this often. */
const DEAF_MS = 5_000
/** Wallets may differ while events are on their way. */
const DRIFT_ASK_MS = 5_000
const DRIFT_BLOCK_MS = 10_000
/** Look-ups back off from 250 ms to 4 s. */
const lookupDelay = (lookups: number): number => Math.min(4_000, 250 * 2 ** Math.min(lookups, 4))

export function onClock(state: BrainState, out: Command[]): void {
  if (state.now - state.lastHouseKeeping < ROUND_MS && state.lastHouseKeeping !== 0) return
  state.lastHouseKeeping = state.now
  updateEquity(state, out)
  for (const order of state.orders.live.values()) watchOrder(state, order, out)
  for (const id of state.owedSince.keys()) if (!state.orders.live.has(id)) state.owedSince.delete(id)
  for (const symbol of state.symbols) if (symbol.trade !== null) state.dirty.add(symbol)
  if (!state.synced && state.streamHealthy && !state.snapshotOut && !state.incomeOut && state.fillsOut.size === 0) {
    completeSync(state, out)
    if (!state.synced && state.now - state.lastSyncAt >= RESYNC_MS) requestSync(state, out)
  }
  if (state.synced && !state.streamHealthy && state.now - state.lastSyncAt >= DEAF_MS) requestSync(state, out)
  for (const symbol of state.fillsWanted) {
    if (hasUnresolved(state, symbol)) continue
    state.fillsWanted.delete(symbol)
    readFills(state, symbol, out)
  }
  watchWallet(state, out)
  watchLeverage(state, out)
  if (state.ledger !== null && !state.tripped && state.tradingState === 'active') {
    const trip = tripOf(standingOf(state))
    if (trip !== null) {
      state.tripped = true
      out.push({ type: 'trip', level: trip.level, reason: trip.reason })
      out.push({ type: 'journal', entry: { kind: 'rail', time: state.now, payload: { rule: trip.rule, text: trip.reason } } })
    }
  }
}

function watchOrder(state: BrainState, order: Order, out: Command[]): void {
  if (isUnresolved(order.state)) {
    if (state.now - order.requestedAt >= lookupDelay(order.lookups)) lookUp(state, order.clientId, out)
    return
  }
  if (order.state === 'Triggered' && state.now - order.updatedAt >= TRIGGERED_MS && state.now - order.requestedAt >= TRIGGERED_MS) {
    lookUp(state, order.clientId, out)
  }
  if (order.executed !== order.booked && decimal(order.executed).gt(decimal(order.booked))) {
    const since = state.owedSince.get(order.clientId)
    if (since === undefined) state.owedSince.set(order.clientId, state.now)
    else if (state.now - since >= OWED_MS) {
      state.owedSince.set(order.clientId, state.now)
      const orderId = order.book === 'algo' ? order.childOrderId : order.orderId
      if (orderId === '') lookUp(state, order.clientId, out)
      else readFills(state, order.symbol, out, orderId)
    }
  } else if (state.owedSince.size > 0) state.owedSince.delete(order.clientId)
}

/** The ledger's wallet and the venue's must be equal to the last digit whenever nothing is on its way. */
function watchWallet(state: BrainState, out: Command[]): void {
  const { ledger, venueWallet } = state
  if (ledger === null || venueWallet === null || !state.synced) return
  if (ledger.wallet().eq(decimal(venueWallet))) {
    state.walletDriftSince = 0
    state.walletAgreedAt = state.now
    state.balanceMismatch = ''
    return
  }
  for (const order of state.orders.live.values()) {
    if (!isTerminal(order.state) && isInFlight(order.state)) return
  }
  if (owesFills([...state.orders.live.values()])) return
  if (state.walletDriftSince === 0) {
    state.walletDriftSince = state.now
    return
  }
  const age = state.now - state.walletDriftSince
  if (age >= DRIFT_ASK_MS && state.now - state.lastSyncAt >= DRIFT_ASK_MS) requestSync(state, out)
  if (age >= DRIFT_BLOCK_MS && state.balanceMismatch === '') {
    state.balanceMismatch = `wallet: ledger ${toText(ledger.wallet())}, venue ${venueWallet}`
    out.push({ type: 'log', level: 'error', text: state.balanceMismatch })
  }
}
