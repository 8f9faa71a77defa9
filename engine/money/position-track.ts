/**
 * One position through its fills, independent of the order in which they arrive: fills are kept in the order of their trade ids
 * and a late one is inserted and everything after it worked out again, so quantity, entry and realised profit end as if nothing
 * had been reordered. Bounded (INV-11): the newest fills are kept for that; an older straggler is booked at the end and says so.
 */
import type { PositionSide } from '../contract/venue.ts'
import { Decimal, type Price, type Qty, type Usdt } from './decimal.ts'
import { absolute, amountText, AMOUNT_PLACES, fixedText } from './fixed.ts'
import { applyToPosition, FLAT, type PositionCore } from './position.ts'
import { compareNumericIds } from './trade-ids.ts'

/** A position as the rest of the engine reads it. */
export interface LedgerPosition {
  readonly symbol: string
  readonly positionSide: PositionSide
  /** Negative = short (also for positionSide SHORT). */
  readonly quantity: Qty
  /** 0 when flat. */
  readonly averageEntry: Price
  /** Realised profit of all fills on this symbol and side, before fees. */
  readonly realized: Usdt
  /** Venue time of the fill that opened it; 0 when flat. */
  readonly openedAt: number
  readonly updatedAt: number
}

const KEPT = 1_024
const DROPPED_AT_ONCE = 512

interface KeptFill {
  readonly id: string
  /** idNumber(id); NaN for one that has no place in the order of ids. */
  readonly number: number
  readonly signed: bigint
  readonly price: bigint
  /** The venue's own realised figure in 10^-18; null when it gave none. */
  readonly venueRealized: bigint | null
  readonly time: number
  /** State after this fill. */
  quantity: bigint
  cost: bigint
  openedAt: number
  booked: bigint
  disagrees: boolean
}

export interface Applied {
  /** Change of all realised profit by this fill, 10^-18 (of later fills too when it came late). */
  readonly realizedDelta: bigint
  /** Realised profit of this fill itself, 10^-18. */
  readonly realized: bigint
  readonly disagreements: number
  readonly order: 'in-order' | 'reordered' | 'beyond-memory'
  readonly before: bigint
  readonly after: bigint
}

export interface TrackState {
  readonly quantity: bigint
  readonly cost: bigint
  readonly realized: bigint
  readonly openedAt: number
  readonly updatedAt: number
}

type TimedCore = PositionCore & { readonly openedAt: number }

export interface PositionTrack {
  readonly symbol: string
  apply(id: string, number: number, signed: bigint, price: bigint, venueRealized: bigint | null, time: number): Applied
  /** The venue's word replaces ours (adoption, baseline); realised profit is untouched. */
  reset(core: PositionCore, time: number): void
  readonly isOpen: boolean
  view(): LedgerPosition
}

/**
 * Half a unit of the eighth decimal of the entry, per unit closed, and one unit of the amount itself: the most by which the venue's
 * rounding of its own entry price can move a realised profit.
 */
const VENUE_ROUNDING = 10n ** BigInt(AMOUNT_PLACES - 8)
const roundingAllowance = (closed: bigint): bigint => VENUE_ROUNDING + (closed * VENUE_ROUNDING) / 10n ** BigInt(AMOUNT_PLACES)

/** Whether id `a` is before `b`; ids without a number are before nothing. */
const isBefore = (a: string, aNumber: number, b: string, bNumber: number): boolean =>
  aNumber < bNumber || (aNumber === Infinity && bNumber === Infinity && compareNumericIds(a, b) < 0)

export function createPositionTrack(
  symbol: string,
  positionSide: PositionSide,
  initial: TrackState,
  acceptVenueRounding: boolean,
): PositionTrack {
  return new FillTrack(symbol, positionSide, initial, acceptVenueRounding)
}

class FillTrack implements PositionTrack {
  readonly symbol: string
  private readonly positionSide: PositionSide
  private readonly acceptVenueRounding: boolean
  /** Before the first fill kept. */
  private base: TimedCore
  private readonly kept: KeptFill[] = []
  /** As it stands: what the next fill starts from. */
  quantity: bigint
  cost: bigint
  openedAt: number
  private realized: bigint
  private updatedAt: number
  private lastId = ''
  private lastNumber = -1
  private baseLastId = ''
  private baseLastNumber = -1
  private shown: LedgerPosition | null = null

  constructor(symbol: string, positionSide: PositionSide, initial: TrackState, acceptVenueRounding: boolean) {
    this.symbol = symbol
    this.positionSide = positionSide
    this.acceptVenueRounding = acceptVenueRounding
    this.base = initial
    this.quantity = initial.quantity
    this.cost = initial.cost
    this.realized = initial.realized
    this.openedAt = initial.openedAt
    this.updatedAt = initial.updatedAt
  }

