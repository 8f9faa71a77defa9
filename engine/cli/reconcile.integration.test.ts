/** `aegis reconcile` where no engine runs: the journal of an engine that was killed against the exchange it traded on, a program of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import * as v from 'valibot'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { JournalKind, JournalRow } from '../contract/journal-kinds.ts'
import { InvariantError, type Result } from '../contract/result.ts'
import type { OrderRequest, PrivateVenue } from '../contract/venue.ts'
import { openJournal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import { createVenue, type Venue } from '../venue/index.ts'

const AEGIS = fileURLToPath(new URL('./aegis.mjs', import.meta.url))
const HOST = fileURLToPath(new URL('./fixtures/venue-host.ts', import.meta.url))
const KEYS = { key: 'k'.repeat(32), secret: 's'.repeat(32) }
const Ready = v.object({ rest: v.string(), ws: v.string() })
const Document = v.object({
  by: v.string(),
  conclusive: v.boolean(),
  compared: v.object({ positions: v.number(), orders: v.number(), fills: v.number(), balances: v.number() }),
  mismatches: v.array(v.object({ kind: v.string(), state: v.string(), summary: v.string() })),
})
const text = (value: string): DecimalText => value as DecimalText

const must = <T>(result: Result<T>): T => {
  if (!result.ok) throw new InvariantError(`Invariant: ${result.error.code}: ${result.error.message}`)
  return result.value
}
const firstLine = async (child: ChildProcess): Promise<string> => {
  let said = ''
  child.stdout?.setEncoding('utf8')
  while (!said.includes('\n')) said += String((await once(child.stdout ?? child, 'data'))[0])
  return said.split('\n')[0] ?? ''
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Killed processes are gone a moment after the signal; until then they may still be writing. */
const groupLives = (group: number): boolean => {
  try {
    return process.kill(-group, 0)
  } catch {
    return false
  }
}
const journaled = <K extends JournalKind>(kind: K): readonly JournalRow<K>[] => {
  const journal = must(openJournal(journalPath(dataDir), { build: 'test', session: '', process: 'test', readOnly: true }))
  const rows = must(journal.rows({ kinds: [kind] }))
  journal.close()
  return rows
}

let folder: string
let keyFile: string
let dataDir: string
let exchange: ChildProcess
let at: v.InferOutput<typeof Ready>
let venue: Venue
let hands: PrivateVenue

const keysIn = (name: string, keys: object): string => {
  const file = join(folder, name)
  writeFileSync(file, JSON.stringify(keys), { mode: 0o600 })
  return file
}
/** Asynchronous: the test's own hands at the venue go on meanwhile. */
const reconcile = (keys: string, ...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, AEGIS_KEY_FILE: keys }
    const child = execFile(process.execPath, [AEGIS, 'reconcile', '--data', dataDir, ...args], { env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })
const report = async (...args: readonly string[]) => {
  const { code, stdout, stderr } = await reconcile(keyFile, '--upstream-rest', at.rest, '--json', ...args)
  expect(stderr).toBe('')
  return { code, document: v.parse(Document, JSON.parse(stdout)) }
}
const found = (document: v.InferOutput<typeof Document>): readonly string[] => document.mismatches.map(({ kind }) => kind).toSorted()
/** Names, sizes, contents and times of everything in the data folder. */
const traces = (): unknown =>
  readdirSync(dataDir)
    .filter((name) => statSync(join(dataDir, name)).isFile())
    .map((name) => [
      name,
      statSync(join(dataDir, name)).mtimeMs,
      createHash('sha256')
        .update(readFileSync(join(dataDir, name)))
        .digest('hex'),
    ])
