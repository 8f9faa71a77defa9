/**
 * The journal: one SQLite file (WAL, synchronous=FULL), appended by several processes under BEGIN IMMEDIATE, each row hashing
 * the one before it. INV-03: an intent is durable here before its request leaves; a cancel's is in the file, safe from any kill, and on
 * the disk a moment later, because a stalled disk must not hold back what takes risk away. A damaged or shortened file is reported for
 * what it is; nothing is ever made up for what is missing.
 */
import Database from 'better-sqlite3'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { ok, type Result } from '../contract/result.ts'
import { openAnchor, type Anchor, type Head } from './anchor.ts'
import { canonicalJson, GENESIS, rowHash, type HashedRow } from './canonical.ts'
import { journalFailure, type JournalFailure } from './failure.ts'
import type { JournalEntry, JournalKind, JournalKinds, JournalRow } from '../contract/journal-kinds.ts'

const SCHEMA_VERSION = 1
const TAIL_ROWS = 256
/** SQLite's own default. */
const CHECKPOINT_PAGES = 1_000

export interface JournalOptions {
  /** Version of the code; part of every row. */
  readonly build: string
  /** Engine start; part of every row. */
  readonly session: string
  /** Which process writes. */
  readonly process: string
  /** Open for reading only (verify, export); append then answers 'read-only'. */
  readonly readOnly?: boolean
  /** Cap of the file in pages of 4 KiB; beyond it appends answer 'disk-full'. */
  readonly maxPages?: number
}

/** `disk` (default): survives a power cut. `process`: survives the death of every process; never waits for the disk. */
export type Durability = 'disk' | 'process'

export interface Loss {
  /** First and last row that are known to have existed and are gone. */
  readonly fromSeq: number
  readonly toSeq: number
  readonly text: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly rows: number
  readonly head: Head
  /** First row whose hash does not follow from the row before it; null when the chain holds. */
  readonly brokenAt: number | null
  /** One sentence. */
  readonly text: string
}

export interface RowQuery {
  readonly kinds?: readonly JournalKind[]
  readonly sessions?: readonly string[]
  readonly ref?: string
  readonly symbol?: string
  /** Inclusive. */
  readonly fromSeq?: number
  /** Venue time, inclusive / exclusive. */
  readonly fromTime?: number
  readonly toTime?: number
  readonly limit?: number
  readonly newestFirst?: boolean
}

export interface Journal {
  readonly path: string
  /** What was found missing when the file was opened; also appended as a `loss` row. */
  readonly loss: Loss | null
  append<K extends JournalKind>(
    kind: K,
    payload: JournalKinds[K],
    time: number,
    about?: { symbol?: string; ref?: string },
  ): Result<number, JournalFailure>
  /** All rows in one transaction, one fsync; answers the last row's seq. All or none. */
  appendAll(entries: readonly JournalEntry[], durability?: Durability): Result<number, JournalFailure>
  /** Everything appended so far is on the disk afterwards. */
  sync(): Result<null, JournalFailure>
  head(): Result<Head, JournalFailure>
  /** Re-computes the chain from row `fromSeq` (default the first). */
  verify(fromSeq?: number): Result<VerifyReport, JournalFailure>
  rows<K extends JournalKind = JournalKind>(query: RowQuery & { kinds?: readonly K[] }): Result<readonly JournalRow<K>[], JournalFailure>
  /** Intents that nothing proved yet, oldest first (INV-04). */
  unresolved(): Result<readonly JournalRow<'intent'>[], JournalFailure>
  /** Streams rows without holding them in memory; stops early when the callback answers false. */
  each(query: RowQuery, callback: (row: JournalRow) => boolean | void): Result<number, JournalFailure>
  /** A consistent copy while others go on writing. */
  backup(destination: string): Promise<Result<{ readonly pages: number }, JournalFailure>>
  close(): void
}

