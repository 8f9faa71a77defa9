/** The real cockpit in a real Electron. Looks for the binary and for a display (starts Xvfb where there is none). */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright'
import { repositoryRoot } from './fixture-server.ts'

export const electronFolder = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(repositoryRoot, 'node_modules/electron/dist')
const name =
  process.platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : process.platform === 'win32' ? 'electron.exe' : 'electron'
const binary = join(electronFolder, name)
const needsDisplay = process.platform === 'linux' && !process.env['DISPLAY'] && !process.env['WAYLAND_DISPLAY']

/** Why there will be no Electron tests; null when there will. */
export const whyNoElectron: string | null = !existsSync(binary)
  ? `no Electron binary in ${electronFolder} (npx install-electron, or ELECTRON_OVERRIDE_DIST_PATH)`
  : needsDisplay && !existsSync('/usr/bin/Xvfb')
    ? 'no display and no Xvfb'
    : null
if (whyNoElectron !== null) process.stderr.write(`e2e: SKIPPED, ${whyNoElectron}: everything in Electron\n`)

export interface Display {
  readonly env: Record<string, string>
  stop(): void
}

export async function openDisplay(): Promise<Display> {
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(process.env)) if (value !== undefined) env[key] = value
  if (!needsDisplay) return { env, stop() {} }
  const server: ChildProcess = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1920x1080x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const number = await new Promise<string>((resolve, reject) => {
    server.stdio[3]?.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    server.once('exit', () => reject(new Error('Xvfb did not start')))
  })
  return { env: { ...env, DISPLAY: `:${number}` }, stop: () => void server.kill() }
}

export interface Cockpit {
  readonly app: ElectronApplication
  readonly page: Page
  readonly stderr: () => string
}

export async function openElectron(display: Display, dataDir: string, args: readonly string[] = []): Promise<Cockpit> {
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const app = await _electron.launch({
    executablePath: binary,
    args: [...root, repositoryRoot, '--', '--data', dataDir, ...args],
    env: display.env,
  })
  let stderr = ''
  app.process().stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const page = await app.firstWindow()
  return { app, page, stderr: () => stderr }
}
