/** `aegis doctor`: what this machine lacks and how to get it. Exit 1 when something the engine needs is missing. */
import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { availableParallelism, freemem, tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { createProducer, ringBackend } from '../ring/index.ts'
import { lockDataDir } from '../supervisor/instance-lock.ts'
import { parseFlags, refuse, type Command } from './command.ts'
import { defaultDataDir } from './settings-flags.ts'

const FLAGS = { data: { type: 'string' }, json: { type: 'boolean' } } as const

interface Finding {
  readonly id: string
  /** 'missing' stops the engine, 'optional' costs a feature. */
  readonly state: 'ok' | 'optional' | 'missing'
  readonly found: string
  readonly remedy?: string
}

const onPath = (...names: readonly string[]): string | null => {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const name of names) {
      const file = join(folder, name)
      try {
        accessSync(file, constants.X_OK)
        return file
      } catch {
        continue
      }
    }
  }
  return null
}
const says = (thrown: unknown): string => (thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '') : String(thrown))

function node(): Finding {
  const found = `Node ${process.version}, Node-API ${process.versions.napi ?? '?'}`
  return Number(process.versions.napi) >= 10
    ? { id: 'node', state: 'ok', found }
    : { id: 'node', state: 'missing', found, remedy: 'run through npm (it brings Node 24), or install Node 24' }
}

function sqlite(): Finding {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-doctor-'))
  try {
    const database = new Database(join(folder, 'probe.sqlite'))
    database.pragma('journal_mode = WAL')
    database.exec('CREATE TABLE t (x INTEGER) STRICT')
    const version = String(database.prepare('SELECT sqlite_version()').pluck().get())
    database.close()
    return { id: 'sqlite', state: 'ok', found: `SQLite ${version}, WAL works` }
  } catch (thrown) {
    return { id: 'sqlite', state: 'missing', found: says(thrown), remedy: 'run npm ci on this machine' }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function ring(): Finding {
  if (ringBackend() === 'native') return { id: 'ring', state: 'ok', found: 'native addon' }
  return {
    id: 'ring',
    state: 'optional',
    found: 'TypeScript fallback (slower)',
    remedy: 'a C compiler (Debian: apt install build-essential python3), then npm ci again',
  }
}

function sharedMemory(): Finding {
  const folder = process.platform === 'linux' ? '/dev/shm' : tmpdir()
  try {
    accessSync(folder, constants.W_OK)
    const { bavail, bsize } = statfsSync(folder)
    const path = join(folder, `aegis-doctor-${process.pid}.ring`)
    const made = createProducer(path)
    if (made.ok) made.value.close()
    rmSync(path, { force: true })
    const free = `${Math.round((bavail * bsize) / 2 ** 20)} MiB free`
    return made.ok
      ? { id: 'shared-memory', state: 'ok', found: `${folder}, ${free}` }
      : { id: 'shared-memory', state: 'missing', found: made.error.message, remedy: `make ${folder} larger (a ring takes 1 MiB)` }
  } catch (thrown) {
    return {
      id: 'shared-memory',
      state: 'optional',
      found: `${folder}: ${says(thrown)}`,
      remedy: 'mount /dev/shm; until then the runtime folder is used',
    }
  }
}

function dataFolder(path: string): Finding {
  const existed = existsSync(path)
  const locked = lockDataDir(path, 'doctor')
  if (!locked.ok)
    return {
      id: 'data-folder',
      state: locked.error.code === 'in-use' ? 'ok' : 'missing',
      found: locked.error.message,
      ...(locked.error.code === 'in-use' ? {} : { remedy: 'choose another with --data, or mend its permissions' }),
    }
  locked.value.release()
  if (!existed) rmSync(path, { recursive: true, force: true })
  return { id: 'data-folder', state: 'ok', found: path }
}

function electron(): Finding {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('electron/package.json'))
    const binary = process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(folder, 'dist')
    if (['electron', 'electron.exe', 'Electron.app'].some((name) => existsSync(join(binary, name))))
      return { id: 'electron', state: 'ok', found: binary }
    return {
      id: 'electron',
      state: 'optional',
      found: 'package without its binary',
      remedy: 'node node_modules/electron/install.js (needs the network); until then the cockpit runs in the browser',
    }
  } catch {
    return { id: 'electron', state: 'optional', found: 'not installed', remedy: 'npm ci; until then the cockpit runs in the browser' }
  }
}

function browser(): Finding {
  const found = onPath('chromium', 'chromium-browser', 'google-chrome', 'firefox', 'xdg-open', 'open')
  return found === null
    ? {
        id: 'browser',
        state: 'optional',
        found: 'none on PATH',
        remedy: 'Debian: apt install chromium (tests and the browser cockpit use it)',
      }
    : { id: 'browser', state: 'ok', found }
}

function renderer(): Finding {
  const found = ['../../dist/renderer/index.html', '../../renderer/index.html'].map((path) => fileURLToPath(new URL(path, import.meta.url)))
  const built = found.find(
    (file) => existsSync(file) && existsSync(join(dirname(file), 'assets')) && !existsSync(join(dirname(file), 'vite.config.ts')),
  )
  return built === undefined
    ? { id: 'cockpit', state: 'optional', found: 'not built', remedy: 'npm run build (npm start does it by itself)' }
    : { id: 'cockpit', state: 'ok', found: dirname(built) }
}

function clock(): Finding {
  const wall = Date.now()
  const plausible = wall > Date.parse('2024-01-01') && wall < Date.parse('2100-01-01')
  return plausible
    ? { id: 'clock', state: 'ok', found: `${new Date(wall).toISOString()} (checked against the venue when connected)` }
    : { id: 'clock', state: 'missing', found: new Date(wall).toISOString(), remedy: 'set the clock; signed requests need it' }
}

function machine(): Finding {
  const free = Math.round(freemem() / 2 ** 20)
  const found = `${availableParallelism()} cores, ${free} MiB free`
  return free >= 600
    ? { id: 'machine', state: 'ok', found }
    : { id: 'machine', state: 'optional', found, remedy: 'the engine and its host take about 500 MiB' }
}

const SIGN = { ok: 'ok      ', optional: 'optional', missing: 'MISSING ' } as const

export const doctor: Command = {
  name: 'doctor',
  summary: 'what this machine lacks and how to get it',
  usage: [
    ['--data DIR', 'the data folder to look at'],
    ['--json', 'one JSON document'],
  ],
  async run(args, io) {
    const flags = parseFlags(args, FLAGS)
    if (!flags.ok) return refuse(io, flags.error)
    const { values } = flags.value
    const dataDir = values.data === undefined ? defaultDataDir() : resolve(values.data)
    const findings: Finding[] = [
      node(),
      sqlite(),
      ring(),
      sharedMemory(),
      dataFolder(dataDir),
      renderer(),
      electron(),
      browser(),
      clock(),
      machine(),
    ]
    const ready = findings.every((one) => one.state !== 'missing')
    if (values.json === true) io.out(`${JSON.stringify({ ready, findings })}\n`)
    else {
      for (const one of findings)
        io.out(
          `${SIGN[one.state]} ${one.id.padEnd(14)} ${one.found}${one.remedy === undefined ? '' : `\n         ${' '.repeat(14)} → ${one.remedy}`}\n`,
        )
    }
    return ready ? 0 : 1
  },
}
