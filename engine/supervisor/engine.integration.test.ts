/** The supervisor over real child processes (stand-ins under fixtures/): start, wiring, lock-step, stop. */
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { startEngine } from './engine.ts'
import { alive, calls, cleanUp, folder, names, row, setScript, settings, start, until } from './fixtures/engine-of-stand-ins.ts'
import { nodeSpawner } from './node-spawner.ts'

afterEach(cleanUp)

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
