/**
 * The ring of a data folder. Its name follows from the folder: one engine per folder, and a start after a crash clears what was left
 * there. Beside it lies whose it is, so that the next start anywhere clears the rings of engines that died on folders nobody uses
 * again (temporary ones): memory that only a reboot would give back.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { removeRing, ringPath } from '../ring/location.ts'
import { whileNobodyRuns } from './instance-lock.ts'

const OWNER = '.owner'
const ringName = (realDataDir: string): string => createHash('sha256').update(realDataDir).digest('hex').slice(0, 12)

/** Where the ring of `dataDir`, which exists, lies. */
export const ringPathFor = (dataDir: string, env: Readonly<Record<string, string | undefined>>): string =>
  ringPath(ringName(realpathSync(dataDir)), env)

/** Clears what an earlier life left and says whose the place is now. Only while holding the data folder's lock. */
export function claimRing(path: string, dataDir: string): void {
  removeRing(path)
  try {
    writeFileSync(`${path}${OWNER}`, realpathSync(dataDir), { mode: 0o600 })
  } catch {
    /* Only the clearing up after a crash depends on it. */
  }
}

/**
 * Removes the rings in the folder of `own` whose engines are dead: this user's, named as ours are, and with a free lock on the data
 * folder they are named after. Anything else is left alone. Answers how many.
 */
export function clearDeadRings(own: string): number {
  const folder = dirname(own)
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return 0
  }
  let cleared = 0
  for (const name of names) {
    const ring = /^(aegis-([0-9a-f]{12})\.ring)\.owner$/.exec(name)
    if (ring === null || ring[1] === basename(own)) continue
    const dataDir = ownerOf(join(folder, name))
    if (dataDir === null || ringName(dataDir) !== ring[2]) continue
    if (whileNobodyRuns(dataDir, () => removeRing(join(folder, ring[1] ?? '')))) cleared += 1
  }
  return cleared
}

/** The data folder written in an owner file of ours; null for anything else. */
function ownerOf(file: string): string | null {
  try {
    if (process.getuid !== undefined && statSync(file).uid !== process.getuid()) return null
    const dataDir = readFileSync(file, 'utf8')
    return isAbsolute(dataDir) ? dataDir : null
  } catch {
    return null
  }
}
