/**
 * Remembers which trades of one symbol were booked, so that a fill counts once however often it is delivered. Bounded (INV-11):
 * two generations of ids; what is older than both is recognised by number and reported as forgotten, never booked again.
 */
import type { Side } from '../contract/venue.ts'

const GENERATION = 32_768

const keyOf = (id: string, side: Side): string => (side === 'BUY' ? id : `-${id}`)

/** Order of venue ids: numbers by value, of any length; text ids (synthetic fills) have no order. */
export function isNumericId(id: string): boolean {
  if (id.length === 0) return false
  for (let i = 0; i < id.length; i++) {
    const code = id.charCodeAt(i)
    if (code < 48 || code > 57) return false
  }
  return true
}

/** Negative when numeric id `a` is before `b`. No leading zeros, as the venue prints them. */
export function compareNumericIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

export interface TradeIdMemory {
  /**
   * Marks the trade as booked. 'forgotten': older than everything remembered, so nobody knows; it must not be booked.
   * The side belongs to the key: an account that trades with itself has two fills with one trade id.
   */
  add(id: string, side: Side): 'new' | 'duplicate' | 'forgotten'
  has(id: string, side: Side): boolean
  /** Everything up to `id` counts as booked from now on, seen or not. */
  forgetUpTo(id: string): void
  /** Highest numeric id booked, '' when none. */
  readonly last: string
}

/** @param floor ids up to this one were booked before this memory began ('' = none) */
export function createTradeIdMemory(floor: string): TradeIdMemory {
  let current = new Set<string>()
  let previous = new Set<string>()
  let forgottenUpTo = floor
  let currentMax = ''
  let previousMax = ''
  let last = floor
  return {
    add(id, side) {
      const key = keyOf(id, side)
      const numeric = isNumericId(id)
      if (numeric && last !== '' && compareNumericIds(id, last) <= 0) {
        if (current.has(key) || previous.has(key)) return 'duplicate'
        if (forgottenUpTo !== '' && compareNumericIds(id, forgottenUpTo) <= 0) return 'forgotten'
      } else if (!numeric && (current.has(key) || previous.has(key))) return 'duplicate'
      current.add(key)
      if (numeric) {
        if (last === '' || compareNumericIds(id, last) > 0) last = id
        if (currentMax === '' || compareNumericIds(id, currentMax) > 0) currentMax = id
      }
      if (current.size >= GENERATION) {
        if (previousMax !== '' && (forgottenUpTo === '' || compareNumericIds(previousMax, forgottenUpTo) > 0)) forgottenUpTo = previousMax
        previous = current
        previousMax = currentMax
        current = new Set()
        currentMax = ''
      }
      return 'new'
    },
    has: (id, side) => current.has(keyOf(id, side)) || previous.has(keyOf(id, side)),
    forgetUpTo(id) {
      if (!isNumericId(id)) return
      if (forgottenUpTo === '' || compareNumericIds(id, forgottenUpTo) > 0) forgottenUpTo = id
      if (last === '' || compareNumericIds(id, last) > 0) last = id
    },
    get last() {
      return last
    },
  }
}
