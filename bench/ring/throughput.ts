/** Bars 1 to 6: ticks per second, verified, every transport in every round, so that ratios compare runs of the same minute. */
import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { ringPath } from '../../engine/ring/index.ts'
import { atLeast, median, round, type Bar } from './figures.ts'
import { pinned, quietMoment } from './machine.ts'

export const BATCHES = [1, 16, 256] as const
type Batch = (typeof BATCHES)[number]
const TRANSPORTS = ['ring', 'socket', 'ipc', 'port', 'shared', 'cpp'] as const
type Transport = (typeof TRANSPORTS)[number]

/** Ticks per run, so that each takes a few tenths of a second. */
const TICKS: Readonly<Record<Transport, Readonly<Record<Batch, number>>>> = {
  ring: { 1: 3_000_000, 16: 8_000_000, 256: 8_011_776 },
  socket: { 1: 100_000, 16: 800_000, 256: 2_048_000 },
  ipc: { 1: 50_000, 16: 320_000, 256: 512_000 },
  port: { 1: 150_000, 16: 1_200_000, 256: 4_096_000 },
  shared: { 1: 4_000_000, 16: 8_000_000, 256: 8_192_000 },
  cpp: { 1: 6_000_000, 16: 16_000_000, 256: 16_384_000 },
}

const run = promisify(execFile)
const endpoint = fileURLToPath(new URL(`./endpoint${extname(import.meta.url)}`, import.meta.url))
const RUN_LIMIT_MS = 60_000
const RateSchema = v.object({ perSecond: v.number() })

async function measure(transport: Exclude<Transport, 'cpp'>, batch: Batch, ticks: number): Promise<number> {
  const job = JSON.stringify({ transport, role: 'sender', address: '', load: { ticks, batch } })
  const threads = transport === 'port' || transport === 'shared'
  const { command, args } = threads ? { command: process.execPath, args: [endpoint, job] } : pinned(0, process.execPath, [endpoint, job])
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'aegis-compile-cache') }
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const gone = once(child, 'exit')
  try {
    const [line]: unknown[] = await once(child.stdout, 'data', { signal: AbortSignal.timeout(RUN_LIMIT_MS) })
    return v.parse(RateSchema, JSON.parse(String(line))).perSecond
  } finally {
    // Its figure is here; how long a loaded machine takes to tear a process down is not what is measured.
    child.kill('SIGKILL')
    await gone
  }
}

/** Compiles the C++ peer; null with a reason where there is no compiler. */
export function compilePeer(folder: string): { readonly path: string | null; readonly reason: string } {
  const source = fileURLToPath(new URL('./peer.cc', import.meta.url))
  const path = join(folder, 'peer')
  const done = spawnSync('g++', ['-std=c++17', '-O2', '-Wall', source, '-o', path], { encoding: 'utf8' })
  return done.status === 0 ? { path, reason: '' } : { path: null, reason: done.error === undefined ? done.stderr : 'no g++ here' }
}

async function measurePeer(peer: string, batch: Batch, ticks: number): Promise<number> {
  const file = ringPath(`peer-${process.pid}`)
  rmSync(file, { force: true })
  const consume = pinned(1, peer, ['consume', file, String(ticks)])
  const produce = pinned(0, peer, ['produce', file, String(ticks), String(batch)])
  const [end, start] = await Promise.all([
    run(consume.command, consume.args, { timeout: 60_000 }),
    run(produce.command, produce.args, { timeout: 60_000 }),
  ]).finally(() => rmSync(file, { force: true }))
  return ticks / ((Number(end.stdout) - Number(start.stdout)) / 1e9)
}

export type Rates = Readonly<Record<Transport, Readonly<Record<Batch, readonly number[]>>>>

const emptyRates = (): Record<Transport, Record<Batch, number[]>> => {
  const none = (): Record<Batch, number[]> => ({ 1: [], 16: [], 256: [] })
  return { ring: none(), socket: none(), ipc: none(), port: none(), shared: none(), cpp: none() }
}

