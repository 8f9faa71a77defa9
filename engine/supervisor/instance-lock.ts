/**
 * One engine per data folder. The lock is an SQLite write lock on an empty file: the kernel drops it however the process
 * dies (no stale pid files), it holds within one process too, and it works on every platform SQLite does.
 */
import { accessSync, constants, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import Database from 'better-sqlite3'
import * as v from 'valibot'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { makeFolder } from './make-folder.ts'

export interface InstanceLock {
  release(): void
}

const LOCK_FILE = 'instance.lock'
/** A start elsewhere that clears up behind dead engines holds a free lock for a moment. */
const MOMENT_MS = 100

const OwnerSchema = v.object({ pid: v.number(), host: v.string(), since: v.string() })

const owner = (file: string): string => {
  try {
    const parsed = v.safeParse(OwnerSchema, JSON.parse(readFileSync(file, 'utf8')))
    return parsed.success ? ` (process ${parsed.output.pid}, ${parsed.output.host}, since ${parsed.output.since})` : ''
  } catch {
    return ''
  }
}

/**
 * Creates `dataDir` (0700) if need be and takes the lock.
 * Failures: 'data-dir' (cannot be created or written), 'in-use' (another engine runs on it).
 */
export function lockDataDir(dataDir: string, host: string, now: Date = new Date()): Result<InstanceLock, Failure<'data-dir' | 'in-use'>> {
  try {
    makeFolder(resolve(dataDir), 0o700)
    if (!statSync(dataDir).isDirectory()) return fail('data-dir', `${dataDir} is not a folder`)
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
    return fail('data-dir', `the data folder ${dataDir} cannot be written (${code})`)
  }
  const ownerFile = join(dataDir, 'instance.json')
  let database: Database.Database
  try {
    database = new Database(join(dataDir, LOCK_FILE), { timeout: MOMENT_MS })
  } catch (thrown) {
    return fail('data-dir', `the data folder ${dataDir} cannot be written (${thrown instanceof Error ? thrown.message : String(thrown)})`)
  }
  try {
    database.exec('BEGIN EXCLUSIVE')
  } catch (thrown) {
    database.close()
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
    return code.startsWith('SQLITE_BUSY')
      ? fail('in-use', `another A.E.G.I.S. is running on ${dataDir}${owner(ownerFile)}`)
      : fail('data-dir', `the data folder ${dataDir} cannot be written (${code})`)
  }
  try {
    writeFileSync(ownerFile, JSON.stringify({ pid: process.pid, host, since: now.toISOString() }), { mode: 0o600 })
  } catch {
    /* only the words of the other instance's refusal depend on it */
  }
  let held = true
  return ok({
    release() {
      if (!held) return
      held = false
      database.exec('ROLLBACK')
      database.close()
    },
  })
}

/**
 * Runs `work` while holding the lock of a folder in which nobody runs, so that nobody can start there meanwhile; false when
 * somebody does, or it cannot be told. A folder or lock that is gone is nobody's.
 */
export function whileNobodyRuns(dataDir: string, work: () => void): boolean {
  const file = join(dataDir, LOCK_FILE)
  if (statSync(file, { throwIfNoEntry: false }) === undefined) {
    work()
    return true
  }
  let database: Database.Database | undefined
  try {
    database = new Database(file, { timeout: 0, fileMustExist: true })
    database.exec('BEGIN EXCLUSIVE')
    work()
    database.exec('ROLLBACK')
    return true
  } catch {
    return false
  } finally {
    database?.close()
  }
}
