/** The banner lines: what is wrong right now, worst first. Pure, from the replica and the renderer's clock (INV-10). */
import type { KeyVerdict } from '../../engine/contract/processes.ts'
import type { Mismatch } from '../../engine/contract/mismatch.ts'
import { plural } from '../text/count.ts'
import { formatAge, formatTimeSeconds } from '../text/time.ts'
import { panelState, STALE_LIMIT_MS } from './freshness.ts'
import type { Replica } from './replica.ts'

export type Tone = 'crit' | 'warn' | 'info'
export interface Notice {
  readonly id: 'line' | 'engine' | 'resync' | 'feed' | 'process' | 'mismatch' | 'key' | 'risk' | 'banned' | 'frozen'
  readonly tone: Tone
  readonly text: string
  /** Without the moving numbers, for the live region. */
  readonly spoken: string
}

/** The key, when it is anything but a key for trading that the venue has told everything about. */
function keyNotice(key: KeyVerdict | null): Notice | null {
  if (key === null || key.warnings.length === 0) return null
  const said = key.warnings.join(' ')
  switch (key.use) {
    case 'refused':
      return {
        id: 'key',
        tone: 'crit',
        text: `KEY REFUSED, nothing is traded with it: ${said}`,
        spoken: 'The key is refused, nothing is traded',
      }
    case 'read-only':
      return {
        id: 'key',
        tone: 'warn',
        text: `READ ONLY: ${said} HALT stops our engine; orders and positions must be closed at the venue.`,
        spoken: 'Read only: this key cannot trade',
      }
    case 'unchecked':
      return {
        id: 'key',
        tone: 'warn',
        text: `Entries wait for the venue’s word on the key: ${said}`,
        spoken: 'The key is not checked yet',
      }
    case 'trade':
      return { id: 'key', tone: 'warn', text: `KEY: ${said}`, spoken: said }
  }
}

const openCrit = (m: Mismatch): boolean => m.severity === 'crit' && m.state === 'open'

export function notices(replica: Replica, symbol: string, frozenAt: number | null, now: number): readonly Notice[] {
  const out: Notice[] = []
  const silentMs = now - replica.receipt.message
  const state = replica.state
  const { link } = replica
  if (link.kind === 'closed') {
    const next =
      link.retryInMs === null
        ? 'Not trying again.'
        : `Try ${link.attempt + 1} in ${formatAge(Math.max(0, link.retryInMs - (now - replica.linkSince)))}.`
    out.push({
      id: 'line',
      tone: 'crit',
      text: `Disconnected: ${link.reason}. Last data ${formatAge(silentMs)} ago. ${next} HALT stays available and is sent on reconnect; the dead-man's switch at the venue acts without us.`,
      spoken: `Disconnected: ${link.reason}`,
    })
  } else if (state !== null && silentMs > STALE_LIMIT_MS) {
    out.push({
      id: 'engine',
      tone: 'crit',
      text: `STALE: the engine has been silent for ${formatAge(silentMs)} (limit ${formatAge(STALE_LIMIT_MS)}). Nothing on this screen is current. HALT stays available.`,
      spoken: 'Stale: the engine is silent',
    })
  } else if (replica.sync.kind === 'resync') {
    out.push({
      id: 'resync',
      tone: 'warn',
      text: `Resyncing from seq ${replica.sync.fromSeq}: ${plural(replica.sync.missing, 'message')} missed.`,
      spoken: 'Resyncing',
    })
  }
  if (state === null) return out
  const engineTalks = link.kind === 'open' && silentMs <= STALE_LIMIT_MS
  if (engineTalks) {
    const feed = panelState(replica, { awaiting: 'ticks', receivedAt: replica.receipt.ticks[symbol] ?? null }, now)
    if (feed.kind === 'stale') {
      out.push({
        id: 'feed',
        tone: 'warn',
        text: `STALE: last ${symbol} tick ${formatAge(feed.ageMs)} ago (limit ${formatAge(feed.limitMs)}). Entries are blocked; exits stay available.`,
        spoken: `Stale: market data of ${symbol} stopped`,
      })
    }
    for (const row of state.processes) {
      if (row.state === 'running' || row.state === 'starting') continue
      const why = row.lastExit === null ? '' : ` (${row.lastExit})`
      out.push({
        id: 'process',
        tone: row.state === 'failed' || row.state === 'stalled' ? 'crit' : 'warn',
        text: `${row.name} is ${row.state}${why}. Its figures are not current.`,
        spoken: `${row.name} is ${row.state}`,
      })
    }
  }
  const critical = state.reconciliation.mismatches.filter(openCrit)
  if (critical.length > 0) {
    out.push({
      id: 'mismatch',
      tone: 'crit',
      text: `${plural(critical.length, 'critical mismatch', 'critical mismatches')} between our books and the venue: ${critical[0]?.symbol ?? ''} ${critical[0]?.summary ?? ''}. Entries are blocked until resolved.`,
      spoken: `${plural(critical.length, 'critical mismatch', 'critical mismatches')} with the venue`,
    })
  }
  const { key } = state.status
  const ofKey = keyNotice(key)
  if (ofKey !== null) out.push(ofKey)
  const banned = state.status.bannedUntil
  if (banned > replica.engineTime) {
    out.push({
      id: 'banned',
      tone: 'crit',
      text: `The venue refuses our requests until ${formatTimeSeconds(banned)} UTC.`,
      spoken: 'The venue refuses our requests',
    })
  }
  // While latched the kill strip says it, with its times; a key that cannot trade has said it above.
  const said = state.kill.latch !== null || key?.use === 'refused' || key?.use === 'read-only'
  const blocks = said ? [] : (state.risk?.blocks ?? [])
  if (blocks.length > 0)
    out.push({ id: 'risk', tone: 'warn', text: `Entries blocked: ${blocks.join('; ')}.`, spoken: `Entries blocked: ${blocks.join('; ')}` })
  if (frozenAt !== null) {
    out.push({
      id: 'frozen',
      tone: 'info',
      text: `Display frozen ${formatAge(now - frozenAt)} ago by you (F to go on). HALT and this banner stay live.`,
      spoken: 'Display frozen',
    })
  }
  return out
}
