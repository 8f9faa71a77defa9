/** One suite, both backends: what a producer and its readers promise (ring.md §3, §5.2). */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { countBroken, writeProbe } from './crash/probe-ticks.ts'
import {
  createProducer,
  createReader,
  removeRing,
  ringBackend,
  ringPath,
  type ProducerOptions,
  type ReaderOptions,
  type RingBackend,
  type RingProducer,
  type RingReader,
} from './index.ts'
import { loadBinding } from './native-binding.ts'

const native = loadBinding()
if (native.binding === null) console.log(`skipped by name: the native half of the ring contract suite (${native.reason})`)
const BACKENDS: readonly RingBackend[] = native.binding === null ? ['fallback'] : ['native', 'fallback']
const OTHER = { native: 'fallback', fallback: 'native' } as const

let names = 0
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function until(what: string, done: () => boolean, limitMs = 5_000): Promise<void> {
  for (const end = performance.now() + limitMs; !done(); await turn()) if (performance.now() > end) throw new Error(`never: ${what}`)
}

describe.each(BACKENDS)('ring contract, %s', (backend) => {
  const before = process.env['AEGIS_RING']
  const opened: { close(): void }[] = []
  let path = ''

  beforeEach(() => {
    process.env['AEGIS_RING'] = backend
    path = ringPath(`contract-${process.pid}-${names++}`)
  })

  afterEach(() => {
    for (const end of opened.splice(0).toReversed()) end.close()
    removeRing(path)
    if (before === undefined) delete process.env['AEGIS_RING']
    else process.env['AEGIS_RING'] = before
  })

  const produce = (options: ProducerOptions = {}): RingProducer => {
    const made = createProducer(path, { capacity: 64, batch: 64, ...options })
    if (!made.ok) throw new Error(made.error.message)
    opened.push(made.value)
    return made.value
  }
  const read = (options: Partial<ReaderOptions> = {}): RingReader => {
    const made = createReader(path, { index: 0, batch: 16, ...options })
    if (!made.ok) throw new Error(made.error.message)
    opened.push(made.value)
    return made.value
  }
  const producerError = (options: ProducerOptions = {}): string => {
    const made = createProducer(path, { capacity: 64, ...options })
    if (made.ok) opened.push(made.value)
    return made.ok ? 'opened' : made.error.code
  }
  const readerError = (options: Partial<ReaderOptions> = {}): string => {
    const made = createReader(path, { index: 0, ...options })
    if (made.ok) opened.push(made.value)
    return made.ok ? 'opened' : made.error.code
  }
  const publish = (producer: RingProducer, n: number): number => {
    for (let i = 0; i < n; i++) writeProbe(producer.view, i, producer.published + 1 + i)
    return producer.publish(n)
  }
  /** The sequences of the next batch; every tick of it is checked. */
  const next = async (reader: RingReader): Promise<number[]> => {
    let n = 0
    await until('a batch', () => (n = reader.drain()) > 0)
    expect(countBroken(reader.view, n, reader.firstSequence)).toBe(0)
    return Array.from({ length: n }, (_, i) => reader.firstSequence + i)
  }
  /** Reads to sequence `last` and returns how many ticks came. */
  const readTo = async (reader: RingReader, last: number): Promise<number> => {
    let delivered = 0
    while (reader.position <= last) delivered += (await next(reader)).length
    return delivered
  }

  test('runs on the backend it was asked for', () => {
    expect([ringBackend(), produce().backend, read().backend]).toEqual([backend, backend, backend])
  })

  test('delivers every word of every tick in order, sequences from 1, across the end of the ring', async () => {
    const producer = produce()
    const reader = read()
    let delivered = 0
    for (let round = 0; round < 20; round++) {
      expect(publish(producer, 23)).toBe(23)
      delivered += await readTo(reader, producer.published)
    }
    expect({ delivered, lost: reader.lost, published: producer.published }).toEqual({ delivered: 460, lost: 0, published: 460 })
  })

  test('readers are independent of each other', async () => {
    const producer = produce()
    const [quick, slow] = [read({ index: 3 }), read({ index: 9, batch: 4 })]
    publish(producer, 10)
    expect(await readTo(quick, 10)).toBe(10)
    expect(await next(slow)).toEqual([1, 2, 3, 4])
    publish(producer, 10)
    expect(await readTo(quick, 20)).toBe(10)
    expect(await readTo(slow, 20)).toBe(16)
  })

  test('counts what a lapped reader lost, exactly, and tells where', async () => {
    const producer = produce()
    const reader = read()
    publish(producer, 8)
    expect(await readTo(reader, 8)).toBe(8)
    await turn()
    for (let i = 0; i < 50; i++) publish(producer, 60)
    let [delivered, announced, expected] = [8, 0, 9]
    while (reader.position <= producer.published) {
      const batch = await next(reader)
      expect(batch[0]).toBe(expected + reader.lostNow)
      expected = (batch.at(-1) ?? 0) + 1
      announced += reader.lostNow
      delivered += batch.length
    }
    expect(reader.lost).toBeGreaterThan(0)
    expect(announced).toBe(reader.lost)
    expect(delivered + reader.lost).toBe(producer.published)
  })

  test('goes on as far behind the newest as asked after a lap', async () => {
    const producer = produce()
    const reader = read({ keepAfterLap: 5 })
    await turn()
    publish(producer, 1)
    await readTo(reader, 1)
    for (let i = 0; i < 10; i++) publish(producer, 64)
    await until('the newest five', () => reader.drain() > 0 && reader.firstSequence > producer.published - 64)
    await readTo(reader, producer.published)
    const behind = read({ index: 1, keepAfterLap: 5, from: 'oldest' })
    expect(await readTo(behind, producer.published)).toBe(64)
  })

  test('a lossless reader makes publish take less, and misses nothing', async () => {
    const producer = produce({ lossless: true })
    const reader = read({ lossless: true })
    let refused = 0
    let delivered = 0
    while (producer.published < 1_000) {
      if (publish(producer, 40) < 40) {
        refused++
        delivered += (await next(reader)).length
      }
    }
    delivered += await readTo(reader, producer.published)
    expect(refused).toBeGreaterThan(5)
    expect({ delivered, lost: reader.lost }).toEqual({ delivered: producer.published, lost: 0 })
  })

  test('publishFrom hands in the rest after back-pressure', async () => {
    const producer = produce({ lossless: true })
    const reader = read({ lossless: true, batch: 64 })
    publish(producer, 60)
    for (let i = 0; i < 10; i++) writeProbe(producer.view, i, 61 + i)
    expect(producer.publish(10)).toBe(4)
    await readTo(reader, 64)
    reader.ack()
    expect(producer.publishFrom(4, 6)).toBe(6)
    expect(await next(reader)).toEqual([65, 66, 67, 68, 69, 70])
  })

  test('only lossless readers hold the producer back', async () => {
    const producer = produce({ lossless: true })
    const [lossless, loose] = [read({ lossless: true, batch: 64 }), read({ index: 1 })]
    for (let i = 0; i < 5; i++) {
      expect(publish(producer, 60)).toBe(60)
      await readTo(lossless, producer.published)
      lossless.ack()
    }
    let delivered = 0
    while (loose.position <= producer.published) delivered += (await next(loose)).length
    expect(delivered + loose.lost).toBe(300)
  })

  test('resumes at the last acknowledged tick: what was not acknowledged comes again', async () => {
    const producer = produce()
    publish(producer, 12)
    const first = read({ batch: 5 })
    expect(await next(first)).toEqual([1, 2, 3, 4, 5])
    expect(await next(first)).toEqual([6, 7, 8, 9, 10])
    first.close()
    const second = read({ batch: 5 })
    expect(await next(second)).toEqual([6, 7, 8, 9, 10])
    second.ack()
    second.close()
    const third = read({ batch: 5 })
    expect(await next(third)).toEqual([11, 12])
    expect(third.lost).toBe(0)
  })

  test('acknowledges only by ack() when asked to', async () => {
    const producer = produce()
    publish(producer, 9)
    const reader = read({ batch: 3, manualAck: true })
    await next(reader)
    await next(reader)
    expect(reader.stats().readers[0]?.cursor).toBe(1)
    reader.ack()
    expect(reader.stats().readers[0]).toMatchObject({ cursor: 7, lag: 3 })
    await next(reader)
    reader.close()
    expect(await next(read({ batch: 3, manualAck: true }))).toEqual([7, 8, 9])
  })

  test('newest skips what is there and counts what this index skipped', async () => {
    const producer = produce()
    publish(producer, 10)
    const first = read({ from: 'newest' })
    expect(first.lost).toBe(0)
    publish(producer, 2)
    expect(await next(first)).toEqual([11, 12])
    first.ack()
    first.close()
    publish(producer, 7)
    const second = read({ from: 'newest' })
    publish(producer, 1)
    expect(await next(second)).toEqual([20])
    expect(second.lost).toBe(7)
  })

  test('oldest gives everything still in the ring', async () => {
    const producer = produce()
    for (let i = 0; i < 3; i++) publish(producer, 50)
    expect(await next(read({ from: 'oldest' }))).toEqual(Array.from({ length: 16 }, (_, i) => 87 + i))
  })

  test('a second producer and a second reader of one index are refused while the first lives', () => {
    const producer = produce()
    const reader = read()
    expect([producerError(), readerError(), readerError({ index: 1 })]).toEqual(['ERR_RING_BUSY', 'ERR_RING_BUSY', 'opened'])
    producer.close()
    reader.close()
    expect([producerError(), readerError()]).toEqual(['opened', 'opened'])
  })

  test('a successor goes on with the sequence, and readers go on with it', async () => {
    const first = produce()
    const reader = read()
    publish(first, 30)
    await readTo(reader, 30)
    first.close()
    const second = produce()
    expect(second.published).toBe(30)
    publish(second, 5)
    expect(await next(reader)).toEqual([31, 32, 33, 34, 35])
    expect(reader.stats()).toMatchObject({ published: 35, producerAlive: true, replaced: false })
    expect(second.stats().producerGeneration).toBe(2)
  })

  test('ticks of a producer that left are still there for a reader that comes later', async () => {
    const first = produce()
    publish(first, 30)
    first.close()
    const reader = read()
    expect(reader.stats().producerAlive).toBe(false)
    produce()
    expect(await readTo(reader, 30)).toBe(30)
  })

  test('refuses rings of another capacity or mode', () => {
    produce().close()
    expect([producerError({ capacity: 128 }), producerError({ lossless: true }), readerError({ lossless: true })]).toEqual([
      'ERR_RING_MISMATCH',
      'ERR_RING_MISMATCH',
      'ERR_RING_MISMATCH',
    ])
  })

  test.runIf(native.binding !== null)('refuses a ring of the other backend', () => {
    process.env['AEGIS_RING'] = OTHER[backend]
    produce().close()
    process.env['AEGIS_RING'] = backend
    expect([producerError(), readerError()]).toEqual(['ERR_RING_MISMATCH', 'ERR_RING_MISMATCH'])
  })

  test.each([0, 1, 4, 63, 100, 16_385, 2 ** 25, -64, 64.5, Number.NaN])('refuses capacity %s', (capacity) => {
    expect(producerError({ capacity })).toBe('ERR_RING_CAPACITY')
    expect(existsSync(path)).toBe(false)
  })

  test('refuses foreign files and leaves them untouched', () => {
    const foreign = Buffer.from('this is somebody else’s file, at least as long as a header\n'.repeat(200))
    for (const content of [foreign, Buffer.from('short'), Buffer.alloc(4096 + 64 * 64, 7)]) {
      writeFileSync(path, content)
      expect([producerError(), readerError()]).toEqual(['ERR_RING_FOREIGN', 'ERR_RING_FOREIGN'])
      expect(readFileSync(path).equals(content)).toBe(true)
    }
  })

  test('refuses links and folders', () => {
    const target = `${path}.r15`
    writeFileSync(target, '')
    symlinkSync(target, path)
    expect([producerError(), readerError()]).toEqual(['ERR_RING_FOREIGN', 'ERR_RING_FOREIGN'])
    expect(statSync(target).size).toBe(0)
    rmSync(path)
    mkdirSync(path)
    expect(producerError()).not.toBe('opened')
    rmSync(path, { recursive: true })
  })

  test('a batch larger than the ring is refused', () => {
    expect(() => producerError({ batch: 65 })).toThrow(/ERR_RING_ARGUMENT/)
  })

  test('there is no ring before its producer, and a half-made one is completed', () => {
    expect(readerError()).toBe('ERR_RING_NOT_FOUND')
    writeFileSync(path, Buffer.alloc(4096 + 64 * 64))
    expect(readerError()).toBe('ERR_RING_NOT_READY')
    expect([producerError(), readerError()]).toEqual(['opened', 'opened'])
  })

  test('ring files are readable by their owner only', () => {
    produce()
    read()
    const folder = join(path, '..')
    const files = readdirSync(folder).filter(
      (name) => path.endsWith(name.replace(/\.(r0|lock|sock|r0\.lock)$/, '')) && name.startsWith('aegis-'),
    )
    expect(files.length).toBeGreaterThanOrEqual(2)
    for (const name of files) expect([name, statSync(join(folder, name)).mode & 0o077]).toEqual([name, 0])
  })

  test('too little memory is refused at once and leaves nothing behind', (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'ring-tmpfs-'))
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]).status !== 0) {
      rmSync(folder, { recursive: true })
      return context.skip('no permission to mount a small tmpfs here')
    }
    try {
      const refused = createProducer(join(folder, 'big'))
      expect(refused.ok ? 'opened' : refused.error.code).toBe('ERR_RING_SPACE')
      expect(readdirSync(folder)).toEqual([])
      const fits = createProducer(join(folder, 'small'), { capacity: 64 })
      expect(fits.ok).toBe(true)
      if (fits.ok) fits.value.close()
    } finally {
      spawnSync('umount', [folder])
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('a folder that does not exist is an I/O failure, not an exception', () => {
    const made = createProducer('/nonexistent-folder/ring')
    expect(made.ok ? 'opened' : made.error.code).toBe('ERR_RING_IO')
  })

  test('use after close throws, closing twice does not', () => {
    const producer = produce()
    const reader = read()
    for (const end of [producer, reader, producer, reader]) end.close()
    expect(() => producer.publish(1)).toThrow(/ERR_RING_CLOSED/)
    expect(() => reader.drain()).toThrow(/ERR_RING_CLOSED/)
    expect(() => reader.drainWait(0, 10)).toThrow(/ERR_RING_CLOSED/)
    expect(() => reader.ack()).toThrow(/close/)
    expect(() => reader.pump(() => {})).toThrow(/ERR_RING_CLOSED/)
  })

  test('a view whose memory was transferred away throws instead of writing into nobody’s memory', () => {
    const producer = produce()
    const reader = read()
    publish(producer, 1)
    structuredClone(producer.view, { transfer: [producer.view.buffer as ArrayBuffer] })
    structuredClone(reader.view, { transfer: [reader.view.buffer as ArrayBuffer] })
    expect(() => producer.publish(1)).toThrow(/ERR_RING_DETACHED/)
    expect(() => reader.drain()).toThrow(/ERR_RING_DETACHED/)
    expect(() => reader.drainWait(0, 0)).toThrow(/ERR_RING_DETACHED/)
  })

  test.each([
    [0, 65],
    [60, 5],
    [-1, 2],
    [0, -1],
    [0, 1.5],
    [0, Number.NaN],
    [2 ** 32, 1],
  ])('publishing %s, %s outside the view throws', (from, n) => {
    const producer = produce()
    expect(() => producer.publishFrom(from, n)).toThrow(/ERR_RING_ARGUMENT/)
    expect(producer.published).toBe(0)
  })

  test.each([{ index: 16 }, { index: -1 }, { index: 0.5 }, { batch: 0 }, { batch: 2 ** 20 }, { name: 'x'.repeat(40) }])(
    'reader options %j throw',
    (options) => {
      produce()
      expect(() => readerError(options)).toThrow(/ERR_RING_ARGUMENT/)
    },
  )

  test('pump sleeps until something comes and delivers it all', async () => {
    const producer = produce({ capacity: 1024 })
    const reader = read()
    const got: number[] = []
    reader.pump((view, n, first, lostNow) => {
      expect([countBroken(view, n, first), lostNow]).toEqual([0, 0])
      for (let i = 0; i < n; i++) got.push(first + i)
    })
    for (const n of [1, 40, 3]) {
      publish(producer, n)
      await until('the pump to deliver', () => got.length === producer.published)
      await pause(30)
    }
    expect(got).toEqual(Array.from({ length: 44 }, (_, i) => i + 1))
    expect(() => reader.pump(() => {})).toThrow(/pumps/)
  })

  test('pump yields the loop after its budget', async () => {
    const producer = produce({ capacity: 1024 })
    publish(producer, 64)
    publish(producer, 64)
    const reader = read({ batch: 1 })
    let [batches, turns] = [0, 0]
    reader.pump(
      () => {
        batches++
        for (const end = performance.now() + 2; performance.now() < end;);
      },
      0,
      1,
    )
    while (batches < 128) {
      await turn()
      turns++
    }
    expect(turns).toBeGreaterThanOrEqual(100)
  })

  test('close inside the pump stops it', async () => {
    const producer = produce()
    const reader = read({ batch: 1 })
    let calls = 0
    reader.pump(() => {
      calls++
      reader.close()
    })
    publish(producer, 10)
    await until('the first call', () => calls > 0)
    await pause(50)
    expect(calls).toBe(1)
  })

  test('never evicts a living reader', async () => {
    const producer = produce({ lossless: true })
    const reader = read({ lossless: true })
    for (let i = 0; i < 5; i++) expect(producer.evictDeadReaders()).toBe(0)
    publish(producer, 64)
    expect(publish(producer, 1)).toBe(0)
    expect(await readTo(reader, 64)).toBe(64)
  })

  test('a reader that left by close no longer holds the producer back', async () => {
    const producer = produce({ lossless: true })
    const reader = read({ lossless: true })
    publish(producer, 64)
    expect(publish(producer, 1)).toBe(0)
    reader.close()
    expect(publish(producer, 1)).toBe(1)
  })

  test('stats name everybody', async () => {
    const producer = produce()
    const reader = read({ index: 2, name: 'brain ÄÖ' })
    publish(producer, 20)
    await next(reader)
    reader.ack()
    const stats = producer.stats()
    expect(stats).toMatchObject({ backend, capacity: 64, lossless: false, published: 20, producerPid: process.pid, producerGeneration: 1 })
    expect(stats.readers).toEqual([
      { index: 2, state: 'active', lossless: false, pid: process.pid, name: 'brain ÄÖ', cursor: 17, lost: 0, lag: 4, generation: 1 },
    ])
    expect(Math.abs(stats.createdMs - Date.now())).toBeLessThan(60_000)
    expect(stats.epoch).toBeGreaterThan(0)
    reader.close()
    expect(producer.stats().readers[0]?.state).toBe('free')
  })

  test('a reader learns that the ring at its path was made anew', async () => {
    const producer = produce()
    const reader = read()
    expect(reader.stats().replaced).toBe(false)
    producer.close()
    rmSync(path)
    expect(reader.stats().replaced).toBe(true)
    produce()
    await until('the reader to see it', () => reader.stats().replaced)
  })

  test('removeRing leaves nothing', () => {
    const producer = produce()
    read().close()
    producer.close()
    removeRing(path)
    const name = path.slice(path.lastIndexOf('/') + 1)
    expect(readdirSync(join(path, '..')).filter((entry) => entry.startsWith(`${name}`))).toEqual([])
  })
})

test('an unavailable backend is a failure with its reason', () => {
  const before = process.env['AEGIS_RING']
  process.env['AEGIS_RING'] = 'native'
  try {
    const made = createReader('/nonexistent-folder/ring', { index: 0 })
    expect(made.ok ? 'opened' : made.error.code).toBe(native.binding === null ? 'ERR_RING_BACKEND' : 'ERR_RING_NOT_FOUND')
  } finally {
    if (before === undefined) delete process.env['AEGIS_RING']
    else process.env['AEGIS_RING'] = before
  }
})
