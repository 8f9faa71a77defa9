/**
 * `npm run build`: engine, hosts and preload by tsc to dist/, the page by vite, the files that are data (ring binaries, the demo tape,
 * the icon), then each process as one file (bundle.ts). Skipped when nothing changed since the last build; `--force` builds anyway.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = join(root, 'dist')
const STAMP = join(dist, '.stamp')
const SOURCES = ['engine', 'main', 'preload', 'renderer', 'package.json', 'tsconfig.json']
/** Data that the compiled program reads beside its code, by extension. */
const DATA = /\.(node|gz|csv|json|svg|png|txt|mjs|sql)$/
const NOT_DATA = /[/\\](testing|build|src|fixtures|test-data)[/\\]|tsconfig|binding\.gyp|build\.mjs$|start\.mjs$/

function files(path: string): string[] {
  const full = join(root, path)
  if (!existsSync(full)) return []
  if (statSync(full).isFile()) return [full]
  return readdirSync(full, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/[/\\](node_modules|build|crash)[/\\]/.test(file))
}

/** Hash over name, size and time of every source file: a full stat of the tree, no read. */
function fingerprint(): string {
  const hash = createHash('sha256').update(process.version)
  for (const file of SOURCES.flatMap(files).sort()) {
    const { mtimeMs, size } = statSync(file)
    hash.update(`${relative(root, file)}\0${size}\0${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

function run(tool: string, args: readonly string[]): void {
  const done = spawnSync(process.execPath, [join(root, tool), ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'production' },
  })
  if (done.status === 0) return
  process.stderr.write(`${done.stdout}${done.stderr}`)
  process.stderr.write(`aegis: the build stopped at ${tool}\n`)
  process.exit(1)
}

function copyData(): void {
  for (const file of ['engine', 'main'].flatMap(files)) {
    if (!DATA.test(file) || NOT_DATA.test(file)) continue
    const target = join(dist, relative(root, file))
    mkdirSync(dirname(target), { recursive: true })
    cpSync(file, target)
  }
}

/** Builds when needed; true when something was built. */
export function build(force = false): boolean {
  const wanted = fingerprint()
  if (!force && existsSync(STAMP) && readFileSync(STAMP, 'utf8') === wanted) return false
  const started = performance.now()
  for (const part of ['engine', 'main', 'preload', 'renderer']) rmSync(join(dist, part), { recursive: true, force: true })
  run('node_modules/typescript/bin/tsc', ['-p', 'main/tsconfig.build.json'])
  run('node_modules/vite/bin/vite.js', ['build', '--config', 'renderer/vite.config.ts', '--logLevel', 'error'])
  copyData()
  run('main/bundle.ts', [])
  writeFileSync(STAMP, wanted)
  process.stderr.write(`aegis: built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`)
  return true
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !build(process.argv.includes('--force')))
  process.stderr.write('aegis: the build is fresh\n')
