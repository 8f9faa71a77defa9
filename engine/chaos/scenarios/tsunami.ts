/**
 * At least 100,000 ticks a second for 10 s, at the socket (WebSocket → gates → ring) and at the ring and the brain behind it, each
 * layer counted apart; meanwhile orders are placed and cancelled on the embedded exchange and timed.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { seeded, text } from '../../audit/material.ts'
import { FLOOD_SYMBOLS, type FloodNews, type FloodOrder } from '../flood/words.ts'
import { defineScenario, judged, type Stage } from '../scenario.ts'

const RATE = 100_000
/** Cancels slower than this in the thousandth case would be a deaf kill switch. */
const CANCEL_P999_MS = 250
const RECOVERY_MS = 1_000
/** The exchange's own limits would end the timing after 300 orders, long before the flood does. */
const UNLIMITED = { ordersPerMinute: 1_000_000, ordersPerTenSeconds: 1_000_000, weightPerMinute: 1_000_000 }

interface Thread {
  readonly next: <K extends FloodNews['kind']>(kind: K, limitMs: number) => Promise<Extract<FloodNews, { kind: K }>>
  say(word: 'go' | 'stop'): void
}

function startThread(stage: Stage, order: FloodOrder): Thread {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  const worker = new Worker(new URL(`../flood/thread.${extension}`, import.meta.url), { workerData: order })
  stage.defer(async () => {
    await worker.terminate()
  })
  const news: FloodNews[] = []
  let wake = (): void => {}
  worker.on('message', (one: FloodNews) => {
    news.push(one)
    wake()
  })
  worker.on('error', (error) => {
    news.push({ kind: 'failed', text: error.message })
    wake()
  })
  return {
    say: (word) => worker.postMessage(word),
    async next(kind, limitMs) {
      const deadline = performance.now() + limitMs
      for (;;) {
        const broken = news.find((one) => one.kind === 'failed')
        if (broken !== undefined) throw new Error(`${order.part}: ${broken.text}`)
        const found = news.find((one): one is Extract<FloodNews, { kind: typeof kind }> => one.kind === kind)
        if (found !== undefined) return found
        if (performance.now() > deadline) throw new Error(`${order.part} said nothing of "${kind}" within ${limitMs} ms`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 200)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
    },
  }
}

const quantile = (values: readonly number[], q: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0) * 100) / 100
}

