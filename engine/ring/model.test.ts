/**
 * The shared-memory ring against a model of itself: any order of publishing, draining, acknowledging, leaving and coming back gives
 * exactly the ticks, losses and refusals the model says. One process, so the outcome is determined; crashes are in crash.integration.test.ts.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isProbe, writeProbe } from './crash/probe-ticks.ts'
import { removeRing, ringPath } from './location.ts'
import { loadBinding, type NativeBinding } from './native-binding.ts'
import { NativeProducer, NativeReader } from './native-ring.ts'

const CAPACITY = 16
const BATCH = CAPACITY
const READERS = 3
const { binding, reason } = loadBinding()
if (binding === null) console.log(`skipped by name: the native ring against its model (${reason})`)

interface ModelReader {
  open: boolean
  readonly lossless: boolean
  position: number
  acked: number
  lost: number
  keep: number
  joined: boolean
}

interface Model {
  readonly lossless: boolean
  published: number
  /** The producer looks at the readers again only when its last look no longer allows the batch; it begins as if all stood at 0. */
  limit: number
  readonly readers: ModelReader[]
}

interface Real {
  readonly path: string
  producer: NativeProducer
  readonly readers: (NativeReader | null)[]
}

/** How many of `n` the producer may write before a lossless reader's oldest unacknowledged tick would be overwritten. */
function room(model: Model, n: number): number {
  const next = model.published + 1
  if (!model.lossless || next + n <= model.limit) return n
  const gates = model.readers.filter((r) => r.open && r.lossless).map((r) => r.acked)
  model.limit = Math.min(next, ...gates) + CAPACITY
  return Math.max(0, Math.min(n, model.limit - next))
}

type Command = (model: Model, real: Real, binding: NativeBinding) => void

const publish =
  (n: number): Command =>
  (model, real) => {
    for (let i = 0; i < n; i++) writeProbe(real.producer.view, i, model.published + 1 + i)
    const taken = room(model, n)
    expect(real.producer.publish(n)).toBe(taken)
    model.published += taken
    expect(real.producer.published).toBe(model.published)
  }

const drain =
  (index: number): Command =>
  (model, real) => {
    const [m, r] = [model.readers[index], real.readers[index]]
    if (m === undefined || r === null || r === undefined) return
    m.acked = m.position
    const oldest = Math.max(1, model.published - CAPACITY + 1)
    const target = m.position < oldest ? Math.max(m.position + 1, model.published - m.keep + 1) : m.position
    const lostNow = target - m.position
    const n = Math.min(BATCH, model.published - target + 1)
    expect(r.drain()).toBe(n)
    expect([r.lostNow, r.firstSequence]).toEqual([lostNow, target])
    for (let i = 0; i < n; i++) expect(isProbe(r.view, i, target + i)).toBe(true)
    m.lost += lostNow
    m.position = target + n
    expect([r.position, r.lost]).toEqual([m.position, m.lost])
  }

const ack =
  (index: number): Command =>
  (model, real) => {
    const [m, r] = [model.readers[index], real.readers[index]]
    if (m === undefined || r === null || r === undefined) return
    r.ack()
    m.acked = m.position
  }

const leave =
  (index: number): Command =>
  (model, real) => {
    const m = model.readers[index]
    if (m === undefined || !m.open) return
    real.readers[index]?.close()
    real.readers[index] = null
    m.open = false
  }

const join =
  (index: number, from: 'resume' | 'newest' | 'oldest', keep: number): Command =>
  (model, real, native) => {
    const m = model.readers[index]
    if (m === undefined || m.open) return
    // The mark that a reader left behind: its loss is stored with its acknowledgement.
    const stored = real.producer.stats().readers.find((r) => r.index === index)
    const oldest = Math.max(1, model.published - CAPACITY + 1)
    const start = from === 'newest' ? model.published + 1 : from === 'resume' && m.joined ? m.acked : oldest
    m.lost = (stored?.lost ?? 0) + (m.joined ? Math.max(0, start - m.acked) : 0)
    Object.assign(m, { open: true, joined: true, position: start, acked: start, keep: keep === 0 ? CAPACITY / 2 : keep })
    const reader = new NativeReader(native, real.path, { index, from, lossless: m.lossless, batch: BATCH, keepAfterLap: keep })
    real.readers[index] = reader
    expect([reader.position, reader.lost]).toEqual([m.position, m.lost])
  }

const restartProducer: Command = (model, real, native) => {
  real.producer.close()
  model.limit = CAPACITY
  real.producer = new NativeProducer(native, real.path, { capacity: CAPACITY, lossless: model.lossless, batch: BATCH })
  expect(real.producer.published).toBe(model.published)
}

const evict: Command = (_model, real) => expect(real.producer.evictDeadReaders()).toBe(0)

const index = fc.nat({ max: READERS - 1 })
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: BATCH }).map(publish) },
  { weight: 6, arbitrary: index.map(drain) },
  { weight: 2, arbitrary: index.map(ack) },
  { weight: 1, arbitrary: index.map(leave) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(index, fc.constantFrom('resume' as const, 'newest' as const, 'oldest' as const), fc.integer({ min: 0, max: CAPACITY }))
      .map((args) => join(...args)),
  },
  { weight: 1, arbitrary: fc.constant(restartProducer) },
  { weight: 1, arbitrary: fc.constant(evict) },
)

