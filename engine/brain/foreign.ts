/** Positions somebody else holds beside us: not in the ledger until the trader adopts them. A hedged account has two sides to watch. */
import type { PositionSide } from '../contract/venue.ts'
import { ZERO, type Decimal } from '../money/decimal.ts'
import type { SymbolState } from './state.ts'

export const foreignOf = (symbol: SymbolState, side: PositionSide): Decimal => symbol.foreignSides.get(side) ?? ZERO

/** Signed quantity, of one side. `symbol.foreign` follows: signed in one-way mode, both sides' sizes together in a hedged account. */
export function setForeign(symbol: SymbolState, side: PositionSide, quantity: Decimal): void {
  symbol.foreignSides.set(side, quantity)
  symbol.foreign = side === 'BOTH' ? quantity : foreignOf(symbol, 'LONG').abs().plus(foreignOf(symbol, 'SHORT').abs())
}

export const addForeign = (symbol: SymbolState, side: PositionSide, change: Decimal): void =>
  setForeign(symbol, side, foreignOf(symbol, side).plus(change))