  apply(id: string, number: number, signed: bigint, price: bigint, venueRealized: bigint | null, time: number): Applied {
    const late = isBefore(id, number, this.lastId, this.lastNumber)
    const forgotten = late && isBefore(id, number, this.baseLastId, this.baseLastNumber)
    this.shown = null
    if (time > this.updatedAt) this.updatedAt = time
    if (!late && !Number.isNaN(number)) {
      this.lastId = id
      this.lastNumber = number
    }
    const fill: KeptFill = {
      id,
      // A straggler beyond memory has no place any more: it stays where it came.
      number: forgotten ? Number.NaN : number,
      signed,
      price,
      venueRealized,
      time,
      quantity: 0n,
      cost: 0n,
      openedAt: 0,
      booked: 0n,
      disagrees: false,
    }
    return late && !forgotten ? this.applyLate(fill) : this.applyNext(fill, forgotten ? 'beyond-memory' : 'in-order')
  }

  reset(core: PositionCore, time: number): void {
    this.kept.length = 0
    this.base = { quantity: core.quantity, cost: core.cost, openedAt: core.quantity === 0n ? 0 : time }
    this.adopt(this.base)
    this.updatedAt = time
    this.baseLastId = this.lastId
    this.baseLastNumber = this.lastNumber
    this.shown = null
  }

  get isOpen(): boolean {
    return this.quantity !== 0n
  }

  view(): LedgerPosition {
    const { symbol, positionSide, quantity, cost, openedAt, updatedAt } = this
    this.shown ??= {
      symbol,
      positionSide,
      quantity: new Decimal(amountText(quantity)) as Qty,
      averageEntry: averageEntry({ quantity, cost }),
      realized: new Decimal(amountText(this.realized)) as Usdt,
      openedAt,
      updatedAt,
    }
    return this.shown
  }

  private applyNext(fill: KeptFill, order: Applied['order']): Applied {
    const { kept, quantity: before } = this
    this.step(this, fill)
    this.adopt(fill)
    kept.push(fill)
    this.realized += fill.booked
    if (kept.length > KEPT) this.forgetOldest()
    return { realizedDelta: fill.booked, realized: fill.booked, disagreements: fill.disagrees ? 1 : 0, order, before, after: this.quantity }
  }

  private applyLate(fill: KeptFill): Applied {
    const { kept, quantity: before } = this
    const place = this.placeOf(fill.id, fill.number)
    let delta = 0n
    let disagreements = 0
    for (const later of kept.slice(place)) {
      delta -= later.booked
      if (later.disagrees) disagreements--
    }
    kept.splice(place, 0, fill)
    let from: TimedCore = kept[place - 1] ?? this.base
    for (const again of kept.slice(place)) {
      this.step(from, again)
      from = again
      delta += again.booked
      if (again.disagrees) disagreements++
    }
    this.adopt(from)
    this.realized += delta
    return { realizedDelta: delta, realized: fill.booked, disagreements, order: 'reordered', before, after: this.quantity }
  }

  private step(from: Readonly<TimedCore>, fill: KeptFill): void {
    const effect = applyToPosition(from, fill.signed, fill.price)
    fill.openedAt =
      effect.quantity === 0n ? 0 : from.quantity === 0n || from.quantity > 0n !== effect.quantity > 0n ? fill.time : from.openedAt
    fill.quantity = effect.quantity
    fill.cost = effect.cost
    fill.booked = effect.realized
    fill.disagrees = false
    if (fill.venueRealized !== null && fill.venueRealized !== effect.realized) {
      const near = absolute(fill.venueRealized - effect.realized) <= roundingAllowance(effect.closed) && effect.closed > 0n
      if (near && this.acceptVenueRounding) fill.booked = fill.venueRealized
      fill.disagrees = !near
    }
  }

  private adopt(after: Readonly<TimedCore>): void {
    this.quantity = after.quantity
    this.cost = after.cost
    this.openedAt = after.openedAt
  }

  /** Where a late fill belongs: right after the last kept fill with a smaller id; fills without a number stay where they came. */
  private placeOf(id: string, number: number): number {
    let index = this.kept.length
    while (index > 0) {
      const before = this.kept[index - 1]
      if (before === undefined || isBefore(before.id, before.number, id, number)) return index
      index--
    }
    return 0
  }

  private forgetOldest(): void {
    const last = this.kept[DROPPED_AT_ONCE - 1]
    if (last !== undefined) this.base = last
    for (const dropped of this.kept.splice(0, DROPPED_AT_ONCE)) {
      if (Number.isNaN(dropped.number) || isBefore(dropped.id, dropped.number, this.baseLastId, this.baseLastNumber)) continue
      this.baseLastId = dropped.id
      this.baseLastNumber = dropped.number
    }
  }
}

export const FLAT_TRACK: TrackState = { ...FLAT, realized: 0n, openedAt: 0, updatedAt: 0 }

/** cost / quantity; exact when it terminates within 40 digits, else to 40. 0 when flat. */
export function averageEntry(core: PositionCore): Price {
  if (core.quantity === 0n) return new Decimal(0) as Price
  const cost = new Decimal(fixedText(absolute(core.cost), 36))
  return cost.div(amountText(absolute(core.quantity))).toSignificantDigits(40) as Price
}
