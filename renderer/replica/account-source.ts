import type { Source } from './freshness.ts'
import type { Replica } from './replica.ts'

/** Account figures are as old as the brain's last heartbeat; while it is not running they are not current at all. */
export function accountSource(replica: Replica): Source {
  const brain = replica.state?.processes.find((row) => row.name === 'brain')
  const beat = replica.receipt.beats['brain'] ?? null
  const base: Source = {
    awaiting: 'the account',
    receivedAt: (replica.state?.account ?? null) === null ? null : beat,
    intervalMs: 2_000,
    limitMs: 4_000,
  }
  if (brain === undefined || brain.state === 'running') return { ...base, staleBecause: 'no heartbeat of the brain' }
  return {
    ...base,
    error: { code: brain.state, message: `The brain is ${brain.state}`, advice: 'Figures are the last known; the supervisor is on it.' },
  }
}
