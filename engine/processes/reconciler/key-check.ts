/**
 * Asks the venue what the key may do: at the start until it answers, then with every deep look, because rights are changed at the venue.
 * A later failure to ask changes nothing; only an answer does.
 */
import type { KeyVerdict } from '../../contract/processes.ts'
import type { PrivateVenue } from '../../contract/venue.ts'
import { judgeKey } from '../../venue/index.ts'

export interface KeyCheckDeps {
  ask(): ReturnType<PrivateVenue['keyPermissions']>
  emit(verdict: KeyVerdict): void
  /** Journal: every verdict that differs from the one before. */
  record(verdict: KeyVerdict): void
  sleep(ms: number): Promise<void>
}

export interface KeyCheck {
  /** null before the first answer or failure. */
  readonly verdict: KeyVerdict | null
  /** Resolves when the venue has answered. */
  start(): Promise<void>
  again(): Promise<void>
  stop(): void
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 10_000

export function createKeyCheck(deps: KeyCheckDeps): KeyCheck {
  let verdict: KeyVerdict | null = null
  let stopped = false

  const take = (next: KeyVerdict): void => {
    if (stopped || JSON.stringify(next) === JSON.stringify(verdict)) return
    verdict = next
    deps.record(next)
    deps.emit(next)
  }

  return {
    get verdict() {
      return verdict
    },
    async start() {
      for (let pause = FIRST_PAUSE_MS; !stopped; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        const next = judgeKey(await deps.ask())
        take(next)
        if (next.use !== 'unchecked') return
        await deps.sleep(pause)
      }
    },
    async again() {
      if (verdict === null || verdict.use === 'unchecked') return
      const next = judgeKey(await deps.ask())
      if (next.use !== 'unchecked') take(next)
    },
    stop() {
      stopped = true
    },
  }
}
