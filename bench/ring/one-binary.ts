/** Bar 13: the same binary, byte for byte, in every Node at hand (and Electron's), naming no V8 and no libuv symbol. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { ringPath } from '../../engine/ring/index.ts'
import { bindingPath, loadBinding } from '../../engine/ring/native-binding.ts'
import type { Bar } from './figures.ts'

const run = promisify(execFile)
const check = fileURLToPath(new URL('./load-check.cjs', import.meta.url))
const LoadSchema = v.object({
  node: v.string(),
  modules: v.string(),
  napi: v.string(),
  electron: v.nullable(v.string()),
  received: v.number(),
  broken: v.number(),
  sha256: v.string(),
})

/** Every different node on the PATH and this one, then Electron as Node where its folder is named. */
function runtimes(): { readonly command: string; readonly env: NodeJS.ProcessEnv }[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'node'))
  const nodes = [process.execPath, ...onPath, '/usr/bin/node'].filter((path) => existsSync(path)).map((path) => realpathSync(path))
  const found = [...new Set(nodes)].map((command) => ({ command, env: process.env }))
  const electron = join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? '/nonexistent', 'electron')
  return existsSync(electron) ? [...found, { command: electron, env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' } }] : found
}

async function forbiddenSymbols(binary: string): Promise<readonly string[] | null> {
  try {
    const { stdout } = await run('nm', ['-D', binary])
    const symbols = stdout.split('\n').map((line) => line.trim().split(/\s+/).at(-1) ?? '')
    return symbols.filter((name) => /^(uv_|_ZN2v8|_ZN4node)/.test(name) || /external_(arraybuffer|buffer)/.test(name))
  } catch {
    return null
  }
}

export async function oneBinaryBar(): Promise<Bar> {
  const claim = 'one binary: the same sha256 runs on every Node here; its symbols name no v8 and no uv'
  const { binding, reason } = loadBinding()
  if (binding === null) return { bar: 13, claim, ok: null, skipped: reason }
  const binary = bindingPath()
  const sha256 = createHash('sha256').update(readFileSync(binary)).digest('hex')
  const loads: v.InferOutput<typeof LoadSchema>[] = []
  for (const { command, env } of runtimes()) {
    const { stdout } = await run(command, [check, binary, ringPath(`load-${process.pid}`)], { env, timeout: 30_000 })
    loads.push(v.parse(LoadSchema, JSON.parse(stdout)))
  }
  const forbidden = await forbiddenSymbols(binary)
  const majors = [...new Set(loads.map(({ electron, node }) => (electron === null ? `node ${node}` : `electron ${electron}`)))]
  const same = loads.every((load) => load.sha256 === sha256 && load.broken === 0 && load.received >= 100_000)
  const ok = same && majors.length >= 2 && forbidden !== null && forbidden.length === 0
  return { bar: 13, claim, ok, measured: { sha256, runtimes: majors, forbiddenSymbols: forbidden ?? 'nm is not here' } }
}
