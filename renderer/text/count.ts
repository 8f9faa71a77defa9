/** Counts and sizes (not money). */
import { UNKNOWN } from './decimal.ts'

export const formatCount = (n: number): string =>
  Number.isFinite(n)
    ? String(Math.round(n))
        .replace(/\B(?=(\d{3})+(?!\d))/g, ',')
        .replace('-', '\u2212')
    : UNKNOWN
/** Whole mebibytes, without the unit. */
export const formatMegabytes = (bytes: number): string =>
  bytes > 0 && Number.isFinite(bytes) ? String(Math.round(bytes / 1_048_576)) : UNKNOWN
export const plural = (n: number, one: string, many = `${one}s`): string => `${formatCount(n)} ${n === 1 ? one : many}`
