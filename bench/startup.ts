/**
 * What a trader waits for, and what the cockpit costs in memory: the built app from its start to an answering API, a usable screen
 * and the first candles; the brain back after kill -9; memory of host and engine together. For the Node host with Chromium, and for
 * Electron where ELECTRON_OVERRIDE_DIST_PATH names a runtime (under a display of its own where there is none).
 *
 * Memory is judged on the sum of RSS over the host and the engine (feed, brain, reconciler), although RSS counts the pages of one binary
 * once in every process that runs it; PSS, which counts them once, stands beside it. The embedded exchange stands for the venue, which is
 * somebody else's machine: it is listed, not counted. Electron's own windows (renderer, GPU, network) are the browser, as under Node.
 * Electron's row also holds `empty`: as many processes of an Electron app that does nothing.
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
import { memoryOf, NOTHING, rounded, total, type Memory } from './startup/memory.ts'

const BARS = { apiMs: 1_000, usableMs: 2_000, brainBackMs: 1_000, memoryMb: 500 } as const
/** From usable until memory is read: caches are filled, the first garbage is collected. */
const SETTLE_MS = 12_000

const ENGINE = ['feed', 'brain', 'reconciler'] as const
const PARTS = ['host', ...ENGINE, 'simulator'] as const
type Part = (typeof PARTS)[number]

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
  readonly memory: Readonly<Record<Part, Memory>>
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
    const pidOf = (part: Part): number => (part === 'host' ? host.pid : (status.processes.find(({ name }) => name === part)?.pid ?? 0))
    const of = (part: Part): Memory => memoryOf(pidOf(part)) ?? NOTHING
    const memory = { host: of('host'), feed: of('feed'), brain: of('brain'), reconciler: of('reconciler'), simulator: of('simulator') }
    return {
      apiMs: host.apiAt === null ? null : host.apiAt - host.startedAt,
      usableMs: usable - host.startedAt,
      candlesMs: candles - host.startedAt,
      brainBackMs: await brainBack(page, pidOf('brain')),
      memory,
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

async function measured(rounds: number, start: () => Promise<StartedHost>): Promise<Measured> {
  await oneRound(start) // caches of the file system and of compiled code are those of a machine that ran it before
  const all: Round[] = []
  for (let i = 0; i < rounds; i++) all.push(await oneRound(start))
  const of = (pick: (round: Round) => number): number[] => all.map(pick)
  const sums = (parts: readonly Part[]): Memory[] => all.map(({ memory }) => total(parts.map((part) => memory[part])))
  const judged = sums(['host', ...ENGINE])
  const rss = judged.map(({ rssMb }) => rssMb)
  const api = all.flatMap(({ apiMs }) => apiMs ?? [])
  return {
    apiMs: api.length === 0 ? null : figure(api),
    usableMs: figure(of((round) => round.usableMs)),
    candlesMs: figure(of((round) => round.candlesMs)),
    brainBackMs: figure(of((round) => round.brainBackMs)),
    memoryMb: {
      /* judged: host + engine */
      rss: figure(rss),
      pss: figure(judged.map(({ pssMb }) => pssMb)),
      private: figure(judged.map(({ privateMb }) => privateMb)),
      engineRss: figure(sums(ENGINE).map(({ rssMb }) => rssMb)),
      exchangeRss: figure(sums(['simulator']).map(({ rssMb }) => rssMb)),
      /* of the last round */
      processes: Object.fromEntries(
        PARTS.map((part) => [part === 'simulator' ? 'exchange' : part, rounded(all.at(-1)?.memory[part] ?? NOTHING)]),
      ),
    },
    ok:
      (api.length === 0 || median(api) <= BARS.apiMs) &&
      median(of((round) => round.usableMs)) <= BARS.usableMs &&
      median(of((round) => round.brainBackMs)) <= BARS.brainBackMs &&
      median(rss) <= BARS.memoryMb,
  }
}

/** What Electron costs before any line of ours. */
async function emptyElectron(binary: string, env: NodeJS.ProcessEnv): Promise<object> {
  const app = await startElectronProcess(binary, [join(repositoryRoot, 'bench/startup/empty-app')], env, /^\[[\d,]+\]$/m)
  try {
    const pids: unknown = JSON.parse(app.found)
    return rounded(total(Array.isArray(pids) ? pids.map((pid) => memoryOf(Number(pid)) ?? NOTHING) : [NOTHING]))
  } finally {
    await app.end()
  }
}

async function inElectron(folder: string, rounds: number): Promise<Measured> {
  const binary = join(folder, 'electron')
  const display = await openDisplay()
  try {
    const figures = await measured(rounds, () => startElectron(binary, display.env))
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
    node = await measured(rounds, () => startNode(browser))
  } finally {
    await browser.close()
  }
  const folder = process.env['ELECTRON_OVERRIDE_DIST_PATH']
  const electron = folder === undefined || folder === '' ? null : await inElectron(folder, rounds)
  /* other work on the machine makes every time longer: read the figures with it */
  const machine = { cores: availableParallelism(), loadBefore, loadAfter: loadavg()[0] }
  return { bench: 'startup', rounds, machine, bars: BARS, node, electron, ok: node.ok && electron?.ok !== false }
}
