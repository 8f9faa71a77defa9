/** The private stream against the real simulator: nothing lost in silence, whatever happens to key, socket or frames. */
import { afterEach, describe, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import type { LogLine } from '../contract/processes.ts'
import type { UserEvent, UserStream } from '../contract/venue.ts'
import { startSimulator, type Simulator, type SimulatorOptions } from '../simulator/server.ts'
import { allowedHosts } from './allowed-hosts.ts'
import { createVenue, type Venue } from './index.ts'
import { createStreamSocket } from './stream-socket.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

interface Bench {
  readonly sim: Simulator
  readonly venue: Venue
  readonly stream: UserStream
  readonly events: UserEvent[]
  readonly logs: LogLine[]
}

async function bench(options: SimulatorOptions = {}): Promise<Bench> {
  const started = await startSimulator({ seed: 5, symbols: ['BTCUSDT'], ...options })
  if (!started.ok) throw new Error(started.error.message)
  const sim = started.value
  const logs: LogLine[] = []
  const venue = createVenue({
    endpoints: { rest: sim.rest, ws: sim.ws, rate: options.speed ?? 1, real: false },
    credentials: { key: sim.key, secret: sim.secret },
    source: 'brain',
    random: () => 0.5,
    lockStep: options.lockStep ?? false,
    onLog: (line) => logs.push(line),
  })
  cleanups.push(
    () => sim.close(),
    () => venue.close(),
  )
  const stream = venue.userStream
  if (stream === undefined) throw new Error('a venue with credentials has a user stream')
  const events: UserEvent[] = []
  stream.onEvent((event) => events.push(event))
  expect(await stream.start()).toEqual({ ok: true, value: undefined })
  return { sim, venue, stream, events, logs }
}

async function until(what: string, isReached: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!isReached()) {
    if (Date.now() > end) throw new Error(`timed out waiting until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

let made = 0
const text = (value: string): DecimalText => value as DecimalText
const buy = async ({ venue }: Bench): Promise<string> => {
  const clientId = `u-${(made += 1)}`
  const answer = await venue.private?.place({
    clientId,
    symbol: 'BTCUSDT',
    side: 'BUY',
    positionSide: 'BOTH',
    type: 'MARKET',
    quantity: text('0.002'),
  })
  if (answer?.ok !== true) throw new Error(answer?.error.message)
  return clientId
}
const fillsOf = (events: readonly UserEvent[], clientId: string): readonly UserEvent[] =>
  events.filter((event) => event.kind === 'order' && event.fill?.clientId === clientId)
const resyncs = (events: readonly UserEvent[]): readonly string[] =>
  events.flatMap((event) => (event.kind === 'resync' ? [event.reason] : []))

describe('user stream', () => {
  it('begins with a resync and then gives every event as it came', async () => {
    const running = await bench()
    const id = await buy(running)
    await until('the fill', () => fillsOf(running.events, id).length > 0)
    await until('the balance', () => running.events.some((event) => event.kind === 'account'))
    expect(running.events[0]).toMatchObject({ kind: 'resync', reason: 'connected' })
    expect(running.stream.healthy).toBe(true)
    expect(running.stream.frames).toBe(running.sim.counts.userFrames)
    const [fill] = fillsOf(running.events, id)
    const rest = await running.venue.private?.fills('BTCUSDT', {})
    if (fill?.kind !== 'order' || rest?.ok !== true) throw new Error('both know the fill')
    const { clientId: _, ...same } = fill.fill ?? { clientId: '' }
    expect(rest.value[0]).toEqual(same)
  })

  it('carries conditional orders, their trigger and the order they become', async () => {
    const running = await bench({ speed: 30 })
    const { sim, venue, events } = running
    await buy(running)
    const stop = await venue.private?.place({
      clientId: 'stop-1',
      symbol: 'BTCUSDT',
      side: 'SELL',
      positionSide: 'BOTH',
      type: 'STOP_MARKET',
      triggerPrice: text('63500.00'),
      reduceOnly: true,
      quantity: text('0.002'),
    })
    expect(stop?.ok).toBe(true)
    await until('armed', () => events.some((event) => event.kind === 'algo' && event.order.status === 'NEW'))
    expect(sim.fault({ on: 'time', effect: { do: 'market', fault: { kind: 'jump', symbol: 'BTCUSDT', fraction: '-0.03' } } }).ok).toBe(true)
    await until('triggered', () => events.some((event) => event.kind === 'algo' && event.triggeredOrderId !== undefined), 20_000)
    await until('filled', () => fillsOf(events, 'stop-1').length > 0, 20_000)
  }, 45_000)

  it('a listen key that expires gives a new key, a new connection and a resync', async () => {
    const running = await bench()
    running.sim.fault({ on: 'time', effect: { do: 'expireListenKeys' } })
    await until('the reconnect', () => resyncs(running.events).includes('reconnected'))
    const id = await buy(running)
    await until('the fill', () => fillsOf(running.events, id).length > 0)
  })

  it('a key that expired without a word is found by the keep-alive (-1125)', async () => {
    const running = await bench({ speed: 6_000 })
    running.sim.fault({ on: 'frame', stream: 'user:listenKeyExpired', times: 100, effect: { do: 'dropFrame' } })
    running.sim.fault({ on: 'time', effect: { do: 'expireListenKeys' } })
    await until('the reconnect', () => resyncs(running.events).includes('reconnected'))
    expect(running.stream.healthy).toBe(true)
  })

  it('keeps the key alive by PUT every 30 minutes of venue time', async () => {
    const running = await bench({ speed: 3_600, listenKeyTtlMs: 3_600_000 * 2 })
    const { requests } = running.venue.metrics()
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    const puts = running.venue.metrics().requests - requests
    /* three seconds are three hours there: six keep-alives */
    expect(puts).toBeGreaterThanOrEqual(4)
    expect(puts).toBeLessThanOrEqual(8)
    expect(resyncs(running.events)).toEqual(['connected'])
    expect(running.stream.healthy).toBe(true)
  })

  it.each(['cutSockets', 'closeSockets'])('%s: connects again with the same key and asks for a resync', async (fault) => {
    const running = await bench()
    running.sim.fault({ on: 'time', effect: { do: fault, category: 'private' } })
    await until('down', () => !running.stream.healthy)
    await until('up', () => running.stream.healthy)
    expect(resyncs(running.events)).toEqual(['connected', 'reconnected'])
    const id = await buy(running)
    await until('the fill', () => fillsOf(running.events, id).length > 0)
  })

  it('keeps trying while connections are refused', async () => {
    const running = await bench()
    running.sim.fault({ on: 'time', effect: { do: 'refuseSockets', ms: 1_500 } })
    running.sim.fault({ on: 'time', effect: { do: 'cutSockets', category: 'private' } })
    await until('down', () => !running.stream.healthy)
    await until('up', () => running.stream.healthy)
    expect(resyncs(running.events)).toEqual(['connected', 'reconnected'])
  })

  it('duplicates are passed on, not judged', async () => {
    const running = await bench()
    running.sim.fault({ on: 'frame', stream: 'user:ORDER_TRADE_UPDATE', times: 10, effect: { do: 'duplicateFrame' } })
    const id = await buy(running)
    await until('both copies', () => fillsOf(running.events, id).length === 2)
    expect(fillsOf(running.events, id)[0]).toEqual(fillsOf(running.events, id)[1])
  })

  it.each([
    'truncated',
    'invalidUtf8',
    'text',
    'emptyText',
    'null',
    'zero',
    'missingField',
    'negative',
    'positiveInfinity',
    'hugeExponent',
    'notANumber',
    'bareNaN',
    'arrayForObject',
    'nullFrame',
  ])('a frame poisoned as %s becomes a question to REST, never an event', async (poison) => {
    const running = await bench()
    running.sim.fault({ on: 'frame', stream: 'user:ORDER_TRADE_UPDATE', times: 2, effect: { do: 'poison', poison } })
    const id = await buy(running)
    await until('the resync', () => resyncs(running.events).length >= 2)
    await until('the account', () => running.events.some((event) => event.kind === 'account'))
    expect(fillsOf(running.events, id)).toEqual([])
    const next = await buy(running)
    await until('the next fill', () => fillsOf(running.events, next).length > 0)
    expect(running.logs.some((line) => line.level === 'error')).toBe(true)
  })

  it('ids beyond 2^53 keep every digit through the stream', async () => {
    const running = await bench()
    running.sim.fault({ on: 'time', effect: { do: 'market', fault: { kind: 'ids', from: '9007199254740993' } } })
    const id = await buy(running)
    await until('the fill', () => fillsOf(running.events, id).length > 0)
    const rest = await running.venue.private?.order('BTCUSDT', id, 'regular')
    const [fill] = fillsOf(running.events, id)
    expect(fill?.kind === 'order' && rest?.ok && fill.order.orderId === rest.value.orderId).toBe(true)
    expect(fill?.kind === 'order' && BigInt(fill.order.orderId) > 2n ** 53n).toBe(true)
  })

  it('a stream that is open but deaf is replaced when an accepted order is not heard of', async () => {
    const running = await bench()
    running.sim.fault({ on: 'time', effect: { do: 'silence', category: 'private' } })
    const id = await buy(running)
    await until('the reconnect', () => resyncs(running.events).includes('reconnected'))
    expect(fillsOf(running.events, id)).toEqual([])
    const next = await buy(running)
    await until('the next fill', () => fillsOf(running.events, next).length > 0)
  })

  it('a revoked key is told as unhealthy, loudly', async () => {
    const running = await bench()
    running.sim.fault({ on: 'time', effect: { do: 'revokeKey' } })
    running.sim.fault({ on: 'time', effect: { do: 'cutSockets', category: 'private' } })
    await until('down', () => !running.stream.healthy)
    await until('the log', () => running.logs.some((line) => line.level !== 'info' && /keep-alive failed|no listen key/.test(line.text)))
    expect(running.stream.healthy).toBe(false)
  })
})

describe('stream socket', () => {
  it('finds a half-open connection by ping and replaces it', async () => {
    const started = await startSimulator({ seed: 5, symbols: ['BTCUSDT'] })
    if (!started.ok) throw new Error(started.error.message)
    const sim = started.value
    cleanups.push(() => sim.close())
    const hosts = allowedHosts({ rest: sim.rest, ws: sim.ws, rate: 1, real: false })
    if (!hosts.ok) throw new Error(hosts.error.message)
    const downs: string[] = []
    let frames = 0
    const socket = createStreamSocket({
      hosts: hosts.value,
      url: () => Promise.resolve(`${sim.ws}/market/stream?streams=btcusdt@markPrice@1s`),
      random: () => 0.5,
      aliveMs: 400,
      onFrame: () => (frames += 1),
      onOpen: () => {},
      onDown: (reason) => downs.push(reason),
    })
    cleanups.push(() => socket.stop())
    socket.start()
    await until('frames', () => frames > 0)
    expect(await socket.flushed()).toBe(true)
    sim.fault({ on: 'time', effect: { do: 'halfOpen' } })
    await until('noticed', () => downs.includes('no sign of life'))
    await until('replaced', () => socket.opened === 2)
    const before = frames
    await until('frames again', () => frames > before)
  })

  it('never opens a connection to a host that is not the venue', async () => {
    const hosts = allowedHosts({ rest: 'http://127.0.0.1:1', ws: 'ws://127.0.0.1:1', rate: 1, real: false })
    if (!hosts.ok) throw new Error(hosts.error.message)
    const downs: string[] = []
    const socket = createStreamSocket({
      hosts: hosts.value,
      url: () => Promise.resolve('wss://fstream.binance.com/market/ws'),
      random: () => 0.5,
      onFrame: () => {},
      onOpen: () => {},
      onDown: (reason) => downs.push(reason),
    })
    socket.start()
    await until('refused', () => downs.length > 0)
    socket.stop()
    expect(downs[0]).toContain("is not one of this venue's hosts")
    expect(socket.opened).toBe(0)
  })
})
