/**
 * The simulator as a process: starts the embedded exchange on `init`, plays and pauses it for the host, relays its barriers.
 * Knows its host only (processPort); everything else about it is in engine/simulator/server.ts.
 */
import { processPort } from '../contract/ports/process.ts'
import type { SimulatorEvents, SimulatorMethods } from '../contract/processes.ts'
import { InvariantError, toPlainError } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { startHeartbeat } from './heartbeat.ts'
import { PERMISSIONS_OF } from '../simulator/protocol/accounts.ts'
import { chooseTape } from '../simulator/protocol/tape-choice.ts'
import { startSimulator, type Simulator } from '../simulator/server.ts'

const port = processPort()
let simulator: Simulator | undefined

const running = (): Simulator => {
  if (simulator === undefined) throw new InvariantError('Invariant: init comes first')
  return simulator
}

const handlers: {
  [M in keyof SimulatorMethods]: (
    arg: Parameters<SimulatorMethods[M]>[0],
  ) => ReturnType<SimulatorMethods[M]> | Promise<ReturnType<SimulatorMethods[M]>>
} = {
  async init({ settings, symbols, port: listenPort, timebase, horizonMs, credentials }) {
    if (simulator !== undefined) throw new InvariantError('Invariant: init comes once')
    const tape = chooseTape(settings.tape, symbols)
    if (!tape.ok) throw new Error(tape.error.message)
    const started = await startSimulator({
      ...tape.value,
      seed: settings.seed,
      symbols,
      port: listenPort,
      speed: settings.speed,
      timebase,
      lockStep: settings.lockStep,
      horizonMs,
      key: credentials.key,
      secret: credentials.secret,
      balance: settings.startingBalance,
      hedge: settings.positionMode === 'hedge',
      permissions: PERMISSIONS_OF[settings.keyRights],
      autoplay: false,
      onLog: (text) => host.emit('log', { level: 'warn', text }),
      onBarrier: (barrier) => host.emit('barrier', barrier),
      onEnded: (ended) => host.emit('ended', ended),
      onProgress: (progress) => host.emit('progress', progress),
    })
    if (!started.ok) throw new Error(started.error.message)
    simulator = started.value
    const { rest, ws, key, secret, startTime } = simulator
    return { rest, ws, key, secret, startTime }
  },
  play() {
    running().play()
    return null
  },
  pause() {
    running().pause()
    return null
  },
  proceed({ step }) {
    running().proceed(step)
    return null
  },
  account() {
    return running().account()
  },
  fault(plan) {
    const armed = running().fault(plan)
    if (!armed.ok) throw new Error(armed.error.message)
    return null
  },
  async stop() {
    await simulator?.close()
    stopBeating()
    setTimeout(() => process.exit(0), 50).unref()
    return null
  },
}

const host = connect<typeof handlers, SimulatorEvents, object, object>(port, handlers)

const stopBeating = startHeartbeat((beat) => host.emit('heartbeat', beat))

const die = (thrown: unknown): void => {
  host.emit('fatal', toPlainError(thrown))
  process.exitCode = 1
  setTimeout(() => process.exit(1), 50)
}
process.on('uncaughtException', die)
process.on('unhandledRejection', die)
