/** The packed application: what is in it, what is switched off in it, and that it trades with nothing but what is in it. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from './support/cockpit-page.ts'
import { electronFolder, openDisplay, whyNoElectron, type Display } from './support/electron-app.ts'
import { repositoryRoot } from './support/fixture-server.ts'
import { temporaryFolder } from './support/node-host.ts'

const tool = (name: string): string => join(repositoryRoot, 'node_modules/.bin', name)
const run = (command: string, args: readonly string[]): string => {
  const done = spawnSync(command, args, { cwd: repositoryRoot, encoding: 'utf8', timeout: 240_000 })
  expect(done.status, `${command} ${args.join(' ')}\n${done.stdout}\n${done.stderr}`).toBe(0)
  return done.stdout
}

interface Status {
  readonly released: boolean
  readonly account: unknown
  readonly processes: readonly { readonly name: string; readonly state: string; readonly lastExit: string | null }[]
}

describe.skipIf(whyNoElectron !== null || process.platform !== 'linux')('packed application', () => {
  const out = temporaryFolder('package')
  const data = temporaryFolder('packed-data')
  const app = join(out.path, 'linux-unpacked')
  let display: Display
  let files: readonly string[]
  beforeAll(async () => {
    const version = readFileSync(join(electronFolder, 'version'), 'utf8').trim()
    run(tool('electron-builder'), [
      '--linux',
      'dir',
      '--config',
      'electron-builder.yml',
      '--publish',
      'never',
      `-c.electronDist=${electronFolder}`,
      `-c.electronVersion=${version.replace(/^v/, '')}`,
      `-c.directories.output=${out.path}`,
    ])
    files = run(tool('asar'), ['list', join(app, 'resources/app.asar')])
      .trim()
      .split('\n')
    display = await openDisplay()
  }, 300_000)
  afterAll(() => {
    display?.stop()
    out.remove()
    data.remove()
  })

  it('holds the program and its production dependencies, no source, test, map, tape of others, or Node', () => {
    const top = new Set(files.map((file) => file.split('/')[1]))
    expect(top).toEqual(new Set(['LICENSE', 'dist', 'node_modules', 'package.json']))
    const modules = new Set(files.filter((file) => file.startsWith('/node_modules/')).map((file) => file.split('/')[2]))
    // Of ccxt and what it signs with, which the bundles hold, only the licences.
    expect(modules).toEqual(new Set(['@noble', 'better-sqlite3', 'bufferutil', 'ccxt', 'decimal.js', 'node-gyp-build', 'valibot', 'ws']))
    expect(files.filter((file) => /^\/node_modules\/(ccxt\/|@noble\/\w+\/)/.test(file))).toEqual([
      '/node_modules/@noble/curves/LICENSE',
      '/node_modules/@noble/hashes/LICENSE',
      '/node_modules/ccxt/LICENSE.txt',
    ])
    expect(files.filter((file) => /\.(ts|cts|map|pem|key|env|log|sqlite|db)$|\.test\.|\/testing\//.test(file))).toEqual([])
    const native = files.filter((file) => file.endsWith('.node') && /sqlite|ring/.test(file))
    expect(native.sort()).toEqual([
      '/dist/engine/ring/native/prebuilds/linux-x64.node',
      '/node_modules/better-sqlite3/prebuilds/linux-x64.node',
    ])
    for (const file of native) expect(existsSync(join(app, 'resources/app.asar.unpacked', file)), file).toBe(true)
  })

  it('has every fuse as decided', () => {
    const text = run(tool('electron-fuses'), ['read', '--app', join(app, 'aegis')])
    const fuses = Object.fromEntries([...text.matchAll(/^\s+(\w+) is (Enabled|Disabled)/gm)].map((match) => [match[1], match[2]]))
    expect(fuses).toMatchObject({
      RunAsNode: 'Disabled',
      EnableCookieEncryption: 'Enabled',
      EnableNodeOptionsEnvironmentVariable: 'Disabled',
      EnableNodeCliInspectArguments: 'Disabled',
      EnableEmbeddedAsarIntegrityValidation: 'Enabled',
      OnlyLoadAppFromAsar: 'Enabled',
      LoadBrowserProcessSpecificV8Snapshot: 'Disabled',
      GrantFileProtocolExtraPrivileges: 'Disabled',
    })
  })

  it('starts, and its engine is released to trade', async () => {
    const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const child = spawn(join(app, 'aegis'), [...root, '--data', data.path], { env: display.env, stdio: 'ignore' })
    try {
      const status = await until(
        'released',
        async () => {
          try {
            return JSON.parse(readFileSync(join(data.path, 'status.json'), 'utf8')) as Status
          } catch {
            return null
          }
        },
        (now) => now?.released === true && now.account !== null,
        40_000,
      )
      expect(status?.processes.filter((row) => row.state !== 'running')).toEqual([])
    } finally {
      child.kill('SIGTERM')
      await new Promise((done) => child.once('exit', done))
    }
  })

  it('refuses an unknown flag in one line, exits 2, and writes nothing', () => {
    const fresh = join(data.path, 'never')
    const root = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const done = spawnSync(join(app, 'aegis'), [...root, '--data', fresh, '--nonsense'], {
      env: display.env,
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect(done.status).toBe(2)
    expect(done.stderr.split('\n').filter((line) => line.startsWith('aegis: ') && line.includes('--nonsense'))).toHaveLength(1)
    expect(existsSync(fresh)).toBe(false)
  })
})
