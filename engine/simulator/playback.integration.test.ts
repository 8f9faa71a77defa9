/** What moves virtual time: the wall, the speed, the lock-step barrier; alone and as a process under a host. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { ADVANCED, childPort } from '../contract/ports/child.ts'
import type { SimulatorEvents, SimulatorMethods } from '../contract/processes.ts'
import { parseSettings } from '../contract/settings.ts'
import { connect } from '../contract/rpc.ts'
import { openSocket, publicGet, signed } from './protocol/raw-client.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from './server.ts'

type Barrier = SimulatorEvents['barrier']
const open: (() => unknown)[] = []
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close()
})
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function start(options: SimulatorOptions): Promise<Simulator> {
  const started = await startSimulator({ seed: 9, preludeBars: 60, ...options })
  if (!started.ok) throw new Error(started.error.message)
  open.push(() => started.value.close())
  return started.value
}

describe('free running', () => {
  it('equals the wall clock at speed 1, also when play comes late', async () => {
    const simulator = await start({ autoplay: false })
    await sleep(700)
    simulator.play()
    await sleep(50)
    expect(Math.abs(simulator.serverTime() - Date.now())).toBeLessThan(50)
  })

  it('runs at its speed, stands still when paused, ends at the horizon once', async () => {
    const ended: number[] = []
    const simulator = await start({ speed: 600, timebase: 'tape', horizonMs: 300_000, onEnded: ({ time }) => ended.push(time) })
    const from = simulator.startTime
    const began = performance.now()
    await sleep(200)
    const early = simulator.serverTime() - from
    expect(early).toBeGreaterThan(30_000)
    expect(early).toBeLessThan((performance.now() - began + 100) * 600)
    simulator.pause()
    const paused = simulator.serverTime()
    await sleep(100)
    expect(simulator.serverTime()).toBe(paused)
    simulator.play()
    while (!simulator.ended) await sleep(10)
    await sleep(50)
    expect(ended).toEqual([from + 300_000])
    expect(simulator.serverTime()).toBe(from + 300_000)
    expect((await publicGet(simulator.rest, '/fapi/v1/ping')).status).toBe(200)
  })
})

describe('lock-step', () => {
  /** A feed and a brain in one: waits for the frames of each barrier, reacts with an order now and then, answers. */
  async function run(jitter: boolean): Promise<{ sha: string; barriers: Barrier[]; account: string }> {
    const barriers: Barrier[] = []
    let settle: (barrier: Barrier) => Promise<void> = async () => {}
    let finish = (): void => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const simulator = await start({
      lockStep: true,
      speed: 100_000,
      timebase: 'tape',
      horizonMs: 30 * 60_000,
      autoplay: false,
      onBarrier: (barrier) => {
        barriers.push(barrier)
        void settle(barrier)
      },
      onEnded: finish,
    })
    const key = (await (
      await fetch(`${simulator.rest}/fapi/v1/listenKey`, { method: 'POST', headers: { 'X-MBX-APIKEY': simulator.key } })
    ).json()) as {
      listenKey: string
    }
    const user = await openSocket(`${simulator.ws}/private/ws/${key.listenKey}`)
    const market = await openSocket(`${simulator.ws}/market/ws/btcusdt@kline_1m/btcusdt@aggTrade`)
    open.push(
      () => user.ws.terminate(),
      () => market.ws.terminate(),
    )
    const access = { ...simulator, now: () => simulator.serverTime() }
    let orders = 0
    let seen = 0
    settle = async (barrier) => {
      while (market.frames.length < barrier.publicFrames || user.frames.length < barrier.userFrames) await sleep(1)
      const closes = market.frames.slice(seen).filter((frame) => frame.includes('"x":true')).length
      seen = market.frames.length
      if (jitter) await sleep(Math.random() * 4)
      if (closes > 0) {
        orders += 1
        const side = orders % 2 === 1 ? 'BUY' : 'SELL'
        const reply = await signed(access, 'POST', '/fapi/v1/order', {
          symbol: 'BTCUSDT',
          side,
          type: 'MARKET',
          quantity: '0.01',
          newClientOrderId: `step-${orders}`,
        })
        expect(reply.status).toBe(200)
      }
      simulator.proceed(barrier.step)
    }
    simulator.play()
    await finished
    expect(market.frames.length).toBe(simulator.counts.publicFrames)
    expect(simulator.counts.requests).toBe(orders)
    expect(orders).toBeGreaterThan(20)
    return { sha: simulator.exchange.eventLog().sha256, barriers, account: JSON.stringify(simulator.account()) }
  }

  it('settles everything at each barrier, and the same client gives the same run whatever its pace', async () => {
    const first = await run(false)
    const second = await run(true)
    expect(second.sha).toBe(first.sha)
    expect(second.account).toBe(first.account)
    expect(second.barriers).toEqual(first.barriers)
    for (let i = 1; i < first.barriers.length; i++) {
      const [before, after] = [first.barriers[i - 1], first.barriers[i]]
      if (before === undefined || after === undefined) continue
      expect(after.step).toBe(before.step + 1)
      expect(after.time).toBeGreaterThanOrEqual(before.time)
    }
    const settled = first.barriers.filter((barrier, i) => barrier.time === first.barriers[i - 1]?.time)
    expect(settled.length).toBeGreaterThan(20)
  })

  it('stands still while a barrier is open, and ignores an answer to another step', async () => {
    const barriers: Barrier[] = []
    const simulator = await start({
      lockStep: true,
      speed: 100_000,
      timebase: 'tape',
      autoplay: false,
      onBarrier: (barrier) => barriers.push(barrier),
    })
    const market = await openSocket(`${simulator.ws}/market/ws/btcusdt@aggTrade`)
    open.push(() => market.ws.terminate())
    simulator.play()
    while (barriers.length === 0) await sleep(5)
    await sleep(50)
    expect(barriers).toHaveLength(1)
    const at = simulator.serverTime()
    simulator.proceed(99)
    await sleep(50)
    expect(simulator.serverTime()).toBe(at)
    simulator.proceed(1)
    while (barriers.length === 1) await sleep(5)
    await sleep(50)
    expect(barriers).toHaveLength(2)
    expect(simulator.serverTime()).toBeGreaterThan(at)
  })

  it('does not run ahead of its speed', async () => {
    const simulator = await start({
      lockStep: true,
      speed: 300,
      timebase: 'tape',
      autoplay: false,
      onBarrier: (barrier) => setImmediate(() => simulator.proceed(barrier.step)),
    })
    const market = await openSocket(`${simulator.ws}/market/ws/btcusdt@aggTrade`)
    open.push(() => market.ws.terminate())
    const began = performance.now()
    simulator.play()
    await sleep(500)
    const virtual = simulator.serverTime() - simulator.startTime
    expect(virtual).toBeLessThanOrEqual((performance.now() - began) * 300)
    expect(virtual).toBeGreaterThan(30_000)
  })
})

