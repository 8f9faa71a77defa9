/** Times of day are UTC with the zone shown by the caller; ages are differences of the renderer's own clock (INV-10). */
import { UNKNOWN } from './decimal.ts'

const iso = (ms: number): string | null => (Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : null)

/** "12:55:03.412" (UTC). */
export const formatTime = (ms: number): string => iso(ms)?.slice(11, 23) ?? UNKNOWN
/** "12:55:03" (UTC). */
export const formatTimeSeconds = (ms: number): string => iso(ms)?.slice(11, 19) ?? UNKNOWN
/** "2021-02-19 12:55:03.412" (UTC). */
export const formatDateTime = (ms: number): string => iso(ms)?.slice(0, 23).replace('T', ' ') ?? UNKNOWN
/** "02-19 12:55" (UTC). */
export const formatMinute = (ms: number): string => iso(ms)?.slice(5, 16).replace('T', ' ') ?? UNKNOWN

/** "0.4 s", "14.2 s", "3 min 12 s", "2 h 05 min", "3 d 4 h". */
export function formatAge(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 60) return `${(Math.floor(seconds * 10) / 10).toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${String(Math.floor(seconds % 60)).padStart(2, '0')} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** "340 µs", "12 ms", "1.20 s". */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN
  if (ms < 1) return `${Math.round(ms * 1000)} µs`
  if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : formatAge(ms)
}
