/**
 * The brain's side of the journal: rows that precede a request are durable before it leaves (INV-03); rows that only record what
 * happened are gathered for a moment and written together. Cancels do not wait for the disk. A journal that cannot be written stops trading until it can.
 */
import type { JournalEntry } from '../../contract/journal-kinds.ts'
import type { Monotonic } from '../../contract/clock.ts'
import type { Durability, Journal } from '../../journal/journal.ts'

/** Rows kept while the journal cannot be written (INV-11). */
const MAX_WAITING = 20_000
const FLUSH_MS = 100

export interface BrainJournal {
  add(entry: JournalEntry): void
  /** Everything added so far is on disk afterwards, or with `process` safe from a kill and on disk a moment later; false when not. */
  flush(durability?: Durability): boolean
  /** '' while the journal takes rows. */
  readonly fault: string
  /** Rows given up because the journal could not be written. */
  readonly droppedRows: number
  /** Duration of the last write, ms. */
  readonly lagMs: number
  close(): void
}

export function createBrainJournal(journal: Journal, monotonic: Monotonic, onFault: (fault: string) => void): BrainJournal {
  let waiting: JournalEntry[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let fault = ''
  let droppedRows = 0
  let lagMs = 0
  let closed = false
  /** Rows were written that the disk was not waited for. */
  let owed = false

  const say = (next: string): void => {
    if (next === fault) return
    fault = next
    onFault(next)
  }
  const flush = (durability: Durability = 'disk'): boolean => {
    clearTimeout(timer)
    timer = undefined
    if (waiting.length > 0 && !closed) {
      const before = monotonic.nowMs()
      const result = journal.appendAll(waiting, durability)
      lagMs = monotonic.nowMs() - before
      if (!result.ok) {
        say(result.error.message)
        schedule(1_000)
        return false
      }
      waiting = []
      owed = durability === 'process'
    } else if (owed && durability === 'disk' && !closed) owed = !journal.sync().ok
    if (owed) schedule(FLUSH_MS)
    say('')
    return true
  }
  const schedule = (ms: number): void => {
    timer ??= setTimeout(() => flush(), ms)
  }
  return {
    add(entry) {
      if (waiting.length >= MAX_WAITING) {
        droppedRows++
        return
      }
      waiting.push(entry)
      schedule(fault === '' ? FLUSH_MS : 1_000)
    },
    flush,
    get fault() {
      return fault
    },
    get droppedRows() {
      return droppedRows
    },
    get lagMs() {
      return lagMs
    },
    close() {
      flush()
      closed = true
      clearTimeout(timer)
      journal.close()
    },
  }
}
