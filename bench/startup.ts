/**
 * What a trader waits for, and what the cockpit costs in memory: the built app from its start to an answering API, a usable screen
 * and the first candles; the brain back after kill -9; memory of host and engine together. For the Node host with Chromium, and for
 * Electron where ELECTRON_OVERRIDE_DIST_PATH names a runtime (under a display of its own where there is none).
 *
 * Electron's row also holds `empty`: the same number of processes of an Electron app that does nothing. RSS counts the pages of
 * Electron's binary once in every process; the bar is judged on PSS there, which counts them once, and RSS is printed beside it.
 */
import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Page } from 'playwright'
import { launchChromium } from '../e2e/support/chromium.ts'
import { openDisplay } from '../e2e/support/electron-app.ts'
import { repositoryRoot } from '../e2e/support/fixture-server.ts'
import { readStatus, type EngineStatus } from '../engine/supervisor/status-file.ts'
import { build } from '../main/build.ts'
import { MILESTONES } from '../renderer/milestones.ts'
import { startElectron, startElectronProcess, startNode, type StartedHost } from './startup/hosts.ts'
import { memoryOf, total, type Memory } from './startup/memory.ts'

const BARS = { apiMs: 1_000, usableMs: 2_000, brainBackMs: 1_000, memoryMb: 500 } as const
/** From usable until memory is read: caches are filled, the first garbage is collected. */
const SETTLE_MS = 12_000

interface Measured {
  /** Every bar held. */
  readonly ok: boolean
  readonly [figure: string]: unknown
}

interface Round {
  readonly apiMs: number | null
  readonly usableMs: number
  readonly candlesMs: number
  readonly brainBackMs: number
  readonly host: Memory
  readonly engine: Memory
}

async function waitFor<T>(what: string, read: () => T | null | Promise<T | null>, limitMs = 30_000): Promise<T> {
  const deadline = performance.now() + limitMs
  for (;;) {
    const value = await read()
    if (value !== null) return value
    if (performance.now() > deadline) throw new Error(`${what}: not within ${limitMs} ms`)
    await pause(50)
  }
}

const released = (host: StartedHost): Promise<EngineStatus> =>
  waitFor('an engine that may trade', () => {
    const status = readStatus(host.dataDir)
    return status !== null && status.released ? status : null
  })

/** Wall-clock time of a mark of the page. */
const markAt = (page: Page, name: string): Promise<number> =>
  waitFor(name, () =>
    page.evaluate((mark) => {
      const entry = performance.getEntriesByName(mark)[0]
      return entry === undefined ? null : performance.timeOrigin + entry.startTime
    }, name),
  )

/** From SIGKILL, sent from here, until the screen shows another brain running, ms. */
async function brainBack(page: Page, pid: number): Promise<number> {
  const seen = page.evaluate(
    (old) =>
      new Promise<number>((resolve, reject) => {
        const end = performance.now() + 20_000
        const look = (): void => {
          const row = document.querySelector('[data-process="brain"]')
          const now = Number(row?.getAttribute('data-pid'))
          if (now > 0 && now !== old && row?.getAttribute('data-process-state') === 'running')
            resolve(performance.timeOrigin + performance.now())
          else if (performance.now() > end) reject(new Error('no other brain within 20 s'))
          else setTimeout(look, 2)
        }
        look()
      }),
    pid,
  )
  await pause(100)
  const killed = performance.timeOrigin + performance.now()
  process.kill(pid, 'SIGKILL')
  return (await seen) - killed
}

