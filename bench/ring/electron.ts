/**
 * Bar 14: the ring against MessagePortMain between two utility processes of a real Electron, the product's code emitted to JavaScript and
 * packed into app.asar with the binary beside it. Runs where ELECTRON_OVERRIDE_DIST_PATH names an Electron; otherwise says why not.
 */
import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { bindingPath } from '../../engine/ring/native-binding.ts'
import { atLeast, type Bar } from './figures.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
const BATCHES = [1, 16, 256] as const
const BOUNDS = { 1: 30, 16: 10, 256: 4 } as const
const TICKS = { ring: { 1: 3_000_000, 16: 8_000_000, 256: 8_011_776 }, port: { 1: 40_000, 16: 320_000, 256: 1_024_000 } } as const
const ResultSchema = v.object({
  electron: v.string(),
  rows: v.array(
    v.object({ round: v.number(), transport: v.picklist(['ring', 'port']), batch: v.number(), perSecond: v.number(), binding: v.string() }),
  ),
})

/** Sources the utility processes need, as JavaScript under `app`, relative paths kept. */
function emit(app: string): void {
  const folders = ['engine/ring', 'engine/ring/fallback']
  const sources = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
  const single = [
    'engine/ring/crash/probe-ticks.ts',
    'engine/contract/tick.ts',
    'engine/contract/result.ts',
    'bench/ring/machine.ts',
    'bench/ring/transports.ts',
  ]
  for (const source of [...sources, ...single]) {
    if (!source.endsWith('.ts') || source.endsWith('.test.ts')) continue
    const target = join(app, source.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, stripTypeScriptTypes(readFileSync(join(root, source), 'utf8')).replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"))
  }
}

async function pack(work: string): Promise<string> {
  const app = join(work, 'app')
  mkdirSync(app)
  emit(app)
  cpSync(fileURLToPath(new URL('./electron-app', import.meta.url)), app, { recursive: true })
  const prebuilds = join(app, 'engine/ring/native/prebuilds')
  mkdirSync(prebuilds, { recursive: true })
  cpSync(bindingPath(), join(prebuilds, `${process.platform}-${process.arch}.node`))
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'ring-bench', version: '1.0.0', main: 'main.cjs', type: 'module' }))
  const { createPackageWithOptions } = await import('@electron/asar')
  const archive = join(work, 'app.asar')
  await createPackageWithOptions(app, archive, { unpack: '**/*.node' })
  rmSync(app, { recursive: true })
  return archive
}

function whyNot(folder: string | undefined): string | null {
  if (folder === undefined || folder === '') return 'no Electron at hand: ELECTRON_OVERRIDE_DIST_PATH is not set'
  if (!existsSync(join(folder, 'electron'))) return `no electron in ${folder} (ELECTRON_OVERRIDE_DIST_PATH)`
  if (process.platform !== 'linux') return 'measured on Linux only'
  if (process.env['DISPLAY'] === undefined && spawnSync('which', ['xvfb-run'], { stdio: 'ignore' }).status !== 0)
    return 'no display and no xvfb-run here'
  return null
}

export async function electronBar(rounds: number, scale: number, log: (text: string) => void): Promise<Bar> {
  const claim = 'in Electron, from app.asar: ring / MessagePortMain between two utility processes'
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const skipped = whyNot(folder)
  if (skipped !== null || folder === undefined) return { bar: 14, claim, ok: null, skipped: skipped ?? '' }
  const work = mkdtempSync(join(tmpdir(), 'aegis-electron-'))
  try {
    const archive = await pack(work)
    const runs = BATCHES.flatMap((batch) =>
      (['ring', 'port'] as const).map((transport) => ({
        transport,
        batch,
        ticks: Math.ceil((TICKS[transport][batch] * scale) / batch) * batch,
      })),
    )
    const plan = JSON.stringify({ rounds, runs, folder: '/dev/shm' })
    const electron = [join(folder, 'electron'), '--no-sandbox', '--disable-gpu', archive, plan]
    // `timeout` ends the whole group: killing xvfb-run alone would leave Electron behind.
    const display = process.env['DISPLAY'] === undefined ? ['xvfb-run', '-a'] : []
    const args = ['-k', '5', '120', ...display, ...electron]
    const { stdout } = await run('timeout', args, { env: { ...process.env, XDG_CONFIG_HOME: work } })
    const line = stdout.split('\n').find((text) => text.startsWith('RESULT ')) ?? 'RESULT null'
    const { electron: version, rows } = v.parse(ResultSchema, JSON.parse(line.slice('RESULT '.length)))
    const ratios = (batch: (typeof BATCHES)[number]): number[] =>
      Array.from({ length: rounds }, (_, round) => {
        const rate = (transport: string): number =>
          rows.find((row) => row.round === round && row.batch === batch && row.transport === transport)?.perSecond ?? Number.NaN
        return rate('ring') / rate('port')
      })
    const figures = Object.fromEntries(BATCHES.map((batch) => [`batch${batch}`, atLeast(ratios(batch), BOUNDS[batch])]))
    const unpacked = rows.every((row) => row.binding.includes('app.asar.unpacked'))
    log(`electron ${version}: ${JSON.stringify(figures)}`)
    const ok = unpacked && Object.values(figures).every((figure) => figure.ok)
    return { bar: 14, claim, ok, measured: { electron: version, loadedFromUnpacked: unpacked, ...figures } }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
