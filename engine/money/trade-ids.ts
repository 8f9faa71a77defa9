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
  return new BookedTrades(floor)
}

class BookedTrades implements TradeIdMemory {
  last: string
  private lastNumber: number
  private forgottenUpTo: string
  /** Exact ids, ascending, with the sides booked of each: almost every fill is a push at the end. */
  private numbers: number[] = []
  private sides: number[] = []
  /** Ids too long for a number, and ids that are none; in order of arrival. */
  private texts = new Set<string>()

  constructor(floor: string) {
    this.last = floor
    this.lastNumber = floor === '' ? -1 : idNumber(floor)
    this.forgottenUpTo = floor
  }

  add(id: string, number: number, side: Side): 'new' | 'duplicate' | 'forgotten' {
    if (!Number.isFinite(number)) return this.addText(id, number, side)
    const { numbers, sides } = this
    const bit = side === 'BUY' ? BUY : SELL
    if (number > this.lastNumber) {
      numbers.push(number)
      sides.push(bit)
      this.last = id
      this.lastNumber = number
      if (numbers.length > KEPT) this.trim()
      return 'new'
    }
    const at = this.indexOf(number)
    if (numbers[at] === number) {
      const booked = sides[at] ?? 0
      if ((booked & bit) !== 0) return 'duplicate'
      sides[at] = booked | bit
      return 'new'
    }
    if (this.isForgotten(id)) return 'forgotten'
    numbers.splice(at, 0, number)
    sides.splice(at, 0, bit)
    this.trim()
    return 'new'
  }

  has(id: string, side: Side): boolean {
    const number = idNumber(id)
    if (!Number.isFinite(number)) return this.texts.has(keyOf(id, side))
    const at = this.indexOf(number)
    return this.numbers[at] === number && ((this.sides[at] ?? 0) & (side === 'BUY' ? BUY : SELL)) !== 0
  }

  forgetUpTo(id: string): void {
    const number = idNumber(id)
    if (Number.isNaN(number)) return
    this.forget(id)
    this.raise(id, number)
  }

  private addText(id: string, number: number, side: Side): 'new' | 'duplicate' | 'forgotten' {
    const key = keyOf(id, side)
    if (this.texts.has(key)) return 'duplicate'
    if (number === Infinity && this.isForgotten(id)) return 'forgotten'
    this.texts.add(key)
    if (number === Infinity) this.raise(id, number)
    this.trim()
    return 'new'
  }

  /** First index whose id is not below `number`. */
  private indexOf(number: number): number {
    let low = 0
    let high = this.numbers.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.numbers[middle] ?? Infinity) < number) low = middle + 1
      else high = middle
    }
    return low
  }

  private isForgotten(id: string): boolean {
    return this.forgottenUpTo !== '' && compareNumericIds(id, this.forgottenUpTo) <= 0
  }

  private forget(id: string): void {
    if (this.forgottenUpTo === '' || compareNumericIds(id, this.forgottenUpTo) > 0) this.forgottenUpTo = id
  }

  private raise(id: string, number: number): void {
    if (this.last === '' || compareNumericIds(id, this.last) > 0) {
      this.last = id
      this.lastNumber = number
    }
  }

  private trim(): void {
    if (this.numbers.length > KEPT) {
      this.forget(String(this.numbers[KEPT / 2 - 1] ?? ''))
      this.numbers = this.numbers.slice(KEPT / 2)
      this.sides = this.sides.slice(KEPT / 2)
    }
    if (this.texts.size > KEPT) {
      const all = [...this.texts]
      for (const key of all.slice(0, KEPT / 2)) {
        const id = key.startsWith('-') ? key.slice(1) : key
        if (isNumericId(id)) this.forget(id)
      }
      this.texts = new Set(all.slice(KEPT / 2))
    }
  }
}