export interface Throughput {
  readonly rates: Rates
  /** CPUs that others used when each run began: the noise of this measurement. */
  readonly foreign: { readonly median: number; readonly worst: number }
  readonly peerReason: string
}

/** All transports, all batch sizes, `rounds` times, each run begun in a quiet moment while `patienceMs` for waiting lasts. */
export async function measureThroughput(
  rounds: number,
  scale: number,
  patienceMs: number,
  log: (text: string) => void,
): Promise<Throughput> {
  const folder = mkdtempSync(join(tmpdir(), 'aegis-peer-'))
  const peer = compilePeer(folder)
  const rates = emptyRates()
  const loads: number[] = []
  let patience = patienceMs
  try {
    for (let turn = 0; turn < rounds; turn++) {
      for (const batch of BATCHES) {
        for (const transport of TRANSPORTS) {
          const ticks = Math.ceil((TICKS[transport][batch] * scale) / batch) * batch
          const from = performance.now()
          loads.push(await quietMoment(patience))
          patience = Math.max(0, patience - (performance.now() - from))
          if (transport !== 'cpp') rates[transport][batch].push(await measure(transport, batch, ticks))
          else if (peer.path !== null) rates.cpp[batch].push(await measurePeer(peer.path, batch, ticks))
        }
      }
      log(`throughput round ${turn + 1}/${rounds} done, others used up to ${Math.max(...loads.slice(-18)).toFixed(2)} CPU`)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return { rates, foreign: { median: round(median(loads)), worst: round(Math.max(...loads)) }, peerReason: peer.reason }
}

interface RatioBar {
  readonly bar: number
  readonly claim: string
  readonly peer: Transport
  readonly bounds: readonly [number, number, number]
}

const RATIO_BARS: readonly RatioBar[] = [
  { bar: 1, claim: 'ring / unix socket', peer: 'socket', bounds: [20, 7, 3] },
  { bar: 2, claim: 'ring / process.send json', peer: 'ipc', bounds: [40, 20, 15] },
  { bar: 3, claim: 'ring / worker MessagePort', peer: 'port', bounds: [12, 5, 1.2] },
  { bar: 4, claim: 'ring across processes / SharedArrayBuffer across threads', peer: 'shared', bounds: [0.6, 0.6, 0.5] },
  { bar: 5, claim: 'ring / C++ on the same layout, compiled in this run', peer: 'cpp', bounds: [0.35, 0.5, 0.5] },
]
const REFERENCE_PER_SECOND = 388_203

export function throughputBars({ rates, peerReason }: Throughput): Bar[] {
  const bars = RATIO_BARS.map(({ bar, claim, peer, bounds }): Bar => {
    if (rates[peer][1].length === 0) return { bar, claim, ok: null, skipped: peerReason }
    const measured = Object.fromEntries(
      BATCHES.map((batch, i) => {
        const ratios = rates.ring[batch].map((ours, at) => ours / (rates[peer][batch][at] ?? Number.NaN))
        return [`batch${batch}`, atLeast(ratios, bounds[i] ?? 0)]
      }),
    )
    return { bar, claim, ok: Object.values(measured).every((m) => m.ok), measured }
  })
  const times = (batch: Batch): number[] => rates.ring[batch].map((perSecond) => perSecond / REFERENCE_PER_SECOND)
  const measured = { batch1: atLeast(times(1), 10), batch16: atLeast(times(16), 40) }
  const claim = `ring, times ${REFERENCE_PER_SECOND} ticks/s`
  return [...bars, { bar: 6, claim, ok: measured.batch1.ok && measured.batch16.ok, measured }]
}

/** Medians in ticks per second, for the reader of the report. */
export const medians = ({ rates }: Throughput): object =>
  Object.fromEntries(
    TRANSPORTS.map((t) => [t, Object.fromEntries(BATCHES.map((batch) => [`batch${batch}`, Math.round(median(rates[t][batch])) || null]))]),
  )
