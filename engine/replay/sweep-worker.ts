/** A worker thread of a sweep: takes one task, answers one outcome, until its owner ends it. */
import { parentPort, workerData } from 'node:worker_threads'
import * as v from 'valibot'
import { InvariantError } from '../contract/result.ts'
import { SharedColumnsSchema } from './shared-columns.ts'
import { SweepInputSchema, SweepPlayer, SweepTaskSchema } from './sweep-play.ts'

const port = parentPort
if (port === null) throw new InvariantError('Invariant: started as a thread')
const { input, bars } = v.parse(v.strictObject({ input: SweepInputSchema, bars: v.nullable(SharedColumnsSchema) }), workerData)
const player = new SweepPlayer(input, bars)
// What is thrown here is a bug: it ends the thread, and the pool says so beside the task.
port.on('message', (message: unknown) => {
  void player.play(v.parse(SweepTaskSchema, message)).then((outcome) => port.postMessage(outcome))
})
