/** One suite, both backends: who may open a ring, what is refused, and what is left behind (ring.md §3, §5.2). */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BACKENDS, native, ringUnderTest } from './fixtures/ring-under-test.ts'
import { createProducer, createReader, removeRing } from './index.ts'

const OTHER = { native: 'fallback', fallback: 'native' } as const

describe.each(BACKENDS)('ring opening, %s', (backend) => {
  const ring = ringUnderTest(backend)
  const { produce, read, producerError, readerError } = ring

  test('a second producer and a second reader of one index are refused while the first lives', () => {
    const producer = produce()
    const reader = read()
    expect([producerError(), readerError(), readerError({ index: 1 })]).toEqual(['ERR_RING_BUSY', 'ERR_RING_BUSY', 'opened'])
    producer.close()
    reader.close()
    expect([producerError(), readerError()]).toEqual(['opened', 'opened'])
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
    expect(existsSync(ring.path)).toBe(false)
  })

  test('refuses foreign files and leaves them untouched', () => {
    const foreign = Buffer.from('this is somebody else’s file, at least as long as a header\n'.repeat(200))
    for (const content of [foreign, Buffer.from('short'), Buffer.alloc(4096 + 64 * 64, 7)]) {
      writeFileSync(ring.path, content)
      expect([producerError(), readerError()]).toEqual(['ERR_RING_FOREIGN', 'ERR_RING_FOREIGN'])
      expect(readFileSync(ring.path).equals(content)).toBe(true)
    }
  })

  test('refuses links and folders', () => {
    const target = `${ring.path}.r15`
    writeFileSync(target, '')
    symlinkSync(target, ring.path)
    expect([producerError(), readerError()]).toEqual(['ERR_RING_FOREIGN', 'ERR_RING_FOREIGN'])
    expect(statSync(target).size).toBe(0)
    rmSync(ring.path)
    mkdirSync(ring.path)
    expect(producerError()).not.toBe('opened')
    rmSync(ring.path, { recursive: true })
  })

  test('a batch larger than the ring is refused', () => {
    expect(() => producerError({ batch: 65 })).toThrow(/ERR_RING_ARGUMENT/)
  })

  test('there is no ring before its producer, and a half-made one is completed', () => {
    expect(readerError()).toBe('ERR_RING_NOT_FOUND')
    writeFileSync(ring.path, Buffer.alloc(4096 + 64 * 64))
    expect(readerError()).toBe('ERR_RING_NOT_READY')
    expect([producerError(), readerError()]).toEqual(['opened', 'opened'])
  })

  test('ring files are readable by their owner only', () => {
    produce()
    read()
    const folder = join(ring.path, '..')
    const files = readdirSync(folder).filter(
      (name) => ring.path.endsWith(name.replace(/\.(r0|lock|sock|r0\.lock)$/, '')) && name.startsWith('aegis-'),
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

  test('removeRing leaves nothing', () => {
    const producer = produce()
    read().close()
    producer.close()
    removeRing(ring.path)
    const name = ring.path.slice(ring.path.lastIndexOf('/') + 1)
    expect(readdirSync(join(ring.path, '..')).filter((entry) => entry.startsWith(`${name}`))).toEqual([])
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
