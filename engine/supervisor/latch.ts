/**
 * The kill latch on disk (INV-08): `kill-latch.json` in the data folder. Present = latched.
 * - Written atomically: temporary file, fsync, rename, fsync of the folder. After `write` returned, a power cut keeps it.
 * - A file that cannot be read or parsed counts as a halt: a damaged latch must not let trading start.
 * - Anyone who may write the folder may latch (the `aegis kill` command does, with no engine running); releasing is remove().
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { KillLatchSchema, type KillLatch, type KillLevel, type TradingState } from '../contract/kill.ts'
import { unreachable } from '../contract/result.ts'

export const LATCH_FILE = 'kill-latch.json'

export interface LatchStore {
  read(): KillLatch | null
  /** @throws the file system's error when it cannot be made durable. */
  write(latch: KillLatch): void
  /** @throws the file system's error when it cannot be removed. */
  remove(): void
}

const syncFolder = (folder: string): void => {
  let handle: number
  try {
    handle = openSync(folder, 'r')
  } catch {
    return /* Windows cannot open folders; its rename is durable enough by itself */
  }
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}

export function latchStore(dataDir: string, now: () => number = Date.now): LatchStore {
  const file = join(dataDir, LATCH_FILE)
  return {
    read() {
      let text: string
      try {
        text = readFileSync(file, 'utf8')
      } catch (thrown) {
        if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null
        return damaged(now(), 'cannot be read')
      }
      try {
        const parsed = v.safeParse(KillLatchSchema, JSON.parse(text))
        return parsed.success ? parsed.output : damaged(now(), 'has an unknown shape')
      } catch {
        return damaged(now(), 'is not JSON')
      }
    },
    write(latch) {
      const temporary = `${file}.${process.pid}.tmp`
      try {
        const handle = openSync(temporary, 'w', 0o600)
        try {
          writeSync(handle, JSON.stringify(latch))
          fsyncSync(handle)
        } finally {
          closeSync(handle)
        }
        renameSync(temporary, file)
      } catch (thrown) {
        rmSync(temporary, { force: true })
        throw thrown
      }
      syncFolder(dataDir)
    },
    remove() {
      rmSync(file, { force: true })
      syncFolder(dataDir)
    },
  }
}

const damaged = (at: number, how: string): KillLatch => ({
  v: 1,
  level: 'halt',
  reason: `the kill latch file ${how}: halted to be safe`,
  by: 'supervisor',
  at,
  confirmedAt: null,
})

const RANK: Readonly<Record<KillLevel, number>> = { reduceOnly: 0, halt: 1, flatten: 2 }

/** Levels only rise while latched. */
export const higherLevel = (a: KillLevel, b: KillLevel): KillLevel => (RANK[a] >= RANK[b] ? a : b)

export function tradingStateOf(latch: KillLatch | null): TradingState {
  if (latch === null) return 'active'
  switch (latch.level) {
    case 'reduceOnly':
      return 'reduceOnly'
    case 'halt':
    case 'flatten':
      return 'halted'
    default:
      return unreachable(latch.level)
  }
}