interface StoredRow extends HashedRow {
  readonly hash: string
}

const CREATE = `
CREATE TABLE IF NOT EXISTS journal (
  seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, symbol TEXT NOT NULL, ref TEXT NOT NULL,
  process TEXT NOT NULL, session TEXT NOT NULL, build TEXT NOT NULL, data TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS journal_kind ON journal (kind, seq);
CREATE INDEX IF NOT EXISTS journal_ref ON journal (ref, kind) WHERE ref <> '';
`

const toRow = (stored: StoredRow): JournalRow => ({
  seq: stored.seq,
  time: stored.time,
  kind: stored.kind as JournalKind,
  symbol: stored.symbol,
  ref: stored.ref,
  process: stored.process,
  session: stored.session,
  build: stored.build,
  payload: JSON.parse(stored.data) as JournalKinds[JournalKind],
  hash: stored.hash,
})

function where(query: RowQuery): { sql: string; values: (string | number)[] } {
  const terms: string[] = []
  const values: (string | number)[] = []
  const oneOf = (column: string, list: readonly string[] | undefined): void => {
    if (list === undefined) return
    terms.push(`${column} IN (${list.map(() => '?').join(',')})`)
    values.push(...list)
  }
  const compare = (term: string, value: string | number | undefined): void => {
    if (value === undefined) return
    terms.push(term)
    values.push(value)
  }
  oneOf('kind', query.kinds)
  oneOf('session', query.sessions)
  compare('ref = ?', query.ref)
  compare('symbol = ?', query.symbol)
  compare('seq >= ?', query.fromSeq)
  compare('time >= ?', query.fromTime)
  compare('time < ?', query.toTime)
  const filter = terms.length === 0 ? '' : ` WHERE ${terms.join(' AND ')}`
  const limit = query.limit === undefined ? '' : ` LIMIT ${Math.max(0, Math.trunc(query.limit))}`
  return { sql: `SELECT * FROM journal${filter} ORDER BY seq ${query.newestFirst === true ? 'DESC' : 'ASC'}${limit}`, values }
}

/** Re-computes hashes in order; the first row that does not fit ends it. */
function walk(rows: Iterable<StoredRow>, start: Head): { head: Head; count: number; brokenAt: number | null } {
  let { seq, hash } = start
  let count = 0
  for (const row of rows) {
    if (row.seq !== seq + 1 || row.hash !== rowHash(hash, row)) return { head: { seq, hash }, count, brokenAt: row.seq }
    seq = row.seq
    hash = row.hash
    count++
  }
  return { head: { seq, hash }, count, brokenAt: null }
}

/** SQLite's own patience does not cover the switch to WAL: two processes that open a new file at once would refuse each other. */
const OPEN_PATIENCE_MS = 5_000
const OPEN_PAUSE_MS = 10
const pauseWord = new Int32Array(new SharedArrayBuffer(4))

/** Opens or creates the file, verifies its tail and compares its end with the anchor. Nothing is appended to a damaged file. */
export function openJournal(path: string, options: JournalOptions): Result<Journal, JournalFailure> {
  const deadline = performance.now() + OPEN_PATIENCE_MS
  for (;;) {
    const opened = openOnce(path, options)
    if (opened.ok || opened.error.code !== 'busy' || performance.now() > deadline) return opened
    Atomics.wait(pauseWord, 0, 0, OPEN_PAUSE_MS)
  }
}

