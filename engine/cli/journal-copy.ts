/**
 * The journal of a data folder, read from a copy: beside a database in WAL mode SQLite writes files of its own even to read it, and a
 * folder nobody may write in could not be read at all. Only for a folder on which no engine runs.
 */
import { constants, copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { openJournal, type Journal } from '../journal/journal.ts'
import { JOURNAL_FILE, journalPath } from '../journal/location.ts'

export interface JournalCopy {
  readonly journal: Journal
  /** Closes it and removes the copy. */
  discard(): void
}

export function openJournalCopy(dataDir: string): Result<JournalCopy, Failure> {
  const source = journalPath(dataDir)
  if (!existsSync(source)) return fail('no-journal', `no engine runs on ${dataDir}, and there is no journal in it to compare`)
  const folder = mkdtempSync(join(tmpdir(), 'aegis-journal-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    // What a killed engine wrote last may still be in the log beside the file.
    for (const suffix of ['', '-wal'])
      if (existsSync(`${source}${suffix}`))
        copyFileSync(`${source}${suffix}`, join(folder, `${JOURNAL_FILE}${suffix}`), constants.COPYFILE_FICLONE)
  } catch (thrown) {
    remove()
    return fail('no-journal', `the journal in ${dataDir} cannot be copied: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
  }
  const opened = openJournal(join(folder, JOURNAL_FILE), { build: '', session: '', process: 'host', readOnly: true })
  if (!opened.ok) {
    remove()
    return opened
  }
  return ok({
    journal: opened.value,
    discard() {
      opened.value.close()
      remove()
    },
  })
}
