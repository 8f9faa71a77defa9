/** The last public trades of a symbol, in columns: printing one allocates nothing. INV-11: the oldest make room. */
export interface PublicTrade {
  readonly id: number
  readonly price: number
  readonly qty: number
  readonly time: number
  readonly buyerMaker: boolean
}

const KEPT = 1_024
/** Numbers a trade: id, price, quantity (negative when the buyer was the maker), time. */
const WIDTH = 4
const MASK = KEPT * WIDTH - 1

export class TradeRing {
  readonly #rows = new Float64Array(KEPT * WIDTH)
  /** Where the next trade goes, counted without end. */
  #next = 0

  push(id: number, price: number, qty: number, time: number, buyerMaker: boolean): void {
    const rows = this.#rows
    const at = this.#next & MASK
    this.#next += WIDTH
    rows[at] = id
    rows[at + 1] = price
    rows[at + 2] = buyerMaker ? -qty : qty
    rows[at + 3] = time
  }

  get newest(): PublicTrade | undefined {
    return this.#next === 0 ? undefined : this.#at(this.#next - WIDTH)
  }

  /** Oldest first. */
  list(): PublicTrade[] {
    const size = Math.min(this.#next / WIDTH, KEPT)
    return Array.from({ length: size }, (_, i) => this.#at(this.#next - (size - i) * WIDTH))
  }

  #at(index: number): PublicTrade {
    const at = index & MASK
    const [id = 0, price = 0, qty = 0, time = 0] = this.#rows.subarray(at, at + WIDTH)
    return { id, price, qty: Math.abs(qty), time, buyerMaker: qty < 0 }
  }
}
