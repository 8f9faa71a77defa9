/** Where the journal of a data folder is: one file for every process of an engine. */
import { join } from 'node:path'

export const JOURNAL_FILE = 'journal.sqlite'
export const journalPath = (dataDir: string): string => join(dataDir, JOURNAL_FILE)
