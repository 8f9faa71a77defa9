/**
 * Remembers which trades of one symbol were booked, so that a fill counts once however often it is delivered. Bounded (INV-11): the
 * newest ids are kept; what is older is recognised by number and reported as forgotten, never booked again.
 */
import type { Side } from '../contract/venue.ts'

/** Ids kept per symbol; half of them go at once when it is full. */
const KEPT = 65_536

/** Beyond so many digits an id may not be exact as a number. */
const EXACT_DIGITS = 15

/**
 * Order of venue ids: the number itself while it is exact, Infinity for a longer one (they are compared as text, and are after every
 * shorter one), NaN for an id without a number (synthetic fills).
 */
export function idNumber(id: string): number {
  const { length } = id
  if (length === 0) return Number.NaN
  let value = 0
  for (let i = 0; i < length; i++) {
    const digit = id.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return length > EXACT_DIGITS ? Infinity : value
}

export const isNumericId = (id: string): boolean => !Number.isNaN(idNumber(id))

/** Negative when numeric id `a` is before `b`. No leading zeros, as the venue prints them. */
export function compareNumericIds(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}

export interface TradeIdMemory {
  /**
   * Marks the trade as booked. 'forgotten': older than everything remembered, so nobody knows; it must not be booked.
   * The side belongs to the key: an account that trades with itself has two fills with one trade id.
   * @param number idNumber(id)
   */
  add(id: string, number: number, side: Side): 'new' | 'duplicate' | 'forgotten'
  has(id: string, side: Side): boolean
  /** Everything up to `id` counts as booked from now on, seen or not. */
  forgetUpTo(id: string): void
  /** Highest numeric id booked, '' when none. */
  readonly last: string
}

const BUY = 1
const SELL = 2
const keyOf = (id: string, side: Side): string => (side === 'BUY' ? id : `-${id}`)

/** @param floor ids up to this one were booked before this memory began ('' = none) */
export function createTradeIdMemory(floor: string): TradeIdMemory {
  /** Exact ids, ascending, with the sides booked of each: almost every fill is a push at the end. */
  let numbers: number[] = []
  let sides: number[] = []
  /** Ids too long for a number, and ids that are none; in order of arrival. */
  let texts = new Set<string>()
  let forgottenUpTo = floor
  let last = floor
  let lastNumber = floor === '' ? -1 : idNumber(floor)

  /** First index whose id is not below `number`. */
  const indexOf = (number: number): number => {
    let low = 0
    let high = numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((numbers[middle] ?? Infinity) < number) low = middle + 1
      else high = middle
    }
    return low
  }
  const isForgotten = (id: string): boolean => forgottenUpTo !== '' && compareNumericIds(id, forgottenUpTo) <= 0
  const raise = (id: string, number: number): void => {
    if (last === '' || compareNumericIds(id, last) > 0) {
      last = id
      lastNumber = number
    }
  }
  const trim = (): void => {
    if (numbers.length > KEPT) {
      const dropped = String(numbers[KEPT / 2 - 1] ?? '')
      if (forgottenUpTo === '' || compareNumericIds(dropped, forgottenUpTo) > 0) forgottenUpTo = dropped
      numbers = numbers.slice(KEPT / 2)
      sides = sides.slice(KEPT / 2)
    }
    if (texts.size > KEPT) {
      const all = [...texts]
      for (const key of all.slice(0, KEPT / 2)) {
        const id = key.startsWith('-') ? key.slice(1) : key
        if (isNumericId(id) && (forgottenUpTo === '' || compareNumericIds(id, forgottenUpTo) > 0)) forgottenUpTo = id
      }
      texts = new Set(all.slice(KEPT / 2))
    }
  }

  const addText = (id: string, number: number, side: Side): 'new' | 'duplicate' | 'forgotten' => {
    const key = keyOf(id, side)
    if (texts.has(key)) return 'duplicate'
    if (number === Infinity && isForgotten(id)) return 'forgotten'
    texts.add(key)
    if (number === Infinity) raise(id, number)
    trim()
    return 'new'
  }

  return {
    add(id, number, side) {
      if (!Number.isFinite(number)) return addText(id, number, side)
      const bit = side === 'BUY' ? BUY : SELL
      if (number > lastNumber) {
        numbers.push(number)
        sides.push(bit)
        last = id
        lastNumber = number
        if (numbers.length > KEPT) trim()
        return 'new'
      }
      const at = indexOf(number)
      if (numbers[at] === number) {
        const booked = sides[at] ?? 0
        if ((booked & bit) !== 0) return 'duplicate'
        sides[at] = booked | bit
        return 'new'
      }
      if (isForgotten(id)) return 'forgotten'
      numbers.splice(at, 0, number)
      sides.splice(at, 0, bit)
      trim()
      return 'new'
    },
    has(id, side) {
      const number = idNumber(id)
      if (!Number.isFinite(number)) return texts.has(keyOf(id, side))
      const at = indexOf(number)
      return numbers[at] === number && ((sides[at] ?? 0) & (side === 'BUY' ? BUY : SELL)) !== 0
    },
    forgetUpTo(id) {
      const number = idNumber(id)
      if (Number.isNaN(number)) return
      if (forgottenUpTo === '' || compareNumericIds(id, forgottenUpTo) > 0) forgottenUpTo = id
      raise(id, number)
    },
    get last() {
      return last
    },
  }
}
