/** What a trader should see before resuming. The engine checks again and decides (INV-08); this only shows what is known here. */
import type { Replica } from '../replica/replica.ts'
import { panelState } from '../replica/freshness.ts'
import { plural } from '../text/count.ts'

export interface ChecklistItem {
  readonly id: 'line' | 'confirmed' | 'flat' | 'books' | 'brain' | 'feed'
  readonly tone: 'ok' | 'warn' | 'crit'
  readonly text: string
}

/** Crit items keep Resume disabled; warn items are what only the engine can settle. */
export function resumeChecklist(replica: Replica, symbol: string, now: number): readonly ChecklistItem[] {
  const state = replica.state
  const line = panelState(replica, { awaiting: 'the engine', receivedAt: replica.receipt.message }, now)
  const talks = line.kind === 'live' || line.kind === 'late'
  const items: ChecklistItem[] = [
    { id: 'line', tone: talks ? 'ok' : 'crit', text: talks ? 'The engine answers' : 'The engine does not answer' },
  ]
  if (state === null) return items
  const { latch, stillOpen, confirmedAt } = state.kill
  const confirmed = (latch?.confirmedAt ?? confirmedAt ?? null) !== null
  items.push({
    id: 'confirmed',
    tone: confirmed ? 'ok' : 'warn',
    text: confirmed ? 'The venue confirmed the stop' : 'The venue has not confirmed the stop',
  })
  const open = stillOpen === null ? null : stillOpen.orders + stillOpen.positions.length
  items.push({
    id: 'flat',
    tone: open === 0 ? 'ok' : 'warn',
    text:
      stillOpen === null
        ? 'What is open at the venue is not known yet; the engine asks before it resumes'
        : open === 0
          ? 'Flat at the venue, no open orders'
          : `${plural(stillOpen.positions.length, 'position')} and ${plural(stillOpen.orders, 'order')} were open at the last look; the engine looks again`,
  })
  const critical = state.reconciliation.mismatches.filter((m) => m.state === 'open' && m.severity === 'crit').length
  items.push({
    id: 'books',
    tone: critical === 0 ? 'ok' : 'crit',
    text: critical === 0 ? 'No critical mismatch' : `${plural(critical, 'critical mismatch', 'critical mismatches')} open`,
  })
  const brain = state.processes.find((row) => row.name === 'brain')?.state ?? 'stopped'
  items.push({ id: 'brain', tone: brain === 'running' ? 'ok' : 'crit', text: `The brain is ${brain}` })
  const feed = panelState(replica, { awaiting: 'ticks', receivedAt: replica.receipt.ticks[symbol] ?? null }, now)
  const fresh = feed.kind === 'live' || feed.kind === 'late'
  items.push({
    id: 'feed',
    tone: fresh ? 'ok' : 'warn',
    text: fresh ? 'Market data is current' : 'Market data is not current; entries stay blocked until it is',
  })
  return items
}
