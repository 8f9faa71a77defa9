/**
 * The reconciler as a process: an independent REST view of the account, compared with the brain's book on a schedule, and the
 * independent hands of the kill switch. Wiring, timers and I/O; what it thinks is in engine/reconciliation, how it asks in ./reconciler.
 */
import { processPort } from '../contract/ports/process.ts'
import type { HostForReconciler, ReconcilerEvents, ReconcilerMethods } from '../contract/processes.ts'
import { InvariantError, toPlainError } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { startHeartbeat } from './heartbeat.ts'
import { startReconciler, type Running } from './reconciler/running.ts'

let running: Running | undefined
const started = (): Running => {
  if (running === undefined) throw new InvariantError('Invariant: init comes first')
  return running
}

const handlers: {
  [M in keyof ReconcilerMethods]: (
    arg: Parameters<ReconcilerMethods[M]>[0],
  ) => ReturnType<ReconcilerMethods[M]> | Promise<ReturnType<ReconcilerMethods[M]>>
} = {
  async init(init) {
    if (running !== undefined) throw new InvariantError('Invariant: init comes once')
    running = await startReconciler(init, host, die)
    return null
  },
  reconcile: ({ reason }) => started().passes.reconcile(reason),
  resolve: ({ id, action, reason }) => started().passes.resolve(id, action, reason),
  kill: ({ level, reason }) => started().hands.run(level, reason),
  confirmFlat: () => started().confirmFlat(),
  snapshot: () => started().snapshot(),
  budget(observation) {
    running?.venue.observeBudget(observation)
  },
  async stop() {
    const was = running
    stopBeating()
    was?.stop()
    await was?.deadMan.disarm()
    await was?.venue.close()
    was?.journal?.close()
    setTimeout(() => process.exit(0), 50).unref()
    return null
  },
}

const host = connect<typeof handlers, ReconcilerEvents, HostForReconciler, object>(processPort(), handlers)
const stopBeating = startHeartbeat((beat) => host.emit('heartbeat', beat))

function die(thrown: unknown): void {
  host.emit('fatal', toPlainError(thrown))
  process.exitCode = 1
  setTimeout(() => process.exit(1), 50)
}
process.on('uncaughtException', die)
process.on('unhandledRejection', die)