describe('as a process', () => {
  it('serves init, play, account, fault, stop, and beats', async () => {
    const child = fork(fileURLToPath(new URL('../processes/simulator.ts', import.meta.url)), { serialization: ADVANCED, stdio: 'inherit' })
    open.push(() => child.kill('SIGKILL'))
    const exited = new Promise<number | null>((resolve) => child.on('exit', (code) => resolve(code)))
    const peer = connect<object, object, SimulatorMethods, SimulatorEvents>(childPort(child), {})
    let beats = 0
    peer.on('heartbeat', () => {
      beats += 1
    })
    const ended = new Promise<number>((resolve) => peer.on('ended', ({ time }) => resolve(time)))
    const settings = parseSettings({ tape: { kind: 'demo' }, speed: 1_000, startingBalance: '2500' })
    if (!settings.ok) throw new Error(settings.error.message)
    const credentials = { key: 'k'.repeat(20), secret: 's'.repeat(20) }
    const init = {
      settings: settings.value,
      symbols: ['BTCUSDT', 'ETHUSDT'],
      port: 0,
      dataDir: '',
      timebase: 'tape',
      horizonMs: 600_000,
      credentials,
    } as const
    const ready = await peer.call('init', init, 30_000)
    if (!ready.ok) throw new Error(ready.error.message)
    expect(ready.value).toMatchObject({ key: credentials.key, secret: credentials.secret })
    expect((await peer.call('init', init)).ok).toBe(false)
    const before = (await publicGet(ready.value.rest, '/fapi/v1/time')).body as { serverTime: number }
    expect(before.serverTime).toBe(ready.value.startTime)
    expect(await peer.call('account', null)).toMatchObject({ ok: true, value: { wallet: '2500', orders: 0 } })
    expect((await peer.call('fault', { on: 'request', path: '*', effect: { do: 'internal' } })).ok).toBe(true)
    expect((await peer.call('fault', { on: 'nothing' })).ok).toBe(false)
    expect((await publicGet(ready.value.rest, '/fapi/v1/ping')).status).toBe(503)
    await peer.call('play', null)
    expect(await ended).toBe(ready.value.startTime + 600_000)
    expect(beats).toBeGreaterThan(1)
    await peer.call('stop', null)
    expect(await exited).toBe(0)
  })
})
