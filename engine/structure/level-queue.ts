/** Levels waiting for price, sorted so that the next to be reached is last. Bounded: the furthest is dropped and counted (INV-11). */
import { InvariantError } from '../contract/result.ts'

const FIRST = 32

export class LevelQueue<Item> {
  dropped = 0
  /** Ascending from `start` to `end`; both columns grow as they are needed. */
  private keys = new Float64Array(FIRST)
  private items = Array.from<Item | undefined>({ length: FIRST })
  private readonly direction: 1 | -1
  private readonly limit: number
  private start = 0
  private end = 0
  /** Key of the next level to be reached. */
  private nearest = Infinity

  /** @param direction 1: reached by rising prices, −1: by falling ones; @param limit levels kept, Infinity for all */
  constructor(direction: 1 | -1, limit: number) {
    this.direction = direction
    this.limit = limit
  }

  /** Whether `take` would find one. */
  reached(price: number, strict: boolean): boolean {
    const reach = price * this.direction
    return strict ? reach > this.nearest : reach >= this.nearest
  }

  add(level: number, item: Item): void {
    const key = level * this.direction
    if (this.end === this.items.length) this.makeRoom()
    const { keys, items, start } = this
    let at = this.end++
    // Most come near the end: prices move on from where they are.
    for (; at > start; at--) {
      const before = keys[at - 1] ?? -Infinity
      if (before >= key) break
      keys[at] = before
      items[at] = items[at - 1]
    }
    keys[at] = key
    items[at] = item
    if (this.end - start > this.limit) {
      items[this.start++] = undefined
      this.dropped++
    }
    this.nearest = keys[this.end - 1] ?? Infinity
  }

  /** Whether `price` is beyond `level`, as `take` with `strict` sees it. */
  passes(price: number, level: number): boolean {
    return price * this.direction > level * this.direction
  }

  /** Takes out the nearest level that `price` reaches (or passes, when `strict`); undefined when there is none. */
  take(price: number, strict: boolean): Item | undefined {
    if (!this.reached(price, strict)) return undefined
    const at = --this.end
    const item = this.items[at]
    if (item === undefined) throw new InvariantError('Invariant: every waiting level has its item')
    this.items[at] = undefined
    this.nearest = at === this.start ? Infinity : (this.keys[at - 1] ?? Infinity)
    return item
  }

  get size(): number {
    return this.end - this.start
  }

  /** At the columns' end: down to their beginning where half of them is free, into larger ones where it is not. */
  private makeRoom(): void {
    const { start, end, size } = this
    if (size > this.items.length / 2) {
      const keys = new Float64Array(this.keys.length * 2)
      keys.set(this.keys)
      this.keys = keys
      this.items = [...this.items, ...Array.from<Item | undefined>({ length: this.items.length })]
      return
    }
    this.keys.copyWithin(0, start, end)
    for (let i = 0; i < size; i++) this.items[i] = this.items[start + i]
    this.items.fill(undefined, size, end)
    this.start = 0
    this.end = size
  }
}
