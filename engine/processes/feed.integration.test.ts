/** The feed as a real process against the real simulator: history, live ticks, poison, cuts, silence, barrier. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { ADVANCED, childPort } from '../contract/ports/child.ts'
import type {
  BudgetObservation,
  FeedEvents,
  FeedMethods,
  FeedStatus,
  LogLine,
  ProcessInit,
  SimulatorEvents,
} from '../contract/processes.ts'
import { connect, type Peer } from '../contract/rpc.ts'
import { parseSettings } from '../contract/settings.ts'
import { TICK_WORDS, TickKind, tickKind, tickSymbolId } from '../contract/tick.ts'
import { createReader, removeRing, ringPath, type RingReader } from '../ring/index.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/server.ts'

interface Tick {
  readonly sequence: number
  readonly symbolId: number
  readonly kind: TickKind
  readonly timeMs: number
  readonly words: readonly number[]
}

interface Running {
  readonly sim: Simulator
  readonly child: ChildProcess
  readonly feed: Peer<FeedMethods, FeedEvents>
  readonly ticks: Tick[]
  readonly logs: LogLine[]
  readonly budgets: BudgetObservation[]
  status(): FeedStatus | undefined
  drain(): void
}

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

let counter = 0
/** The simulator's REST, but for the newest-first positions of `lacks` in every list of klines: minutes the venue has not. */
async function withoutMinutes(rest: string, lacks: ReadonlySet<number>): Promise<string> {
  let missing: ReadonlySet<number> | undefined
  const server = createServer((request, answer) => {
    void fetch(`${rest}${request.url}`).then(async (reply) => {
      let text = await reply.text()
      if (request.url?.startsWith('/fapi/v1/klines') === true) {
        const rows: readonly (readonly unknown[])[] = JSON.parse(text)
        missing ??= new Set(rows.map((row) => Number(row[0])).filter((_, n) => lacks.has(rows.length - 1 - n)))
        text = JSON.stringify(rows.filter((row) => missing?.has(Number(row[0])) !== true))
      }
      answer.writeHead(reply.status, { 'content-type': 'application/json' }).end(text)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return `http://127.0.0.1:${address.port}`
}

async function run(options: SimulatorOptions & { rate?: number; lacks?: readonly number[] } = {}): Promise<Running> {
  const started = await startSimulator({ seed: 7, symbols: ['BTCUSDT', 'ETHUSDT'], ...options })
  if (!started.ok) throw new Error(started.error.message)
  const sim = started.value
  cleanups.push(() => sim.close())
  const settings = parseSettings({ symbols: options.symbols ?? ['BTCUSDT', 'ETHUSDT'], lockStep: options.lockStep ?? false })
  if (!settings.ok) throw new Error(settings.error.message)
  const path = ringPath(`feed-test-${process.pid}-${(counter += 1)}`)
  const child = spawn(process.execPath, [new URL('./feed.ts', import.meta.url).pathname], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: ADVANCED,
  })
  cleanups.push(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    }
    removeRing(path)
  })
  const feed = connect<object, object, FeedMethods, FeedEvents>(childPort(child), {})
  const ticks: Tick[] = []
  const logs: LogLine[] = []
  const budgets: BudgetObservation[] = []
  let status: FeedStatus | undefined
  feed.on('status', (one) => (status = one))
  feed.on('log', (line) => logs.push(line))
  feed.on('budget', (one) => budgets.push(one))
  const init: ProcessInit = {
    settings: settings.value,
    symbols: settings.value.symbols,
    ringPath: path,
    dataDir: '/nonexistent',
    endpoints: {
      rest: options.lacks === undefined ? sim.rest : await withoutMinutes(sim.rest, new Set(options.lacks)),
      ws: sim.ws,
      rate: options.rate ?? options.speed ?? 1,
      real: false,
    },
    build: 'test',
    session: 'test0000',
  }
  const answer = await feed.call('init', init)
  expect(answer).toEqual({ ok: true, value: null })
  const opened = createReader(path, { index: 1, from: 'oldest' })
  if (!opened.ok) throw new Error(opened.error.message)
  const reader: RingReader = opened.value
  cleanups.push(() => reader.close())
  const drain = (): void => {
    for (let n = reader.drain(); n > 0; n = reader.drain()) {
      for (let tick = 0; tick < n; tick += 1) {
        const words = [...reader.view.subarray(tick * TICK_WORDS, (tick + 1) * TICK_WORDS)]
        const [sequence = 0, head = 0, micros = 0] = words
        ticks.push({ sequence, symbolId: tickSymbolId(head), kind: tickKind(head), timeMs: micros / 1_000, words })
      }
    }
  }
  return { sim, child, feed, ticks, logs, budgets, status: () => status, drain }
}

async function until(what: string, isReached: () => boolean, ms = 20_000): Promise<void> {
  const end = Date.now() + ms
  while (!isReached()) {
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const of = (running: Running, symbolId: number, kind: TickKind): readonly Tick[] => {
  running.drain()
  return running.ticks.filter((tick) => tick.symbolId === symbolId && tick.kind === kind)
}
const finals = (running: Running, symbolId: number): readonly Tick[] => {
  running.drain()
  return running.ticks.filter(
    (tick) => tick.symbolId === symbolId && (tick.kind === TickKind.barClosed || tick.kind === TickKind.barHistory),
  )
}

/** Every final bar in the ring says exactly what the venue's own klines say. */
async function expectVenueBars(running: Running, symbolId: number, symbol: string): Promise<void> {
  const published = finals(running, symbolId)
  const answer = await fetch(`${running.sim.rest}/fapi/v1/klines?symbol=${symbol}&interval=1m&limit=1000`)
  const rows: readonly (readonly (string | number)[])[] = JSON.parse(await answer.text())
  const venue = new Map(rows.map((row) => [Number(row[0]), row.slice(1, 6).map(Number)]))
  for (const tick of published) expect(venue.get(tick.timeMs), `bar ${tick.timeMs}`).toEqual(tick.words.slice(3))
  const times = published.map((tick) => tick.timeMs)
  expect(times.filter((time, n) => n > 0 && time - (times[n - 1] ?? 0) !== 60_000)).toEqual([])
}

describe('feed', () => {
  it('publishes reset, 500 bars of history, then live ticks of every kind', async () => {
    const running = await run({ speed: 60 })
    for (const symbolId of [0, 1]) {
      await until('history', () => of(running, symbolId, TickKind.barHistory).length >= 500)
      for (const kind of [TickKind.trade, TickKind.bar, TickKind.mark, TickKind.bookTop, TickKind.barClosed]) {
        await until(`kind ${kind}`, () => of(running, symbolId, kind).length > 0)
      }
      const first = running.ticks.find((tick) => tick.symbolId === symbolId && tick.kind !== TickKind.bookTop)
      expect(first?.kind).toBe(TickKind.reset)
      await expectVenueBars(running, symbolId, symbolId === 0 ? 'BTCUSDT' : 'ETHUSDT')
    }
    await until('a status', () => running.status() !== undefined)
    expect(running.status()?.poison).toEqual({})
    expect(running.budgets.length).toBeGreaterThan(0)
    expect(running.status()?.gapsOpen).toBe(0)
  })

  it('refuses every poison, counts it, and passes the good data', async () => {
    const running = await run({ speed: 60 })
    await until('live', () => of(running, 0, TickKind.trade).length > 5)
    const poisons = [
      'null',
      'missingField',
      'text',
      'emptyText',
      'zero',
      'negative',
      'positiveInfinity',
      'negativeInfinity',
      'hugeExponent',
      'notANumber',
      'bareNaN',
      'highBelowLow',
      'closeOutside',
      'negativeVolume',
      'timeZero',
      'timeFuture',
      'timeBack',
      'wrongSymbol',
      'jump',
      'beyondSafeInteger',
      'deepNesting',
      'oneMegabyte',
      'truncated',
      'invalidUtf8',
      'prototypeKeys',
      'arrayForObject',
      'nullFrame',
    ]
    const streams = ['btcusdt@kline_1m', 'btcusdt@aggTrade', 'btcusdt@markPrice@1s', 'btcusdt@bookTicker']
    let expected = 0
    for (const stream of streams) {
      for (const poison of poisons) {
        const armed = running.sim.fault({ on: 'frame', stream, effect: { do: 'poison', poison, keep: true } })
        expect(armed.ok).toBe(true)
        expected += 1
      }
    }
    const count = (): number => Object.values(running.status()?.poison ?? {}).reduce((sum, n) => sum + n, 0)
    await until(`${expected} refusals`, () => count() >= expected, 60_000)
    running.drain()
    const bad = running.ticks.filter(
      (tick) => tick.words.some((word) => !Number.isFinite(word)) || (tick.words[3] === 0 && tick.kind !== TickKind.reset),
    )
    expect(bad).toEqual([])
    const before = of(running, 0, TickKind.trade).length
    await until('trades go on', () => of(running, 0, TickKind.trade).length > before + 5)
    expect(running.child.exitCode).toBeNull()
    const times = finals(running, 0).map((tick) => tick.timeMs)
    expect(new Set(times).size).toBe(times.length)
  }, 120_000)

  it('fills the bars missed while the connection was cut, before live bars go on', async () => {
    const running = await run({ speed: 120 })
    await until('live', () => of(running, 0, TickKind.barClosed).length > 1)
    running.sim.fault({ on: 'time', effect: { do: 'refuseSockets', ms: 360_000 } })
    running.sim.fault({ on: 'time', effect: { do: 'cutSockets' } })
    await until('reconnected', () => of(running, 0, TickKind.reset).length > 1)
    const resetAt = running.ticks.findLast((tick) => tick.symbolId === 0 && tick.kind === TickKind.reset)?.sequence ?? 0
    await until('live again', () => of(running, 0, TickKind.barClosed).some((tick) => tick.sequence > resetAt))
    await expectVenueBars(running, 0, 'BTCUSDT')
    const bars: readonly TickKind[] = [TickKind.bar, TickKind.barClosed, TickKind.barHistory]
    expect(running.ticks.find((tick) => tick.symbolId === 0 && tick.sequence > resetAt && bars.includes(tick.kind))?.kind).toBe(
      TickKind.barHistory,
    )
    await until('the reconnect is told', () => running.status()?.streams.some((stream) => stream.reconnects > 0) === true)
  })

  it('fills a bar whose close never came', async () => {
    const running = await run({ speed: 60 })
    await until('live', () => of(running, 0, TickKind.barClosed).length > 0)
    running.sim.fault({ on: 'time', effect: { do: 'market', fault: { kind: 'kline', symbol: 'BTCUSDT', how: 'missing' } } })
    const seen = finals(running, 0).length
    await until('four more minutes', () => finals(running, 0).length >= seen + 4)
    await expectVenueBars(running, 0, 'BTCUSDT')
  })

  it.each([3_600_000, -3_600_000])('goes on when the venue clock jumps by %i ms', async (jump) => {
    const running = await run({ speed: 1, symbols: ['BTCUSDT'] })
    await until('live', () => of(running, 0, TickKind.mark).length > 2)
    expect(running.sim.fault({ on: 'time', effect: { do: 'clockJump', ms: jump } }).ok).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 300))
    const before = of(running, 0, TickKind.mark).length
    await until('marks go on', () => of(running, 0, TickKind.mark).length > before + 3)
    /* a reconnect measures the clock anew */
    running.sim.fault({ on: 'time', effect: { do: 'cutSockets' } })
    await until('reconnected', () => of(running, 0, TickKind.reset).length > 1)
    const { length } = of(running, 0, TickKind.mark)
    await until('marks go on after it', () => of(running, 0, TickKind.mark).length > length + 3)
    await until('books go on after it', () =>
      of(running, 0, TickKind.bookTop).some(
        (tick) => tick.sequence > (running.ticks.findLast((one) => one.kind === TickKind.reset)?.sequence ?? 0),
      ),
    )
  })

  it('a hole of more than five minutes that the venue cannot fill is marked for every reader and said once; a shorter one only marked', async () => {
    const running = await run({ symbols: ['BTCUSDT'], lacks: [20, 21, 22, 23, 24, 25, 26, 27, 40, 41] })
    await until('gaps', () => of(running, 0, TickKind.gap).length >= 2)
    expect(of(running, 0, TickKind.gap).map((tick) => tick.words[4])).toEqual([2, 8])
    const said = (): readonly string[] => running.logs.map(({ text }) => text).filter((text) => text.includes('without data'))
    await until('asked again', () => (running.status()?.metrics.requests ?? 0) > 4)
    expect(said()).toEqual([
      expect.stringMatching(/^BTCUSDT: 8 minutes without data from [\d-]+ [\d:]+ to [\d-]+ [\d:]+ UTC, and the venue has none$/),
    ])
    expect(of(running, 0, TickKind.gap)).toHaveLength(2)
    expect(running.status()?.gapsOpen).toBe(2)
  })

  it('a symbol whose bars stop while its connection lives is filled by REST', async () => {
    const running = await run({ speed: 60, symbols: ['BTCUSDT'] })
    await until('live', () => of(running, 0, TickKind.barClosed).length > 0)
    running.sim.fault({ on: 'frame', stream: 'btcusdt@kline_1m', times: 100_000, effect: { do: 'dropFrame' } })
    const closed = of(running, 0, TickKind.barClosed).length
    const seen = finals(running, 0).length
    await until('bars without the stream', () => finals(running, 0).length >= seen + 5)
    expect(of(running, 0, TickKind.barClosed).length).toBeLessThanOrEqual(closed + 1)
    await expectVenueBars(running, 0, 'BTCUSDT')
  })

  it('publishes its history again for a reader that restarted', async () => {
    const running = await run({ speed: 1 })
    await until('history', () => of(running, 1, TickKind.barHistory).length >= 500)
    const before = of(running, 1, TickKind.barHistory).length
    const other = of(running, 0, TickKind.barHistory).length
    expect(await running.feed.call('history', { symbols: ['ETHUSDT'] })).toEqual({ ok: true, value: null })
    await until('again', () => of(running, 1, TickKind.barHistory).length >= 2 * before)
    expect(of(running, 0, TickKind.barHistory).length).toBe(other)
  })

  it('answers a lock-step barrier only when what was sent is in the ring', async () => {
    const barriers: SimulatorEvents['barrier'][] = []
    const running = await run({
      speed: 3_000,
      lockStep: true,
      timebase: 'tape',
      autoplay: false,
      onBarrier: (barrier) => barriers.push(barrier),
    })
    expect(of(running, 0, TickKind.barHistory).length).toBeGreaterThanOrEqual(500)
    running.sim.play()
    let head = 0
    for (let step = 0; step < 200; step += 1) {
      await until('a barrier', () => barriers.length > 0, 5_000)
      const barrier = barriers.shift()
      if (barrier === undefined) break
      const answer = await running.feed.call('barrier', { step: barrier.step, time: barrier.time, publicFrames: barrier.publicFrames })
      if (!answer.ok) throw new Error(answer.error.message)
      head = answer.value.ringHead
      running.drain()
      expect(running.ticks.at(-1)?.sequence).toBe(head)
      running.sim.proceed(barrier.step)
    }
    const sent = running.sim.counts.publicFrames
    const live = running.ticks.filter((tick) => tick.kind !== TickKind.reset && tick.kind !== TickKind.gap)
    await until('status', () => (running.status()?.frames ?? 0) >= sent)
    expect(live.length).toBeGreaterThan(500)
    expect(running.status()?.poison).toEqual({})
  })

  it('stops on request with exit code 0', async () => {
    const running = await run()
    const exit = once(running.child, 'exit')
    expect(await running.feed.call('stop', null)).toEqual({ ok: true, value: null })
    expect(await exit).toEqual([0, null])
  })
})
