/** The host's writer of the journal, in a thread: a busy or slow disk, or a process frozen inside its own write, never holds the host. */
import { parentPort, workerData } from 'node:worker_threads'
import * as v from 'valibot'
import { messagePort, NODE_PORT } from '../contract/ports/message-port.ts'
import { connect } from '../contract/rpc.ts'
import { fail, InvariantError, ok, type Result } from '../contract/result.ts'
import { openJournal, type Journal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import type { HostRow, JournalThreadMethods } from './host-journal.ts'

if (parentPort === null) throw new InvariantError('Invariant: started as a thread')
const { dataDir, build, session } = v.parse(v.object({ dataDir: v.string(), build: v.string(), session: v.string() }), workerData)

let journal: Journal | null = null
const opened = (): Result<Journal> => {
  if (journal !== null) return ok(journal)
  const result = openJournal(journalPath(dataDir), { build, session, process: 'host' })
  if (result.ok) journal = result.value
  return result
}

connect<JournalThreadMethods, Record<never, never>, Record<never, never>, Record<never, never>>(messagePort(parentPort, NODE_PORT), {
  append(row: HostRow) {
    const to = opened()
    if (!to.ok) return to
    const written = to.value.append(row.kind, row.payload, row.time)
    return written.ok ? ok(null) : fail(written.error.code, written.error.message)
  },
  close() {
    journal?.close()
    journal = null
    return null
  },
})