/** Places and cancels one order after the other until `ended`; round trips of the cancels in ms. */
async function cancels(stage: Stage, ended: () => boolean): Promise<number[]> {
  const simulator = await stage.seams.startSimulator({ seed: stage.seed, autoplay: false, limits: UNLIMITED })
  if (!simulator.ok) throw new Error(simulator.error.message)
  stage.defer(() => simulator.value.close())
  const venue = stage.seams.createVenue({
    endpoints: { rest: simulator.value.rest, ws: simulator.value.ws, rate: 1, real: false },
    credentials: { key: simulator.value.key, secret: simulator.value.secret },
    source: 'brain',
    random: seeded(stage.seed),
  })
  stage.defer(() => venue.close())
  await venue.clock.sync()
  const times: number[] = []
  for (let i = 0; !ended(); i++) {
    const clientId = `tsunami-${i}`
    const placed = await venue.private?.place(
      {
        clientId,
        symbol: 'BTCUSDT',
        side: 'BUY',
        positionSide: 'BOTH',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: text('0.002'),
        price: text('40000.0'),
      },
      'kill',
    )
    const from = performance.now()
    const gone = await venue.private?.cancel('BTCUSDT', clientId, 'regular', 'kill')
    if (placed?.ok === true && gone?.ok === true) times.push(performance.now() - from)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return times
}

export const tsunami = defineScenario({
  id: 'tsunami',
  title: 'Tsunami',
  survived: 'no unreported loss in any layer, cancels answered through the flood, caught up within a second of its end',
  run: async (stage) => {
    const seconds = stage.size === 'full' ? 10 : 1
    const rate = stage.size === 'full' ? RATE : 20_000
    const order = (part: FloodOrder['part'], ring: string, url = ''): FloodOrder => ({
      part,
      ringPath: join(stage.directory, ring),
      url,
      rate,
      seconds,
    })
    const limit = seconds * 6_000 + 20_000
    let over = false
    const timing = cancels(stage, () => over || stage.signal.aborted)
    timing.catch(() => {})

    // Layer 1: the socket and the feed's gates.
    const source = startThread(stage, order('source', 'socket'))
    const { url } = await source.next('ready', 10_000)
    const intake = startThread(stage, order('intake', 'socket', url))
    await intake.next('ready', 10_000)
    source.say('go')
    const sent = await source.next('source', limit)
    const taken = await intake.next('intake', limit)
    intake.say('stop')

    // Layers 2 and 3: the ring, and the brain's reducer behind it.
    const publisher = startThread(stage, order('publisher', 'ring'))
    await publisher.next('ready', 10_000)
    const brain = startThread(stage, order('brain', 'ring'))
    await brain.next('ready', 10_000)
    publisher.say('go')
    const published = await publisher.next('publisher', limit)
    brain.say('stop')
    const reduced = await brain.next('brain', limit)
    publisher.say('stop')
    over = true
    const times = await timing

    const problems: string[] = []
    const lostBeforeGate = sent.sent - taken.received
    if (lostBeforeGate !== 0) problems.push(`${lostBeforeGate} frames vanished between the socket and the feed`)
    if (taken.received !== taken.accepted + taken.refused) problems.push('the feed’s counts do not add up')
    if (taken.refused > 0) problems.push(`${taken.refused} genuine frames were refused`)
    if (published.offered !== published.published)
      problems.push(`${published.offered - published.published} ticks were not taken by the ring`)
    const silent = published.published - reduced.read - reduced.lost
    if (silent !== 0) problems.push(`${silent} ticks were lost without being reported`)
    if (reduced.reduced !== reduced.read) problems.push(`the brain reduced ${reduced.reduced} of ${reduced.read} ticks it read`)
    if (times.length < 10) problems.push(`only ${times.length} orders were cancelled during the flood`)
    const figures = {
      symbols: FLOOD_SYMBOLS.length,
      socketOffered: sent.offered,
      socketPerSecond: Math.round(sent.sent / sent.seconds),
      socketAccepted: taken.accepted,
      socketRefused: taken.refused,
      ringOffered: published.offered,
      ringPerSecond: Math.round(published.published / published.seconds),
      brainRead: reduced.read,
      conflated: 0,
      droppedAndReported: reduced.lost,
      unreportedLoss: silent + lostBeforeGate,
      worstBatchMs: Math.round(reduced.worstBatchMs * 100) / 100,
      recoveryMs: Math.round(reduced.caughtUpMs),
      cancels: times.length,
      cancelP50Ms: quantile(times, 0.5),
      cancelP99Ms: quantile(times, 0.99),
      cancelP999Ms: quantile(times, 0.999),
    }
    const weak: string[] = []
    if (figures.socketPerSecond < rate * 0.95) weak.push(`the socket carried ${figures.socketPerSecond}/s of the ${rate}/s offered`)
    if (figures.ringPerSecond < rate * 0.95) weak.push(`the ring was offered ${figures.ringPerSecond}/s only`)
    if (figures.droppedAndReported > 0) weak.push(`${figures.droppedAndReported} ticks were overwritten (and reported)`)
    if (figures.cancelP999Ms > CANCEL_P999_MS) weak.push(`cancels took up to ${figures.cancelP999Ms} ms`)
    if (figures.recoveryMs > RECOVERY_MS) weak.push(`catching up took ${figures.recoveryMs} ms`)
    const reason = `${figures.socketPerSecond}/s through the socket, ${figures.ringPerSecond}/s through ring and brain, nothing lost; cancel p99.9 ${figures.cancelP999Ms} ms`
    return judged(figures, { problems, weak, reason })
  },
  sabotages: [
    {
      name: 'cancels get no answer',
      seams: (real) => ({
        ...real,
        createVenue: (options) => {
          const venue = real.createVenue(options)
          const own = venue.private
          return own === undefined
            ? venue
            : {
                ...venue,
                private: { ...own, cancel: () => Promise.resolve({ ok: false, error: { code: 'ambiguous', message: 'silence' } }) },
              }
        },
      }),
    },
  ],
})
