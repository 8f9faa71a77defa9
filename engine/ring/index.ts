/**
 * The tick ring (ring.md): shared memory behind a Node-API addon where its binary is at hand, otherwise the same API over a local socket.
 * `AEGIS_RING=fallback` or `native` in the environment forces one.
 */
import type { Failure, Result } from '../contract/result.ts'
import { loadBinding, type LoadedBinding } from './native-binding.ts'
import { NativeProducer, NativeReader } from './native-ring.ts'
import { attempt } from './opening.ts'
import {
  RingError,
  type ProducerOptions,
  type ReaderOptions,
  type RingBackend,
  type RingErrorCode,
  type RingProducer,
  type RingReader,
} from './ring.ts'

export { RING_READERS, RingError } from './ring.ts'
export type {
  OnTicks,
  ProducerOptions,
  ReaderOptions,
  RingBackend,
  RingErrorCode,
  RingProducer,
  RingReader,
  RingReaderStats,
  RingStats,
} from './ring.ts'

let loaded: LoadedBinding | null = null

function native(): LoadedBinding {
  loaded ??= loadBinding()
  return loaded
}

/** Which backend this process uses; all processes of one engine must agree, so they share one environment and one build. */
export function ringBackend(): RingBackend {
  if (process.env['AEGIS_RING'] === 'fallback') return 'fallback'
  return native().binding === null ? 'fallback' : 'native'
}

/** Creates the ring at `path` or takes over the one a dead producer left; sequences go on where they stopped. */
export function createProducer(path: string, options: ProducerOptions = {}): Result<RingProducer, Failure<RingErrorCode>> {
  return attempt(path, () => {
    const { binding, reason } = native()
    if (binding === null) throw new RingError('ERR_RING_BACKEND', reason)
    return new NativeProducer(binding, path, options)
  })
}

/** Joins the ring at `path` as reader `options.index`. */
export function createReader(path: string, options: ReaderOptions): Result<RingReader, Failure<RingErrorCode>> {
  return attempt(path, () => {
    const { binding, reason } = native()
    if (binding === null) throw new RingError('ERR_RING_BACKEND', reason)
    return new NativeReader(binding, path, options)
  })
}
