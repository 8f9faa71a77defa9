/**
 * The last `limit` of something, oldest first; the oldest is dropped and counted when one more comes (INV-11). Nothing is moved for it.
 * Its slots are made at once and hold objects from the start: code compiled for a list of an earlier run fits the next one's.
 */
import { InvariantError } from '../contract/result.ts'

export class BoundedList<Item> {
  /** How many are held. */
  length = 0
  dropped = 0
  private readonly limit: number
  private readonly mask: number
  private readonly slots: (Item | undefined)[]
  private head = 0

  /** @param limit ≥ 1 */
  constructor(limit: number) {
    this.limit = limit
    let size = 1
    while (size < limit) size *= 2
    this.mask = size - 1
    this.slots = Array.from<Item | undefined>({ length: size })
  }

  /** Throws InvariantError for a place that is not held. */
  at(i: number): Item {
    const item = this.slots[(this.head + i) & this.mask]
    if (item === undefined) throw new InvariantError('Invariant: a place of the list is held')
    return item
  }

  push(item: Item): void {
    if (this.length === this.limit) {
      this.slots[this.head] = undefined
      this.head = (this.head + 1) & this.mask
      this.dropped++
    } else this.length++
    this.slots[(this.head + this.length - 1) & this.mask] = item
  }

  /** Replaces the item at a place that is held. */
  set(i: number, item: Item): void {
    this.slots[(this.head + i) & this.mask] = item
  }

  /** Keeps the first `length`. */
  truncate(length: number): void {
    for (let i = length; i < this.length; i++) this.slots[(this.head + i) & this.mask] = undefined
    if (length < this.length) this.length = length
  }
}
