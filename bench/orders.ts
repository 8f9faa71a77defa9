/**
 * From a signal to the order request at the exchange, and cancels in a flood of ticks. The brain's own runtime and adapter, a real
 * journal (synchronous=FULL) and the embedded exchange in another process; an arrival is when that process has read the request's
 * head, so the figures hold the wire and its wake-up too. The journal's part is reported apart. Then the kill switch: 50 orders
 * cancelled and 10 positions closed by the reconciler's own hands, confirmed by REST.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSettings } from '../engine/contract/settings.ts'
import { TICK_WORDS, TickKind, writeTick } from '../engine/contract/tick.ts'
import { openJournal, type Journal } from '../engine/journal/journal.ts'
import { createBrainRuntime, type BrainRuntime } from '../engine/processes/brain/runtime.ts'
import { createVenue, type Venue } from '../engine/venue/index.ts'
import { killOnce, type KillRun } from './orders/kill.ts'

const BARS = { cancelP999Ms: 20, flatMs: 1_000 } as const
const KILLS = 5
const SPEED = 60
const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n)
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

interface Started {
  readonly rest: string
  readonly ws: string
  readonly key: string
  readonly secret: string
}
interface Arrival {
  readonly method: string
  readonly at: number
}
const isStarted = (message: unknown): message is Started => typeof message === 'object' && message !== null && 'secret' in message
const isArrival = (message: unknown): message is Arrival => typeof message === 'object' && message !== null && 'at' in message

const percentile = (sorted: readonly number[], fraction: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(fraction * sorted.length))] ?? Number.NaN
function summary(samples: readonly number[], digits = 0): { p50: number; p99: number; p999: number; max: number; count: number } {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (fraction: number): number => Number(percentile(sorted, fraction).toFixed(digits))
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999), max: Number((sorted.at(-1) ?? Number.NaN).toFixed(digits)), count: sorted.length }
}

function must<T>(
  result: { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: { readonly message: string } },
): T {
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

interface Rig {
  readonly runtime: BrainRuntime
  readonly venue: Venue
  /** The next arrival of that method, µs. */
  arrival(method: string): Promise<number>
  /** µs of journal writes since asked last. */
  journalUs(): number
  close(): Promise<void>
}

async function build(): Promise<Rig> {
  const dataDir = mkdtempSync(join(tmpdir(), 'bench-orders-'))
  const child: ChildProcess = fork(fileURLToPath(new URL(`./orders/exchange${extname(import.meta.url)}`, import.meta.url)), [String(SPEED)])
  const arrivals: Arrival[] = []
  let wake: (() => void) | undefined
  const at = await new Promise<Started>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the exchange ended with ${code}`)))
    child.on('message', (message: unknown) => {
      if (isStarted(message)) resolve(message)
      else if (isArrival(message)) {
        arrivals.push(message)
        wake?.()
      }
    })
  })
  const endpoints = { rest: at.rest, ws: at.ws, rate: SPEED, real: false }
  const credentials = { key: at.key, secret: at.secret }
  const settings = must(
    parseSettings({
      speed: SPEED,
      strategy: { rsiPeriod: 2, atrPeriod: 2 },
      rails: { maxOrdersPerMinute: 1_000, coolDownSeconds: 0, maxDataAgeMs: 600_000, priceBandPct: 50 },
    }),
  )
  const venue = createVenue({ endpoints, credentials, source: 'brain', random: Math.random })
  must(await venue.clock.sync())
  const file: Journal = must(openJournal(join(dataDir, 'journal.sqlite'), { build: 'bench', session: 'benchaaa', process: 'brain' }))
  let spent = 0
  const journal: Journal = {
    ...file,
    appendAll(entries, durability) {
      const before = nowUs()
      const result = file.appendAll(entries, durability)
      spent += nowUs() - before
      return result
    },
  }
  const runtime = must(
    await createBrainRuntime({
      init: {
        settings,
        symbols: ['BTCUSDT'],
        ringPath: '',
        dataDir,
        endpoints,
        build: 'bench',
        session: 'benchaaa',
        credentials,
        tradingState: 'active',
      },
      journal,
      venue,
      emit: () => {},
      monotonic: { nowMs: () => performance.now() },
      onBug: (thrown) => {
        throw thrown instanceof Error ? thrown : new Error(String(thrown))
      },
    }),
  )
  must(await runtime.start())
  runtime.event({ type: 'release', at: runtime.state.now })
  return {
    runtime,
    venue,
    async arrival(method) {
      for (;;) {
        const index = arrivals.findIndex((one) => one.method === method)
        const [found] = index === -1 ? [] : arrivals.splice(index, 1)
        if (found !== undefined) return found.at
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    journalUs() {
      const value = spent
      spent = 0
      return value
    },
    async close() {
      await runtime.stop()
      child.removeAllListeners('exit')
      child.kill('SIGKILL')
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

const view = new Float64Array(TICK_WORDS * 256)

/** Two bars down and up: RSI(2) crosses above 30 at the second, and the placeholder rule buys below the market, where it rests. */
class Bars {
  #close: number
  #openTime: number
  readonly #rig: Rig

  constructor(rig: Rig, price: number) {
    this.#rig = rig
    this.#close = price
    this.#openTime = Math.floor(rig.venue.clock.nowMs() / 60_000) * 60_000 - 180_000
  }

  #write(slot: number, change: number): void {
    const open = this.#close
    this.#close = Math.round((open + change) * 10) / 10
    this.#openTime += 60_000
    const [high, low] = [Math.max(open, this.#close), Math.min(open, this.#close)]
    writeTick(view, slot, 0, TickKind.barClosed, this.#openTime * 1_000, open, high, low, this.#close, 1)
  }

  /** Quiet bar, then the one that signals; answers when it was handed over, µs. */
  signal(): number {
    const { runtime, venue } = this.#rig
    writeTick(view, 0, 0, TickKind.mark, Math.trunc(venue.clock.nowMs()) * 1_000, this.#close * 1.02, 0, 0, 0, 0)
    this.#write(1, -1.5)
    runtime.ticks(view, 2, 0)
    this.#write(0, 0.5)
    const at = nowUs()
    runtime.ticks(view, 1, 0)
    return at
  }

  quiet(): void {
    this.#write(0, -1.5)
    this.#rig.runtime.ticks(view, 1, 0)
    this.#write(0, 0.5)
    this.#rig.runtime.ticks(view, 1, 0)
  }
}

const settled = (rig: Rig): boolean => rig.runtime.state.symbols.every((symbol) => symbol.trade === null)
const resting = (rig: Rig): boolean => [...rig.runtime.state.orders.values()].some((order) => order.state === 'Open')

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited too long for ${what}`)
    await nextTurn()
  }
}

