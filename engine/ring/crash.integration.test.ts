/** kill -9 of either side, again and again (ring.md §3); the long runs are bench/ring.ts. */
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { killProducers, killReaders } from './crash/kill-rounds.ts'
import { createProducer, createReader, removeRing, ringPath, type RingBackend } from './index.ts'
import { bindingPath, loadBinding } from './native-binding.ts'

const KILLS = 20
const native = loadBinding()
const testing = loadBinding('testing')
if (native.binding === null) console.log(`skipped by name: kill -9 of the native ring (${native.reason})`)
if (testing.binding === null) console.log(`skipped by name: slow-copy kills and the negative control (${testing.reason})`)
const BACKENDS: readonly RingBackend[] = native.binding === null ? ['fallback'] : ['native', 'fallback']

describe.each(BACKENDS)('%s', (backend) => {
  test.each([
    ['overwriting', 64, false],
    ['overwriting', 16_384, false],
    ['lossless', 16_384, true],
  ] as const)('a producer killed %# times: %s, %i slots', async (_, capacity, lossless) => {
    const seen = await killProducers({ backend, kills: KILLS, capacity, lossless, batch: 16 })
    expect(seen).toMatchObject({ kills: KILLS, torn: 0, unaccounted: 0, exact: true })
    expect(seen.delivered).toBeGreaterThan(0)
    if (lossless) expect(seen.lost).toBe(0)
  })

  test.each([false, true])('a lossless reader killed again and again misses nothing (manual ack %s)', async (manualAck) => {
    const seen = await killReaders({ backend, kills: KILLS, capacity: 16_384, lossless: true, batch: 256, manualAck })
    expect(seen).toMatchObject({ missing: 0, torn: 0 })
    expect(seen.worstRepeat).toBeLessThanOrEqual(256)
    expect(seen.delivered).toBe(seen.published + seen.repeated)
  })

  test('a dead lossless reader fills the ring; eviction frees it', async () => {
    const path = ringPath(`evict-${process.pid}-${backend}`)
    const before = process.env['AEGIS_RING']
    process.env['AEGIS_RING'] = backend
    const made = createProducer(path, { capacity: 64, lossless: true, batch: 64 })
    if (!made.ok) throw new Error(made.error.message)
    const producer = made.value
    try {
      const script = `
        const { createReader } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)})
        const reader = createReader(${JSON.stringify(path)}, { index: 5, lossless: true })
        if (!reader.ok) throw new Error(reader.error.message)
        process.stdout.write('joined')
        setInterval(() => {}, 1000)`
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      expect(producer.publish(64)).toBe(64)
      expect([producer.publish(1), producer.evictDeadReaders()]).toEqual([0, 0])
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(producer.publish(1)).toBe(0)
      expect(producer.evictDeadReaders()).toBe(1)
      expect(producer.stats().readers[0]?.state).toBe('evicted')
      expect(producer.publish(64)).toBe(64)
      const again = createReader(path, { index: 5, lossless: true, batch: 64 })
      if (!again.ok) throw new Error(again.error.message)
      let delivered = 0
      for (const end = performance.now() + 5_000; again.value.position <= 128 && performance.now() < end;) {
        delivered += again.value.drain()
        await new Promise((resolve) => setImmediate(resolve))
      }
      expect(delivered + again.value.lost).toBe(128)
      again.value.close()
    } finally {
      if (before === undefined) delete process.env['AEGIS_RING']
      else process.env['AEGIS_RING'] = before
      producer.close()
      removeRing(path)
    }
  })
})

describe.runIf(testing.binding !== null)('inside a slot', () => {
  const slow = { slowNs: 2_000, naive: false }

  test.each([
    ['overwriting', 64, false],
    ['lossless', 16_384, true],
  ] as const)('kills land inside slots and nothing torn is delivered: %s, %i slots', async (_, capacity, lossless) => {
    const seen = await killProducers({ backend: 'native', kills: KILLS, capacity, lossless, batch: 16, hooks: slow })
    expect(seen).toMatchObject({ torn: 0, unaccounted: 0, exact: true })
    expect(seen.insideSlot).toBeGreaterThan(0)
  })

  test('without the protection the same rounds see torn ticks: the check can fail', async () => {
    const hooks = { slowNs: 2_000, naive: true }
    const seen = await killProducers({ backend: 'native', kills: KILLS, capacity: 64, lossless: false, batch: 16, hooks })
    expect(seen.torn).toBeGreaterThan(0)
  })
})

describe.runIf(native.binding !== null)('the addon in its surroundings', () => {
  test('a worker that is terminated while it pumps leaves the process whole and the place free', async () => {
    const path = ringPath(`worker-${process.pid}`)
    const made = createProducer(path, { capacity: 64 })
    if (!made.ok) throw new Error(made.error.message)
    try {
      for (let round = 0; round < 5; round++) {
        const script = `
          const { createReader } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)})
          const { parentPort } = await import('node:worker_threads')
          const reader = createReader(${JSON.stringify(path)}, { index: 0 })
          if (!reader.ok) throw new Error(reader.error.message)
          reader.value.pump(() => parentPort.postMessage('got'))`
        const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`))
        const got = once(worker, 'message')
        made.value.publish(1)
        await got
        await worker.terminate()
        made.value.publish(5)
      }
      const reader = createReader(path, { index: 0 })
      expect(reader.ok).toBe(true)
      if (reader.ok) reader.value.close()
    } finally {
      made.value.close()
      removeRing(path)
    }
  })

  test('the binary names Node-API and libc, no V8 and no libuv', async () => {
    const nm = spawn('nm', ['-D', '--undefined-only', bindingPath()], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    nm.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
    await once(nm, 'close')
    const symbols = text.split('\n').flatMap((line) => line.trim().split(/\s+/)[1] ?? [])
    expect(symbols.filter((name) => name.startsWith('napi_')).length).toBeGreaterThan(10)
    expect(symbols.filter((name) => /^(uv_|_ZN2v8|_ZN4node)|external_(arraybuffer|buffer)/.test(name))).toEqual([])
  })

  test('building again costs nothing, and without a compiler it says so and succeeds', async () => {
    const build = fileURLToPath(new URL('native/build.mjs', import.meta.url))
    expect(await run(build, process.env)).toMatchObject({ code: 0, text: expect.stringMatching(/up to date\n$/) })
  })
})

async function run(script: string, env: NodeJS.ProcessEnv): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const [code] = await once(child, 'close')
  return { code: typeof code === 'number' ? code : null, text }
}

test('where there is no compiler the build says so in one line and succeeds', async () => {
  const { cpSync, mkdtempSync, rmSync, existsSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { join } = await import('node:path')
  const folder = mkdtempSync(join(tmpdir(), 'ring-build-'))
  try {
    cpSync(fileURLToPath(new URL('native/build.mjs', import.meta.url)), join(folder, 'build.mjs'))
    cpSync(fileURLToPath(new URL('native/binding.gyp', import.meta.url)), join(folder, 'binding.gyp'))
    cpSync(fileURLToPath(new URL('native/src', import.meta.url)), join(folder, 'src'), { recursive: true })
    const { code, text } = await run(join(folder, 'build.mjs'), { ...process.env, PATH: '/nonexistent' })
    expect({ code, lines: text.trim().split('\n').length }).toEqual({ code: 0, lines: 1 })
    expect(text).toContain('fallback')
    expect(existsSync(join(folder, 'prebuilds'))).toBe(false)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