const expectRefusal = (result: { code: number; stdout: string; stderr: string }, words: RegExp): void => {
  expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(words) })
  expect(result.stderr.trimEnd().split('\n')).toHaveLength(1)
}
const limit = (clientId: string): OrderRequest => ({
  clientId,
  symbol: 'BTCUSDT',
  side: 'BUY',
  positionSide: 'BOTH',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: text('0.01'),
  price: text('30000'),
})

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-reconcile-'))
  dataDir = join(folder, 'data')
  mkdirSync(dataDir)
  keyFile = keysIn('keys.json', KEYS)
  exchange = spawn(process.execPath, [AEGIS, 'simulator', '--key', KEYS.key, '--secret', KEYS.secret], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  at = v.parse(Ready, JSON.parse(await firstLine(exchange)))
  const host = spawn(process.execPath, [HOST, dataDir, at.rest, at.ws, keyFile], { stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  expect(await firstLine(host)).toBe('ready')
  while (journaled('baseline').length === 0) await pause(50)
  // With its processes: none may close the journal properly.
  process.kill(-(host.pid ?? 0), 'SIGKILL')
  await once(host, 'exit')
  while (groupLives(host.pid ?? 0)) await pause(20)
  venue = createVenue({ endpoints: { ...at, rate: 1, real: false }, credentials: KEYS, source: 'brain', random: () => 0.5 })
  if (venue.private === undefined) throw new InvariantError('Invariant: credentials were given')
  hands = venue.private
  must(await venue.clock.sync())
})
afterAll(async () => {
  await venue.close()
  exchange.kill('SIGTERM')
  await once(exchange, 'exit')
  rmSync(folder, { recursive: true, force: true })
})

it('clean books: exit 0, the command says that it compared, and leaves no trace', async () => {
  const before = traces()
  const { code, document } = await report()
  expect(document).toMatchObject({ by: 'command', conclusive: true, compared: { balances: expect.any(Number) }, mismatches: [] })
  expect(code).toBe(0)
  expect(traces()).toEqual(before)
  // The books were written in mode live: the settings' own venue is asked.
  const settings = join(folder, 'settings.json')
  writeFileSync(settings, JSON.stringify({ upstream: at }))
  expect(await reconcile(keyFile, '--settings', settings)).toMatchObject({ code: 0, stdout: expect.stringContaining('0 mismatches') })
})

it('what it cannot do is one clear line, exit 2', async () => {
  const upstream = ['--upstream-rest', at.rest]
  expectRefusal(await reconcile('', ...upstream), /AEGIS_KEY_FILE/)
  expectRefusal(await reconcile(keysIn('other.json', { ...KEYS, key: 'x'.repeat(32) }), ...upstream), /another API key/)
  expectRefusal(await reconcile(keysIn('forged.json', { ...KEYS, secret: 'x'.repeat(32) }), ...upstream), /[Ss]ignature/)
  expectRefusal(await reconcile(keyFile, '--upstream-rest', 'http://127.0.0.1:9'), /the venue at http:\/\/127\.0\.0\.1:9 does not answer/)
  expectRefusal(await reconcile(keyFile, '--upstream-rest', 'http://evil.example'), /upstream\.rest/)
})

it('a foreign order and a fill that the killed engine never booked are found; nothing is cancelled or repaired', async () => {
  must(await hands.place(limit('by-hand-1')))
  const session = journaled('session')[0]?.session ?? ''
  const { price: _price, timeInForce: _gtc, ...order } = limit(`${session}-BTCUSDT-e1`)
  const request: OrderRequest = { ...order, type: 'MARKET' }
  // Its last words: the intent; what became of it, it never heard.
  const journal = must(openJournal(journalPath(dataDir), { build: 'test', session, process: 'brain' }))
  must(
    journal.append(
      'intent',
      { action: 'place', clientId: request.clientId, book: 'regular', role: 'entry', counter: 1, request, reason: 'test' },
      Math.round(venue.clock.nowMs()),
      { ref: request.clientId, symbol: 'BTCUSDT' },
    ),
  )
  journal.close()
  must(await hands.place(request))
  // Younger than five seconds an order may be on its way.
  await pause(6_000)
  const before = traces()
  const { code, document } = await report()
  expect(found(document)).toEqual(['foreign-order', 'lost-order', 'missing-fill'])
  expect(document.mismatches.every(({ state }) => state === 'open')).toBe(true)
  expect(code).toBe(1)
  expect(must(await hands.openOrders('BTCUSDT')).map(({ clientId }) => clientId)).toEqual(['by-hand-1'])
  expect(traces()).toEqual(before)
})

it('a folder nobody may write in', async () => {
  // Whoever may do everything may write there too: then the command is run as somebody else, where that can be done.
  const root = process.getuid?.() === 0
  if (root) for (const path of [folder, keyFile]) chownSync(path, 65_534, 65_534)
  for (const name of readdirSync(dataDir)) chmodSync(join(dataDir, name), statSync(join(dataDir, name)).isDirectory() ? 0o555 : 0o444)
  chmodSync(dataDir, 0o555)
  const env = { ...process.env, AEGIS_KEY_FILE: keyFile, HOME: folder, TMPDIR: tmpdir() }
  const child = spawn(process.execPath, [AEGIS, 'reconcile', '--data', dataDir, '--upstream-rest', at.rest], {
    env,
    ...(root ? { uid: 65_534, gid: 65_534 } : {}),
  })
  let said = ''
  child.stdout.on('data', (data: Buffer) => (said += data.toString()))
  child.stderr.on('data', (data: Buffer) => (said += data.toString()))
  const [code] = await once(child, 'close')
  chmodSync(dataDir, 0o755)
  expect(said).toContain('by-hand-1')
  expect(code).toBe(1)
})
