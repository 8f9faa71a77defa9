/** What a learning strategy saw, into the journal; and its two records with the leverage they earn, for the screen. */
import type { LearningRow, LearningView } from '../contract/learning.ts'
import type { Command } from './events.ts'
import { baseLeverage, earnedLeverage, lowerLeverage, mostLeverage } from './leverage.ts'
import type { BrainState, SymbolState } from './state.ts'

/** After each bar: facts are journaled, and what they cost the student is taken from it at once. */
export function takeFacts(state: BrainState, symbol: SymbolState, out: Command[]): void {
  const facts = symbol.strategy.facts?.() ?? []
  if (facts.length === 0) return
  for (const fact of facts) {
    out.push({
      type: 'journal',
      entry: { kind: 'shadow', time: state.now, symbol: symbol.symbol, ref: fact.signalId, payload: fact },
    })
  }
  state.learningRevision++
  lowerLeverage(state, symbol, out)
}

export function learningView(state: BrainState): LearningView {
  const rows: LearningRow[] = []
  for (const symbol of state.symbols) {
    const shadow = symbol.strategy.shadow?.()
    if (shadow === undefined) continue
    rows.push({
      symbol: symbol.symbol,
      trading: symbol.strategy.name,
      shadow,
      base: baseLeverage(state),
      allowed: earnedLeverage(state, symbol),
      most: mostLeverage(state, symbol),
      venue: symbol.leverage.proved ? symbol.leverage.venue : 0,
    })
  }
  return { strategy: state.symbols[0]?.strategy.name ?? '', rows }
}
