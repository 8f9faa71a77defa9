/**
 * How the supervisor starts a process; what differs between hosts. Node: node-spawner.ts (child_process). Electron: an
 * implementation over utilityProcess in main/. Everything above this interface is the same in both hosts.
 */
import type { ProcessName } from '../contract/processes.ts'
import type { Port } from '../contract/port.ts'

export interface ExitInfo {
  /** null when a signal ended it, or when it never started. */
  readonly code: number | null
  /** "SIGKILL" …; null when the platform does not say. */
  readonly signal: string | null
  /** Why it could not be started, or the platform's word for the crash ("oom", "launch-failed"). */
  readonly error?: string
}

export interface SpawnedProcess {
  /** null until known (an Electron utility process learns it when spawned). */
  readonly pid: number | null
  readonly port: Port
  /** Called once, at the earliest sign that the process is gone. A listener set later is told at once. */
  onExit(listener: (info: ExitInfo) => void): void
  /** Text the process printed outside the protocol, line by line. */
  onOutput(listener: (line: string, stream: 'stdout' | 'stderr') => void): void
  /** SIGTERM asks, SIGKILL ends, also a stopped process. Never throws. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void
}

export interface Spawner {
  /**
   * Starts the program in the file `entry` with nothing in its environment but `env`. Never throws: a program that cannot be
   * started exits with `error`.
   */
  spawn(name: ProcessName | 'audit', entry: URL, env: Readonly<Record<string, string>>): SpawnedProcess
}

/** What a child may inherit: enough to find its libraries, its home and its time zone data; no secrets, no NODE_OPTIONS. */
const INHERITED = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'XDG_RUNTIME_DIR',
  'SYSTEMROOT',
  'NODE_EXTRA_CA_CERTS',
  'SSL_CERT_FILE',
  'AEGIS_RING',
  'NODE_COMPILE_CACHE',
] as const

export function cleanEnvironment(from: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of INHERITED) {
    const value = from[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

/** The entry file of an engine process: its source beside ours, or what the build made of it in one file (main/bundle.ts). */
export function processEntry(name: ProcessName, from: string = import.meta.url): URL {
  return new URL(from.endsWith('.ts') ? `../processes/${name}.ts` : `../processes/bundled/${name}.js`, from)
}
