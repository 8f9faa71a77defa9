/**
 * A stretch of a run in which nothing can happen (quiet.ts), and what the exchange is told of it: while it lasts only marks that would
 * end it are stopped for, otherwise every step is.
 */
import type { Exchange } from '../simulator/exchange.ts'
import type { Quiet } from './quiet.ts'

export class QuietStretch {
  readonly #exchange: Exchange
  readonly #symbols: readonly string[]
  #quiet: Quiet | null = null
  /** Still quiet, with every step shown: the end of it lies between two of them. */
  #stepping = false

  constructor(exchange: Exchange, symbols: readonly string[]) {
    this.#exchange = exchange
    this.#symbols = symbols
  }

  get lasts(): boolean {
    return this.#quiet !== null
  }

  /** The symbol whose mark must stay where it is, or null. */
  get symbol(): string | null {
    return this.#quiet?.symbol ?? null
  }

  begin(quiet: Quiet): void {
    this.#quiet = quiet
    this.#stepping = false
    const { symbol, low, high } = quiet
    for (const name of this.#symbols) {
      if (name === symbol) this.#exchange.watchMark(name, low, high)
      else this.#exchange.watchMark(name, -Infinity, Infinity)
    }
  }

  end(): void {
    this.#quiet = null
    this.#stepping = false
    for (const symbol of this.#symbols) this.#exchange.watchMark(symbol, Infinity, -Infinity)
  }

  holds(mark: number): boolean {
    return this.#quiet !== null && (this.#quiet.symbol === null || (this.#quiet.low <= mark && mark <= this.#quiet.high))
  }

  /**
   * `grid` is the next moment the exchange would stop at. True when the stretch may end before it: the steps until then are shown now,
   * so ask the exchange anew. A stretch that ends at `grid` itself is over.
   */
  endsBefore(grid: number): boolean {
    const quiet = this.#quiet
    if (quiet === null || grid < quiet.until) return false
    const here = this.#stepping || grid === quiet.until
    this.end()
    if (here) return false
    this.#quiet = quiet
    this.#stepping = true
    return true
  }
}
