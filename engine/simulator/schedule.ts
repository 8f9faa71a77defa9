/**
 * Virtual time's agenda: a binary heap ordered by (time, insertion); steps of a tape come before everything else of their time, by
 * their symbol's rank. Invariant: what is due is taken in that order, always.
 */
import { present } from './present.ts'

export interface Entry {
  time: number
  order: number
  /** Cleared by cancel. */
  run: (() => void) | null
}

const before = (a: Entry, b: Entry): boolean => a.time < b.time || (a.time === b.time && a.order < b.order)

/** The heap's place 0: nothing is before it, and the children of i are 2i and 2i + 1. */
const FLOOR: Entry = { time: -Infinity, order: 0, run: null }

/** Below every insertion number. */
const STEPS = -1_000_000

/** Which symbol's step an entry is; Infinity for anything else. */
export const rankOf = (entry: Entry): number => (entry.order < 0 ? entry.order - STEPS : Infinity)

export class Schedule {
  readonly #heap: Entry[] = [FLOOR]
  #inserted = 0

  get size(): number {
    return this.#heap.length - 1
  }

  add(time: number, run: () => void): Entry {
    return this.#insert({ time, order: this.#inserted++, run })
  }

  /** An entry that was taken, once more at a later time. */
  again(entry: Entry, time: number): void {
    entry.time = time
    entry.order = this.#inserted++
    this.#insert(entry)
  }

  /** A step of the tape of the symbol with this rank: when it was added does not show in when it is taken. */
  addStep(time: number, rank: number, run: () => void): Entry {
    return this.#insert({ time, order: STEPS + rank, run })
  }

  #insert(entry: Entry): Entry {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    for (;;) {
      const up = at >> 1
      const parent = present(heap[up])
      if (!before(entry, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = entry
    return entry
  }

  /** Time of the next live entry, or null. */
  nextTime(): number | null {
    for (;;) {
      const top = this.#heap[1]
      if (top === undefined) return null
      if (top.run !== null) return top.time
      this.#pop()
    }
  }

  /** Removes and returns the next live entry due at or before `time`. */
  takeDue(time: number): Entry | null {
    const next = this.nextTime()
    return next === null || next > time ? null : this.#pop()
  }

  #pop(): Entry {
    const heap = this.#heap
    const top = present(heap[1])
    const last = present(heap.pop())
    if (heap.length > 1) {
      let at = 1
      for (;;) {
        let child = 2 * at
        if (child >= heap.length) break
        if (child + 1 < heap.length && before(present(heap[child + 1]), present(heap[child]))) child++
        if (!before(present(heap[child]), last)) break
        heap[at] = present(heap[child])
        at = child
      }
      heap[at] = last
    }
    return top
  }
}
