/** Finds Electron's binary, or has Electron's own installer fetch it when its download answers quickly. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fail, ok, type Failure, type Result } from '../engine/contract/result.ts'

export interface ElectronBinary {
  readonly binary: string
  readonly version: string
}

/** Is there an answer at all? A whole download may take longer. */
const PROBE_MS = 3_000
const DOWNLOAD_MS = 300_000
const NAMES: Readonly<Record<string, string>> = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return null
  }
}

/** `folder` as Electron unpacks itself. */
function inFolder(folder: string): ElectronBinary | null {
  const binary = join(folder, NAMES[process.platform] ?? 'electron')
  return existsSync(binary) ? { binary, version: read(join(folder, 'version'))?.replace(/^v/, '') ?? 'unknown' } : null
}

async function downloadAnswers(version: string): Promise<boolean> {
  const mirror = process.env['ELECTRON_MIRROR'] ?? 'https://github.com/electron/electron/releases/download/'
  try {
    const response = await fetch(`${mirror}v${version}/SHASUMS256.txt`, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_MS) })
    return response.ok
  } catch {
    return false
  }
}

/** ELECTRON_OVERRIDE_DIST_PATH, then the installed one, then a download. `say` gets one line before anything slow. */
export async function findElectron(root: string, say: (line: string) => void): Promise<Result<ElectronBinary, Failure<'no-electron'>>> {
  const override = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  if (override !== undefined && override !== '') {
    const found = inFolder(override)
    return found === null ? fail('no-electron', `ELECTRON_OVERRIDE_DIST_PATH holds no Electron (${override})`) : ok(found)
  }
  const module = join(root, 'node_modules', 'electron')
  const installed = inFolder(join(module, 'dist'))
  if (installed !== null) return ok(installed)
  const manifest = read(join(module, 'package.json'))
  if (manifest === null) return fail('no-electron', 'Electron is not among the installed packages')
  const { version } = JSON.parse(manifest) as { version: string }
  if (!(await downloadAnswers(version))) return fail('no-electron', 'Electron’s download cannot be reached')
  say(`fetching Electron ${version} (once)`)
  const done = spawnSync(process.execPath, [join(module, 'install.js')], { stdio: 'ignore', timeout: DOWNLOAD_MS })
  const fetched = done.status === 0 ? inFolder(join(module, 'dist')) : null
  return fetched === null ? fail('no-electron', 'Electron’s download did not succeed') : ok(fetched)
}
