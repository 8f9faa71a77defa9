/** Bars 9 and 10: the whole pipeline by sleeping and by spinning, and what a reader costs that has nothing to read. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'
import { createProducer, removeRing, ringPath } from '../../engine/ring/index.ts'
import { atLeast, atMost, type Bar } from './figures.ts'

const stageFile = fileURLToPath(new URL(`./stage${extname(import.meta.url)}`, import.meta.url))
const PER_SECOND = 100_000
const ReportSchema = v.object({
  received: v.number(),
  broken: v.number(),
  lost: v.number(),
  p50: v.number(),
  p90: v.number(),
  p99: v.number(),
})
const IdleSchema = v.object({ cpuFraction: v.number() })

function start(stage: object): ChildProcess {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'aegis-compile-cache') }
  return spawn(process.execPath, [stageFile, JSON.stringify(stage)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env })
}

async function message(child: ChildProcess, limitMs: number): Promise<unknown> {
  const [first]: unknown[] = await once(child, 'message', { signal: AbortSignal.timeout(limitMs) })
  return first
}

async function end(children: readonly ChildProcess[]): Promise<void> {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    }),
  )
}

/** End-to-end p50 in microseconds over all three processes. */
async function pipelineP50(wait: 'sleep' | 'spin', ticks: number): Promise<number> {
  const [first, second] = [ringPath(`pipe-a-${process.pid}`), ringPath(`pipe-b-${process.pid}`)]
  for (const path of [first, second]) {
    removeRing(path)
    const made = createProducer(path, { lossless: true })
    if (!made.ok) throw new Error(made.error.message)
    made.value.close()
  }
  const common = { wait, first, second, ticks, perSecond: PER_SECOND }
  const children: ChildProcess[] = []
  try {
    for (const role of ['reconciler', 'brain'] as const) {
      const child = start({ ...common, role })
      children.push(child)
      await message(child, 20_000)
    }
    const [last] = children
    if (last === undefined) throw new Error('no reconciler')
    const result = message(last, 60_000)
    children.push(start({ ...common, role: 'feed' }))
    const { received, broken, lost, p50 } = v.parse(ReportSchema, await result)
    if (received !== ticks || broken !== 0 || lost !== 0)
      throw new Error(`pipeline: received ${received} of ${ticks}, broken ${broken}, lost ${lost}`)
    return p50
  } finally {
    await end(children)
    removeRing(first)
    removeRing(second)
  }
}

export async function pipelineBar(rounds: number, ticks: number, log: (text: string) => void): Promise<Bar> {
  const [sleeping, spinning]: [number[], number[]] = [[], []]
  for (let turn = 0; turn < rounds; turn++) {
    sleeping.push(await pipelineP50('sleep', ticks))
    spinning.push(await pipelineP50('spin', ticks))
    log(`pipeline round ${turn + 1}/${rounds}: p50 ${sleeping.at(-1)?.toFixed(1)} µs asleep, ${spinning.at(-1)?.toFixed(1)} µs spinning`)
  }
  const measured = {
    sleepingP50Micros: atMost(sleeping, 100),
    spinningOverSleeping: atLeast(
      spinning.map((p50, i) => p50 / (sleeping[i] ?? Number.NaN)),
      20,
    ),
  }
  const claim = 'feed → brain → reconciler at 100,000 ticks/s: default wait ≤ 100 µs p50 and ≥ 20 times below all-spinning'
  return { bar: 9, claim, ok: measured.sleepingP50Micros.ok && measured.spinningOverSleeping.ok, measured }
}

export async function idleBar(rounds: number, ms: number): Promise<Bar> {
  const path = ringPath(`idle-${process.pid}`)
  const made = createProducer(path)
  if (!made.ok) throw new Error(made.error.message)
  const fractions: number[] = []
  try {
    for (let turn = 0; turn < rounds; turn++) {
      const child = start({ role: 'idle', wait: 'sleep', first: path, second: '', ticks: ms, perSecond: 0 })
      fractions.push(100 * v.parse(IdleSchema, await message(child, 30_000)).cpuFraction)
      await end([child])
    }
  } finally {
    made.value.close()
    removeRing(path)
  }
  const percent = atMost(fractions, 1)
  return { bar: 10, claim: 'an idle event-driven reader uses ≤ 1 % of a CPU', ok: percent.ok, measured: { percent } }
}
