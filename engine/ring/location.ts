/** Where ring files live: memory, never a disk, where the system has such a folder; private to this user. */
import { accessSync, constants, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { socketPath } from './fallback/frames.ts'

function writable(folder: string | undefined): folder is string {
  if (folder === undefined || folder === '') return false
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The ring file for `name` (letters, digits, `-`, `_`): in /dev/shm, else $XDG_RUNTIME_DIR, else the temporary folder. */
export function ringPath(name: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  const folder = ['/dev/shm', env['XDG_RUNTIME_DIR']].find(writable) ?? tmpdir()
  return join(folder, `aegis-${name.replaceAll(/[^\w-]/g, '_')}.ring`)
}

/** Removes a ring and everything beside it. Only for the owner of all its processes, after they ended. */
export function removeRing(path: string): void {
  const name = basename(path)
  const folder = dirname(path)
  let entries: string[]
  try {
    entries = readdirSync(folder)
  } catch {
    return
  }
  for (const entry of entries) {
    const rest = entry.startsWith(name) ? entry.slice(name.length) : null
    if (rest !== null && /^((\.r\d{1,2})?(\.lock)?|\.owner)$/.test(rest)) rmSync(join(folder, entry), { force: true })
  }
  if (process.platform !== 'win32') rmSync(socketPath(resolve(path)), { force: true })
}
