/**
 * What the live brain wrote into the journal, in order, page by page: a replay's memory does not grow with the journal (INV-11). Ends
 * where the next brain of the session begins.
 */
import type { JournalRow } from '../contract/journal-kinds.ts'
import type { Failure } from '../contract/result.ts'
import type { Journal } from '../journal/journal.ts'

const PAGE = 1_000

export class WrittenRows {
  readonly #journal: Journal
  readonly #session: string
  readonly #size: number
  #fromSeq: number
  #page: readonly JournalRow[] = []
  #at = 0
  #ended = false
  /** Why the journal could not be read further. */
  failure: Failure | null = null

  constructor(journal: Journal, session: string, fromSeq: number, size: number = PAGE) {
    this.#size = size
    this.#journal = journal
    this.#session = session
    this.#fromSeq = fromSeq
  }

  /** null at the end. */
  next(): JournalRow | null {
    for (;;) {
      const row = this.#page[this.#at++] ?? this.#turn()
      if (row === null) return null
      if (row.process !== 'brain') continue
      if (row.kind === 'session') {
        this.#ended = true
        this.#page = []
        return null
      }
      // Written when the file was opened, not by the reducer.
      if (row.kind !== 'loss') return row
    }
  }

  /** Counts what is left. */
  rest(): number {
    let count = 0
    while (this.next() !== null) count++
    return count
  }

  #turn(): JournalRow | null {
    if (this.#ended) return null
    const page = this.#journal.rows({ sessions: [this.#session], fromSeq: this.#fromSeq, limit: this.#size })
    if (!page.ok) this.failure = page.error
    this.#page = page.ok ? page.value : []
    this.#at = 1
    this.#ended = this.#page.length === 0
    this.#fromSeq = (this.#page.at(-1)?.seq ?? this.#fromSeq) + 1
    return this.#page[0] ?? null
  }
}
