/**
 * One engine process under supervision: started, watched, told apart (exit, crash, stall, never came up), restarted within a
 * budget, stopped gracefully and then by force. Every incarnation has its own port and peer; a late word from a dead one is
 * ignored.
 *
 * States: starting → running → (stalled →) restarting → running …; stopped; failed (budget spent, or the first start refused).
 */
import { connect, type Peer, type Served } from '../contract/rpc.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { ProcessRow, ProcessState } from '../contract/cockpit.ts'
import type { CommonEvents, Heartbeat, LogLine, ProcessName } from '../contract/processes.ts'
import type { ExitInfo, Spawner, SpawnedProcess } from './spawner.ts'
import { restartBudget, type RestartPolicy } from './restart-budget.ts'

export interface Timings {
  /** No heartbeat for this long: stalled, killed, restarted. */
  readonly stallMs: number
  /** From spawn to the answer of `init`. */
  readonly startMs: number
  /** From `stop` to SIGKILL. */
  readonly stopMs: number
  readonly restart: RestartPolicy
}

type Link<Methods extends object, Events extends object> = Peer<Methods, Events> & Served<Record<never, never>>

/** The common events as far as every process, the simulator too, emits them. */
type Watched = Pick<CommonEvents, 'heartbeat' | 'log' | 'fatal'>

export interface SupervisedOptions<Methods extends object, Events extends Watched> {
  readonly name: ProcessName
  readonly spawner: Spawner
  readonly entry: URL
  readonly env: Readonly<Record<string, string>>
  readonly timings: Timings
  /** What this process may ask the host. */
  readonly serves: object
  /** Attach listeners for the process's own events; called for every incarnation before `bringUp`. */
  attach(link: Link<Methods, Events>): void
  /** From connected to able to work (init and what must follow). A failure counts as a failed start. */
  bringUp(link: Link<Methods, Events>, first: boolean): Promise<Result<unknown>>
  /** Running again (or for the first time). */
  onRunning(first: boolean): void
  onDown(reason: string): void
  onChange(): void
  onLog(line: LogLine): void
  /** Wall clock, for display; and monotonic, for measuring. */
  now(): number
  monotonic(): number
  /** Monotonic time of the host's last loop turn: a death seen now happened after it. */
  lastPulse(): number
}

export interface Supervised<Methods extends object, Events extends object> {
  readonly name: ProcessName
  /** Present while running. */
  readonly link: Link<Methods, Events> | null
  readonly state: ProcessState
  row(): ProcessRow
  /** Resolves when the first start succeeded or was refused. */
  start(): Promise<Result<null, Failure>>
  /** By hand: resets the budget. */
  restart(reason: string): void
  /** For the zombie test and the chaos runner: SIGKILL from here, so that detection is measured exactly. */
  kill(): void
  /** Called by the engine's watch timer. `grace` = the host itself was asleep: give everyone a fresh deadline. */
  watch(grace: boolean): void
  stop(): Promise<void>
}

const describeExit = (info: ExitInfo): string =>
  info.error !== undefined
    ? info.error
    : info.signal !== null
      ? `killed by ${info.signal}`
      : info.code === null
        ? 'gone'
        : `exit ${info.code}`

/** An exit with a code is the program's own decision; a signal or a platform error is a crash. */
const isCrash = (info: ExitInfo): boolean => info.error !== undefined || info.signal !== null