let runs = 0

test.runIf(binding !== null).each([false, true])('any order of commands does what the model says (lossless %s)', (lossless) => {
  if (binding === null) return
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const path = ringPath(`model-${process.pid}-${runs++}`)
      const model: Model = {
        lossless,
        published: 0,
        limit: CAPACITY,
        readers: Array.from({ length: READERS }, (_, i) => ({
          open: false,
          lossless: lossless && i < 2,
          position: 1,
          acked: 1,
          lost: 0,
          keep: 0,
          joined: false,
        })),
      }
      const producer = new NativeProducer(binding, path, { capacity: CAPACITY, lossless, batch: BATCH })
      const real: Real = { path, producer, readers: Array.from({ length: READERS }, () => null) }
      try {
        for (const run of commands) run(model, real, binding)
      } finally {
        real.producer.close()
        for (const reader of real.readers) reader?.close()
        removeRing(path)
      }
    }),
    { numRuns: 300 },
  )
})

/** Overwrites one 64-bit word of the ring's file: what a producer killed at that moment would have left. */
function leaveBehind(path: string, offset: number, value: bigint): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, new Uint8Array(BigUint64Array.of(value).buffer), 0, 8, offset)
  closeSync(fd)
}

const PUBLISHED = 0x80
const stampOf = (sequence: number): number => 0x1000 + 64 * (sequence % CAPACITY)

test.runIf(binding !== null)('a producer killed before it stored its cursor: the successor walks the stamps forward', () => {
  if (binding === null) return
  const path = ringPath(`walk-${process.pid}`)
  const open = (): NativeProducer => new NativeProducer(binding, path, { capacity: CAPACITY })
  const first = open()
  for (let i = 0; i < 12; i++) writeProbe(first.view, i, 1 + i)
  first.publish(12)
  first.close()
  leaveBehind(path, PUBLISHED, 5n)
  const second = open()
  expect(second.published).toBe(12)
  second.close()
  removeRing(path)
})

test.runIf(binding !== null)('a producer killed inside a slot: nobody reads it, the successor writes it again', () => {
  if (binding === null) return
  const path = ringPath(`inside-${process.pid}`)
  const open = (): NativeProducer => new NativeProducer(binding, path, { capacity: CAPACITY })
  const publish = (producer: NativeProducer, n: number): void => {
    for (let i = 0; i < n; i++) writeProbe(producer.view, i, producer.published + 1 + i)
    producer.publish(n)
  }
  const first = open()
  const [level, behind] = [0, 1].map((at) => new NativeReader(binding, path, { index: at }))
  if (level === undefined || behind === undefined) return
  publish(first, CAPACITY)
  expect(level.drain()).toBe(CAPACITY)
  first.close()
  leaveBehind(path, stampOf(CAPACITY + 1), BigInt(2 * (CAPACITY + 1) - 1))
  expect([level.drain(), level.lost]).toEqual([0, 0])
  // The half-written slot held sequence 1, which the reader behind had not read: it is lost, counted, and never delivered.
  const delivered = behind.drain()
  expect([delivered + behind.lost, behind.lost > 0, behind.firstSequence > 1]).toEqual([CAPACITY, true, true])
  const second = open()
  expect(second.published).toBe(CAPACITY)
  publish(second, 1)
  expect([level.drain(), isProbe(level.view, 0, CAPACITY + 1), level.lost]).toEqual([1, true, 0])
  for (const end of [second, level, behind]) end.close()
  removeRing(path)
})

test.runIf(binding !== null)('the layout is ring.md §5.1, byte for byte where it is fixed', () => {
  if (binding === null) return
  const path = ringPath(`layout-${process.pid}`)
  const producer = new NativeProducer(binding, path, { lossless: true })
  const reader = new NativeReader(binding, path, { index: 1, name: 'brain', lossless: true })
  try {
    writeProbe(producer.view, 0, 1)
    writeProbe(producer.view, 1, 2)
    producer.publish(2)
    reader.drain()
    reader.ack()
    const file = readFileSync(path)
    const u32 = (at: number): number => file.readUInt32LE(at)
    const u64 = (at: number): bigint => file.readBigUInt64LE(at)
    expect(file.length).toBe(1_052_672)
    expect(file.subarray(0, 8).toString('latin1')).toBe('IXRING01')
    expect([0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0x30, 0x34].map(u32)).toEqual([1, 4096, 64, 16_384, 16, 1, 0x200, 0x1000])
    expect([u64(0x80), u32(0x90), u32(0x94)]).toEqual([2n, process.pid, 1])
    const entry = 0x200 + 128
    expect([u64(entry), u64(entry + 8), u32(entry + 0x10), u32(entry + 0x14), u32(entry + 0x18)]).toEqual([3n, 0n, 1, 1, process.pid])
    expect(file.subarray(entry + 0x28, entry + 0x2e).toString('latin1')).toBe('brain\0')
    const slot = 0x1000 + 64 * 2
    expect(u64(slot)).toBe(4n)
    expect([8, 16, 56].map((at) => file.readDoubleLE(slot + at))).toEqual([17, 18, 23])
  } finally {
    producer.close()
    reader.close()
    removeRing(path)
  }
})
