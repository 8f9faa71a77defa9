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

export interface PositionTrack {
  readonly symbol: string
  apply(id: string, number: number, signed: bigint, price: bigint, venueRealized: bigint | null, time: number): Applied
  /** The venue's word replaces ours (adoption, baseline); realised profit is untouched. */
  reset(core: PositionCore, time: number): void
  readonly state: TrackState
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
  let base: PositionCore & { readonly openedAt: number } = initial
  const kept: KeptFill[] = []
  let quantity = initial.quantity
  let cost = initial.cost
  let realized = initial.realized
  let openedAt = initial.openedAt
  let updatedAt = initial.updatedAt
  let lastId = ''
  let lastNumber = -1
  let baseLastId = ''
  let baseLastNumber = -1
  let shown: LedgerPosition | null = null

  const step = (from: PositionCore, fromOpenedAt: number, fill: KeptFill): void => {
    const effect = applyToPosition(from, fill.signed, fill.price)
    fill.quantity = effect.quantity
    fill.cost = effect.cost
    fill.openedAt =
      effect.quantity === 0n ? 0 : from.quantity === 0n || from.quantity > 0n !== effect.quantity > 0n ? fill.time : fromOpenedAt
    fill.booked = effect.realized
    fill.disagrees = false
    if (fill.venueRealized !== null && fill.venueRealized !== effect.realized) {
      const near = absolute(fill.venueRealized - effect.realized) <= roundingAllowance(effect.closed) && effect.closed > 0n
      if (near && acceptVenueRounding) fill.booked = fill.venueRealized
      fill.disagrees = !near
    }
  }

  const adopt = (after: PositionCore & { readonly openedAt: number }): void => {
    quantity = after.quantity
    cost = after.cost
    openedAt = after.openedAt
  }

  /** Where a late fill belongs: right after the last kept fill with a smaller id; fills without a number stay where they came. */
  const placeOf = (id: string, number: number): number => {
    let index = kept.length
    while (index > 0) {
      const before = kept[index - 1]
      if (before === undefined || isBefore(before.id, before.number, id, number)) return index
      index--
    }
    return 0
  }

  const applyLate = (fill: KeptFill): Applied => {
    const before = quantity
    const place = placeOf(fill.id, fill.number)
    let delta = 0n
    let disagreements = 0
    for (const later of kept.slice(place)) {
      delta -= later.booked
      if (later.disagrees) disagreements--
    }
    kept.splice(place, 0, fill)
    let from: PositionCore & { readonly openedAt: number } = kept[place - 1] ?? base
    for (const again of kept.slice(place)) {
      step(from, from.openedAt, again)
      from = again
      delta += again.booked
      if (again.disagrees) disagreements++
    }
    adopt(from)
    realized += delta
    return { realizedDelta: delta, realized: fill.booked, disagreements, order: 'reordered', before, after: quantity }
  }

  const applyNext = (fill: KeptFill, order: Applied['order']): Applied => {
    const before = quantity
    step({ quantity, cost }, openedAt, fill)
    adopt(fill)
    kept.push(fill)
    realized += fill.booked
    if (kept.length > KEPT) {
      const last = kept[DROPPED_AT_ONCE - 1]
      if (last !== undefined) base = last
      for (const dropped of kept.splice(0, DROPPED_AT_ONCE)) {
        if (Number.isNaN(dropped.number) || isBefore(dropped.id, dropped.number, baseLastId, baseLastNumber)) continue
        baseLastId = dropped.id
        baseLastNumber = dropped.number
      }
    }
    return { realizedDelta: fill.booked, realized: fill.booked, disagreements: fill.disagrees ? 1 : 0, order, before, after: quantity }
  }

  return {
    symbol,
    apply(id, number, signed, price, venueRealized, time) {
      const late = isBefore(id, number, lastId, lastNumber)
      const forgotten = late && isBefore(id, number, baseLastId, baseLastNumber)
      shown = null
      if (time > updatedAt) updatedAt = time
      if (!late && !Number.isNaN(number)) {
        lastId = id
        lastNumber = number
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
      return late && !forgotten ? applyLate(fill) : applyNext(fill, forgotten ? 'beyond-memory' : 'in-order')
    },
    reset(core, time) {
      kept.length = 0
      quantity = core.quantity
      cost = core.cost
      openedAt = core.quantity === 0n ? 0 : time
      updatedAt = time
      base = { quantity, cost, openedAt }
      baseLastId = lastId
      baseLastNumber = lastNumber
      shown = null
    },
    get state() {
      return { quantity, cost, realized, openedAt, updatedAt }
    },
    view() {
      shown ??= {
        symbol,
        positionSide,
        quantity: new Decimal(amountText(quantity)) as Qty,
        averageEntry: averageEntry({ quantity, cost }),
        realized: new Decimal(amountText(realized)) as Usdt,
        openedAt,
        updatedAt,
      }
      return shown
    },
  }
}

export const FLAT_TRACK: TrackState = { ...FLAT, realized: 0n, openedAt: 0, updatedAt: 0 }

/** cost / quantity; exact when it terminates within 40 digits, else to 40. 0 when flat. */
export function averageEntry(core: PositionCore): Price {
  if (core.quantity === 0n) return new Decimal(0) as Price
  const cost = new Decimal(fixedText(absolute(core.cost), 36))
  return cost.div(amountText(absolute(core.quantity))).toSignificantDigits(40) as Price
}
