/**
 * Engine processes as Electron utility processes: the supervisor's Spawner over `utilityProcess.fork`. Each gets a clean environment;
 * messages are structured clones, as on Node's 'advanced' channel.
 */
import { app, utilityProcess, type UtilityProcess } from 'electron'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { messagePort, UTILITY_PROCESS } from '../../engine/contract/ports/message-port.ts'
import type { ExitInfo, SpawnedProcess, Spawner } from '../../engine/supervisor/spawner.ts'

/** POSIX signals an exit code may stand for (raw wait status, or 128 + n). */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
}

/** What Electron said when the process went: its exit code, and Chromium's word for the reason. */
export function exitInfo(code: number, reason: string | null): ExitInfo {
  const signal = process.platform === 'win32' ? undefined : (SIGNALS[code & 0x7f] ?? SIGNALS[code - 128])
  if (reason === 'launch-failed') return { code: null, signal: null, error: 'launch-failed' }
  if (reason === 'killed' || reason === 'crashed' || reason === 'oom') {
    const base: ExitInfo = { code: signal === undefined ? code : null, signal: signal ?? null }
    return reason === 'oom' ? { ...base, error: 'oom' } : base
  }
  return { code, signal: null }
}

/** A young generation that fits the small steady garbage of these processes, as under the Node host: 3 to 7 MB less in each. */
const MEMORY_FLAGS = ['--js-flags=--max-semi-space-size=2']

/** How long Chromium's own word for a death is awaited after the exit event, ms. */
const REASON_MS = 15

export function utilitySpawner(): Spawner {
  let count = 0
  const gone = new Map<string, (reason: string) => void>()
  app.on('child-process-gone', (_event, details) => {
    if (details.type === 'Utility' && details.name !== undefined) gone.get(details.name)?.(details.reason)
  })
  return {
    spawn(name, entry, env): SpawnedProcess {
      count += 1
      const serviceName = `aegis-${name}-${count}`
      let child: UtilityProcess
      try {
        child = utilityProcess.fork(fileURLToPath(entry), [], { env: { ...env }, stdio: 'pipe', serviceName, execArgv: MEMORY_FLAGS })
      } catch (thrown) {
        return failed(thrown instanceof Error ? thrown.message : String(thrown))
      }
      let exited: ExitInfo | null = null
      let reason: string | null = null
      const listeners: ((info: ExitInfo) => void)[] = []
      const tell = (info: ExitInfo): void => {
        if (exited !== null) return
        exited = info
        gone.delete(serviceName)
        for (const listener of listeners.splice(0)) listener(info)
      }
      gone.set(serviceName, (word) => {
        reason = word
      })
      child.on('exit', (code) => {
        if (reason !== null || code === 0) tell(exitInfo(code, reason))
        else setTimeout(() => tell(exitInfo(code, reason)), REASON_MS)
      })
      const port = messagePort(child, UTILITY_PROCESS)
      return {
        get pid() {
          return child.pid ?? null
        },
        port,
        onExit(listener) {
          if (exited === null) listeners.push(listener)
          else listener(exited)
        },
        onOutput(listener) {
          for (const stream of ['stdout', 'stderr'] as const) {
            const source = child[stream]
            if (source !== null) createInterface({ input: source, crlfDelay: Infinity }).on('line', (line) => listener(line, stream))
          }
        },
        kill(signal) {
          try {
            if (signal === 'SIGKILL' && child.pid !== undefined) process.kill(child.pid, 'SIGKILL')
            else child.kill()
          } catch {
            /* Already gone. */
          }
        },
      }
    },
  }
}

function failed(error: string): SpawnedProcess {
  return {
    pid: null,
    port: { send: () => false, onMessage() {}, onClose: (listener) => listener(), close() {} },
    onExit: (listener) => listener({ code: null, signal: null, error }),
    onOutput() {},
    kill() {},
  }
}
