/** What a signal asks for on the symbol's grid: its prices, and what is to become of the entry once it fills. Pure. */
import type { DecimalText } from '../contract/decimal-text.ts'
import type { TradePlan } from '../contract/journal-kinds.ts'
import type { SymbolFilters } from '../contract/venue.ts'
import { decimal, toText, ZERO, type Decimal, type Price } from '../money/decimal.ts'
import { quantisePrice, quantiseTrigger } from '../money/quantise.ts'
import { opposite } from '../orders/bracket.ts'
import type { Signal } from '../strategy/strategy.ts'
import { amountOf, textOf } from './text.ts'

/** Why nothing was sent, as a rule's name and a sentence. */
export interface Refusal {
  readonly rule: string
  readonly text: string
}

export interface EntryLevels {
  readonly price: Decimal
  readonly stop: Decimal
  readonly target: Decimal
}

/** Stop and target on their sides of the price. */
export const standAround = (side: 'BUY' | 'SELL', { price, stop, target }: EntryLevels): boolean =>
  side === 'BUY' ? stop.lt(price) && target.gt(price) : stop.gt(price) && target.lt(price)

/** The signal's prices, quantised; or why they are none. */
export function entryLevels(signal: Signal, filters: SymbolFilters): EntryLevels | Refusal {
  const wished = amountOf(signal.entry.type === 'LIMIT' ? signal.entry.price : signal.price)
  const wishedStop = amountOf(signal.stop)
  const wishedTarget = amountOf(signal.takeProfit)
  if (wished.lte(0) || wishedStop.lte(0) || wishedTarget.lte(0)) return { rule: 'price', text: 'the signal has no usable prices' }
  const levels = {
    price: quantisePrice(wished as Price, signal.side, filters),
    stop: quantiseTrigger(wishedStop as Price, opposite(signal.side), 'STOP_MARKET', filters),
    target: quantiseTrigger(wishedTarget as Price, opposite(signal.side), 'TAKE_PROFIT_MARKET', filters),
  }
  if (standAround(signal.side, levels)) return levels
  const { price, stop, target } = levels
  return { rule: 'price', text: `stop ${toText(stop)} and target ${toText(target)} do not stand around ${toText(price)}` }
}

/** `now` in venue ms. */
export const planOf = (signal: Signal, stop: Decimal, target: Decimal, now: number): TradePlan => ({
  signalId: signal.id,
  side: signal.side,
  stop: toText(stop),
  takeProfit: toText(target),
  entryDeadline: signal.entry.type === 'LIMIT' ? now + signal.entry.timeoutMs : now + 60_000,
  exitDeadline: now + signal.maxHoldMs,
  ...venueTrail(signal),
  ...ownTrail(signal),
})

/** The venue takes 0.1 to 10 per cent. */
function venueTrail(signal: Signal): Pick<TradePlan, 'trailPct'> {
  if (signal.trailFraction === undefined) return {}
  const percent = Math.min(10, Math.max(0.1, Math.round(signal.trailFraction * 1_000) / 10))
  return { trailPct: toText(decimal(textOf(percent) ?? ('0.1' as DecimalText))) }
}

function ownTrail(signal: Signal): Pick<TradePlan, 'trail'> {
  const distance = signal.trail === undefined ? ZERO : amountOf(signal.trail.distance)
  return distance.gt(0) ? { trail: { distance: toText(distance) } } : {}
}
