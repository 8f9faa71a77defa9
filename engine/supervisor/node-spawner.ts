/** Spawner over Node child processes. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { ADVANCED, childPort } from '../contract/ports/child.ts'
import type { ExitInfo, Spawner, SpawnedProcess } from './spawner.ts'

const LAST_WORDS_MS = 100

export function nodeSpawner(execPath: string = process.execPath): Spawner {
  return {
    spawn(_name, entry, env): SpawnedProcess {
      const child = spawn(execPath, [fileURLToPath(entry)], {
        env,
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
