/** One suite, both backends: misuse, waiting by pump, living and leaving readers, figures (ring.md §3, §5.2). */
import { describe, expect, test } from 'vitest'
import { countBroken } from './crash/probe-ticks.ts'
import { BACKENDS, turn, pause, until, ringUnderTest } from './fixtures/ring-under-test.ts'

describe.each(BACKENDS)('ring lifetime, %s', (backend) => {
  const ring = ringUnderTest(backend)
  const { produce, read, readerError, publish, next, readTo } = ring

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
})
