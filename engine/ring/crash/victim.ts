/**
 * The process that is killed: started by kill-rounds.ts, says `ready`, waits for one line on stdin, then publishes or reads as fast as it
 * can until SIGKILL. As a reader it appends (first sequence, count, broken) of every batch to a log before the batch is acknowledged.
 */
import { openSync, writeSync } from 'node:fs'
import * as v from 'valibot'
import { openProducer, openReader } from './ends.ts'
import { countBroken, writeProbe } from './probe-ticks.ts'

const VictimSchema = v.object({
  role: v.picklist(['producer', 'reader']),
  backend: v.picklist(['native', 'fallback']),
  path: v.string(),
  capacity: v.number(),
  lossless: v.boolean(),
  batch: v.number(),
  manualAck: v.boolean(),
  hooks: v.nullable(v.object({ slowNs: v.number(), naive: v.boolean() })),
  log: v.string(),
})
export type Victim = v.InferOutput<typeof VictimSchema>

const BUSY_MS = 5

function publishForever({ backend, path, capacity, lossless, batch, hooks }: Victim): void {
  const producer = openProducer(backend, path, { capacity, lossless, batch }, hooks)
  const work = (): void => {
    const until = performance.now() + BUSY_MS
    do {
      const first = producer.published + 1
      for (let i = 0; i < batch; i++) writeProbe(producer.view, i, first + i)
      if (producer.publish(batch) < batch) break
    } while (performance.now() < until && backend === 'native')
    setImmediate(work)
  }
  work()
}

function readForever({ backend, path, lossless, batch, manualAck, hooks, log }: Victim): void {
  const reader = openReader(backend, path, { index: 0, lossless, batch, manualAck }, hooks)
  const fd = openSync(log, 'a')
  const row = new Float64Array(3)
  const bytes = new Uint8Array(row.buffer)
  reader.pump((view, n, first) => {
    row[0] = first
    row[1] = n
    row[2] = countBroken(view, n, first)
    writeSync(fd, bytes)
    if (manualAck) reader.ack()
  })
}

const victim = v.parse(VictimSchema, JSON.parse(process.argv[2] ?? 'null'))
process.stdin.once('data', () => (victim.role === 'producer' ? publishForever(victim) : readForever(victim)))
process.stdout.write('ready\n')
