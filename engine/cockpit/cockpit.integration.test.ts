/** The cockpit over an engine of stand-in processes: state, calls, modes, proofs, and the wire protocol on top. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { CockpitState, StateMessage } from '../contract/cockpit.ts'
import { RELEASE_PHRASE } from '../contract/kill.ts'
import { writeTick, TickKind } from '../contract/tick.ts'
import type { AuditReport, CheckResult, ProofRunner } from '../contract/proof.ts'
import { fail, ok } from '../contract/result.ts'
import { parseSettings } from '../contract/settings.ts'
import { openJournal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import { createProducer } from '../ring/index.ts'
import type { Script } from '../supervisor/fixtures/stand-in.ts'
import { startEngine } from '../supervisor/engine.ts'
import { nodeSpawner } from '../supervisor/node-spawner.ts'
import { createCockpit, type Cockpit, type CockpitOptions } from './cockpit.ts'

const open: { cockpit: Cockpit; dataDir: string }[] = []
const extra: string[] = []
afterEach(async () => {
  for (const one of open.splice(0)) {
    await one.cockpit.stop()
    rmSync(one.dataDir, { recursive: true, force: true })
  }
  for (const folder of extra.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const make = (options: Partial<CockpitOptions> = {}, script: Script = {}) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'aegis-cockpit-'))
  writeFileSync(join(dataDir, 'script.json'), JSON.stringify(script))
  const settings = parseSettings({ upstream: { rest: 'http://127.0.0.1:9', ws: 'ws://127.0.0.1:9' } })
  if (!settings.ok) throw new Error(settings.error.message)
  const launched: string[] = []
  const created = createCockpit({
    settings: settings.value,
    version: '0.0.0',
    launch(chosen) {
      launched.push(`${chosen.mode} ${chosen.tape.kind} ${chosen.speed}`)
      return startEngine(chosen, {
        spawner: nodeSpawner(),
        dataDir,
        build: 'test',
        host: 'node',
        entry: (name) => new URL(`../supervisor/fixtures/${name}.ts`, import.meta.url),
      })
    },
    ...options,
  })
  if (!created.ok) throw new Error(created.error.message)
  const cockpit = created.value
  open.push({ cockpit, dataDir })
  return { cockpit, dataDir, launched }
}

const until = async (what: string, condition: () => boolean, ms = 10_000): Promise<void> => {
  const deadline = performance.now() + ms
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('cockpit', () => {
  it('a replica built from snapshot and deltas equals the state, without a gap', async () => {
    const { cockpit } = make()
    let replica: CockpitState | null = null
    let seq = -1
    const gaps: string[] = []
    cockpit.subscribe('state', (message: StateMessage) => {
      if (message.type === 'snapshot') replica = message.state
      else {
        if (message.seq !== seq + 1) gaps.push(`${seq} → ${message.seq}`)
        if (replica !== null) replica = { ...replica, ...message.changed }
      }
      seq = message.seq
    })
    await cockpit.engine.ready
    await cockpit.call('halt', { level: 'halt', reason: 'a test' })
    await until('quiet', () => cockpit.state.kill.latch?.confirmedAt === 1_234)
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(gaps).toEqual([])
    expect(Object.assign({}, replica, { processes: [] })).toEqual({ ...cockpit.state, processes: [] })
  })

  it('shows all processes, the host included', async () => {
    const { cockpit } = make()
    await cockpit.engine.ready
    expect(cockpit.state.processes.map((row) => [row.name, row.state])).toEqual([
      ['host', 'running'],
      ['simulator', 'running'],
      ['feed', 'running'],
      ['brain', 'running'],
      ['reconciler', 'running'],
    ])
  })

  it('checks every argument and names what is wrong', async () => {
    const { cockpit } = make()
    expect(await cockpit.call('halt', { level: 'explode', reason: '' } as never)).toMatchObject({
      ok: false,
      error: { code: 'bad-argument' },
    })
    expect(await cockpit.call('ping', 1 as never)).toMatchObject({ ok: false, error: { code: 'bad-argument' } })
    expect(await cockpit.call('nothing' as never, null as never)).toMatchObject({ ok: false, error: { code: 'unknown-method' } })
    expect(await cockpit.call('toString' as never, null as never)).toMatchObject({ ok: false })
    expect(await cockpit.call('restartProcess', { name: 'simulator' } as never)).toMatchObject({
      ok: false,
      error: { code: 'bad-argument' },
    })
    expect(await cockpit.call('ping', null)).toMatchObject({ ok: true })
  })

  it('halts and releases', async () => {
    const { cockpit } = make()
    await cockpit.engine.ready
    expect(await cockpit.call('halt', { level: 'flatten', reason: 'a test' })).toMatchObject({
      ok: true,
      value: { latch: { level: 'flatten', by: 'person' } },
    })
    expect(cockpit.state.kill.latch).toMatchObject({ level: 'flatten' })
    expect(await cockpit.call('releaseHalt', { phrase: 'no' })).toMatchObject({ ok: true, value: { released: false } })
    expect(await cockpit.call('releaseHalt', { phrase: RELEASE_PHRASE })).toMatchObject({ ok: true, value: { released: true } })
    expect(cockpit.state.kill.latch).toBeNull()
  })

  it('live is visible, locked, and says what it lacks; paper restarts the engine on the upstream', async () => {
    const { cockpit, launched } = make()
    await cockpit.engine.ready
    const live = cockpit.state.mode.options.find((one) => one.mode === 'live')
    expect(live?.locked).toBe(true)
    expect(live?.lacks.length).toBeGreaterThan(1)
    expect(await cockpit.call('setMode', { mode: 'live' })).toMatchObject({ ok: false, error: { code: 'locked' } })
    const before = cockpit.engine.session
    const switching = cockpit.call('setMode', { mode: 'paper' })
    await until('switching shown', () => cockpit.state.mode.switching)
    expect(await cockpit.call('setMode', { mode: 'paper' })).toMatchObject({ ok: false, error: { code: 'busy' } })
    expect(await switching).toMatchObject({ ok: true, value: { mode: 'paper' } })
    expect(cockpit.engine.session).not.toBe(before)
    expect(cockpit.state.mode).toMatchObject({ current: 'paper', switching: false })
    expect(launched).toEqual(['simulated demo 60', 'paper live 1'])
    expect(await cockpit.engine.ready).toMatchObject({ ok: true })
  })

  it('a mode that does not start leads back to the former one', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'aegis-cockpit-'))
    extra.push(dataDir)
    const { cockpit } = make({
      launch: (chosen) =>
        chosen.mode === 'paper'
          ? fail('failed', 'no upstream')
          : startEngine(chosen, {
              spawner: nodeSpawner(),
              dataDir,
              build: 'test',
              host: 'node',
              entry: (name) => new URL(`../supervisor/fixtures/${name}.ts`, import.meta.url),
            }),
    })
    await cockpit.engine.ready
    expect(await cockpit.call('setMode', { mode: 'paper' })).toMatchObject({
      ok: false,
      error: { message: 'paper did not start: no upstream; back in simulated' },
    })
    expect(cockpit.state.mode).toMatchObject({ current: 'simulated', switching: false })
    expect(await cockpit.engine.ready).toMatchObject({ ok: true })
  })

  it('market rows and candles come from the ring itself', async () => {
    const { cockpit } = make()
    const messages: unknown[] = []
    cockpit.subscribe('candles', (message) => messages.push(message))
    const producer = createProducer(cockpit.engine.ringPath)
    if (!producer.ok) throw new Error(producer.error.message)
    const { view } = producer.value
    const minute = 1_700_000_040_000
    writeTick(view, 0, 0, TickKind.barHistory, (minute - 60_000) * 1_000, 9, 11, 8, 10, 5)
    writeTick(view, 1, 0, TickKind.trade, (minute + 1_000) * 1_000, 10.5, 0.25, 1, 0, 0)
    writeTick(view, 2, 0, TickKind.bar, minute * 1_000, 10, 10.5, 10, 10.5, 1)
    writeTick(view, 3, 0, TickKind.bookTop, (minute + 1_500) * 1_000, 10.4, 1, 10.6, 1, 7)
    producer.value.publish(4)
    await until('the row', () => cockpit.state.market[0]?.bid === '10.4')
    expect(cockpit.state.market[0]).toMatchObject({
      symbol: 'BTCUSDT',
      last: '10.5',
      ask: '10.6',
      dayOpen: '9.0',
      ticks: 3,
      venueTime: minute + 1_500,
    })
    await until('bars', () => messages.length >= 2)
    expect(messages[0]).toEqual({ type: 'history', symbol: 'BTCUSDT', bars: [] })
    expect(messages[1]).toMatchObject({
      symbol: 'BTCUSDT',
      bars: [
        { time: (minute - 60_000) / 1_000, close: 10 },
        { time: minute / 1_000, close: 10.5 },
      ],
    })
    /* a minute whose kline is late shows what its trades say, until the kline says it */
    writeTick(view, 0, 0, TickKind.trade, (minute + 60_100) * 1_000, 10.7, 2, 8, 0, 0)
    writeTick(view, 1, 0, TickKind.trade, (minute + 60_200) * 1_000, 10.3, 1, 9, 0, 0)
    producer.value.publish(2)
    await until('the late minute', () => messages.length >= 3)
    const next = { time: minute / 1_000 + 60, open: 10.7, high: 10.7, low: 10.3, close: 10.3, volume: 3, present: true }
    expect(messages[2]).toEqual({ type: 'bars', symbol: 'BTCUSDT', bars: [next] })
    writeTick(view, 0, 0, TickKind.bar, (minute + 60_000) * 1_000, 10.7, 10.8, 10.3, 10.3, 4)
    writeTick(view, 1, 0, TickKind.trade, (minute + 60_300) * 1_000, 10.9, 1, 10, 0, 0)
    producer.value.publish(2)
    await until('its kline', () => messages.length >= 4)
    expect(messages[3]).toMatchObject({ bars: [{ ...next, high: 10.8, volume: 4 }] })
    producer.value.close()
  })

  it('runs an injected audit once at a time, with progress, results, history; and stops it', async () => {
    const check = (id: string): CheckResult => ({
      id,
      suite: 's',
      dimension: 'd',
      title: id,
      status: 'pass',
      measured: '1',
      expected: '1',
      durationMs: 1,
      evidence: {},
    })
    let resume: () => void = () => {}
    const audit: ProofRunner<AuditReport> = {
      list: () => [{ id: 'A', suite: 's', title: 'A' }],
      async run(_options, onProgress, signal) {
        onProgress({ id: 'r', done: 0, total: 1, current: 'A' })
        await new Promise<void>((resolve) => {
          resume = resolve
          signal.addEventListener('abort', () => resolve())
        })
        if (signal.aborted) return fail('stopped', 'stopped')
        onProgress({ id: 'r', done: 1, total: 1, current: '' }, check('A'))
        return ok({ id: 'r', startedAt: 1, durationMs: 1, suites: ['s'], seed: 1, build: 'test', checks: [check('A')] })
      },
    }
    const { cockpit } = make({ audit })
    expect(cockpit.state.audit.catalog).toEqual([{ id: 'A', suite: 's', title: 'A' }])
    expect(await cockpit.call('runChaos', {})).toMatchObject({ ok: false, error: { code: 'unavailable' } })
    expect(await cockpit.call('runAudit', {})).toMatchObject({ ok: true })
    expect(await cockpit.call('runAudit', {})).toMatchObject({ ok: false, error: { code: 'busy' } })
    await until('progress', () => cockpit.state.audit.running?.current === 'A')
    resume()
    await until('the end', () => cockpit.state.audit.running === null)
    expect(cockpit.state.audit).toMatchObject({
      items: [{ id: 'A' }],
      last: { id: 'r' },
      history: [{ id: 'r', summary: '1 of 1 pass, 0 warn, 0 fail, 0 skip', ok: true }],
    })
    await cockpit.call('runAudit', {})
    await cockpit.call('stopProof', null)
    await until('stopped', () => cockpit.state.audit.running === null)
    expect(cockpit.state.audit.history[0]).toMatchObject({ summary: 'stopped', ok: false })
    expect(cockpit.state.audit.last).toMatchObject({ id: 'r' })
  })

  it('reads the journal: tail, verification, fills as CSV that no spreadsheet runs', async () => {
    const { cockpit, dataDir } = make()
    expect(await cockpit.call('exportFills', null)).toMatchObject({ ok: false, error: { code: 'no-journal' } })
    const journal = openJournal(journalPath(dataDir), { build: 'test', session: 'abcdefgh', process: 'brain' })
    if (!journal.ok) throw new Error(journal.error.message)
    journal.value.append('note', { text: 'hello' }, 1)
    const fill = {
      symbol: 'BTCUSDT',
      tradeId: '1',
      orderId: '2',
      clientId: '=cmd()',
      side: 'SELL',
      positionSide: 'BOTH',
      price: '100.5',
      quantity: '0.1',
      realizedPnl: '-1.5',
      commission: '0.01',
      commissionAsset: 'USDT',
      maker: false,
      time: 1_700_000_000_000,
      realized: '-1.5',
      wallet: '10',
      source: 'stream',
      foreign: false,
    }
    journal.value.append('fill', fill as never, 2, { symbol: 'BTCUSDT', ref: '1' })
    const csv = await cockpit.call('exportFills', null)
    expect(csv.ok ? csv.value.csv.split('\r\n')[1] : csv.error.message).toBe(
      "2023-11-14T22:13:20.000Z,BTCUSDT,SELL,BOTH,100.5,0.1,-1.5,0.01,USDT,false,1,2,'=cmd(),stream",
    )
    expect(await cockpit.call('journalTail', { limit: 1 })).toMatchObject({ ok: true, value: { rows: [{ seq: 2, kind: 'fill' }] } })
    expect(await cockpit.call('verifyJournal', null)).toMatchObject({ ok: true, value: { ok: true, rows: 2 } })
    journal.value.close()
  })
})
