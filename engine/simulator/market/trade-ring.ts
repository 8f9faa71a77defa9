/** The last public trades of a symbol, in columns: printing one allocates nothing. INV-11: the oldest make room. */
export interface PublicTrade {
  readonly id: number
  readonly price: number
  readonly qty: number
  readonly time: number
  readonly buyerMaker: boolean
}

const KEPT = 1_024
const MASK = KEPT - 1

export class TradeRing {
  readonly #ids = new Float64Array(KEPT)
  readonly #prices = new Float64Array(KEPT)
  readonly #quantities = new Float64Array(KEPT)
  readonly #times = new Float64Array(KEPT)
  readonly #buyerMaker = new Uint8Array(KEPT)
  #count = 0

  push(id: number, price: number, qty: number, time: number, buyerMaker: boolean): void {
    const at = this.#count++ & MASK
    this.#ids[at] = id
    this.#prices[at] = price
    this.#quantities[at] = qty
    this.#times[at] = time
    this.#buyerMaker[at] = buyerMaker ? 1 : 0
  }

  get newest(): PublicTrade | undefined {
    return this.#count === 0 ? undefined : this.#at(this.#count - 1)
  }

  /** Oldest first. */
  list(): PublicTrade[] {
    const size = Math.min(this.#count, KEPT)
    return Array.from({ length: size }, (_, i) => this.#at(this.#count - size + i))
  }

  #at(index: number): PublicTrade {
    const at = index & MASK
    return {
      id: this.#ids[at] ?? 0,
      price: this.#prices[at] ?? 0,
      qty: this.#quantities[at] ?? 0,
      time: this.#times[at] ?? 0,
      buyerMaker: this.#buyerMaker[at] === 1,
    }
  }
}
