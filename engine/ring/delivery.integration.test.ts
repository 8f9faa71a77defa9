/** One suite, both backends: what is delivered, lost, counted and resumed (ring.md §3, §5.2). */
import { rmSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { writeProbe } from './crash/probe-ticks.ts'
import { BACKENDS, turn, until, ringUnderTest } from './fixtures/ring-under-test.ts'
import { ringBackend } from './index.ts'

describe.each(BACKENDS)('ring delivery, %s', (backend) => {
  const ring = ringUnderTest(backend)
  const { produce, read, publish, next, readTo } = ring

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

  test('a reader learns that the ring at its path was made anew', async () => {
    const producer = produce()
    const reader = read()
    expect(reader.stats().replaced).toBe(false)
    producer.close()
    rmSync(ring.path)
    expect(reader.stats().replaced).toBe(true)
    produce()
    await until('the reader to see it', () => reader.stats().replaced)
  })
})
