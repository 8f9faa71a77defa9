/**
 * Leverage at the venue. Every strategy has the configured one, up to the teacher's rail; the student's grows by the steps its record
 * has earned, up to the student's rail.
 *
 * - Confirmed by the venue before the entry that counts on it leaves; journaled before it is asked for, and with what came of it.
 * - Never raised while the symbol holds a position or has a trade under way; lowered at once when what was earned is lost.
 * - An answer that proves nothing makes it unknown: it is confirmed again before the next entry (INV-04).
 */
import type { VenueResult } from '../contract/venue.ts'
import type { Signal } from '../strategy/strategy.ts'
import { heldQuantity } from './account.ts'
import type { Command } from './events.ts'
import type { BrainState, SymbolState } from './state.ts'

/** A refusal is asked again after this long, venue ms at rate 1. */
const RETRY_MS = 30_000
/** Confirmations under way at one time when many symbols start together. */
const MOST_ASKED = 4

/** What everybody has. */
export const baseLeverage = (state: BrainState): number => Math.min(state.config.leverage, state.rails.maxLeverageTeacher)

/** The most a student can ever have in this symbol. */
export function mostLeverage(state: BrainState, symbol: SymbolState): number {
  const tier = state.config.tiers.get(symbol.symbol)?.[0]
  return Math.min(state.rails.maxLeverageStudent, tier?.maxLeverage ?? state.rails.maxLeverageStudent)
}

/** What the student may use now: the steps count that its record holds at this moment. */
export function earnedLeverage(state: BrainState, symbol: SymbolState, claimed = Number.POSITIVE_INFINITY): number {
  const steps = Math.min(claimed, symbol.strategy.earnedSteps?.() ?? 0)
  const base = baseLeverage(state)
  return steps >= 1 ? Math.min(base + Math.floor(steps), Math.max(base, mostLeverage(state, symbol))) : base
}

/** What an entry on this signal may use; a claim without a record behind it earns nothing. */
export function allowedLeverage(state: BrainState, symbol: SymbolState, signal: Signal): number {
  if (signal.leverageClass === 'teacher') return baseLeverage(state)
  return Math.min(earnedLeverage(state, symbol, signal.earnedSteps ?? 0), state.rails.maxLeverageStudent)
}

/** The venue has confirmed exactly this for the symbol. */
export const isConfirmed = (symbol: SymbolState, leverage: number): boolean =>
  symbol.leverage.proved && symbol.leverage.asked === 0 && symbol.leverage.venue === leverage

const isFlat = (state: BrainState, symbol: SymbolState): boolean =>
  symbol.trade === null && symbol.foreign.isZero() && heldQuantity(state, symbol).isZero()

function note(
  state: BrainState,
  symbol: SymbolState,
  step: 'asked' | 'confirmed' | 'refused',
  from: number,
  to: number,
  reason: string,
  out: Command[],
): void {
  state.learningRevision++
  out.push({
    type: 'journal',
    entry: {
      kind: 'leverage',
      time: state.now,
      symbol: symbol.symbol,
      ref: `${symbol.symbol} ${to}`,
      payload: { symbol: symbol.symbol, from, to, step, reason },
    },
  })
}

/** Asks the venue, unless it would be a raise under an open position or something is asked already. Returns whether it was asked. */
export function askLeverage(state: BrainState, symbol: SymbolState, target: number, reason: string, out: Command[]): boolean {
  const { leverage } = symbol
  if (leverage.asked !== 0) return false
  if ((target > leverage.venue || leverage.venue === 0) && !isFlat(state, symbol)) return false
  leverage.asked = target
  if (target > baseLeverage(state)) leverage.raised = true
  note(state, symbol, 'asked', leverage.venue, target, reason, out)
  out.push({ type: 'setLeverage', symbol: symbol.symbol, leverage: target })
  return true
}

const PROVES_NOTHING = new Set(['ambiguous', 'malformed'])

/** The venue's answer; the entry that waits for it goes on in entries.ts. */
export function onLeverageSet(state: BrainState, symbol: SymbolState, target: number, result: VenueResult<void>, out: Command[]): void {
  const { leverage } = symbol
  const before = leverage.venue
  leverage.asked = 0
  if (result.ok) {
    leverage.venue = target
    leverage.proved = true
    leverage.notBefore = 0
    note(state, symbol, 'confirmed', before, target, 'the venue confirmed it', out)
  } else {
    if (PROVES_NOTHING.has(result.error.code)) {
      // It may stand now: the worse of the two is taken, so that it is lowered when it must be.
      leverage.venue = Math.max(before, target)
      leverage.proved = false
    }
    const later = state.now + RETRY_MS * Math.max(1, state.config.rate)
    leverage.notBefore = later
    // A key without the right to trade gets the same answer for every symbol.
    if (result.error.code === 'auth') for (const other of state.symbols) other.leverage.notBefore = later
    note(state, symbol, 'refused', before, target, result.error.message, out)
    out.push({ type: 'log', level: 'warn', text: `${symbol.symbol}: leverage ${target} not set (${result.error.message})` })
  }
  lowerLeverage(state, symbol, out)
}

/** Somebody changed it at the venue: ours is confirmed again before the next entry. */
export function onLeverageChanged(state: BrainState, symbol: SymbolState, seen: number, out: Command[]): void {
  const { leverage } = symbol
  if (seen === leverage.asked || seen === leverage.venue) return
  leverage.venue = seen
  leverage.proved = false
  state.learningRevision++
  out.push({ type: 'log', level: 'info', text: `${symbol.symbol}: leverage ${seen} at the venue, changed elsewhere` })
}

/** What is no longer earned, or no longer allowed by the rails, is given back at once, also under an open position. */
export function lowerLeverage(state: BrainState, symbol: SymbolState, out: Command[]): void {
  const { leverage } = symbol
  if (!leverage.raised || leverage.asked !== 0 || state.now < leverage.notBefore) return
  const limit = earnedLeverage(state, symbol)
  if (leverage.venue <= limit) {
    if (leverage.proved && leverage.venue <= baseLeverage(state)) leverage.raised = false
    return
  }
  askLeverage(state, symbol, limit, 'what the student had earned is lost', out)
}

/** On the clock: what could not be confirmed or lowered is tried again, a few symbols at a time. */
export function watchLeverage(state: BrainState, out: Command[]): void {
  let asked = 0
  for (const { leverage } of state.symbols) if (leverage.asked !== 0) asked++
  for (const symbol of state.symbols) {
    const { leverage } = symbol
    if (asked >= MOST_ASKED) return
    if ((leverage.proved && !leverage.raised) || leverage.asked !== 0 || state.now < leverage.notBefore) continue
    if (leverage.raised) lowerLeverage(state, symbol, out)
    else if (state.released && isFlat(state, symbol))
      askLeverage(state, symbol, baseLeverage(state), 'confirmed before the first entry', out)
    if (symbol.leverage.asked !== 0) asked++
  }
}
