/** The supervisor over real child processes (stand-ins under fixtures/): start, wiring, death, stall, kill latch, lock-step, stop. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { parseSettings, type Settings } from '../contract/settings.ts'
import { RELEASE_PHRASE } from '../contract/kill.ts'
import { openJournal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import type { EngineDeps, EngineEvent, EngineHandle } from './engine-handle.ts'
import { startEngine } from './engine.ts'
import { latchStore } from './latch.ts'
import { nodeSpawner } from './node-spawner.ts'
import type { CallRow, Script } from './fixtures/stand-in.ts'

const folders: string[] = []
const engines: EngineHandle[] = []
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.stop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const folder = (script: Script = {}): string => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aegis-supervisor-'))
  folders.push(dataDir)
  setScript(dataDir, script)
  return dataDir
}
const setScript = (dataDir: string, script: Script): void => writeFileSync(join(dataDir, 'script.json'), JSON.stringify(script))

const settings = (over: object = {}): Settings => {
  const parsed = parseSettings({ mode: 'simulated', ...over })
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

const start = (dataDir: string, over: object = {}, deps: Partial<EngineDeps> = {}) => {
  const started = startEngine(settings(over), {
    spawner: nodeSpawner(),
    dataDir,
    build: 'test',
    host: 'node',
    entry: (name) => new URL(`./fixtures/${name}.ts`, import.meta.url),
    ...deps,
  })
  if (!started.ok) throw new Error(started.error.message)
  engines.push(started.value)
  const events: EngineEvent[] = []
  started.value.on((event) => events.push(event))
  return { engine: started.value, events }
}

const calls = (dataDir: string): CallRow[] => {
  if (!existsSync(join(dataDir, 'calls.log'))) return []
  return readFileSync(join(dataDir, 'calls.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as CallRow)
}
const names = (dataDir: string): string[] => calls(dataDir).map((row) => `${row.process}.${row.method}`)

const until = async (what: string, condition: () => boolean, ms = 10_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
const row = (engine: EngineHandle, name: string) => {
  const found = engine.processes().find((one) => one.name === name)
  if (found === undefined) throw new Error(`no process ${name}`)
  return found
}
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
const pidOf = (engine: EngineHandle, name: string): number => row(engine, name).pid ?? 0

const hostProgram = async (dataDir: string) => {
  const host = spawn(process.execPath, [new URL('./fixtures/host.ts', import.meta.url).pathname, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [text] = (await once(host.stdout, 'data')) as [Buffer]
  return { host, pids: JSON.parse(text.toString()) as number[] }
}

describe('start', () => {
  it('wires simulator → feed → reconciler and brain → reconciliation → release → play', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    expect(await engine.ready).toEqual({ ok: true, value: null })
    await until('play', () => names(dataDir).includes('simulator.play'))
    const order = names(dataDir)
    const at = (name: string): number => order.indexOf(name)
    expect(at('simulator.init')).toBe(0)
    expect(at('feed.init')).toBe(1)
    expect(at('reconciler.reconcile')).toBeGreaterThan(Math.max(at('brain.init'), at('reconciler.init')))
    expect(at('brain.book')).toBeGreaterThan(at('reconciler.reconcile'))
    expect(at('brain.release')).toBeGreaterThan(at('brain.book'))
    expect(at('simulator.play')).toBeGreaterThan(at('brain.release'))
    expect(engine.processes().map((one) => one.state)).toEqual(['running', 'running', 'running', 'running'])
    expect(engine.released).toBe(true)
  })

  it('a second engine on the same data is refused by name, and works after the first stopped', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    const second = startEngine(settings(), { spawner: nodeSpawner(), dataDir, build: 'test', host: 'node' })
    expect(second).toMatchObject({ ok: false, error: { code: 'in-use' } })
    expect(second.ok ? '' : second.error.message).toContain(`process ${process.pid}`)
    await engine.stop()
    const third = start(dataDir)
    expect(await third.engine.ready).toMatchObject({ ok: true })
  })

  it('a data folder that cannot be is a clear failure', () => {
    const dataDir = folder()
    writeFileSync(join(dataDir, 'file'), '')
    const refused = startEngine(settings(), { spawner: nodeSpawner(), dataDir: join(dataDir, 'file', 'x'), build: 'test', host: 'node' })
    expect(refused).toMatchObject({ ok: false, error: { code: 'data-dir' } })
  })

  it('a process that refuses its first start fails `ready` with its own words', async () => {
    const { engine } = start(folder({ refuse: ['simulator'] }))
    expect(await engine.ready).toMatchObject({ ok: false, error: { message: 'simulator refuses' } })
    await until('failed', () => row(engine, 'simulator').state === 'failed')
  })

  it('a process that keeps dying at start is given up with its last words', async () => {
    const { engine } = start(folder({ exitOnInit: ['feed'] }), {}, { timings: { restart: { windowMs: 60_000, delaysMs: [0, 10] } } })
    const ready = await engine.ready
    expect(ready.ok ? '' : ready.error.message).toContain('exit 3 — Error: feed cannot go on')
    expect(row(engine, 'feed')).toMatchObject({ state: 'failed', restarts: 2 })
  })

  it('trading waits for a clean reconciliation and starts with the first one', async () => {
    const dataDir = folder({ critical: ['quantity: local 1, venue 2'] })
    const { engine } = start(dataDir)
    expect(await engine.ready).toMatchObject({ ok: true })
    expect(engine.released).toBe(false)
    expect(engine.tradingState).toBe('reduceOnly')
    expect(names(dataDir)).not.toContain('brain.release')
    setScript(dataDir, {})
    await engine.reconcile('manual')
    await until('release', () => engine.released)
    expect(engine.tradingState).toBe('active')
    await until('the brain told', () =>
      calls(dataDir).some((one) => one.method === 'tradingState' && JSON.stringify(one.arg).includes('"active"')),
    )
  })

  it('an inconclusive reconciliation is repeated, never taken for clean (INV-05)', async () => {
    const dataDir = folder({ inconclusive: true })
    const { engine } = start(dataDir)
    await until('three tries', () => names(dataDir).filter((name) => name === 'reconciler.reconcile').length >= 3)
    expect(engine.released).toBe(false)
    setScript(dataDir, {})
    expect(await engine.ready).toMatchObject({ ok: true })
  })

  it('relays budget observations to the other two', async () => {
    const dataDir = folder({ budgetFrom: 'feed' })
    const { engine } = start(dataDir)
    await engine.ready
    await until('budget', () => names(dataDir).filter((name) => name.endsWith('.budget')).length >= 2)
    expect(
      names(dataDir)
        .filter((name) => name.endsWith('.budget'))
        .sort(),
    ).toEqual(['brain.budget', 'reconciler.budget'])
  })
})

describe('death', () => {
  it.each(['feed', 'brain', 'reconciler'] as const)('kill -9 of the %s is seen at once, told as a crash, and recovered', async (name) => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    const pid = pidOf(engine, name)
    process.kill(pid, 'SIGKILL')
    await until('the death seen', () => row(engine, name).restarts === 1, 1_000)
    expect(row(engine, name).lastExit).toMatch(/^killed by SIGKILL, seen within \d+\.\d ms$/)
    await until('recovery', () => row(engine, name).state === 'running')
    expect(row(engine, name)).toMatchObject({ restarts: 1 })
    expect(pidOf(engine, name)).not.toBe(pid)
    expect(row(engine, name).recoveredMs).toBeGreaterThan(0)
  })

  it('a restarted brain is reconciled and released again', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    engine.crash('brain')
    await until('down', () => !engine.released)
    await until('released again', () => engine.released)
    const order = names(dataDir).filter((name) => ['brain.init', 'reconciler.reconcile', 'brain.release'].includes(name))
    expect(order.slice(-3)).toEqual(['brain.init', 'reconciler.reconcile', 'brain.release'])
  })

  it('a stopped process (SIGSTOP) is told apart as a stall and replaced', async () => {
    const { engine, events } = start(folder())
    await engine.ready
    const pid = pidOf(engine, 'brain')
    process.kill(pid, 'SIGSTOP')
    await until('the stall', () => row(engine, 'brain').restarts === 1, 5_000)
    expect(row(engine, 'brain').lastExit).toContain('no heartbeat for 2.')
    expect(events.some((event) => event.kind === 'log' && event.line.text.startsWith('brain stalled'))).toBe(true)
    await until('recovery', () => row(engine, 'brain').state === 'running')
    expect(alive(pid)).toBe(false)
  })

  it('the budget ends restarts; a person starts it again', async () => {
    const { engine } = start(folder(), {}, { timings: { restart: { windowMs: 60_000, delaysMs: [0, 0] } } })
    await engine.ready
    for (const _ of [1, 2, 3]) {
      engine.crash('feed')
      await until('down', () => row(engine, 'feed').state !== 'running')
      await until('up or failed', () => ['running', 'failed'].includes(row(engine, 'feed').state))
    }
    expect(row(engine, 'feed').state).toBe('failed')
    engine.restart('feed', 'by hand')
    await until('up', () => row(engine, 'feed').state === 'running')
  })

  it('the embedded exchange dies: everyone starts over on the new one', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    const before = ['feed', 'brain', 'reconciler'].map((name) => pidOf(engine, name))
    engine.crash('simulator')
    await until(
      'all replaced and released',
      () =>
        engine.released &&
        ['feed', 'brain', 'reconciler'].every((name, i) => row(engine, name).state === 'running' && pidOf(engine, name) !== before[i]),
    )
  })

  it('children of a host that was killed do not stay', async () => {
    const dataDir = folder()
    const { host, pids } = await hostProgram(dataDir)
    expect(pids.length).toBe(4)
    host.kill('SIGKILL')
    await until('all gone', () => !pids.some(alive), 3_000)
    const { engine } = start(dataDir)
    expect(await engine.ready).toMatchObject({ ok: true })
  })

  it('a host that was suspended does not take its children for dead', async () => {
    const { host, pids } = await hostProgram(folder())
    let printed = ''
    host.stdout.on('data', (text: Buffer) => (printed += text.toString()))
    host.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 3_500))
    host.kill('SIGCONT')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(printed).toBe('')
    expect(pids.every(alive)).toBe(true)
    host.kill('SIGKILL')
    await until('all gone', () => !pids.some(alive), 3_000)
  })
})

describe('kill switch', () => {
  it('persists, tells the brain, acts by the reconciler, confirms; survives a restart', async () => {
    const dataDir = folder()
    const first = start(dataDir)
    await first.engine.ready
    const state = await first.engine.kill('halt', 'a test', 'person')
    expect(state).toMatchObject({
      latch: { level: 'halt', reason: 'a test', confirmedAt: 1_234 },
      running: false,
      stillOpen: { orders: 0 },
    })
    expect(state.items).toEqual([{ id: '1', what: 'verify', symbol: 'BTCUSDT', detail: 'halt', outcome: 'confirmed' }])
    expect(names(dataDir)).toContain('brain.tradingState')
    expect(latchStore(dataDir).read()).toMatchObject({ level: 'halt', confirmedAt: 1_234 })
    await first.engine.stop()

    const second = start(dataDir)
    await second.engine.ready
    expect(second.engine.killState.latch).toMatchObject({ level: 'halt' })
    expect(second.engine.tradingState).toBe('halted')
    const inits = calls(dataDir).filter((one) => one.process === 'brain' && one.method === 'init')
    expect(inits.map((one) => one.arg)).toEqual(['active', 'halted'])
    expect(calls(dataDir).filter((one) => one.method === 'kill').length).toBe(1)
  })

  it('acts without the brain', async () => {
    const dataDir = folder({ exitOnInit: [] })
    const { engine } = start(dataDir, {}, { timings: { restart: { windowMs: 60_000, delaysMs: [60_000] } } })
    await engine.ready
    engine.crash('brain')
    await until('down', () => row(engine, 'brain').pid === null)
    expect(await engine.kill('flatten', 'brain dead', 'person')).toMatchObject({ latch: { confirmedAt: 1_234 } })
  })

  it('an unconfirmed kill goes on after a restart until it is confirmed', async () => {
    const dataDir = folder({ killUnconfirmed: true })
    const first = start(dataDir)
    await first.engine.ready
    expect(await first.engine.kill('flatten', 'a test', 'person')).toMatchObject({ latch: { confirmedAt: null }, running: true })
    await first.engine.stop()
    setScript(dataDir, {})
    const second = start(dataDir)
    await until('confirmed', () => second.engine.killState.latch?.confirmedAt === 1_234)
    expect(latchStore(dataDir).read()).toMatchObject({ level: 'flatten', confirmedAt: 1_234 })
  })

  it('a reconciler that is down is waited for', async () => {
    const { engine } = start(folder())
    await engine.ready
    engine.crash('reconciler')
    await until('down', () => row(engine, 'reconciler').state !== 'running')
    await engine.kill('halt', 'a test', 'person')
    await until('confirmed', () => engine.killState.latch?.confirmedAt === 1_234)
  })

  it('levels only rise', async () => {
    const { engine } = start(folder())
    await engine.ready
    await engine.kill('flatten', 'first', 'person')
    expect(await engine.kill('reduceOnly', 'second', 'person')).toMatchObject({ latch: { level: 'flatten', reason: 'second' } })
  })

  it('release needs the phrase, a flat venue and a clean reconciliation', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    expect(await engine.releaseKill(RELEASE_PHRASE)).toEqual({ released: false, reason: 'nothing is latched' })
    await engine.kill('halt', 'a test', 'person')
    expect(await engine.releaseKill('yes')).toEqual({ released: false, reason: `type "${RELEASE_PHRASE}" to release` })
    setScript(dataDir, { flat: { flat: false, orders: 1, positions: 2, error: null } })
    expect((await engine.releaseKill(RELEASE_PHRASE)).reason).toBe('not flat: 1 open orders, 2 positions at the venue')
    setScript(dataDir, { flat: { flat: true, orders: 0, positions: 0, error: 'timeout' } })
    expect((await engine.releaseKill(RELEASE_PHRASE)).reason).toBe('the venue could not be asked: timeout')
    setScript(dataDir, { critical: ['ghost-position: local 1, venue 0'] })
    expect((await engine.releaseKill(RELEASE_PHRASE)).reason).toContain('ghost-position')
    setScript(dataDir, { inconclusive: true })
    expect((await engine.releaseKill(RELEASE_PHRASE)).released).toBe(false)
    expect(latchStore(dataDir).read()).not.toBeNull()
    setScript(dataDir, {})
    await engine.reconcile('manual')
    expect(await engine.releaseKill(`  ${RELEASE_PHRASE.toUpperCase()} `)).toEqual({ released: true, reason: 'released' })
    expect(latchStore(dataDir).read()).toBeNull()
    expect(engine.tradingState).toBe('active')
  })

  it('a rail of the brain latches', async () => {
    const dataDir = folder({ trip: 'daily loss' })
    const { engine } = start(dataDir)
    await until('latched', () => engine.killState.latch?.confirmedAt === 1_234)
    expect(engine.killState.latch).toMatchObject({ by: 'rail', reason: 'daily loss', level: 'halt' })
  })

  it('a latch written by another program is obeyed within a second', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    latchStore(dataDir).write({ v: 1, level: 'flatten', reason: 'command line', by: 'cli', at: Date.now(), confirmedAt: null })
    await until('confirmed', () => engine.killState.latch?.confirmedAt === 1_234, 2_000)
    expect(engine.killState.latch).toMatchObject({ by: 'cli', level: 'flatten' })
  })

  it.each([
    ['after the latch was written', 'brain.tradingState'],
    ['while the reconciler acts', 'reconciler.kill'],
  ])('the host is killed %s: the next start is halted and carries the kill out', async (_when, call) => {
    const dataDir = folder()
    const { host, pids } = await hostProgram(dataDir)
    setScript(dataDir, { killHostOn: call })
    host.kill('SIGUSR2')
    await once(host, 'exit')
    expect(latchStore(dataDir).read()).toMatchObject({ level: 'flatten', confirmedAt: null })
    await until('children gone', () => !pids.some(alive), 3_000)
    setScript(dataDir, {})
    const { engine } = start(dataDir)
    expect(engine.tradingState).toBe('halted')
    await until('carried out', () => engine.killState.latch?.confirmedAt === 1_234)
    expect(latchStore(dataDir).read()).toMatchObject({ level: 'flatten', confirmedAt: 1_234 })
    const inits = (): unknown[] => calls(dataDir).flatMap((one) => (one.method === 'init' && one.process === 'brain' ? [one.arg] : []))
    await until('the brain', () => inits().length === 2)
    expect(inits()).toEqual(['active', 'halted'])
  })

  it('every latch, step and release is in the journal', async () => {
    const dataDir = folder()
    const { engine } = start(dataDir)
    await engine.ready
    await engine.kill('halt', 'a test', 'person')
    expect((await engine.releaseKill(RELEASE_PHRASE)).released).toBe(true)
    await engine.stop()
    const journal = openJournal(journalPath(dataDir), { build: '', session: '', process: 'test', readOnly: true })
    if (!journal.ok) throw new Error(journal.error.message)
    const rows = journal.value.rows({})
    const verified = journal.value.verify()
    journal.value.close()
    expect(rows.ok ? rows.value.map((one) => [one.process, one.kind, one.payload]) : rows.error).toMatchObject([
      ['host', 'kill-latch', { latch: { level: 'halt', by: 'person' }, reason: 'person: a test' }],
      ['host', 'kill-step', { level: 'halt', step: 'confirmed', items: [{ outcome: 'confirmed' }] }],
      ['host', 'kill-latch', { latch: null, reason: 'released by a person' }],
    ])
    expect(verified).toMatchObject({ ok: true, value: { ok: true } })
  })

  it.each(['', '{', '{"v":1}', 'null'])('a damaged latch file (%j) starts halted', async (text) => {
    const dataDir = folder()
    writeFileSync(join(dataDir, 'kill-latch.json'), text)
    const { engine } = start(dataDir)
    expect(engine.tradingState).toBe('halted')
    await until('carried out', () => engine.killState.latch?.confirmedAt === 1_234)
  })
})

describe('lock-step', () => {
  it('carries every barrier through feed and brain, in order, to the end', async () => {
    const dataDir = folder({ steps: 20 })
    const { engine, events } = start(dataDir, { lockStep: true })
    await engine.ready
    await until('the end', () => events.some((event) => event.kind === 'ended'))
    const rounds = calls(dataDir).filter((one) => ['barrier', 'proceed'].includes(one.method))
    expect(rounds.length).toBe(60)
    expect(rounds.slice(0, 3).map((one) => [one.process, one.arg])).toEqual([
      ['feed', { step: 1, time: 1_000, publicFrames: 1 }],
      ['brain', { step: 1, time: 1_000, ringHead: 10, userFrames: 0 }],
      ['simulator', { step: 1 }],
    ])
  })

  it('a brain killed at a barrier costs no step', async () => {
    const dataDir = folder({ steps: 400 })
    const { engine, events } = start(dataDir, { lockStep: true })
    await engine.ready
    engine.crash('brain')
    await until('the end', () => events.some((event) => event.kind === 'ended'))
    const proceeds = calls(dataDir).filter((one) => one.method === 'proceed')
    expect(proceeds.length).toBe(400)
  })

  it('the session repeats on a fresh folder and changes on a used one', async () => {
    const one = folder()
    const first = start(one, { lockStep: true, seed: 5 })
    await first.engine.stop()
    const second = start(one, { lockStep: true, seed: 5 })
    await second.engine.stop()
    const fresh = start(folder(), { lockStep: true, seed: 5 })
    expect(first.engine.session).toMatch(/^[a-z0-9]{8}$/)
    expect(fresh.engine.session).toBe(first.engine.session)
    expect(second.engine.session).not.toBe(first.engine.session)
  })
})

describe('stop', () => {
  it('asks every process, ends the stubborn by force, leaves nothing', async () => {
    const dataDir = folder({ stubborn: ['feed'] })
    const { engine } = start(dataDir, {}, { timings: { stopMs: 300 } })
    await engine.ready
    const pids = engine.processes().map((one) => one.pid ?? 0)
    await engine.stop()
    expect(
      names(dataDir)
        .filter((name) => name.endsWith('.stop'))
        .sort(),
    ).toEqual(['brain.stop', 'feed.stop', 'reconciler.stop', 'simulator.stop'])
    expect(pids.filter(alive)).toEqual([])
    expect(existsSync(engine.ringPath)).toBe(false)
  })
})
