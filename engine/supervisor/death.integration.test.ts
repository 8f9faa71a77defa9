/** The supervisor over real child processes (stand-ins under fixtures/): death, stall, and a host that dies or sleeps. */
import { afterEach, describe, expect, it } from 'vitest'
import { alive, cleanUp, folder, hostProgram, names, pidOf, row, start, until } from './fixtures/engine-of-stand-ins.ts'

afterEach(cleanUp)

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
