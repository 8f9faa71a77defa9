/** Equity at the marks of a bar's close, for a chart (doubles: INV-01 allows it); the ledger is read only when it has changed. */
import type { BrainState } from '../brain/state.ts'

export class MarkedEquity {
  #revision = -1
  #wallet = 0
  #legs: readonly { readonly id: number; readonly quantity: number; readonly entry: number }[] = []

  /** @param marks by symbol id, USDT */
  at({ ledger, bySymbol }: BrainState, marks: Float64Array): number {
    if (ledger !== null && ledger.revision !== this.#revision) {
      this.#revision = ledger.revision
      this.#wallet = ledger.wallet().toNumber()
      this.#legs = ledger.openPositions().map(({ symbol, quantity, averageEntry }) => ({
        id: bySymbol.get(symbol)?.id ?? 0,
        quantity: quantity.toNumber(),
        entry: averageEntry.toNumber(),
      }))
    }
    let equity = this.#wallet
    for (const { id, quantity, entry } of this.#legs) equity += quantity * ((marks[id] ?? 0) - entry)
    return equity
  }

  /** Whether a position was open when it was last reckoned. */
  get exposed(): boolean {
    return this.#legs.length > 0
  }
}
