/**
 * One stage of feed → brain → reconciler over two rings, at a fixed rate, unpinned. The readers either `spin`, holding their processor, or
 * `sleep` as the product does by default; the feed is the load: it watches the clock and publishes every tick when it is due, with that
 * clock in word 2. The reconciler reports how old the ticks were when they were in its array.
 */
import * as v from 'valibot'
import { TICK_WORDS } from '../../engine/contract/tick.ts'
import { isProbe, writeProbe } from '../../engine/ring/crash/probe-ticks.ts'
import { createProducer, createReader, type OnTicks, type RingProducer, type RingReader } from '../../engine/ring/index.ts'
import { nowNs } from './machine.ts'

const StageSchema = v.object({
  role: v.picklist(['feed', 'brain', 'reconciler', 'idle']),
  wait: v.picklist(['sleep', 'spin']),
  first: v.string(),
  second: v.string(),
  ticks: v.number(),
  perSecond: v.number(),
})
type Stage = v.InferOutput<typeof StageSchema>

const tell = (message: object | string): void => void process.send?.(message)

function open<T>(made: { ok: true; value: T } | { ok: false; error: { message: string } }): T {
  if (!made.ok) throw new Error(made.error.message)
  return made.value
}

/** Reads until `onTicks` returns false. */
function follow(reader: RingReader, wait: 'sleep' | 'spin', onTicks: (...args: Parameters<OnTicks>) => boolean): void {
  if (wait === 'sleep') {
    reader.pump((...args) => {
      if (!onTicks(...args)) reader.close()
    })
    return
  }
  for (;;) {
    const n = reader.drainWait(1_000, 0)
    if (n > 0 && !onTicks(reader.view, n, reader.firstSequence, reader.lostNow)) break
  }
  reader.close()
}

function publishAll(producer: RingProducer, n: number): void {
  for (let done = producer.publish(n); done < n;) done += producer.publishFrom(done, n - done)
}

function feed({ first, ticks, perSecond }: Stage): void {
  const producer = open(createProducer(first, { lossless: true }))
  const from = nowNs()
  let sent = 0
  while (sent < ticks) {
    const due = Math.min(ticks, Math.floor(((nowNs() - from) / 1e9) * perSecond))
    const n = Math.min(due - sent, 256)
    if (n <= 0) continue
    const at = nowNs()
    for (let i = 0; i < n; i++) {
      writeProbe(producer.view, i, sent + 1 + i)
      producer.view[i * TICK_WORDS + 2] = at
    }
    publishAll(producer, n)
    sent += n
  }
  producer.close()
}

function brain({ first, second, wait, ticks }: Stage): void {
  const producer = open(createProducer(second, { lossless: true }))
  const reader = open(createReader(first, { index: 0, lossless: true }))
  tell('ready')
  let passed = 0
  follow(reader, wait, (view, n) => {
    producer.view.set(view.subarray(0, n * TICK_WORDS))
    publishAll(producer, n)
    passed += n
    if (passed < ticks) return true
    producer.close()
    return false
  })
}

function reconciler({ second, wait, ticks }: Stage): void {
  const reader = open(createReader(second, { index: 0, lossless: true }))
  tell('ready')
  const ages = new Float64Array(ticks)
  let [received, broken] = [0, 0]
  follow(reader, wait, (view, n) => {
    const now = nowNs()
    for (let i = 0; i < n; i++) {
      const sequence = received + 1 + i
      const at = i * TICK_WORDS + 2
      ages[received + i] = now - (view[at] ?? 0)
      view[at] = sequence * TICK_WORDS + 2
      if (!isProbe(view, i, sequence)) broken++
    }
    received += n
    if (received < ticks) return true
    const warm = ages.subarray(Math.floor(ticks / 5)).toSorted()
    const quantile = (q: number): number => (warm[Math.floor(warm.length * q)] ?? Number.NaN) / 1e3
    tell({ received, broken, lost: reader.lost, p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99) })
    return false
  })
}

/** A reader with nothing to read: what its sleep costs. */
function idle({ first, ticks }: Stage): void {
  const reader = open(createReader(first, { index: 0 }))
  reader.pump(() => {})
  setTimeout(() => {
    const [before, from] = [process.cpuUsage(), nowNs()]
    setTimeout(() => {
      const used = process.cpuUsage(before)
      tell({ cpuFraction: (used.user + used.system) / 1e6 / ((nowNs() - from) / 1e9) })
      reader.close()
    }, ticks)
  }, 500)
}

const stage = v.parse(StageSchema, JSON.parse(process.argv[2] ?? 'null'))
const roles = { feed, brain, reconciler, idle }
process.once('disconnect', () => process.exit(0))
roles[stage.role](stage)
