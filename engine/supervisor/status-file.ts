/**
 * `status.json` in the data folder, once a second while the engine runs: what `aegis status` shows without asking the engine.
 * Written by rename, never read back by the engine; a folder that cannot be written costs only this file.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { KillLatchSchema } from '../contract/kill.ts'

export const STATUS_FILE = 'status.json'

export const EngineStatusSchema = v.object({
  v: v.literal(1),
  pid: v.number(),
  host: v.string(),
  session: v.string(),
  mode: v.string(),
  build: v.string(),
  symbols: v.array(v.string()),
  startedAt: v.number(),
  /** Wall time of writing: an old one means that no engine runs, or that its host is frozen. */
  at: v.number(),
  tradingState: v.string(),
  released: v.boolean(),
  key: v.nullable(v.object({ use: v.string(), warnings: v.pipe(v.array(v.string()), v.readonly()) })),
  latch: v.nullable(KillLatchSchema),
  killRunning: v.boolean(),
  account: v.nullable(v.object({ equity: v.string(), dayPnl: v.string(), positions: v.number(), orders: v.number() })),
  processes: v.array(
    v.object({ name: v.string(), pid: v.nullable(v.number()), state: v.string(), restarts: v.number(), lastExit: v.nullable(v.string()) }),
  ),
})
export type EngineStatus = v.InferOutput<typeof EngineStatusSchema>

export function writeStatus(dataDir: string, status: EngineStatus): void {
  const file = join(dataDir, STATUS_FILE)
  try {
    writeFileSync(`${file}.tmp`, JSON.stringify(status), { mode: 0o600 })
    renameSync(`${file}.tmp`, file)
  } catch {
    /* see above */
  }
}

export const removeStatus = (dataDir: string): void => rmSync(join(dataDir, STATUS_FILE), { force: true })

/** null when there is none, or not one of ours. */
export function readStatus(dataDir: string): EngineStatus | null {
  try {
    const parsed = v.safeParse(EngineStatusSchema, JSON.parse(readFileSync(join(dataDir, STATUS_FILE), 'utf8')))
    return parsed.success ? parsed.output : null
  } catch {
    return null
  }
}

const FRESH_MS = 3_500

/** Written lately by a process that still lives. */
export function isRunning(status: EngineStatus, now: number = Date.now()): boolean {
  if (now - status.at > FRESH_MS) return false
  try {
    process.kill(status.pid, 0)
    return true
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}
