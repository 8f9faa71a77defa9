/** Reads the journal in a thread of its own: a long chain or a big export never holds the host. Answers one question, then ends. */
import { parentPort, workerData } from 'node:worker_threads'
import * as v from 'valibot'
import { InvariantError, toPlainError, fail } from '../contract/result.ts'
import { exportFills, verifyJournal } from './journal-reading.ts'

if (parentPort === null) throw new InvariantError('Invariant: started as a thread')
const { dataDir, question } = v.parse(v.object({ dataDir: v.string(), question: v.picklist(['exportFills', 'verifyJournal']) }), workerData)
try {
  parentPort.postMessage(question === 'exportFills' ? exportFills(dataDir) : verifyJournal(dataDir))
} catch (thrown) {
  parentPort.postMessage(fail('thrown', toPlainError(thrown).message))
}