async function oneRound(start: () => Promise<StartedHost>): Promise<Round> {
  const host = await start()
  try {
    const status = await released(host)
    const page = await host.page()
    const usable = await markAt(page, MILESTONES.usable)
    const candles = await markAt(page, MILESTONES.candles)
    await pause(SETTLE_MS)
    const memories = status.processes.flatMap(({ pid }) => (pid === null ? [] : (memoryOf(pid) ?? [])))
    const own = memoryOf(host.pid) ?? { rssMb: NaN, pssMb: NaN, privateMb: NaN }
    const brain = status.processes.find(({ name }) => name === 'brain')?.pid ?? 0
    return {
      apiMs: host.apiAt === null ? null : host.apiAt - host.startedAt,
      usableMs: usable - host.startedAt,
      candlesMs: candles - host.startedAt,
      brainBackMs: await brainBack(page, brain),
      host: own,
      engine: total(memories),
    }
  } finally {
    await host.stop()
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
/** Median first, then the extremes: the noise. */
const figure = (values: readonly number[]): object => ({
  median: Math.round(median(values)),
  min: Math.round(Math.min(...values)),
  max: Math.round(Math.max(...values)),
})

async function measured(rounds: number, start: () => Promise<StartedHost>, judged: 'rssMb' | 'pssMb'): Promise<Measured> {
  await oneRound(start) // caches of the file system and of compiled code are those of a machine that ran it before
  const all: Round[] = []
  for (let i = 0; i < rounds; i++) all.push(await oneRound(start))
  const of = (pick: (round: Round) => number): number[] => all.map(pick)
  const together = (pick: (memory: Memory) => number): number[] => all.map(({ host, engine }) => pick(host) + pick(engine))
  const api = all.flatMap(({ apiMs }) => apiMs ?? [])
  const memory = median(together((one) => one[judged]))
  return {
    apiMs: api.length === 0 ? null : figure(api),
    usableMs: figure(of((round) => round.usableMs)),
    candlesMs: figure(of((round) => round.candlesMs)),
    brainBackMs: figure(of((round) => round.brainBackMs)),
    memoryMb: {
      rss: figure(together((one) => one.rssMb)),
      pss: figure(together((one) => one.pssMb)),
      private: figure(together((one) => one.privateMb)),
      hostRss: figure(of(({ host }) => host.rssMb)),
      engineRss: figure(of(({ engine }) => engine.rssMb)),
      judged,
    },
    ok:
      (api.length === 0 || median(api) <= BARS.apiMs) &&
      median(of((round) => round.usableMs)) <= BARS.usableMs &&
      median(of((round) => round.brainBackMs)) <= BARS.brainBackMs &&
      memory <= BARS.memoryMb,
  }
}

/** What Electron costs before any line of ours. */
async function emptyElectron(binary: string, env: NodeJS.ProcessEnv): Promise<object> {
  const app = await startElectronProcess(binary, [join(repositoryRoot, 'bench/startup/empty-app')], env, /^\[[\d,]+\]$/m)
  try {
    const pids: unknown = JSON.parse(app.found)
    const memory = total(Array.isArray(pids) ? pids.flatMap((pid) => memoryOf(Number(pid)) ?? []) : [])
    return { rssMb: Math.round(memory.rssMb), pssMb: Math.round(memory.pssMb), privateMb: Math.round(memory.privateMb) }
  } finally {
    await app.end()
  }
}

async function inElectron(folder: string, rounds: number): Promise<Measured> {
  const binary = join(folder, 'electron')
  const display = await openDisplay()
  try {
    const figures = await measured(rounds, () => startElectron(binary, display.env), 'pssMb')
    return {
      version: readFileSync(join(folder, 'version'), 'utf8').trim(),
      ...figures,
      empty: await emptyElectron(binary, display.env),
    }
  } finally {
    display.stop()
  }
}

export async function run(options: { readonly quick?: boolean } = {}): Promise<object> {
  build()
  const [loadBefore] = loadavg()
  const rounds = options.quick === true ? 2 : 5
  const browser = await launchChromium()
  let node: Measured
  try {
    node = await measured(rounds, () => startNode(browser), 'rssMb')
  } finally {
    await browser.close()
  }
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const electron = folder === undefined || folder === '' ? null : await inElectron(folder, rounds)
  /* other work on the machine makes every time longer: read the figures with it */
  const machine = { cores: availableParallelism(), loadBefore, loadAfter: loadavg()[0] }
  return { bench: 'startup', rounds, machine, bars: BARS, node, electron, ok: node.ok && electron?.ok !== false }
}
