/** Asks the journal something that takes long, without holding the host: a thread per question. */
import { Worker } from 'node:worker_threads'
import type { CockpitReturns } from '../contract/cockpit.ts'
import { fail, type Result } from '../contract/result.ts'

export type JournalQuestion = 'exportFills' | 'verifyJournal'

/** Code 'thrown' when the thread failed. */
export function askJournal<Q extends JournalQuestion>(dataDir: string, question: Q): Promise<Result<CockpitReturns[Q]>> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new Promise((resolve) => {
    const worker = new Worker(new URL(`./journal-thread.${extension}`, import.meta.url), { workerData: { dataDir, question } })
    worker.once('message', (answer: Result<CockpitReturns[Q]>) => {
      resolve(answer)
      void worker.terminate()
    })
    worker.once('error', (error: Error) => resolve(fail('thrown', error.message)))
    worker.once('exit', () => resolve(fail('thrown', 'the journal reader ended without an answer')))
  })
}
