/**
 * `npm start`: builds what is stale, then opens the cockpit in Electron where that is possible, otherwise the same cockpit in the
 * browser, and says in one line which and why.
 */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { build } from './build.ts'
import { findElectron } from './electron-binary.ts'

const root = fileURLToPath(new URL('../', import.meta.url))
const say = (line: string): void => void process.stderr.write(`aegis: ${line}\n`)

/** Flags that only the browser host knows. */
const BROWSER_FLAGS = new Set(['--port', '--open', '--headless'])
/** Electron's own switches, handed to Electron. */
const ELECTRON_FLAGS = new Set(['--no-sandbox', '--disable-gpu'])

function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit' })
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => forward(signal))
    if (process.env['npm_lifecycle_event'] !== undefined) onParentGone(() => forward('SIGTERM'))
    child.on('error', (error) => {
      say(`could not start ${command}: ${error.message}`)
      resolve(2)
    })
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

const ORPHANED_MS = 500
/** Taken before the build, which takes a while. */
const parent = process.ppid

/** npm's shell passes no signal on: without this, ending npm would leave a cockpit that trades and that nobody sees. */
function onParentGone(end: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    end()
  }, ORPHANED_MS)
  timer.unref()
}

const hasDisplay = (): boolean => Boolean(process.env['DISPLAY']) || Boolean(process.env['WAYLAND_DISPLAY'])

/** Why Electron cannot open a window here although its binary is there; null when it can. */
function whyNoWindow(args: readonly string[]): string | null {
  if (process.platform !== 'linux') return null
  if (!hasDisplay()) return 'there is no display here'
  if (process.getuid?.() === 0 && !args.includes('--no-sandbox'))
    return 'Electron’s sandbox refuses to run as root (run as a user, or pass --no-sandbox knowingly)'
  return null
}

/** Libraries the binary lacks, by name; empty when it can be loaded. */
function missingLibraries(binary: string): readonly string[] {
  if (process.platform !== 'linux') return []
  const { stdout } = spawnSync('ldd', [binary], { encoding: 'utf8' })
  return [...(stdout ?? '').matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1] ?? '')
}

/** @param args what the user wrote after `npm start --` */
export async function start(args: readonly string[]): Promise<void> {
  const browserAsked = args.includes('--browser') || args.some((word) => BROWSER_FLAGS.has(word))
  const own = args.filter((word) => word !== '--browser' && !ELECTRON_FLAGS.has(word))
  build()
  let why = browserAsked ? 'asked for' : whyNoWindow(args)
  if (why === null) {
    const found = await findElectron(root, say)
    const missing = found.ok ? missingLibraries(found.value.binary) : []
    if (!found.ok) why = found.error.message
    else if (missing.length > 0) why = `Electron lacks ${missing.join(', ')}`
    else {
      say(`the cockpit opens in Electron ${found.value.version}`)
      const switches = args.filter((word) => ELECTRON_FLAGS.has(word))
      process.exitCode = await run(found.value.binary, [...switches, root, '--', ...own])
      return
    }
  }
  say(`the cockpit opens in the browser: ${why}`)
  // Where a desktop is, the address is opened too; asked for by flags, the flags decide.
  if (!browserAsked && (process.platform !== 'linux' || hasDisplay())) own.push('--open')
  process.exitCode = await run(process.execPath, [fileURLToPath(new URL('../dist/engine/cli/aegis.mjs', import.meta.url)), 'run', ...own])
}
