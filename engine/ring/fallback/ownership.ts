/**
 * Who holds a place in a fallback ring: a lock file naming a process by pid and birth, so that a recycled pid does not look like the owner.
 * A dead owner's lock is taken over; a live one's never. The native ring uses flock instead, which JavaScript cannot reach.
 */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

/** When process `pid` was born, in the system's own words; '' where it cannot be told; null when it does not run (or is a zombie). */
export function birthOf(pid: number): string | null {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? '')
    }
    process.kill(pid, 0)
    return process.platform === 'darwin' ? execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() : ''
  } catch (thrown) {
    const denied = thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
    return denied ? '' : null
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

function ownerLives(text: string): boolean {
  const [pid = '', birth = ''] = text.split('\n')
  if (!/^[1-9]\d{0,9}$/.test(pid)) return false
  const now = birthOf(Number(pid))
  return now !== null && (now === birth || now === '' || birth === '')
}

/** Whether a live process holds the lock at `path`. */
export function isHeld(path: string): boolean {
  const text = read(path)
  return text !== null && ownerLives(text)
}

/** Takes the lock; false when a live process holds it. */
export function acquire(path: string): boolean {
  const mine = `${path}.${process.pid}.${randomUUID()}`
  try {
    // Written whole under another name and linked into place: nobody can see half a lock.
    writeFileSync(mine, `${process.pid}\n${birthOf(process.pid) ?? ''}\n${randomUUID()}\n`, { flag: 'wx', mode: 0o600 })
    for (let attempt = 0; attempt < 3; attempt++) {
      try {
        linkSync(mine, path)
        return true
      } catch (thrown) {
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown
      }
      const seen = read(path)
      if (seen === null) continue
      if (ownerLives(seen)) return false
      removeStale(path, seen)
    }
    return false
  } finally {
    rmSync(mine, { force: true })
  }
}

/** Removes a dead owner's lock; when a newcomer was quicker and its lock was caught instead, that one is put back. */
function removeStale(path: string, seen: string): void {
  const aside = `${path}.${process.pid}.${randomUUID()}.stale`
  try {
    renameSync(path, aside)
    if (read(aside) !== seen) linkSync(aside, path)
  } catch {
    // somebody else removed it first; the next attempt to link decides
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Gives up a lock this process holds. */
export function release(path: string): void {
  rmSync(path, { force: true })
}
