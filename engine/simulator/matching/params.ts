/** Reads request parameters the way the venue does: missing, malformed and unknown values have their own codes. */
import { accept, refuse, type Checked } from '../errors.ts'
import type { Params } from '../exchange.ts'
import type { Instrument } from '../instrument.ts'
import { parseNumber } from '../instrument.ts'
import type { Id } from './order.ts'

export const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/

/** Present and not empty. */
export const has = (params: Params, name: string): boolean => params[name] !== undefined && params[name] !== ''

export function flag(params: Params, name: string): Checked<boolean> {
  const value = params[name]
  if (value === undefined || value === '') return accept(false)
  const lower = value.toLowerCase()
  if (lower === 'true' || lower === 'false') return accept(lower === 'true')
  return refuse(-1102, name)
}

/** A non-negative whole number, or undefined when absent. */
export function whole(params: Params, name: string): Checked<number | undefined> {
  const value = params[name]
  if (value === undefined || value === '') return accept(undefined)
  const number = /^\d{1,16}$/.test(value) ? Number(value) : NaN
  return Number.isSafeInteger(number) ? accept(number) : refuse(-1102, name)
}

export interface TimeRange {
  readonly start: number | undefined
  readonly end: number | undefined
}

/** `startTime` and `endTime`, either optional. */
export function timeRange(params: Params): Checked<TimeRange> {
  const start = whole(params, 'startTime')
  if (!start.ok) return start
  const end = whole(params, 'endTime')
  if (!end.ok) return end
  if (start.value !== undefined && end.value !== undefined && start.value > end.value) return refuse(-1023)
  return accept({ start: start.value, end: end.value })
}

export const inside = (time: number, range: TimeRange): boolean => time >= (range.start ?? 0) && time <= (range.end ?? Infinity)

/** An id of orders or trades, as the counters hold them: bigint only beyond 2^53. */
export function idOf(params: Params, name: string): Checked<Id | undefined> {
  const value = params[name]
  if (value === undefined || value === '') return accept(undefined)
  if (!/^\d{1,19}$/.test(value)) return refuse(-1102, name)
  const number = Number(value)
  return accept(Number.isSafeInteger(number) ? number : BigInt(value))
}

/** `limit` with the venue's -1130 beyond its maximum. */
export function limitOf(params: Params, initial: number, max: number): Checked<number> {
  const value = params['limit']
  if (value === undefined || value === '') return accept(initial)
  const number = /^\d{1,9}$/.test(value) ? Number(value) : 0
  return number >= 1 && number <= max ? accept(number) : refuse(-1130, 'limit')
}

/** A price of the symbol's filters, in PU. */
export function priceOf(params: Params, name: string, instrument: Instrument, stop = false): Checked<number> {
  const value = params[name]
  if (value === undefined || value === '') return refuse(-1102, name)
  const number = parseNumber(value)
  if (number === null) return refuse(-1102, name)
  if (number.negative || number.zero) return refuse(stop ? -4006 : -4001)
  if (number.decimals > instrument.spec.pricePrecision) return refuse(-1111)
  const units = number.units(instrument.priceDigits)
  if (units === null || units > instrument.maxPrice) return refuse(stop ? -4007 : -4002)
  if (units < instrument.minPrice) return refuse(-4013)
  if ((units - instrument.minPrice) % instrument.tick !== 0) return refuse(-4014)
  return accept(units)
}

/** A quantity of the symbol's LOT_SIZE (or MARKET_LOT_SIZE) filter, in QU. */
export function qtyOf(params: Params, name: string, instrument: Instrument, market: boolean): Checked<number> {
  const value = params[name]
  if (value === undefined || value === '') return refuse(-1102, name)
  const number = parseNumber(value)
  if (number === null) return refuse(-1102, name)
  if (number.negative || number.zero) return refuse(-4003)
  if (number.decimals > instrument.spec.quantityPrecision) return refuse(-1111)
  const units = number.units(instrument.qtyDigits)
  const min = market ? Math.max(instrument.minQty, instrument.marketMinQty) : instrument.minQty
  const max = market ? instrument.marketMaxQty : instrument.maxQty
  const step = market ? instrument.marketStep : instrument.step
  if (units === null || units > max) return refuse(-4005)
  if (units < min) return refuse(-4004)
  return (units - min) % step === 0 ? accept(units) : refuse(-4023)
}
