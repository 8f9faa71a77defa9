/**
 * Where the ring's memory lives: /dev/shm (memory, never written back), else the user's runtime folder, else the temporary one.
 * The name follows from the data folder: one engine per data folder, and a start after a crash finds and clears what was left.
 */
import { createHash } from 'node:crypto'
import { accessSync, constants, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'

const writable = (folder: string | undefined): folder is string => {
  if (folder === undefined || folder === '') return false
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function ringPathFor(dataDir: string, env: Readonly<Record<string, string | undefined>>): string {
  const runtime = env['XDG_RUNTIME_DIR']
  const folder = process.platform === 'linux' && writable('/dev/shm') ? '/dev/shm' : writable(runtime) ? runtime : tmpdir()
  const name = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12)
  return join(folder, `aegis-${name}.ring`)
}

/** Removes the ring and its side files. Only while holding the data folder's lock. */
export function clearRing(ringPath: string): void {
  const prefix = basename(ringPath)
  let names: string[]
  try {
    names = readdirSync(dirname(ringPath))
  } catch {
    return
  }
  for (const name of names) if (name.startsWith(prefix)) rmSync(join(dirname(ringPath), name), { force: true })
}
