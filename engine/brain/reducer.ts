/**
 * The brain: one reducer over everything that can happen. INV-06: it runs synchronously, one event at a time, and is the only
 * writer of the account's state. Same events, same commands, bit by bit: it reads no clock, draws no random number, and all
 * iteration is over insertion order.
 */
import { unreachable } from '../contract/result.ts'
import { updateEquity } from './account.ts'
import { amendByHand } from './amends.ts'
import { onClock } from './clock.ts'
import { resumeEntry } from './entries.ts'
import type { BrainEvent, Command, RepairAnswer } from './events.ts'
import { lowerLeverage, onLeverageSet } from './leverage.ts'
import { applyRepair } from './repairs.ts'
import { onAmended, onCancelled, onLookedUp, onPlaced } from './responses.ts'
import type { BrainState } from './state.ts'
import { finishStep } from './step.ts'
import { completeSync, onFills, onIncome, onSnapshot } from './sync.ts'
import { onUserEvent } from './user-events.ts'

/**
 * Applies one event; commands are appended to `out` in the order they must be carried out. Answers a repair's fate, null for
 * every other event. Ticks go through `reduceTicks`.
 */
export function reduce(state: BrainState, event: BrainEvent, out: Command[]): RepairAnswer | null {
  if (event.at > state.now) state.now = event.at
  const answer = apply(state, event, out)
  completeSync(state, out)
  finishStep(state, out)
  return answer
}

function apply(state: BrainState, event: BrainEvent, out: Command[]): RepairAnswer | null {
  switch (event.type) {
    case 'user':
      onUserEvent(state, event.event, out)
      return null
    case 'clock':
      onClock(state, out)
      return null
    case 'placed':
      onPlaced(state, event.clientId, event.result, out)
      return null
    case 'cancelled':
      onCancelled(state, event.clientId, event.result, out)
      return null
    case 'amended':
      onAmended(state, event.clientId, event.counter, event.result, out)
      return null
    case 'amend':
      return amendByHand(state, event, out)
    case 'lookedUp':
      onLookedUp(state, event.clientId, event.result, out)
      return null
    case 'snapshot':
      onSnapshot(state, event.result, out)
      return null
    case 'fills':
      onFills(state, event.symbol, event.result, out)
      return null
    case 'income':
      onIncome(state, event.result, out)
      return null
    case 'filters':
      for (const filters of event.filters) {
        const symbol = state.bySymbol.get(filters.symbol)
        if (symbol !== undefined) symbol.filters = filters
      }
      return null
    case 'leverageSet': {
      const symbol = state.bySymbol.get(event.symbol)
      if (symbol === undefined) return null
      onLeverageSet(state, symbol, event.leverage, event.result, out)
      resumeEntry(state, symbol, event.leverage, out)
      return null
    }
    case 'stream':
      state.streamHealthy = event.healthy
      return null
    case 'journal':
      state.journalFault = event.fault
      if (event.fault !== '') out.push({ type: 'log', level: 'error', text: `trading stops: ${event.fault}` })
      return null
    case 'release':
      state.released = true
      return null
    case 'tradingState':
      onTradingState(state, event, out)
      return null
    case 'rails':
      state.rails = event.rails
      state.learningRevision++
      for (const symbol of state.symbols) lowerLeverage(state, symbol, out)
      out.push({
        type: 'journal',
        entry: { kind: 'rail', time: state.now, payload: { rule: 'changed', text: 'rails changed', rails: event.rails } },
      })
      return null
    case 'repair':
      return applyRepair(state, event.repair, out)
    case 'lost':
      onLost(state, event.count, out)
      return null
    default:
      return unreachable(event)
  }
}

function onTradingState(state: BrainState, event: Extract<BrainEvent, { type: 'tradingState' }>, out: Command[]): void {
  state.tradingState = event.state
  state.tradingReason = event.reason
  if (event.state === 'active') {
    // Released by a person: what tripped is history, and is judged anew from here.
    state.tripped = false
    state.consecutiveRejects = 0
    updateEquity(state, out)
  }
  out.push({ type: 'journal', entry: { kind: 'trading-state', time: state.now, payload: { state: event.state, reason: event.reason } } })
  for (const symbol of state.symbols) if (symbol.trade !== null) state.dirty.add(symbol)
}

/** Ticks were overwritten before they were read: nobody knows which, so every series waits for its next joining bar. */
function onLost(state: BrainState, count: number, out: Command[]): void {
  state.counters.lost += count
  for (const symbol of state.symbols) symbol.incomplete = true
  out.push({ type: 'log', level: 'warn', text: `${count} ticks were overwritten before they were read` })
}
