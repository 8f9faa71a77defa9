/** Where a running host can be asked, for the command line: `host.json` in the data folder, readable by this user only. */
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOST_FILE } from '../../engine/cli/reconcile.ts'
import type { LoopbackHost } from './loopback-host.ts'

/** Returns the function that takes the announcement back. A folder that cannot be written costs only `aegis reconcile`. */
export function announceHost(dataDir: string, host: Pick<LoopbackHost, 'origin' | 'token'>, warn: (line: string) => void): () => void {
  const file = join(dataDir, HOST_FILE)
  const remove = (): void => rmSync(file, { force: true })
  try {
    // A file that is there already would keep its own mode.
    remove()
    writeFileSync(file, JSON.stringify({ origin: host.origin, token: host.token, pid: process.pid }), { mode: 0o600, flag: 'wx' })
  } catch {
    warn(`${file} cannot be written; "aegis reconcile" will not find this engine`)
  }
  return remove
}
