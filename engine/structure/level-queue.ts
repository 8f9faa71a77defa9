/** Levels waiting for price, sorted so that the next to be reached is last. Bounded: the furthest is dropped and counted (INV-11). */
export class LevelQueue<Item> {
  dropped = 0
  private readonly levels: number[] = []
  private readonly items: Item[] = []
  private readonly direction: 1 | -1
  private readonly limit: number
  /** Key of the next level to be reached. */
  private nearest = Infinity

  /** @param direction 1: reached by rising prices, −1: by falling ones */
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
    const { levels, items } = this
    let at = levels.length
    levels.push(key)
    items.push(item)
    // Most come near the end: prices move on from where they are.
    for (; at > 0; at--) {
      const before = levels[at - 1]
      const other = items[at - 1]
      if (before === undefined || other === undefined || before >= key) break
      levels[at] = before
      items[at] = other
    }
    levels[at] = key
    items[at] = item
    if (this.levels.length > this.limit) {
      this.levels.shift()
      this.items.shift()
      this.dropped++
    }
    this.nearest = this.levels[this.levels.length - 1] ?? Infinity
  }

  /** Takes out the nearest level that `price` reaches (or passes, when `strict`); undefined when there is none. */
  take(price: number, strict: boolean): Item | undefined {
    if (!this.reached(price, strict)) return undefined
    this.levels.pop()
    this.nearest = this.levels[this.levels.length - 1] ?? Infinity
    return this.items.pop()
  }

  get size(): number {
    return this.levels.length
  }
}