function openOnce(path: string, options: JournalOptions): Result<Journal, JournalFailure> {
  let database: Database.Database | undefined
  let anchor: Anchor | undefined
  try {
    if (options.readOnly !== true) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      anchor = openAnchor(`${path}.head`, options.process)
    }
    // Read before the database: another process may commit in between, and that must not look like a loss.
    const expected = anchor?.read() ?? null
    database = new Database(path, { readonly: options.readOnly === true, timeout: 5_000 })
    const opened = prepare(database, options, path)
    if (!opened.ok) {
      database.close()
      anchor?.close()
      return opened
    }
    const tail = tailState(database)
    const damage = tail.brokenAt !== null ? `row ${tail.brokenAt} does not follow from the row before it` : rewritten(database, expected)
    if (damage !== null) {
      database.close()
      anchor?.close()
      return { ok: false, error: { code: 'corrupt', message: `the journal is damaged: ${damage}`, detail: { path } } }
    }
    const loss = lossOf(tail.head, expected)
    const journal = attach(database, anchor, path, options, loss)
    if (loss !== null && expected !== null) {
      const recorded = journal.append('loss', { ...loss, expectedHash: expected.hash }, 0)
      if (!recorded.ok) return recorded
      const head = journal.head()
      if (head.ok) anchor?.reset(head.value)
    }
    return ok(journal)
  } catch (thrown) {
    database?.close()
    anchor?.close()
    return journalFailure(thrown, path)
  }
}

function prepare(database: Database.Database, options: JournalOptions, path: string): Result<null, JournalFailure> {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > SCHEMA_VERSION) {
    return {
      ok: false,
      error: { code: 'newer', message: `the journal has version ${version}, this build knows ${SCHEMA_VERSION}`, detail: { path } },
    }
  }
  if (options.readOnly === true) return ok(null)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  if (options.maxPages !== undefined) database.pragma(`max_page_count = ${Math.trunc(options.maxPages)}`)
  if (version < SCHEMA_VERSION) {
    database
      .transaction(() => {
        database.exec(CREATE)
        database.pragma(`user_version = ${SCHEMA_VERSION}`)
      })
      .immediate()
  }
  return ok(null)
}

function tailState(database: Database.Database): ReturnType<typeof walk> {
  const newest = database
    .prepare<[], StoredRow>(`SELECT * FROM journal ORDER BY seq DESC LIMIT ${TAIL_ROWS + 1}`)
    .all()
    .reverse()
  const first = newest[0]
  if (first === undefined) return { head: { seq: 0, hash: GENESIS }, count: 0, brokenAt: null }
  return first.seq === 1 ? walk(newest, { seq: 0, hash: GENESIS }) : walk(newest.slice(1), first)
}

function rewritten(database: Database.Database, expected: Head | null): string | null {
  if (expected === null || expected.seq === 0) return null
  const row = database.prepare<[number], { hash: string }>('SELECT hash FROM journal WHERE seq = ?').get(expected.seq)
  return row === undefined || row.hash === expected.hash ? null : `row ${expected.seq} is not the row that was written`
}

function lossOf(head: Head, expected: Head | null): Loss | null {
  if (expected === null || expected.seq <= head.seq) return null
  const count = expected.seq - head.seq
  return {
    fromSeq: head.seq + 1,
    toSeq: expected.seq,
    text: `${count} ${count === 1 ? 'row' : 'rows'} at the end of the journal are lost (${head.seq + 1} to ${expected.seq}); the venue is asked for what they held`,
  }
}

