/**
 * The two ends of every transport the ring is compared with. Each sends `ticks` verifiable ticks of 64 bytes in messages of `batch`; the
 * receiver recomputes every word of every tick. None may lose anything: each has its own back-pressure.
 */
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { MessagePort } from 'node:worker_threads'
import { TICK_WORDS } from '../../engine/contract/tick.ts'
import { countBroken, isProbe, writeProbe } from '../../engine/ring/crash/probe-ticks.ts'
import { createReader, type RingProducer, type RingReader } from '../../engine/ring/index.ts'

export interface Load {
  readonly ticks: number
  readonly batch: number
}

/** Part of a load: the ticks with sequences from `from` to below `to`, both at a batch's edge. */
export interface Span {
  readonly from: number
  readonly to: number
  readonly batch: number
}

export interface Received {
  readonly received: number
  readonly broken: number
  readonly lost: number
}

const IN_FLIGHT_TICKS = 16_384
const SENDER_SILENT_MS = 20_000
/**
 * Whoever finds a transport in shared memory empty or full spins this long and then sleeps: on a machine with neighbours, spinning on while
 * the other side is off its processor only makes the scheduler slower to bring it back. The C++ peer does the same.
 */
const SPIN_US = 50
const PARK_US = 500
const SPINS_BEFORE_NAP = 2_000
const NAP_MS = 0.05
const napWord = new Int32Array(new SharedArrayBuffer(4))
const nap = (): void => void Atomics.wait(napWord, 0, 0, NAP_MS)

function fill(view: Float64Array | number[], batch: number, first: number): void {
  for (let i = 0; i < batch; i++) {
    view[i * TICK_WORDS] = first + i
    writeProbe(view, i, first + i)
  }
}

/* ---------------------------------------------------------------- ring */

export function sendByRing(producer: RingProducer, { from, to, batch }: Span): void {
  for (let first = from; first < to; first += batch) {
    for (let i = 0; i < batch; i++) writeProbe(producer.view, i, first + i)
    for (let done = producer.publish(batch); done < batch;) done += producer.publishFrom(done, batch - done)
  }
}

/** Joins before the first tick is sent; what is published earlier than that nobody is promised. */
export function joinRing(path: string): RingReader {
  const made = createReader(path, { index: 0, lossless: true, batch: 256 })
  if (!made.ok) throw new Error(made.error.message)
  return made.value
}

export function receiveByRing(reader: RingReader, { ticks }: Load): Received {
  let [received, broken] = [0, 0]
  let lastTick = performance.now()
  let idle = false
  while (received < ticks) {
    const n = reader.drainWait(SPIN_US, PARK_US)
    if (n === 0) {
      // A sender that died must not leave a process behind that waits for ever.
      if (!idle) lastTick = performance.now()
      else if (performance.now() - lastTick > SENDER_SILENT_MS) throw new Error('the sender fell silent')
      idle = true
      continue
    }
    idle = false
    broken += countBroken(reader.view, n, received + 1)
    received += n
  }
  const { lost } = reader
  reader.close()
  return { received, broken, lost }
}

/* ---------------------------------------------------------------- unix socket */

export async function sendBySocket(socket: Socket, { from, to, batch }: Span): Promise<void> {
  for (let first = from; first < to; first += batch) {
    const message = new Float64Array(batch * TICK_WORDS)
    fill(message, batch, first)
    if (!socket.write(new Uint8Array(message.buffer))) await once(socket, 'drain')
  }
}

/** Resolves `listening` at once and `done` with everything that came. */
export function receiveBySocket(path: string, { ticks }: Load): { listening: Promise<unknown>; done: Promise<Received> } {
  const server = createServer()
  const done = new Promise<Received>((resolve) => {
    server.once('connection', (socket) => {
      const doubles = new Float64Array(1 << 18)
      const bytes = new Uint8Array(doubles.buffer)
      let [filled, received, broken] = [0, 0, 0]
      socket.on('data', (chunk: Buffer) => {
        bytes.set(chunk, filled)
        filled += chunk.length
        const whole = Math.floor(filled / 64)
        broken += countBroken(doubles, whole, received + 1)
        received += whole
        bytes.copyWithin(0, whole * 64, filled)
        filled -= whole * 64
        if (received < ticks) return
        server.close()
        resolve({ received, broken, lost: 0 })
      })
    })
  })
  server.listen(path)
  return { listening: once(server, 'listening'), done }
}

