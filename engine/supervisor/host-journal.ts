/**
 * What the host itself writes into the journal: latches and kill steps, mode changes, audit and chaos results. Written by a thread
 * that starts with the first row; the host goes on at once, and says when a row could not be written.
 */
import { Worker } from 'node:worker_threads'
import type { JournalKinds } from '../contract/journal-kinds.ts'
import { messagePort } from '../contract/ports/message-port.ts'
import { connect, type Peer } from '../contract/rpc.ts'
import type { Result } from '../contract/result.ts'

export type HostKind = 'kill-latch' | 'kill-step' | 'mode' | 'audit' | 'chaos' | 'note'
export type HostRow = { readonly [K in HostKind]: { readonly kind: K; readonly payload: JournalKinds[K]; readonly time: number } }[HostKind]

export interface JournalThreadMethods {
  append(row: HostRow): Result<null>
  close(arg: null): null
}

export interface HostJournal {
  /** Never blocks, never throws. */
  record<K extends HostKind>(kind: K, payload: JournalKinds[K]): void
  /** Writes what is waiting, then ends the thread. */
  close(): Promise<void>
}

const WRITE_MS = 15_000
const CLOSE_MS = 3_000
/** Rows on their way; beyond that a disk that stands still would fill the memory (INV-11). */
const WAITING = 1_000

export function hostJournal(
  about: { readonly dataDir: string; readonly build: string; readonly session: string },
  onTrouble: (text: string) => void,
): HostJournal {
  let thread: { readonly worker: Worker; readonly peer: Peer<JournalThreadMethods, Record<never, never>> } | null = null
  let waiting = 0
  const open = () => {
    if (thread !== null) return thread
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    const worker = new Worker(new URL(`./journal-thread.${extension}`, import.meta.url), { workerData: { ...about }, name: 'journal' })
    worker.on('error', (error: Error) => onTrouble(`the host's journal writer failed: ${error.message}`))
    worker.unref()
    const peer = connect<Record<never, never>, Record<never, never>, JournalThreadMethods, Record<never, never>>(
      messagePort(
        { postMessage: (message) => worker.postMessage(message), on: (event, listener) => worker.on(event, listener) },
        { delivers: 'value', closesOn: 'exit' },
      ),
      {},
    )
    thread = { worker, peer }
    return thread
  }
  return {
    record(kind, payload) {
      if (waiting >= WAITING) return onTrouble(`not journaled (${kind}): too many rows are waiting`)
      waiting += 1
      const row = { kind, payload, time: Date.now() } as HostRow
      void open()
        .peer.call('append', row, WRITE_MS)
        .then((answer) => {
          waiting -= 1
          const failed = !answer.ok ? answer.error : answer.value.ok ? null : answer.value.error
          if (failed !== null) onTrouble(`not journaled (${kind}): ${failed.message}`)
        })
    },
    async close() {
      if (thread === null) return
      const { worker, peer } = thread
      await peer.call('close', null, CLOSE_MS)
      await worker.terminate()
    },
  }
}
