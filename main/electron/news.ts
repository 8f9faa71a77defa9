/**
 * What deserves a desktop notification: fills, a trip of the kill switch that no person asked for, a critical mismatch, a dead process.
 * A kind that keeps coming is said at growing distances, 30 s to 300 s, so that it is neither missed nor noise.
 */
import type { CockpitState } from '../../engine/contract/cockpit.ts'

export interface News {
  readonly kind: 'fill' | 'trip' | 'mismatch' | 'process'
  readonly title: string
  readonly body: string
}

/** What happened between two states of the same session. */
export function newsBetween(before: CockpitState, after: CockpitState): readonly News[] {
  if (before.engine.session !== after.engine.session) return []
  const news: News[] = []
  if (after.fills !== before.fills) {
    const known = new Set(before.fills.map((fill) => fill.tradeId))
    const fresh = after.fills.filter((fill) => !known.has(fill.tradeId))
    const [first] = fresh
    if (first !== undefined) {
      const more = fresh.length > 1 ? ` and ${fresh.length - 1} more` : ''
      news.push({ kind: 'fill', title: `Fill: ${first.side} ${first.quantity} ${first.symbol}`, body: `at ${first.price}${more}` })
    }
  }
  const latch = after.kill.latch
  if (latch !== null && latch.by !== 'person' && latch.at !== before.kill.latch?.at)
    news.push({ kind: 'trip', title: `Trading stopped (${latch.level})`, body: `by ${latch.by}: ${latch.reason}` })
  const open = new Set(before.reconciliation.mismatches.filter((m) => m.state === 'open').map((m) => m.id))
  const mismatch = after.reconciliation.mismatches.find((m) => m.severity === 'crit' && m.state === 'open' && !open.has(m.id))
  if (mismatch !== undefined) news.push({ kind: 'mismatch', title: `Critical mismatch: ${mismatch.symbol}`, body: mismatch.summary })
  for (const row of after.processes) {
    const was = before.processes.find((one) => one.name === row.name)?.state
    const down = row.state === 'restarting' || row.state === 'failed' || row.state === 'stalled'
    if (down && was === 'running')
      news.push({ kind: 'process', title: `${row.name} is ${row.state}`, body: row.lastExit ?? 'the supervisor is on it' })
  }
  return news
}

const FIRST_MS = 30_000
const LAST_MS = 300_000

/** True when this kind may be shown now; `now` in ms of any steady clock. */
export function createQuiet(): (kind: News['kind'], now: number) => boolean {
  const lanes = new Map<News['kind'], { saidAt: number; pause: number }>()
  return (kind, now) => {
    const lane = lanes.get(kind)
    if (lane !== undefined && now - lane.saidAt < lane.pause) return false
    const calm = lane === undefined || now - lane.saidAt > 2 * lane.pause
    lanes.set(kind, { saidAt: now, pause: calm ? FIRST_MS : Math.min(LAST_MS, lane.pause * 2) })
    return true
  }
}
