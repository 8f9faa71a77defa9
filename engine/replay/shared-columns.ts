/** The bars of a tape in memory that threads share: read once, played by every worker of a sweep. Nobody writes to it any more. */
import * as v from 'valibot'
import type { TapeColumns } from '../simulator/exchange.ts'

const NAMES = ['time', 'open', 'high', 'low', 'close', 'volume'] as const
const BYTES = Float64Array.BYTES_PER_ELEMENT

export const SharedColumnsSchema = v.strictObject({
  memory: v.instance(SharedArrayBuffer),
  length: v.pipe(v.number(), v.integer(), v.minValue(0)),
})
export type SharedColumns = v.InferOutput<typeof SharedColumnsSchema>

const column = ({ memory, length }: SharedColumns, place: number): Float64Array => new Float64Array(memory, place * length * BYTES, length)

export function shared(columns: TapeColumns): SharedColumns {
  const { length } = columns
  const to = { memory: new SharedArrayBuffer(NAMES.length * length * BYTES), length }
  for (const [place, name] of NAMES.entries()) column(to, place).set(columns[name])
  return to
}

export const columnsIn = (from: SharedColumns): TapeColumns => ({
  length: from.length,
  time: column(from, 0),
  open: column(from, 1),
  high: column(from, 2),
  low: column(from, 3),
  close: column(from, 4),
  volume: column(from, 5),
})