export function supervise<Methods extends { stop(arg: null): null }, Events extends Watched>(
  options: SupervisedOptions<Methods, Events>,
): Supervised<Methods, Events> {
  const { name, timings } = options
  const budget = restartBudget(timings.restart)
  let state: ProcessState = 'stopped'
  let process: SpawnedProcess | null = null
  let link: Link<Methods, Events> | null = null
  let incarnation = 0
  let everRan = false
  let stopping = false
  let restarts = 0
  let startedAt = 0
  let lastHeartbeatAt = 0
  let lastBeat = 0
  let beat: Heartbeat = { rssBytes: 0, heapBytes: 0, loopDelayP99Ms: 0, cpuFraction: 0 }
  let lastExit: string | null = null
  let detectedMs: number | null = null
  let recoveredMs: number | null = null
  let diedAt: number | null = null
  let killedAt: number | null = null
  let cause: string | null = null
  let lastWords: string[] = []
  let restartTimer: ReturnType<typeof setTimeout> | null = null
  let firstStart: ((result: Result<null, Failure>) => void) | null = null

  const change = (next: ProcessState): void => {
    state = next
    options.onChange()
  }
  const settleFirst = (result: Result<null, Failure>): void => {
    firstStart?.(result)
    firstStart = null
  }

  const launch = (): void => {
    incarnation += 1
    const mine = incarnation
    const first = !everRan
    startedAt = options.now()
    killedAt = null
    cause = null
    lastWords = []
    const spawned = options.spawner.spawn(name, options.entry, options.env)
    process = spawned
    lastBeat = options.monotonic()
    spawned.onOutput((line, stream) => {
      if (stream === 'stderr') lastWords = [...lastWords.slice(-9), line.slice(0, 500)]
      options.onLog({ level: stream === 'stderr' ? 'warn' : 'info', text: line.slice(0, 2_000) })
    })
    const peer = connect<object, Record<never, never>, Methods, Events>(spawned.port, options.serves, () => {
      options.onLog({ level: 'warn', text: `${name}: message of a foreign shape or version refused` })
    })
    const beats: Peer<Methods, Watched> = peer
    beats.on('heartbeat', (figures) => {
      if (mine !== incarnation) return
      beat = figures
      lastBeat = options.monotonic()
      lastHeartbeatAt = options.now()
    })
    beats.on('log', (line) => options.onLog(line))
    beats.on('fatal', (error) => {
      if (mine === incarnation) cause = `${error.name}: ${error.message}`
      options.onLog({ level: 'error', text: `${name}: ${error.name}: ${error.message}` })
    })
    options.attach(peer)
    spawned.onExit((info) => {
      if (mine === incarnation) died(info)
    })
    spawned.port.onClose(() => {
      /* the link may break while the process lives on: without a link it is of no use, and must not trade unseen */
      if (mine === incarnation && process === spawned) spawned.kill('SIGKILL')
    })
    const deadline = setTimeout(() => {
      if (mine !== incarnation || state === 'running') return
      cause = `not ready within ${(timings.startMs / 1000).toFixed(1)} s`
      spawned.kill('SIGKILL')
    }, timings.startMs)
    change(first ? 'starting' : 'restarting')
    void options.bringUp(peer, first).then((result) => {
      clearTimeout(deadline)
      if (mine !== incarnation || process !== spawned || stopping) return
      if (!result.ok) {
        if (result.error.code !== 'closed') cause = result.error.message
        if (first && result.error.code === 'thrown') settleFirst(result)
        spawned.kill('SIGKILL')
        return
      }
      everRan = true
      link = peer
      lastBeat = options.monotonic()
      if (diedAt !== null) {
        recoveredMs = options.monotonic() - diedAt
        diedAt = null
      }
      change('running')
      settleFirst(ok(null))
      options.onRunning(first)
    })
  }

  const died = (info: ExitInfo): void => {
    const seenAt = options.monotonic()
    const wasRunning = link !== null
    process = null
    link = null
    if (stopping) {
      change('stopped')
      settleFirst(fail('stopped', `${name} was stopped before it was ready`))
      return
    }
    detectedMs = Math.max(0, seenAt - (killedAt ?? options.lastPulse()))
    diedAt ??= killedAt ?? seenAt
    const words = cause ?? (isCrash(info) || lastWords.length === 0 ? null : (lastWords.find((line) => /error/i.test(line)) ?? null))
    lastExit = `${describeExit(info)}${isCrash(info) && info.error === undefined ? `, seen within ${detectedMs.toFixed(1)} ms` : ''}${words === null ? '' : ` — ${words}`}`
    options.onLog({
      level: 'error',
      text: `${name} ${wasRunning ? (isCrash(info) ? 'crashed' : 'exited') : 'did not come up'}: ${lastExit}`,
    })
    options.onDown(lastExit)
    if (!everRan && firstStart === null) return change('failed')
    const delay = budget.next(seenAt)
    if (delay === null) {
      settleFirst(fail('failed', `${name} did not come up: ${lastExit}`))
      options.onLog({ level: 'error', text: `${name}: restart budget spent, it stays down until restarted by hand` })
      return change('failed')
    }
    restarts += 1
    change('restarting')
    if (delay === 0) launch()
    else restartTimer = setTimeout(launch, delay)
  }

  return {
    name,
    get link() {
      return link
    },
    get state() {
      return state
    },
    row: () => ({
      name,
      pid: process?.pid ?? null,
      state,
      restarts,
      startedAt,
      lastHeartbeatAt,
      rssBytes: beat.rssBytes,
      loopDelayP99Ms: beat.loopDelayP99Ms,
      cpuFraction: beat.cpuFraction,
      lastExit,
      detectedMs,
      recoveredMs,
    }),
    start() {
      stopping = false
      return new Promise((resolve) => {
        firstStart = resolve
        launch()
      })
    },
    restart(reason) {
      budget.reset()
      if (restartTimer !== null) clearTimeout(restartTimer)
      restartTimer = null
      cause = reason
      if (process === null) launch()
      else {
        killedAt = options.monotonic()
        process.kill('SIGKILL')
      }
    },
    kill() {
      killedAt = options.monotonic()
      process?.kill('SIGKILL')
    },
    watch(grace) {
      if (state !== 'running' || process === null) return
      if (grace) lastBeat = options.monotonic()
      const silent = options.monotonic() - lastBeat
      if (silent < timings.stallMs) return
      cause = `no heartbeat for ${(silent / 1000).toFixed(1)} s`
      killedAt = options.monotonic()
      change('stalled')
      options.onLog({ level: 'error', text: `${name} stalled: ${cause}` })
      process.kill('SIGKILL')
    },
    async stop() {
      stopping = true
      if (restartTimer !== null) clearTimeout(restartTimer)
      restartTimer = null
      const dying = process
      if (dying === null) return change('stopped')
      const gone = new Promise<void>((resolve) => dying.onExit(() => resolve()))
      const stopper = link as Peer<{ stop(arg: null): null }, Record<never, never>> | null
      if (stopper !== null) void stopper.call('stop', null, timings.stopMs).then(() => dying.port.close())
      else dying.kill('SIGTERM')
      const force = setTimeout(() => dying.kill('SIGKILL'), timings.stopMs)
      await gone
      clearTimeout(force)
    },
  }
}
