/**
 * The engine start's name, [a-z0-9]{8}; part of every client order id, so it must never repeat on one data folder.
 * Random, except in lock-step: there it follows from seed, tape and the count of starts on this folder, so that the same seed
 * and tape on a fresh folder give the same client ids.
 */
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../contract/settings.ts'

const START_COUNT_FILE = 'starts'

const eight = (bytes: Buffer): string => {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from(bytes.subarray(0, 8), (byte) => alphabet[byte % 36]).join('')
}

/** Counts this start in `dataDir`. @throws the file system's error: without the count, ids could repeat. */
export function newSession(dataDir: string, settings: Settings): string {
  const file = join(dataDir, START_COUNT_FILE)
  let count = 0
  try {
    count = Number.parseInt(readFileSync(file, 'utf8'), 10)
  } catch {
    count = 0
  }
  const starts = (Number.isSafeInteger(count) && count >= 0 ? count : 0) + 1
  writeFileSync(file, `${starts}\n`, { mode: 0o600 })
  if (!settings.lockStep || !Number.isSafeInteger(count)) return eight(randomBytes(8))
  return eight(
    createHash('sha256')
      .update(JSON.stringify([settings.seed, settings.tape.kind, settings.symbols, starts]))
      .digest(),
  )
}
