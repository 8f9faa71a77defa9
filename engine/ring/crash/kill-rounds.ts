/**
 * Kills one side of a ring again and again with SIGKILL while it works at full speed, and counts what the other side saw. The figures are
 * the claims of ring.md §3; the same rounds with the protection removed (hooks.naive) must see torn ticks, or the test could not fail.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeRing, ringPath } from '../location.ts'
import type { RingBackend, RingReader } from '../ring.ts'
import { openProducer, openReader, type Hooks } from './ends.ts'
import { countBroken, writeProbe } from './probe-ticks.ts'
import type { Victim } from './victim.ts'

export interface KillPlan {
  readonly backend: RingBackend
  readonly kills: number
  readonly capacity: number
  readonly lossless: boolean
  readonly batch: number
  readonly manualAck?: boolean
  readonly hooks?: Hooks
  /** Longest time a victim works before it is killed, ms. Default 12. */
  readonly longestMs?: number
}

export interface ProducerKills {
  readonly kills: number
  readonly delivered: number
  readonly lost: number
  readonly published: number
  readonly torn: number
  /** Jumps in sequence that `lostNow` did not announce. */
  readonly unaccounted: number
  /** Kills that left an odd stamp: the producer died inside a slot. */
  readonly insideSlot: number
  readonly exact: boolean
}

export interface ReaderKills {
  readonly kills: number
  readonly delivered: number
  readonly published: number
  readonly missing: number
  readonly repeated: number
  /** Most ticks repeated after one kill. */
  readonly worstRepeat: number
  readonly torn: number
}

const HEADER_BYTES = 4096
const SLOT_BYTES = 64
let runs = 0
const freshPath = (): string => ringPath(`kill-${process.pid}-${runs++}`)
const victimFile = fileURLToPath(new URL(`./victim${extname(import.meta.url)}`, import.meta.url))
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Victims start slowly, so the next one is being born while this one works. */
class Nursery {
  readonly #victim: Victim
  readonly #alive = new Set<ChildProcess>()
  #next: Promise<ChildProcess>

  constructor(victim: Victim) {
    this.#victim = victim
    this.#next = this.#birth()
  }

