/**
 * Tasks over worker threads. Each free worker takes the next task; outcomes stand in the order of the tasks, whoever played them and
 * whenever, so the result is independent of the number of workers. A worker that dies fails the task it had, by name, and is replaced;
 * when workers keep dying the rest is reported as not played: nothing is ever silently missing.
 */
import { getCompileCacheDir } from 'node:module'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { fail, type Failure, type Result } from '../contract/result.ts'
import type { SharedColumns } from './shared-columns.ts'
import type { SweepInput, SweepOutcome, SweepTask } from './sweep-play.ts'

export const MAX_WORKERS = 64
/**
 * Young objects of a run die young: in a few megabytes they stay near the core. With V8's own 48 MB two workers spend three times as
 * long in the kernel, taking and giving back pages of one address space, and save nothing by it.
 */
const YOUNG_MB = 12
export const defaultWorkers = (): number => Math.min(MAX_WORKERS, availableParallelism())

export interface SweepPoolOptions {
  readonly input: SweepInput
  readonly bars: SharedColumns | null
  readonly tasks: readonly SweepTask[]
  readonly workers: number
  readonly signal: AbortSignal
  readonly onDone: (done: number) => void
  /** The worker's program; tests put a fixture here. */
  readonly entry?: URL
}

/** One outcome per task, in their order. Code 'stopped' when the signal came first. */
export function playTasks(options: SweepPoolOptions): Promise<Result<readonly SweepOutcome[], Failure>> {
  return new Pool(options).run()
}

const ownEntry = (): URL => new URL(`./sweep-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

/** A thread has no compile cache unless it is told of one: with ours it loads in a third of the time, and strips no types. */
function environment(): NodeJS.ProcessEnv {
  const cache = getCompileCacheDir()
  // Node names the folder of its own version inside the one it was given.
  return cache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: dirname(cache) }
}

class Pool {
  readonly #options: SweepPoolOptions
  readonly #outcomes: (SweepOutcome | undefined)[]
  readonly #workers = new Set<Worker>()
  #next = 0
  #done = 0
  #deathsLeft: number
  #over = false
  #settle: (result: Result<readonly SweepOutcome[], Failure>) => void = () => {}

  constructor(options: SweepPoolOptions) {
    this.#options = options
    this.#outcomes = options.tasks.map(() => undefined)
    this.#deathsLeft = 2 * options.workers + 2
  }

  async run(): Promise<Result<readonly SweepOutcome[], Failure>> {
    const { tasks, workers, signal } = this.#options
    const onAbort = (): void => this.#settle(fail('stopped', `stopped after ${this.#done} of ${tasks.length} runs`))
    const result = await new Promise<Result<readonly SweepOutcome[], Failure>>((resolve) => {
      this.#settle = resolve
      signal.addEventListener('abort', onAbort, { once: true })
      if (signal.aborted) onAbort()
      else if (tasks.length === 0) resolve({ ok: true, value: [] })
      else for (let i = 0; i < Math.min(workers, tasks.length); i++) this.#start()
    })
    this.#over = true
    signal.removeEventListener('abort', onAbort)
    await Promise.all([...this.#workers].map((worker) => worker.terminate()))
    return result
  }

  #start(): void {
    const { entry = ownEntry(), input, bars } = this.#options
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB }
    const worker = new Worker(entry, { workerData: { input, bars }, name: 'sweep', env: environment(), resourceLimits })
    this.#workers.add(worker)
    let place: number | null = null
    let why = ''
    const give = (): void => {
      const task = this.#options.tasks[this.#next]
      place = task === undefined ? null : this.#next++
      if (task !== undefined) worker.postMessage(task)
    }
    worker.on('message', (outcome: SweepOutcome) => {
      if (place === null || this.#over) return
      this.#note(place, outcome)
      give()
    })
    worker.on('error', (error: Error) => {
      why = error.message
    })
    worker.on('exit', (code) => {
      this.#workers.delete(worker)
      if (place === null || this.#over) return
      this.#note(place, fail('worker-died', `its worker ended: ${why === '' ? `exit ${code}` : why}`))
      if (this.#next >= this.#options.tasks.length) return
      this.#deathsLeft -= 1
      if (this.#deathsLeft > 0) this.#start()
      else this.#giveUp()
    })
    give()
  }

  /** No worker is replaced any more: what nobody has begun is said to be not played. */
  #giveUp(): void {
    while (this.#next < this.#options.tasks.length) this.#note(this.#next++, fail('worker-died', 'not played: too many workers ended'))
  }

  #note(place: number, outcome: SweepOutcome): void {
    this.#outcomes[place] = outcome
    this.#done += 1
    this.#options.onDone(this.#done)
    if (this.#done < this.#outcomes.length) return
    this.#settle({ ok: true, value: this.#outcomes.flatMap((one) => one ?? []) })
  }
}
