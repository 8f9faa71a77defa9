/** Whom the engine's processes contact: a guard in each of them writes down every name looked up and every address connected to. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { parseSettings, type Settings } from '../contract/settings.ts'
import { startSimulator } from '../simulator/server.ts'
import type { EngineEvent } from './engine-handle.ts'
import { startEngine } from './engine.ts'
import type { Contact } from './fixtures/socket-guard.ts'
import { nodeSpawner } from './node-spawner.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'aegis-hosts-'))
  ends.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}
const guardFlags = (log: string): readonly string[] => [
  '--import',
  `${new URL('fixtures/socket-guard.ts', import.meta.url).href}?log=${encodeURIComponent(log)}`,
]
const contacts = (log: string): readonly Contact[] =>
  existsSync(log)
    ? readFileSync(log, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line): Contact => JSON.parse(line))
    : []
/** Connections with their port, names with none; a pipe (the ring's doorbell) and this machine's own number are no host. */
const remote = ({ kind, host }: Contact): boolean => kind === 'connect' || (kind === 'lookup' && host !== '127.0.0.1')
const placeOf = ({ kind, host, port }: Contact): string => (kind === 'connect' ? `${host}:${port}` : host)
const places = (log: string): readonly string[] => [...new Set(contacts(log).filter(remote).map(placeOf))].sort()
const settings = (over: object): Settings => {
  const parsed = parseSettings({ tape: { kind: 'synthetic' }, ...over })
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}
const until = async (what: string, condition: () => boolean, ms = 30_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The engine with a guard in each of its processes. */
const start = (chosen: Settings, credentials = { key: 'k'.repeat(64), secret: 's'.repeat(64) }) => {
  const dataDir = folder()
  const log = join(dataDir, 'contacts.log')
  const started = startEngine(chosen, {
    spawner: nodeSpawner(process.execPath, guardFlags(log)),
    dataDir,
    build: 'test',
    host: 'node',
    credentials,
  })
  if (!started.ok) throw new Error(started.error.message)
  ends.push(() => started.value.stop())
  const events: EngineEvent[] = []
  started.value.on((event) => events.push(event))
  return { engine: started.value, events, log }
}
const hostOf = (url: string): string => new URL(url).host

describe('contacted hosts', () => {
  it('the guard sees a foreign address, by name and by number, and refuses it', () => {
    const log = join(folder(), 'contacts.log')
    const code =
      "for (const to of ['http://evil.example/', 'https://evil.example/', 'http://192.0.2.1/']) await fetch(to).then(() => console.log('reached'), () => console.log('refused'))"
    const child = spawnSync(process.execPath, [...guardFlags(log), '--input-type=module', '--eval', code], { encoding: 'utf8' })
    expect(child.stdout).toBe('refused\nrefused\nrefused\n')
    expect(places(log)).toEqual(['192.0.2.1:80', 'evil.example:443', 'evil.example:80'])
    const looks = "await import('node:dns').then(({ default: dns }) => new Promise((done) => dns.lookup('evil.example', done)))"
    spawnSync(process.execPath, [...guardFlags(`${log}2`), '--input-type=module', '--eval', looks])
    expect(places(`${log}2`)).toEqual(['evil.example'])
  })

  it('simulated: every process speaks to the embedded exchange and to nobody else, from start through trading and HALT to stop', async () => {
    const { engine, events, log } = start(settings({ speed: 600 }))
    expect(await engine.ready).toEqual({ ok: true, value: null })
    await until('a fill', () => events.some((event) => event.kind === 'fill'))
    await engine.reconcile('manual')
    await engine.kill('flatten', 'test', 'person')
    const venue = hostOf(engine.endpoints?.rest ?? '')
    await engine.stop()
    expect(places(log)).toEqual([venue])
    expect(
      [
        ...new Set(
          contacts(log)
            .filter(remote)
            .map((one) => one.process),
        ),
      ].sort(),
    ).toEqual(['brain.ts', 'feed.ts', 'reconciler.ts'])
  })

  it('paper: only the exchange process speaks to the upstream, the others to the exchange', async () => {
    const upstream = await startSimulator({ seed: 7 })
    if (!upstream.ok) throw new Error(upstream.error.message)
    ends.push(() => upstream.value.close())
    const { rest, ws } = upstream.value
    const { engine, log } = start(settings({ mode: 'paper', speed: 1, upstream: { rest, ws }, tape: { kind: 'live', rest, ws } }))
    expect(await engine.ready).toEqual({ ok: true, value: null })
    const venue = hostOf(engine.endpoints?.rest ?? '')
    await engine.stop()
    expect(places(log)).toEqual([venue, hostOf(rest)].sort())
    for (const one of contacts(log).filter(remote))
      expect(`${one.process} ${placeOf(one)}`).toBe(`${one.process} ${one.process === 'simulator.ts' ? hostOf(rest) : venue}`)
  })

  it('live, at the real venue’s addresses: nothing but those is even tried', async () => {
    const { log } = start(settings({ mode: 'live', speed: 1 }))
    await until('the venue being tried', () => places(log).includes('fapi.binance.com:443') && contacts(log).length > 3)
    const tried = new Set(
      contacts(log)
        .filter(remote)
        .map((one) => one.host),
    )
    const real = new Set(['fapi.binance.com', 'fstream.binance.com', 'api.binance.com'])
    expect([...tried].filter((host) => !real.has(host))).toEqual([])
  })

  it.each([
    ['live', { mode: 'live', upstream: { rest: 'https://evil.example', ws: 'wss://fstream.binance.com' } }],
    ['a look-alike', { mode: 'live', upstream: { rest: 'https://fapi.binance.com.evil.example', ws: 'wss://fstream.binance.com' } }],
    ['without TLS', { mode: 'live', upstream: { rest: 'http://fapi.binance.com', ws: 'wss://fstream.binance.com' } }],
    ['another socket', { mode: 'paper', upstream: { rest: 'https://fapi.binance.com', ws: 'wss://evil.example' } }],
    ['a live tape', { tape: { kind: 'live', rest: 'https://evil.example', ws: 'wss://fstream.binance.com' } }],
  ])('a foreign address in the settings is refused by name: %s', (_name, over) => {
    expect(parseSettings(over)).toMatchObject({
      ok: false,
      error: { code: 'bad-settings', message: expect.stringMatching(/^(upstream|tape)\.(rest|ws): expected a Binance futures host/) },
    })
  })

  it('a foreign address that got past the settings is refused by the process itself, uncontacted', async () => {
    const { mode, ...rest } = settings({ speed: 1 })
    const evil = { rest: 'https://evil.example', ws: 'wss://evil.example' }
    for (const planted of [
      { ...rest, mode: 'live' as const, upstream: evil },
      { ...rest, mode, tape: { kind: 'live' as const, ...evil } },
    ]) {
      const { engine, log } = start(planted)
      const ready = await engine.ready
      expect(ready.ok ? '' : ready.error.message).toMatch(/evil\.example.* is (not|neither)/)
      expect(places(log)).toEqual([])
      await engine.stop()
    }
  })

  it('the host itself, with its cockpit, contacts the exchange it started and nobody else', async () => {
    const dataDir = folder()
    const log = join(dataDir, 'contacts.log')
    const aegis = fileURLToPath(new URL('../cli/aegis.mjs', import.meta.url))
    const host = spawn(process.execPath, [...guardFlags(log), aegis, 'run', '--data', dataDir, '--tape', 'synthetic'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    ends.push(async () => {
      if (host.exitCode === null && host.kill('SIGTERM')) await once(host, 'exit')
    })
    await once(host.stdout, 'data')
    await until('the host asking for the instruments', () => places(log).length > 0)
    await new Promise((resolve) => setTimeout(resolve, 2_000))
    expect(places(log)).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+$/)])
  })
})
