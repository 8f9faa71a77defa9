/** The journal's rows of one account into a fresh brain, and the row that says a brain runs on it again. */
import { createHash } from 'node:crypto'
import type { JournalRow } from '../../contract/journal-kinds.ts'
import type { Credentials } from '../../contract/processes.ts'
import { ok, type Result } from '../../contract/result.ts'
import { rebuild, REBUILD_KINDS } from '../../brain/rebuild.ts'
import type { BrainState } from '../../brain/state.ts'
import type { Journal } from '../../journal/journal.ts'

export interface AccountIdentity {
  /** Hash that names the account. */
  readonly account: string
  readonly session: string
  readonly mode: string
  readonly symbols: readonly string[]
  /** Venue ms. */
  readonly time: number
}

/** Whose account it is, without naming the key (INV-12). */
export const accountOf = (credentials: Credentials): string =>
  createHash('sha256').update(`aegis account ${credentials.key}`).digest('hex').slice(0, 32)

/** Only reads. Answers how many rows were played again; 0 = nothing known about this account yet. */
export function rebuildAccount(state: BrainState, journal: Journal, account: string): Result<number> {
  const sessions = journal.rows({ kinds: ['session'] })
  if (!sessions.ok) return sessions
  const first = sessions.value.find((row) => row.payload.account === account)
  if (first === undefined) return ok(0)
  // One file may hold several accounts: a brain's rows belong to the account its newest session row names.
  let mine = false
  const rows: JournalRow[] = []
  const read = journal.each({ kinds: ['session', ...REBUILD_KINDS], fromSeq: first.seq }, (row) => {
    if (row.process !== 'brain') return
    if (row.kind === 'session') mine = 'account' in row.payload && row.payload.account === account
    else if (mine) rows.push(row)
  })
  return read.ok ? ok(rebuild(state, rows)) : read
}

export function startLedgerRebuild(state: BrainState, journal: Journal, identity: AccountIdentity): Result<number> {
  const used = rebuildAccount(state, journal, identity.account)
  if (!used.ok) return used
  const counters = journal.rows({ kinds: ['intent'], sessions: [identity.session], newestFirst: true, limit: 200 })
  if (!counters.ok) return counters
  for (const row of counters.value) state.counter = Math.max(state.counter, row.payload.counter)
  const marked = journal.append(
    'session',
    { account: identity.account, mode: identity.mode, symbols: identity.symbols, settings: null },
    identity.time,
    { ref: identity.account },
  )
  return marked.ok ? used : marked
}
