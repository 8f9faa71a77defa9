/**
 * The cockpit's replays: one recorded session at a time, read and kept by a thread (replay/replay-thread.ts). Opening another, closing,
 * or the host's end ends the thread; a thread that dies shows as a failed replay.
 */
import { Worker } from 'node:worker_threads'
import { messagePort } from '../contract/ports/message-port.ts'
import type { ReplayReturns, ReplayStatus } from '../contract/replay.ts'
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import { connect, type Peer } from '../contract/rpc.ts'
import type { ReplayThreadData, ReplayThreadEvents, ReplayThreadMethods } from '../replay/replay-thread.ts'

export interface ReplayDesk {
  recordings(): Promise<Result<ReplayReturns['recordings']>>
  open(session: string): Promise<Result<ReplayStatus>>
  status(): ReplayStatus
  moments(arg: { readonly from: number; readonly count: number }): Promise<Result<ReplayReturns['replayMoments']>>
  at(arg: { readonly index: number }): Promise<Result<ReplayReturns['replayAt']>>
  bars(arg: { readonly symbol: string }): Promise<Result<ReplayReturns['replayBars']>>
  close(): Promise<void>
}

export interface ReplayDeskOptions {
  dataDir(): string
  /** The session that runs now. */
  session(): string
  /** The thread's program; tests put a fixture here. */
  readonly entry?: URL
}

type ThreadPeer = Peer<ReplayThreadMethods, ReplayThreadEvents>
const NOT_OPEN: Failure = { code: 'no-replay', message: 'no replay is open' }
/** A recording may be large; its moments are not. */
const HEAP_MB = 1_024

const ownEntry = (): URL => new URL(`../replay/replay-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

export function replayDesk(options: ReplayDeskOptions): ReplayDesk {
  let status: ReplayStatus = { state: 'none' }
  let open: { readonly worker: Worker; readonly peer: ThreadPeer } | null = null

  const start = (about: ReplayThreadData): { readonly worker: Worker; readonly peer: ThreadPeer } => {
    const worker = new Worker(options.entry ?? ownEntry(), {
      workerData: about,
      name: 'replay',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    })
    worker.unref()
    const port = messagePort(
      { postMessage: (message) => worker.postMessage(message), on: (event, listener) => worker.on(event, listener) },
      { delivers: 'value', closesOn: 'exit' },
    )
    return { worker, peer: connect<Record<never, never>, Record<never, never>, ReplayThreadMethods, ReplayThreadEvents>(port, {}) }
  }
  const sessions = (): Promise<ReplayThreadEvents['sessions']> => {
    const { worker, peer } = start({ wanted: 'sessions', dataDir: options.dataDir(), current: options.session() })
    return new Promise((resolve) => {
      peer.on('sessions', (answer) => {
        resolve(answer)
        void worker.terminate()
      })
      worker.once('error', (error: Error) => resolve(fail('thrown', error.message)))
      worker.once('exit', () => resolve(fail('thrown', 'the list of recordings ended without an answer')))
    })
  }
  const close = async (): Promise<void> => {
    const before = open
    open = null
    status = { state: 'none' }
    await before?.worker.terminate()
  }
  const ready = (): Result<ThreadPeer, Failure> =>
    open !== null && status.state === 'ready' ? ok(open.peer) : { ok: false, error: NOT_OPEN }

  return {
    async recordings() {
      const list = await sessions()
      return list.ok ? ok({ sessions: list.value }) : list
    },
    async open(session) {
      await close()
      const list = await sessions()
      if (!list.ok) return list
      const known = list.value.find((one) => one.session === session)
      if (known === undefined) return fail('no-recording', `there is no recording of session ${session}`)
      await close()
      const mine = start({ wanted: 'replay', dataDir: options.dataDir(), session })
      open = mine
      status = { state: 'reading', session, done: 0, total: known.bytes }
      const told = (next: ReplayStatus): void => {
        if (open === mine) status = next
      }
      mine.peer.on('progress', (bytes) => told({ state: 'reading', session, done: Math.min(bytes, known.bytes), total: known.bytes }))
      mine.peer.on('done', (result) =>
        told(result.ok ? { state: 'ready', session, summary: result.value } : { state: 'failed', session, problem: result.error.message }),
      )
      let why = ''
      mine.worker.once('error', (error: Error) => {
        why = `: ${error.message}`
      })
      mine.worker.once('exit', () => told({ state: 'failed', session, problem: `the replay's thread ended${why}` }))
      return ok(status)
    },
    status: () => status,
    async moments(arg) {
      const peer = ready()
      return peer.ok ? peer.value.call('moments', arg) : peer
    },
    async at(arg) {
      const peer = ready()
      if (!peer.ok) return peer
      const answer = await peer.value.call('at', arg)
      return answer.ok ? answer.value : answer
    },
    async bars(arg) {
      const peer = ready()
      return peer.ok ? peer.value.call('bars', arg) : peer
    },
    close,
  }
}
