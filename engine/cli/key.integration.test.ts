/** The key on the command line: refused, read-only, and what `aegis status` says of it. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import * as v from 'valibot'

const AEGIS = fileURLToPath(new URL('./aegis.mjs', import.meta.url))
const aegis = (...args: readonly string[]) => spawnSync(process.execPath, [AEGIS, ...args], { encoding: 'utf8' })
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

it('a run with a key that may move money away is refused: one clear line, exit 2', () => {
  const run = aegis('run', '--headless', '--tape', 'synthetic', '--speed', '600', '--for', '5s', '--key-rights', 'transfer', '--json')
  expect(run.status).toBe(2)
  expect(run.stdout).toBe('')
  expect(run.stderr).toContain('aegis: This key may withdraw or transfer funds. Make one that may only read and trade futures.')
})

it('a run with a key that only reads sees the market and trades nothing', () => {
  const run = aegis('run', '--headless', '--tape', 'demo', '--speed', '3600', '--for', '2s', '--key-rights', 'read-only', '--json')
  expect(run.stderr).toContain('key: This key may only read')
  expect(run.status).toBe(0)
  const Document = v.object({ ticks: v.number(), signals: v.number(), orders: v.number(), fills: v.number(), equity: v.string() })
  const document = v.parse(Document, JSON.parse(run.stdout))
  expect(document).toMatchObject({ orders: 0, fills: 0, equity: '10000' })
  expect(document.ticks).toBeGreaterThan(1_000)
})

it('status names what the key may do', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aegis-cli-key-'))
  ends.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const host = spawn(process.execPath, [AEGIS, 'run', '--data', dataDir, '--key-rights', 'untold'], { stdio: ['ignore', 'pipe', 'pipe'] })
  ends.push(async () => {
    if (host.exitCode === null && host.kill('SIGTERM')) await once(host, 'exit')
  })
  const end = performance.now() + 20_000
  let said = ''
  while (!said.includes('key: trade;') && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 250))
    said = aegis('status', '--data', dataDir).stdout
  }
  expect(said).toContain('key: trade; The venue does not tell whether this key may withdraw or transfer funds.')
})
