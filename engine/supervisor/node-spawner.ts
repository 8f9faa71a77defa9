/** Spawner over Node child processes. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ADVANCED, childPort } from '../contract/ports/child.ts'
import type { ExitInfo, Spawner, SpawnedProcess } from './spawner.ts'

const LAST_WORDS_MS = 100

/** Small processes: a young generation that fits their little steady garbage, and one helper thread each instead of four. */
const MEMORY_FLAGS = ['--v8-pool-size=1', '--max-semi-space-size=2']
/** glibc otherwise keeps up to eight heaps per core. */
const MEMORY_ENV = { MALLOC_ARENA_MAX: '2' }

/**
 * Compiled code kept between starts: a process is up a third sooner and 10 MB smaller. Beside the project's own dependencies, so
 * that nobody who could not change the program itself can put code there; null where there is no such folder.
 */
function compileCache(): string | null {
  for (const path of ['../../node_modules/', '../../../node_modules/']) {
    const folder = fileURLToPath(new URL(path, import.meta.url))
    try {
      accessSync(folder, constants.W_OK)
      return join(folder, '.cache', 'aegis')
    } catch {
      continue
    }
  }
  return null
}

export function nodeSpawner(execPath: string = process.execPath, execArgv: readonly string[] = MEMORY_FLAGS): Spawner {
  const cache = compileCache()
  return {
    spawn(_name, entry, env): SpawnedProcess {
      const child = spawn(execPath, [...execArgv, fileURLToPath(entry)], {
        env: { ...MEMORY_ENV, ...(cache === null ? {} : { NODE_COMPILE_CACHE: cache }), ...env },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        serialization: ADVANCED,
        windowsHide: true,
      })
      const port = childPort(child)
      let exited: ExitInfo | null = null
      const listeners: ((info: ExitInfo) => void)[] = []
      const gone = (info: ExitInfo): void => {
        if (exited !== null) return
        exited = info
        for (const listener of listeners.splice(0)) listener(info)
      }
      child.on('exit', (code, signal) => {
        /* a crash is told at once; an exit by its own decision has printed why, and those lines may still be on their way */
        if (signal !== null || code === 0) return gone({ code, signal })
        child.on('close', () => gone({ code, signal }))
        setTimeout(() => gone({ code, signal }), LAST_WORDS_MS)
      })
      child.on('error', (error) => {
        if (child.pid === undefined) gone({ code: null, signal: null, error: error.message })
      })
      const lines = (stream: Readable | null, listener: (line: string) => void): void => {
        if (stream !== null) createInterface({ input: stream, crlfDelay: Infinity }).on('line', listener)
      }
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
          lines(child.stdout, (line) => listener(line, 'stdout'))
          lines(child.stderr, (line) => listener(line, 'stderr'))
        },
        kill(signal) {
          child.kill(signal)
        },
      }
    },
  }
}