function attach(
  database: Database.Database,
  anchor: Anchor | undefined,
  path: string,
  options: JournalOptions,
  loss: Loss | null,
): Journal {
  const last = database.prepare<[], Head>('SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1')
  const insert = database.prepare<(string | number)[]>('INSERT INTO journal VALUES (?,?,?,?,?,?,?,?,?,?)')
  const headNow = (): Head => last.get() ?? { seq: 0, hash: GENESIS }
  const write = database.transaction((entries: readonly JournalEntry[]): Head => {
    let { seq, hash } = headNow()
    for (const entry of entries) {
      const row: HashedRow = {
        seq: seq + 1,
        time: Math.trunc(entry.time),
        kind: entry.kind,
        symbol: entry.symbol ?? '',
        ref: entry.ref ?? '',
        process: options.process,
        session: options.session,
        build: options.build,
        data: canonicalJson(entry.payload),
      }
      hash = rowHash(hash, row)
      seq = row.seq
      insert.run(row.seq, row.time, row.kind, row.symbol, row.ref, row.process, row.session, row.build, row.data, hash)
    }
    return { seq, hash }
  })
  const guard = <T>(work: () => T): Result<T, JournalFailure> => {
    try {
      return ok(work())
    } catch (thrown) {
      if (thrown instanceof Error && thrown.name === 'InvariantError') throw thrown
      return journalFailure(thrown, path)
    }
  }
  /** The log is not moved into the file meanwhile: that waits for the disk too. */
  const withoutWaiting = <T>(work: () => T): T => {
    database.pragma('synchronous = NORMAL')
    database.pragma('wal_autocheckpoint = 0')
    try {
      return work()
    } finally {
      database.pragma('synchronous = FULL')
      database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`)
    }
  }
  const appendAll = (entries: readonly JournalEntry[], durability: Durability = 'disk'): Result<number, JournalFailure> =>
    guard(() => {
      if (entries.length === 0) return headNow().seq
      const head = durability === 'disk' ? write.immediate(entries) : withoutWaiting(() => write.immediate(entries))
      anchor?.write(head)
      return head.seq
    })

  return {
    path,
    loss,
    append: (kind, payload, time, about) =>
      // The entry is one member of the union by construction: kind and payload come from the same K.
      appendAll([{ kind, payload, time, ...about } as JournalEntry]),
    appendAll,
    sync: () =>
      guard(() => {
        database.pragma('wal_checkpoint(PASSIVE)')
        return null
      }),
    head: () => guard(headNow),
    verify: (fromSeq = 1) =>
      guard(() => {
        const before =
          fromSeq <= 1
            ? undefined
            : database.prepare<[number], Head>('SELECT seq, hash FROM journal WHERE seq = ?').get(Math.trunc(fromSeq) - 1)
        const start = before ?? { seq: 0, hash: GENESIS }
        const rows = database.prepare<[number], StoredRow>('SELECT * FROM journal WHERE seq > ? ORDER BY seq').iterate(start.seq)
        const result = walk(rows, start)
        const text =
          result.brokenAt === null
            ? `${result.count} rows, chain intact, head ${result.head.hash.slice(0, 12)}`
            : `the chain breaks at row ${result.brokenAt}: ${result.count} rows before it are intact, nothing from it on can be trusted`
        return { ok: result.brokenAt === null, rows: result.count, head: result.head, brokenAt: result.brokenAt, text }
      }),
    rows: <K extends JournalKind>(query: RowQuery & { kinds?: readonly K[] }) =>
      guard(() => {
        const { sql, values } = where(query)
        return database
          .prepare<(string | number)[], StoredRow>(sql)
          .all(...values)
          .map(toRow) as JournalRow<K>[]
      }),
    unresolved: () =>
      guard(
        () =>
          database
            .prepare<[], StoredRow>(
              `SELECT * FROM journal i WHERE i.kind = 'intent' AND NOT EXISTS
               (SELECT 1 FROM journal o WHERE o.ref = i.ref AND o.kind = 'request-outcome' AND o.seq > i.seq) ORDER BY i.seq`,
            )
            .all()
            .map(toRow) as JournalRow<'intent'>[],
      ),
    each: (query, callback) =>
      guard(() => {
        const { sql, values } = where(query)
        let count = 0
        for (const row of database.prepare<(string | number)[], StoredRow>(sql).iterate(...values)) {
          count++
          if (callback(toRow(row)) === false) break
        }
        return count
      }),
    backup: async (destination) => {
      try {
        const done = await database.backup(destination)
        return ok({ pages: done.totalPages })
      } catch (thrown) {
        return journalFailure(thrown, path)
      }
    },
    close: () => {
      if (!database.open) return
      database.close()
      anchor?.close()
    },
  }
}