  async #birth(): Promise<ChildProcess> {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'aegis-compile-cache') }
    const child = spawn(process.execPath, [victimFile, JSON.stringify(this.#victim)], { stdio: ['pipe', 'pipe', 'inherit'], env })
    this.#alive.add(child)
    child.once('exit', () => this.#alive.delete(child))
    child.stdin?.on('error', () => {})
    if (child.stdout !== null) await once(child.stdout, 'data')
    return child
  }

  async take(): Promise<ChildProcess> {
    const child = await this.#next
    this.#next = this.#birth()
    child.stdin?.write('go\n')
    return child
  }

  async end(): Promise<void> {
    await this.#next
    await Promise.all([...this.#alive].map(kill))
  }
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

/** Whether the slot after the last committed one carries an odd stamp, read straight from the ring's file. */
function diedInsideSlot(path: string, capacity: number): boolean {
  const fd = openSync(path, 'r')
  const word = new BigUint64Array(1)
  const bytes = new Uint8Array(word.buffer)
  const at = (offset: number): bigint => {
    readSync(fd, bytes, 0, 8, offset)
    return word[0] ?? 0n
  }
  try {
    let next = at(0x80) + 1n
    const stamp = (sequence: bigint): bigint => at(HEADER_BYTES + SLOT_BYTES * Number(sequence % BigInt(capacity)))
    while (stamp(next) === 2n * next) next++
    return stamp(next) === 2n * next - 1n
  } finally {
    closeSync(fd)
  }
}

interface Seen {
  delivered: number
  torn: number
  unaccounted: number
  expected: number
}

/** Takes everything that is there and checks every tick of it. */
function drainAndCheck(reader: RingReader, seen: Seen): number {
  const n = reader.drain()
  if (n === 0) return 0
  const first = reader.firstSequence
  seen.torn += countBroken(reader.view, n, first)
  if (first !== seen.expected + reader.lostNow) seen.unaccounted++
  seen.expected = first + n
  seen.delivered += n
  return n
}

/** Reads in slices of the event loop until `done`; then until nothing more comes. */
async function readUntil(reader: RingReader, seen: Seen, done: () => boolean): Promise<void> {
  while (!done()) {
    for (let i = 0; i < 64 && drainAndCheck(reader, seen) > 0; i++);
    await turn()
  }
}

async function readDry(reader: RingReader, seen: Seen): Promise<void> {
  for (let empty = 0; empty < 20;) {
    if (drainAndCheck(reader, seen) > 0) empty = 0
    else {
      empty++
      if (reader.backend === 'fallback') await pause(1)
    }
  }
}

/** Kills the producer `kills` times while this process reads and checks every tick. */
export async function killProducers(plan: KillPlan): Promise<ProducerKills> {
  const { backend, kills, capacity, lossless, batch, hooks = null, longestMs = 12 } = plan
  const path = freshPath()
  const nursery = new Nursery({ role: 'producer', backend, path, capacity, lossless, batch, manualAck: false, hooks, log: '' })
  openProducer(backend, path, { capacity, lossless }, hooks).close()
  const reader = openReader(backend, path, { index: 0, lossless, batch: 256 }, hooks)
  const seen: Seen = { delivered: 0, torn: 0, unaccounted: 0, expected: 1 }
  let insideSlot = 0
  try {
    for (let round = 0; round < kills; round++) {
      const child = await nursery.take()
      const before = reader.position
      await readUntil(reader, seen, () => reader.position > before || child.exitCode !== null)
      if (child.exitCode !== null) throw new Error(`the producer ended by itself with ${child.exitCode}`)
      const until = performance.now() + 1 + (longestMs - 1) * ((round * 0.618034) % 1)
      await readUntil(reader, seen, () => performance.now() >= until)
      await kill(child)
      if (backend === 'native' && diedInsideSlot(path, capacity)) insideSlot++
      await readDry(reader, seen)
    }
    const last = openProducer(backend, path, { capacity, lossless, batch: 1 }, hooks)
    // One more tick by a successor that lives: whatever the last kill left half-done is now either delivered or counted.
    writeProbe(last.view, 0, last.published + 1)
    while (last.publish(1) === 0) await readDry(reader, seen)
    await readUntil(reader, seen, () => reader.position > last.published)
    const { published } = last
    last.close()
    const { lost } = reader
    const { delivered, torn, unaccounted } = seen
    return { kills, delivered, lost, published, torn, unaccounted, insideSlot, exact: delivered + lost === published }
  } finally {
    reader.close()
    await nursery.end()
    removeRing(path)
  }
}

/** Kills the reader `kills` times while this process publishes; its log tells what each life received. */
export async function killReaders(plan: KillPlan): Promise<ReaderKills> {
  const { backend, kills, capacity, lossless, batch, manualAck = false, hooks = null, longestMs = 12 } = plan
  const path = freshPath()
  const log = `${path}.r0log`
  const producer = openProducer(backend, path, { capacity, lossless, batch: 256 }, hooks)
  const nursery = new Nursery({ role: 'reader', backend, path, capacity, lossless, batch, manualAck, hooks, log })
  const cursor = (): number => producer.stats().readers[0]?.cursor ?? 1
  // A slice ends when the ring is full or after a while: in overwrite mode it is never full.
  const publishSlice = (): void => {
    for (let i = 0; i < 256; i++) {
      const first = producer.published + 1
      for (let at = 0; at < 256; at++) writeProbe(producer.view, at, first + at)
      if (producer.publish(256) < 256) return
    }
  }
  try {
    for (let round = 0; round < kills; round++) {
      const child = await nursery.take()
      // Nobody is promised what was published before it ever joined.
      while (round === 0 && producer.stats().readers[0]?.state !== 'active' && child.exitCode === null) await pause(1)
      const before = cursor()
      while (cursor() === before && child.exitCode === null) {
        publishSlice()
        await turn()
      }
      if (child.exitCode !== null) throw new Error(`the reader ended by itself with ${child.exitCode}`)
      const until = performance.now() + 1 + (longestMs - 1) * ((round * 0.618034) % 1)
      while (performance.now() < until) {
        publishSlice()
        await turn()
      }
      await kill(child)
    }
    const { published } = producer
    const child = await nursery.take()
    while (cursor() <= published && child.exitCode === null) await pause(1)
    await kill(child)
    return { kills, published, ...readLog(log, published) }
  } finally {
    await nursery.end()
    producer.close()
    removeRing(path)
    rmSync(log, { force: true })
  }
}

/** The log is in order of time: a batch that starts behind the furthest tick seen repeats, one that starts beyond it leaves a hole. */
function readLog(log: string, published: number): Omit<ReaderKills, 'kills' | 'published'> {
  const data = readFileSync(log)
  const rows = new Float64Array(new Uint8Array(data).buffer)
  let [furthest, delivered, missing, repeated, worstRepeat, torn] = [0, 0, 0, 0, 0, 0]
  for (let at = 0; at + 2 < rows.length; at += 3) {
    const [first = 0, n = 0, broken = 0] = rows.subarray(at, at + 3)
    delivered += n
    torn += broken
    if (first > furthest + 1) missing += first - furthest - 1
    const again = Math.max(0, Math.min(furthest, first + n - 1) - first + 1)
    repeated += again
    worstRepeat = Math.max(worstRepeat, again)
    furthest = Math.max(furthest, first + n - 1)
  }
  missing += Math.max(0, published - furthest)
  return { delivered, missing, repeated, worstRepeat, torn }
}
