/** Id counters: orders, conditional orders and trades are different number spaces (exchange.md §4.16). */
import type { Id } from './matching/order.ts'
import type { Ids } from './matching/world.ts'

const FIRST_ORDER = 283_194_212_001
const FIRST_ALGO = 1_000_000_033_225_453

export class IdCounters implements Ids {
  #order: Id
  #algo: Id = FIRST_ALGO
  /** Added to native trade ids once they have to pass 2^53. */
  #tradeBase: bigint | null = null

  constructor(firstOrderId = FIRST_ORDER) {
    this.#order = firstOrderId
  }

  order(): Id {
    const id = this.#order
    this.#order = next(id)
    return id
  }

  algo(): Id {
    const id = this.#algo
    this.#algo = next(id)
    return id
  }

  trade(native: number): Id {
    return this.#tradeBase === null ? native : this.#tradeBase + BigInt(native)
  }

  startAt(from: string): void {
    const start = BigInt(from)
    const id: Id = start <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(start) : start
    this.#order = id
    this.#algo = id
    this.#tradeBase = start
  }
}

const next = (id: Id): Id => (typeof id === 'bigint' ? id + 1n : id === Number.MAX_SAFE_INTEGER ? BigInt(id) + 1n : id + 1)