/** The trader's wish ends an entry that rests: what the brain does when trading is set to reduce only. */
function endEntry(rig: Rig): number {
  const { runtime } = rig
  const at = nowUs()
  runtime.event({ type: 'tradingState', at: runtime.state.now, state: 'reduceOnly', reason: 'bench' })
  return at
}

async function killRuns(count: number): Promise<readonly KillRun[]> {
  const runs: KillRun[] = []
  for (let i = 0; i < count; i++) runs.push(await killOnce())
  return runs
}

export async function run(options: { readonly quick?: boolean } = {}): Promise<object> {
  const samples = options.quick === true ? 100 : 1_000
  const rig = await build()
  try {
    const price = must(await rig.venue.public.bars('BTCUSDT', '1m', { limit: 1 })).at(-1)
    const bars = new Bars(rig, Number(price?.close ?? '50000') * 0.9)
    bars.quiet()
    const signalToWire: number[] = []
    const withoutJournal: number[] = []
    const journalled: number[] = []
    const cancelToWire: number[] = []
    const cancelJournalled: number[] = []
    const cancelToProof: number[] = []
    let ticks = 0
    for (let sample = 0; sample < samples; sample++) {
      rig.runtime.event({ type: 'tradingState', at: rig.runtime.state.now, state: 'active', reason: 'bench' })
      rig.journalUs()
      const at = bars.signal()
      const journalUs = rig.journalUs()
      const arrived = await rig.arrival('POST')
      signalToWire.push(arrived - at)
      journalled.push(journalUs)
      withoutJournal.push(arrived - at - journalUs)
      await until(() => resting(rig), 'the entry to rest')
      // Ticks flow before, between and after the cancel: 200 to each.
      const flood = (): void => {
        for (let slot = 0; slot < 100; slot++) {
          writeTick(view, slot, 0, TickKind.bookTop, Math.trunc(rig.venue.clock.nowMs()) * 1_000, 50_000 + slot, 1, 50_001 + slot, 1, slot)
        }
        rig.runtime.ticks(view, 100, 0)
        ticks += 100
      }
      flood()
      rig.journalUs()
      const cancelledAt = endEntry(rig)
      cancelJournalled.push(rig.journalUs() / 1_000)
      flood()
      cancelToWire.push(((await rig.arrival('DELETE')) - cancelledAt) / 1_000)
      await until(() => settled(rig), 'the cancel to be proved')
      cancelToProof.push((nowUs() - cancelledAt) / 1_000)
    }
    const { state } = rig.runtime
    const cancels = summary(cancelToWire, 3)
    const kills = await killRuns(options.quick === true ? 1 : KILLS)
    const flat = Math.max(...kills.map((one) => one.flatMs))
    const complete = state.counters.rejects === 0 && cancels.count === samples && state.counters.fills === 0
    return {
      bench: 'orders',
      samples,
      signalToWireUs: summary(signalToWire),
      signalToWireWithoutJournalUs: summary(withoutJournal),
      journalUs: summary(journalled),
      cancelsAmongTicks: {
        ticks,
        toWireMs: cancels,
        journalMs: summary(cancelJournalled, 3),
        toProofMs: summary(cancelToProof, 3),
        bar: BARS.cancelP999Ms,
      },
      kill: {
        runs: kills.length,
        orders: kills[0]?.orders,
        positions: kills[0]?.positions,
        cancelledMs: Math.round(Math.max(...kills.map((one) => one.cancelledMs))),
        flatMs: Math.round(flat),
        bar: BARS.flatMs,
      },
      rejects: state.counters.rejects,
      ok: complete && cancels.p999 <= BARS.cancelP999Ms && flat <= BARS.flatMs,
    }
  } finally {
    await rig.close()
  }
}
