/** The end of every reducer step: whatever the event touched is planned again, until nothing changes any more. */
import type { Command } from './events.ts'
import type { BrainState } from './state.ts'
import { settleSymbol } from './trades.ts'

export function finishStep(state: BrainState, out: Command[]): void {
  while (state.dirty.size > 0) {
    const batch = [...state.dirty]
    state.dirty.clear()
    for (const symbol of batch) {
      settleSymbol(state, symbol, out)
      // Settling marks its own symbol again through the order events it causes; it has planned to the end already.
      state.dirty.delete(symbol)
    }
  }
}
