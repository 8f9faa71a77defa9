/** One thread of the tsunami: a WebSocket source, the feed's intake, a ring publisher, or the brain's reducer behind the ring. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import WebSocket, { WebSocketServer } from 'ws'
import { realSeams } from '../../audit/seams.ts'
import { listing } from '../../audit/material.ts'
import type { Command } from '../../brain/events.ts'
import { parseSettings } from '../../contract/settings.ts'
import { TICK_WORDS, TickKind, writeTick } from '../../contract/tick.ts'
import { toPlainError, unreachable } from '../../contract/result.ts'
import { createPlaceholder } from '../../strategy/placeholder.ts'
import { FLOOD_START, FLOOD_SYMBOLS, type FloodNews, type FloodOrder } from './words.ts'

const seams = realSeams()
const tell = (news: FloodNews): void => parentPort?.postMessage(news)
/** A word from the scenario: 'go' starts a part, 'stop' ends the ones that wait for others. */
const word = (wanted: string): Promise<void> =>
  new Promise((resolve) => {
    const listener = (message: unknown): void => {
      if (message !== wanted) return
      parentPort?.off('message', listener)
      resolve()
    }
    parentPort?.on('message', listener)
  })

const symbolOf = (n: number): string => FLOOD_SYMBOLS[n % FLOOD_SYMBOLS.length] ?? FLOOD_SYMBOLS[0]
const prices = FLOOD_SYMBOLS.map((symbol) => Number(listing(symbol).referencePrice))

/** The n-th trade of the flood: ids and times rise, prices move by a few ticks around the reference. */
function frame(n: number): string {
  const symbol = symbolOf(n)
  const k = Math.floor(n / FLOOD_SYMBOLS.length)
  const time = FLOOD_START + Math.floor(k / 25)
  const price = ((prices[n % FLOOD_SYMBOLS.length] ?? 1) * (1 + (k % 11) / 10_000)).toFixed(4)
  return `{"stream":"${symbol.toLowerCase()}@aggTrade","data":{"e":"aggTrade","E":${time},"s":"${symbol}","a":${k + 1},"p":"${price}","q":"0.5","nq":"0.5","f":${k + 1},"l":${k + 1},"T":${time},"m":false,"st":1}}`
}

