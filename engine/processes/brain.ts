/**
 * The brain as a process: port, ring, venue and journal wired to the runtime. Knows its host only (processPort); what it decides
 * is in engine/brain, what it carries out in brain-runtime.ts.
 */
import { processPort } from '../contract/ports/process.ts'
import type { BrainEvents, BrainInit, BrainMethods } from '../contract/processes.ts'
import { InvariantError, toPlainError } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { startHeartbeat } from './heartbeat.ts'
import { openJournal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import { createReader, RING_READERS, type RingReader } from '../ring/index.ts'
import { createVenue } from '../venue/index.ts'
import { bookCopy } from '../brain/views.ts'
import { beginningOf, openRecording, type Recording } from './brain/recording.ts'
import { createBrainRuntime, patiently, type BrainRuntime } from './brain/runtime.ts'

const RING_WAIT_MS = 5_000

const port = processPort()
let runtime: BrainRuntime | undefined
let observe: BrainMethods['budget'] = () => {}
let initialised = false
let recording: Recording | null = null

const running = (): BrainRuntime => {
  if (runtime === undefined) throw new InvariantError('Invariant: init comes first')
  return runtime
}
const monotonic = { nowMs: () => performance.now() }

async function openRing(init: BrainInit): Promise<RingReader> {
  const deadline = performance.now() + RING_WAIT_MS
  for (;;) {
    const opened = createReader(init.ringPath, {
      index: RING_READERS.brain,
      name: 'brain',
      from: 'oldest',
    })
    if (opened.ok) return opened.value
    if (performance.now() > deadline) throw new Error(opened.error.message)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function start(init: BrainInit): Promise<BrainRuntime> {
  const journal = openJournal(journalPath(init.dataDir), { build: init.build, session: init.session, process: 'brain' })
  if (!journal.ok) throw new Error(journal.error.message)
  const venue = createVenue({
    endpoints: init.endpoints,
    credentials: init.credentials,
    source: 'brain',
    random: Math.random,
    lockStep: init.settings.lockStep,
    onBudget: (observation) => host.emit('budget', observation),
    onLog: (line) => host.emit('log', line),
  })
  observe = (observation) => venue.observeBudget(observation)
  const synced = await patiently(() => venue.clock.sync())
  if (!synced.ok) throw new Error(`the venue does not answer: ${synced.error.message}`)
  const ring = await openRing(init)
  if (init.settings.recording.on)
    recording = openRecording({
      dataDir: init.dataDir,
      session: init.session,
      build: init.build,
      totalBytes: init.settings.recording.maxMegabytes * 1_048_576,
      log: (text) => host.emit('log', { level: 'warn', text }),
    })
  const made = await createBrainRuntime({
    init,
    journal: journal.value,
    venue,
    ring,
    emit: (topic, data) => host.emit(topic, data),
    monotonic,
    onBug: die,
    ...(recording === null ? {} : { recorder: recording }),
  })
  if (!made.ok) throw new Error(made.error.message)
  recording?.begin(made.value.state, beginningOf(journal.value, init.session))
  const started = await made.value.start()
  if (!started.ok) throw new Error(started.error.message)
  return made.value
}

const at = (): number => running().state.now

const handlers: {
  [M in keyof BrainMethods]: (arg: Parameters<BrainMethods[M]>[0]) => ReturnType<BrainMethods[M]> | Promise<ReturnType<BrainMethods[M]>>
} = {
  async init(arg) {
    if (initialised) throw new InvariantError('Invariant: init comes once')
    initialised = true
    runtime = await start(arg)
    return null
  },
  release() {
    running().event({ type: 'release', at: at() })
    running().publish(true)
    return null
  },
  tradingState({ state, reason }) {
    running().event({ type: 'tradingState', at: at(), state, reason })
    running().publish(true)
    return null
  },
  rails(rails) {
    running().event({ type: 'rails', at: at(), rails })
    return null
  },
  book: () => bookCopy(running().state),
  repair: (repair) => running().repair(repair),
  amend: (wish) => running().event({ type: 'amend', at: at(), ...wish }) ?? { applied: false, reason: 'not an amendment' },
  barrier: (arg) => running().barrier(arg),
  budget: (observation) => observe(observation),
  async stop() {
    stopBeating()
    await runtime?.stop()
    recording?.close()
    setTimeout(() => process.exit(0), 50).unref()
    return null
  },
}

const host = connect<typeof handlers, BrainEvents, object, object>(port, handlers)

const stopBeating = startHeartbeat((beat) => host.emit('heartbeat', beat))

function die(thrown: unknown): void {
  recording?.close()
  host.emit('fatal', toPlainError(thrown))
  process.exitCode = 1
  setTimeout(() => process.exit(1), 50)
}
process.on('uncaughtException', die)
process.on('unhandledRejection', die)
