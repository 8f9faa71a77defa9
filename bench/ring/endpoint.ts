/**
 * One run of one transport: this process (or thread) sends, the one it starts receives. Prints one JSON line with the rate per batch size.
 * The clock runs until the receiver has verified the last tick.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isMainThread, MessageChannel, MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import * as v from 'valibot'
import { createProducer, removeRing, ringPath } from '../../engine/ring/index.ts'
import { nowNs, pinned } from './machine.ts'
import {
  joinRing,
  portSender,
  receiveByPort,
  receiveByRing,
  receiveByShared,
  receiveBySocket,
  receiverByIpc,
  sendByIpc,
  sendByRing,
  sendByShared,
  sendBySocket,
  sharedBytes,
  type Load,
  type Received,
  type Span,
} from './transports.ts'

const JobSchema = v.object({
  transport: v.picklist(['ring', 'socket', 'ipc', 'port', 'shared']),
  role: v.picklist(['sender', 'receiver']),
  address: v.string(),
  load: v.object({ ticks: v.number(), batch: v.number() }),
})
type Job = v.InferOutput<typeof JobSchema>
const DoneSchema = v.object({ received: v.number(), broken: v.number(), lost: v.number(), at: v.number() })
type Done = v.InferOutput<typeof DoneSchema>

const self = fileURLToPath(import.meta.url)
const finished = (received: Received): Done => ({ ...received, at: nowNs() })

async function receive({ transport, address, load }: Job): Promise<void> {
  const tell = (message: object | string): void => void process.send?.(message)
  if (transport === 'ring') {
    const reader = joinRing(address)
    tell('ready')
    tell(finished(receiveByRing(reader, load)))
  } else if (transport === 'socket') {
    const { listening, done } = receiveBySocket(address, load)
    await listening
    tell('ready')
    tell(finished(await done))
  } else {
    const take = receiverByIpc(load)
    process.on('message', (message: number[]) => {
      const received = take(message)
      if (received !== null) tell(finished(received))
    })
    tell('ready')
  }
  process.once('disconnect', () => process.exit(0))
}

/** Sends everything; the clock starts after the first tenth, when code is compiled and buffers have found their size. */
async function sendTimed(
  { ticks, batch }: Load,
  send: (span: Span) => void | Promise<void>,
): Promise<{ readonly from: number; readonly timed: number }> {
  const warm = 1 + Math.floor(ticks / 10 / batch) * batch
  await send({ from: 1, to: warm, batch })
  const from = nowNs()
  await send({ from: warm, to: ticks + 1, batch })
  return { from, timed: ticks + 1 - warm }
}

async function sendAcrossProcesses(job: Job): Promise<number> {
  const { transport, address, load } = job
  const { command, args } = pinned(1, process.execPath, [self, JSON.stringify({ ...job, role: 'receiver' })])
  // The ring must be there before its reader, and the reader before the first tick.
  const made = transport === 'ring' ? createProducer(address, { lossless: true, batch: load.batch }) : null
  if (made !== null && !made.ok) throw new Error(made.error.message)
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  const done = once(child, 'message')
  let timing: Awaited<ReturnType<typeof sendTimed>>
  if (made !== null) {
    const producer = made.value
    timing = await sendTimed(load, (span) => sendByRing(producer, span))
  } else if (transport === 'socket') {
    const socket = connect(address)
    await once(socket, 'connect')
    timing = await sendTimed(load, (span) => sendBySocket(socket, span))
    socket.end()
  } else {
    timing = await sendTimed(load, (span) => sendByIpc((message, sent) => child.send(message, sent), span))
  }
  const [message]: unknown[] = await done
  child.disconnect()
  await once(child, 'exit')
  return rate(v.parse(DoneSchema, message), load, timing)
}

async function sendAcrossThreads({ transport, load }: Job): Promise<number> {
  const memory = new SharedArrayBuffer(sharedBytes)
  const worker = new Worker(new URL(import.meta.url), { workerData: { transport, load, memory } })
  await once(worker, 'message')
  const { port1, port2 } = new MessageChannel()
  const done = once(worker, 'message')
  worker.postMessage(port2, [port2])
  const sendByPort = portSender(port1)
  const timing = await sendTimed(load, (span) => (transport === 'shared' ? sendByShared(memory, span) : sendByPort(span)))
  const [message]: unknown[] = await done
  port1.close()
  await worker.terminate()
  return rate(v.parse(DoneSchema, message), load, timing)
}

function rate(
  { received, broken, lost, at }: Done,
  { ticks }: Load,
  { from, timed }: { readonly from: number; readonly timed: number },
): number {
  if (received !== ticks || broken !== 0 || lost !== 0) throw new Error(`received ${received} of ${ticks}, broken ${broken}, lost ${lost}`)
  return timed / ((at - from) / 1e9)
}

const ThreadSchema = v.object({
  transport: v.picklist(['port', 'shared']),
  load: v.object({ ticks: v.number(), batch: v.number() }),
  memory: v.instance(SharedArrayBuffer),
})

async function receiveInThread(): Promise<void> {
  const { transport, load, memory } = v.parse(ThreadSchema, workerData)
  parentPort?.postMessage('ready')
  const [port]: unknown[] = parentPort === null ? [] : await once(parentPort, 'message')
  if (!(port instanceof MessagePort)) throw new Error('no port came')
  const received = transport === 'shared' ? receiveByShared(memory, load) : await receiveByPort(port, load)
  parentPort?.postMessage(finished(received))
}

if (!isMainThread) {
  await receiveInThread()
} else {
  const job = v.parse(JobSchema, JSON.parse(process.argv[2] ?? 'null'))
  if (job.role === 'receiver') {
    await receive(job)
  } else {
    const address = job.transport === 'ring' ? ringPath(`bench-${process.pid}`) : join(tmpdir(), `aegis-bench-${process.pid}.sock`)
    const across = job.transport === 'port' || job.transport === 'shared' ? sendAcrossThreads : sendAcrossProcesses
    const perSecond = await across({ ...job, address })
    removeRing(address)
    rmSync(address, { force: true })
    process.stdout.write(`${JSON.stringify({ perSecond })}\n`, () => process.exit(0))
  }
}