/** Calls `emit(count)` so often that `rate` a second are offered for `seconds`; returns the seconds it really took. */
async function pace(rate: number, seconds: number, emit: (count: number) => void): Promise<number> {
  const from = performance.now()
  let done = 0
  const total = Math.round(rate * seconds)
  while (done < total) {
    const due = Math.min(total, Math.floor(((performance.now() - from) / 1_000) * rate))
    if (due > done) {
      const count = Math.min(due - done, 2_000)
      emit(count)
      done += count
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  return (performance.now() - from) / 1_000
}

async function source(order: FloodOrder): Promise<void> {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: false })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const connected = new Promise<WebSocket>((resolve) => server.once('connection', resolve))
  tell({ kind: 'ready', url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}` })
  const socket = await connected
  await word('go')
  let n = 0
  const seconds = await pace(order.rate, order.seconds, (count) => {
    for (let i = 0; i < count; i++) socket.send(frame(n++))
  })
  while (socket.bufferedAmount > 0) await new Promise((resolve) => setTimeout(resolve, 10))
  tell({ kind: 'source', offered: n, sent: n, seconds })
  socket.close()
  await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  server.close()
  http.close()
}

async function intake(order: FloodOrder): Promise<void> {
  const producer = seams.createProducer(order.ringPath)
  if (!producer.ok) throw new Error(producer.error.message)
  const ring = producer.value
  const reader = new seams.FrameReader([...FLOOD_SYMBOLS])
  const socket = new WebSocket(order.url, { perMessageDeflate: false })
  let received = 0
  let accepted = 0
  let refused = 0
  let published = 0
  let waiting = 0
  const capacity = ring.view.length / TICK_WORDS
  const flush = (): void => {
    published += ring.publish(waiting)
    waiting = 0
  }
  socket.on('message', (data) => {
    received++
    const text = Buffer.isBuffer(data) ? data.toString('utf8') : ''
    if (reader.read(text, Number.MAX_SAFE_INTEGER, ring.view, waiting) !== undefined) {
      refused++
      return
    }
    accepted++
    waiting++
    // A turn's frames go out together, one wake for all of them.
    if (waiting === 1) setImmediate(flush)
    if (waiting === capacity) flush()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('error', reject)
  })
  tell({ kind: 'ready', url: order.url })
  await new Promise<void>((resolve) => socket.once('close', () => resolve()))
  flush()
  tell({ kind: 'intake', received, accepted, refused, unpublished: accepted - published })
  await word('stop')
  ring.close()
}

async function publisher(order: FloodOrder): Promise<void> {
  const producer = seams.createProducer(order.ringPath)
  if (!producer.ok) throw new Error(producer.error.message)
  const ring = producer.value
  const batch = Math.min(256, ring.view.length / TICK_WORDS)
  tell({ kind: 'ready', url: '' })
  await word('go')
  let n = 0
  let published = 0
  const seconds = await pace(order.rate, order.seconds, (count) => {
    for (let left = count; left > 0; left -= batch) {
      const size = Math.min(batch, left)
      for (let i = 0; i < size; i++, n++) {
        const price = prices[n % FLOOD_SYMBOLS.length] ?? 1
        writeTick(
          ring.view,
          i,
          n % FLOOD_SYMBOLS.length,
          TickKind.trade,
          (FLOOD_START + Math.floor(n / 100)) * 1_000,
          price * (1 + (n % 11) / 10_000),
          0.5,
          n,
          0,
          0,
        )
      }
      published += ring.publish(size)
    }
  })
  tell({ kind: 'publisher', offered: n, published, seconds })
  await word('stop')
  ring.close()
}

async function brain(order: FloodOrder): Promise<void> {
  const settings = parseSettings({})
  if (!settings.ok) throw new Error(settings.error.message)
  const state = seams.createBrain({
    session: 'tsunami0',
    symbols: [...FLOOD_SYMBOLS],
    filters: FLOOD_SYMBOLS.map((symbol) => listing(symbol).filters),
    tiers: new Map(),
    rails: settings.value.rails,
    strategySettings: settings.value.strategy,
    createStrategy: createPlaceholder,
    leverage: 3,
    hedge: false,
    rate: 1,
    tradingState: 'active',
    proofMs: 6_000,
    counter: 0,
  })
  const opened = seams.createReader(order.ringPath, { index: 0, name: 'tsunami', from: 'oldest' })
  if (!opened.ok) throw new Error(opened.error.message)
  const ring = opened.value
  const out: Command[] = []
  let read = 0
  let lost = 0
  let stopping = 0
  let caughtUpMs = 0
  let worstBatchMs = 0
  void word('stop').then(() => (stopping = performance.now()))
  ring.pump((view, count, _first, lostNow) => {
    const from = performance.now()
    seams.reduceTicks(state, view, 0, count, FLOOD_START, out)
    out.length = 0
    read += count
    lost += lostNow
    worstBatchMs = Math.max(worstBatchMs, performance.now() - from)
    if (stopping > 0) caughtUpMs = performance.now() - stopping
  })
  tell({ kind: 'ready', url: '' })
  while (stopping === 0 || performance.now() - stopping < Math.max(300, caughtUpMs + 200))
    await new Promise((resolve) => setTimeout(resolve, 20))
  tell({ kind: 'brain', read, lost, reduced: state.counters.ticks, caughtUpMs, worstBatchMs })
  ring.close()
}

const order = workerData as FloodOrder
const run = (): Promise<void> => {
  switch (order.part) {
    case 'source':
      return source(order)
    case 'intake':
      return intake(order)
    case 'publisher':
      return publisher(order)
    case 'brain':
      return brain(order)
    default:
      return unreachable(order.part)
  }
}
try {
  await run()
} catch (thrown) {
  tell({ kind: 'failed', text: toPlainError(thrown).message })
}
