/** `aegis reconcile` against a host without a browser cockpit, as the Electron host announces itself. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import * as v from 'valibot'
import WebSocket from 'ws'
import type { Io } from '../../engine/cli/command.ts'
import { HOST_FILE, HostFileSchema, reconcile } from '../../engine/cli/reconcile.ts'
import { COCKPIT_PATH, COCKPIT_SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from '../../engine/contract/cockpit-wire.ts'
import type { CockpitApi } from '../../engine/contract/cockpit.ts'
import type { ReconciliationReport } from '../../engine/contract/mismatch.ts'
import { openReconcileLine } from './reconcile-line.ts'

const REPORT: ReconciliationReport = {
  reason: 'manual',
  startedAt: 1,
  durationMs: 41,
  conclusive: true,
  compared: { positions: 1, orders: 2, fills: 3, balances: 1 },
  mismatches: [],
}
let dataDir: string
let close: () => void
let calls: string[]
let warnings: string[]
const api: CockpitApi = {
  // Only the report's shape matters to the command.
  call: async (method) => {
    calls.push(method)
    return JSON.parse(JSON.stringify({ ok: true, value: REPORT }))
  },
  subscribe: () => () => {},
}

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string[] }> {
  let out = ''
  const err: string[] = []
  const io: Io = { out: (text) => (out += text), err: (line) => void err.push(line), stopped: new Promise(() => {}) }
  return { code: await reconcile.run(args, io), out, err }
}
const announced = () => v.parse(HostFileSchema, JSON.parse(readFileSync(join(dataDir, HOST_FILE), 'utf8')))

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'line-'))
  calls = []
  warnings = []
  // Left behind by a host that was killed, readable by others.
  writeFileSync(join(dataDir, HOST_FILE), JSON.stringify({ origin: 'http://127.0.0.1:1', token: 'old', pid: 1 }), { mode: 0o644 })
  close = await openReconcileLine(api, dataDir, (line) => void warnings.push(line))
})
afterEach(() => {
  close()
  rmSync(dataDir, { recursive: true, force: true })
})

it('answers one JSON document with exit 0, for this user only', async () => {
  expect(statSync(join(dataDir, HOST_FILE)).mode & 0o777).toBe(0o600)
  const { code, out, err } = await run('--data', dataDir, '--json')
  expect({ code, report: JSON.parse(out), err }).toEqual({ code: 0, report: { by: 'engine', ...REPORT }, err: [] })
})

it('serves a comparison and nothing else', async () => {
  const { origin, token } = announced()
  const socket = new WebSocket(
    `${origin.replace('http', 'ws')}${COCKPIT_PATH}`,
    [COCKPIT_SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${token}`],
    { origin },
  )
  const answer = new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(JSON.parse(data.toString()))))
  socket.once('open', () => socket.send(JSON.stringify({ id: 1, call: 'halt', arg: { level: 'flatten', reason: 'x' } })))
  expect(await answer).toMatchObject({ id: 1, result: { ok: false, error: { code: 'refused' } } })
  expect(calls).toEqual([])
  socket.terminate()
})

it('takes no wrong token', async () => {
  const host = announced()
  writeFileSync(join(dataDir, HOST_FILE), JSON.stringify({ ...host, token: 'A'.repeat(host.token.length) }))
  expect(await run('--data', dataDir)).toMatchObject({ code: 2, out: '', err: [expect.stringContaining('closed the line')] })
  expect(calls).toEqual([])
})

it('a host that is gone is said to be gone, in one line', async () => {
  close()
  expect(await run('--data', dataDir, '--json')).toMatchObject({ code: 2, out: '', err: [expect.stringContaining('no engine runs on')] })
})

it('a folder that cannot be written costs only the line', async () => {
  const end = await openReconcileLine(api, join(dataDir, 'missing'), (line) => void warnings.push(line))
  expect(warnings).toEqual([expect.stringContaining('will not find this engine')])
  end()
})
