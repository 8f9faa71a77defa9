/** The supervisor over real child processes (stand-ins under fixtures/): the kill switch, its latch, and its way through every death. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { RELEASE_PHRASE } from '../contract/kill.ts'
import { openJournal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import { alive, calls, cleanUp, folder, hostProgram, names, row, setScript, start, until } from './fixtures/engine-of-stand-ins.ts'
import { latchStore } from './latch.ts'

afterEach(cleanUp)

describe('kill switch', () => {
  it('P7: persists, tells the brain, acts by the reconciler, confirms; survives a restart', async () => {
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

  it('P7: acts without the brain', async () => {
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

  it('P7: release needs the phrase, a flat venue and a clean reconciliation', async () => {
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
    // The reconciler is asked beside the brain: it must not confirm before the brain's call has killed the host.
    setScript(dataDir, { killHostOn: call, killUnconfirmed: true })
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
