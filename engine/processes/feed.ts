/**
 * The feed process: public market data into the ring. Sees no API keys and loads no ccxt. Wiring, timers and I/O only; what it
 * does is in processes/feed/, what it believes is in engine/market.
 */
import { processPort } from '../contract/ports/process.ts'
import type { FeedEvents, FeedMethods } from '../contract/processes.ts'
import { InvariantError, toPlainError } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { createProducer } from '../ring/index.ts'
import { allowedHosts, createVenue, type Venue } from '../venue/index.ts'
import { createMarketFeed, type MarketFeed } from './feed/market-feed.ts'
import { startHeartbeat } from './heartbeat.ts'

const STATUS_MS = 250
/** Lock-step waits for connections and history before virtual time begins. */
const READY_MS = 9_000

const port = processPort()
let running: { readonly feed: MarketFeed; readonly venue: Venue; readonly status: NodeJS.Timeout } | undefined

const feed = (): MarketFeed => {
  if (running === undefined) throw new InvariantError('Invariant: init comes first')
  return running.feed
}

type Handlers = {
  [M in keyof FeedMethods]: (arg: Parameters<FeedMethods[M]>[0]) => ReturnType<FeedMethods[M]> | Promise<ReturnType<FeedMethods[M]>>
}

const handlers: Handlers = {
  async init(init) {
    if (running !== undefined) throw new InvariantError('Invariant: init comes once')
    const hosts = allowedHosts(init.endpoints)
    if (!hosts.ok) throw new Error(hosts.error.message)
    const ring = createProducer(init.ringPath)
    if (!ring.ok) throw new Error(ring.error.message)
    const venue = createVenue({
      endpoints: init.endpoints,
      source: 'feed',
      random: Math.random,
      lockStep: init.settings.lockStep,
      onBudget: (observation) => host.emit('budget', observation),
      onLog: (line) => host.emit('log', line),
    })
    const started = createMarketFeed({
      init,
      venue,
      hosts: hosts.value,
      ring: ring.value,
      random: Math.random,
      log: (line) => host.emit('log', line),
    })
    running = { feed: started, venue, status: setInterval(() => host.emit('status', started.status()), STATUS_MS) }
    const synced = await venue.clock.sync()
    if (!synced.ok) host.emit('log', { level: 'warn', text: `venue time not known yet: ${synced.error.message}` })
    started.start()
    if (init.settings.lockStep) await within(READY_MS, started.ready())
    return null
  },
  async history({ symbols }) {
    await feed().history(symbols)
    return null
  },
  async barrier({ time, publicFrames }) {
    return { ringHead: await feed().barrier(time, publicFrames) }
  },
  budget(observation) {
    running?.venue.observeBudget(observation)
  },
  async stop() {
    stopBeating()
    if (running !== undefined) {
      clearInterval(running.status)
      running.feed.stop()
      await running.venue.close()
    }
    setTimeout(() => process.exit(0), 50).unref()
    return null
  },
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the feed was not ready within ${ms} ms`)), ms)
  })
  await Promise.race([work, late]).finally(() => clearTimeout(timer))
}

const host = connect<Handlers, FeedEvents, object, object>(port, handlers)
const stopBeating = startHeartbeat((beat) => host.emit('heartbeat', beat))
port.onClose(() => {
  running?.feed.stop()
  void running?.venue.close()
})

const die = (thrown: unknown): void => {
  host.emit('fatal', toPlainError(thrown))
  process.exitCode = 1
  setTimeout(() => process.exit(1), 50)
}
process.on('uncaughtException', die)
process.on('unhandledRejection', die)