/* ---------------------------------------------------------------- process.send, json */

export async function sendByIpc(send: (message: number[], sent: () => void) => boolean, { from, to, batch }: Span): Promise<void> {
  for (let first = from; first < to; first += batch) {
    const message = Array.from<number>({ length: batch * TICK_WORDS })
    fill(message, batch, first)
    await new Promise<void>((resolve) => {
      if (send(message, resolve)) resolve()
    })
  }
}

/** Feed it every message; it returns the result with the last one. */
export function receiverByIpc({ ticks }: Load): (message: readonly number[]) => Received | null {
  let [received, broken] = [0, 0]
  return (message) => {
    const n = message.length / TICK_WORDS
    broken += countBroken(message, n, received + 1)
    received += n
    return received >= ticks ? { received, broken, lost: 0 } : null
  }
}

/* ---------------------------------------------------------------- worker MessagePort */

/** A sender that never has more than a ring's worth of ticks on the way. */
export function portSender(port: MessagePort): (span: Span) => Promise<void> {
  let credit = IN_FLIGHT_TICKS
  let wake = (): void => {}
  port.on('message', (ticksTaken: number) => {
    credit += ticksTaken
    wake()
  })
  return async ({ from, to, batch }) => {
    for (let first = from; first < to; first += batch) {
      if (credit < batch) await new Promise<void>((resolve) => (wake = resolve))
      credit -= batch
      const message = new Float64Array(batch * TICK_WORDS)
      fill(message, batch, first)
      port.postMessage(message)
    }
  }
}

export function receiveByPort(port: MessagePort, { ticks }: Load): Promise<Received> {
  return new Promise((resolve) => {
    let [received, broken, owed] = [0, 0, 0]
    port.on('message', (message: Float64Array) => {
      const n = message.length / TICK_WORDS
      broken += countBroken(message, n, received + 1)
      received += n
      owed += n
      if (owed >= IN_FLIGHT_TICKS / 4 || received >= ticks) {
        port.postMessage(owed)
        owed = 0
      }
      if (received >= ticks) resolve({ received, broken, lost: 0 })
    })
  })
}

/* ---------------------------------------------------------------- SharedArrayBuffer and Atomics, two threads */

const HEAD = 0
const TAIL = 32
export const sharedBytes = 256 + IN_FLIGHT_TICKS * 64

export function sendByShared(memory: SharedArrayBuffer, { from, to, batch }: Span): void {
  const marks = new Int32Array(memory, 0, 64)
  const slots = new Float64Array(memory, 256)
  let tail = Atomics.load(marks, TAIL)
  for (let first = from; first < to; first += batch) {
    for (let turns = 1; first - 1 + batch - tail > IN_FLIGHT_TICKS; turns++) {
      if (turns % SPINS_BEFORE_NAP === 0) nap()
      tail = Atomics.load(marks, TAIL)
    }
    for (let i = 0; i < batch; i++) {
      const slot = (first + i) & (IN_FLIGHT_TICKS - 1)
      slots[slot * TICK_WORDS] = first + i
      writeProbe(slots, slot, first + i)
    }
    Atomics.store(marks, HEAD, first - 1 + batch)
  }
}

export function receiveByShared(memory: SharedArrayBuffer, { ticks }: Load): Received {
  const marks = new Int32Array(memory, 0, 64)
  const slots = new Float64Array(memory, 256)
  let [received, broken] = [0, 0]
  for (let turns = 1; received < ticks; turns++) {
    const until = Math.min(Atomics.load(marks, HEAD), received + 256)
    if (until > received) turns = 0
    else if (turns % SPINS_BEFORE_NAP === 0) nap()
    while (received < until) {
      received++
      if (!isProbe(slots, received & (IN_FLIGHT_TICKS - 1), received)) broken++
    }
    Atomics.store(marks, TAIL, received)
  }
  return { received, broken, lost: 0 }
}
