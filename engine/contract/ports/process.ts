/**
 * The link from an engine process to its host, whatever host that is: Node child process or Electron utility process.
 * No orphans: when the link closes, the process has lost its host; its close listeners run and it exits soon after.
 */
import { ipcPort, type IpcEnd } from './child.ts'
import { ELECTRON_PORT, messagePort, type MessagePortLike } from './message-port.ts'
import { InvariantError } from '../result.ts'
import type { Port } from '../port.ts'

/** How long close listeners may take before the process goes, ms. */
const ORPHAN_GRACE_MS = 500

interface ProcessLike extends IpcEnd {
  readonly parentPort?: MessagePortLike
  exit(code: number): never
}

const hasParentPort = (end: ProcessLike): end is ProcessLike & { readonly parentPort: MessagePortLike } =>
  typeof end.parentPort === 'object' && end.parentPort !== null

/**
 * Call once, first thing, in an engine process.
 * @throws InvariantError when the process was not started by a host.
 */
export function processPort(end: ProcessLike = process): Port {
  const port = hasParentPort(end) ? messagePort(end.parentPort, ELECTRON_PORT) : typeof end.send === 'function' ? ipcPort(end) : null
  if (port === null) throw new InvariantError('Invariant: an engine process is started by a host (no parent link found)')
  port.onClose(() => {
    setTimeout(() => end.exit(0), ORPHAN_GRACE_MS).unref()
  })
  return port
}
