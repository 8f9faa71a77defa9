/**
 * The tick ring (ring.md): shared memory behind a Node-API addon where its binary is at hand, otherwise the same API over a local socket.
 * `AEGIS_RING=fallback` or `native` in the environment forces one.
 */
import type { Failure, Result } from '../contract/result.ts'
import { FallbackProducer } from './fallback/producer.ts'
import { FallbackReader } from './fallback/reader.ts'
import { loadBinding, type LoadedBinding, type NativeBinding } from './native-binding.ts'
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

export { removeRing, ringPath } from './location.ts'
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

/** The addon, or null where the fallback must serve; throws RingError when AEGIS_RING=native asks for what is not there. */
function nativeBinding(): NativeBinding | null {
  const wanted = process.env['AEGIS_RING']
  if (wanted === 'fallback') return null
  loaded ??= loadBinding()
  if (loaded.binding === null && wanted === 'native') throw new RingError('ERR_RING_BACKEND', loaded.reason)
  return loaded.binding
}

/** Which backend this process uses; all processes of one engine must agree, so they share one environment and one build. */
export function ringBackend(): RingBackend {
  return nativeBinding() === null ? 'fallback' : 'native'
}

/** Why the fallback runs, for the cockpit and the doctor; null when the native ring does. */
export function whyFallback(): string | null {
  if (process.env['AEGIS_RING'] === 'fallback') return 'AEGIS_RING=fallback is set'
  loaded ??= loadBinding()
  return loaded.reason
}

/** Creates the ring at `path` or takes over the one a dead producer left; sequences go on where they stopped. */
export function createProducer(path: string, options: ProducerOptions = {}): Result<RingProducer, Failure<RingErrorCode>> {
  return attempt(path, () => {
    const binding = nativeBinding()
    return binding === null ? new FallbackProducer(path, options) : new NativeProducer(binding, path, options)
  })
}

/** Joins the ring at `path` as reader `options.index`. */
export function createReader(path: string, options: ReaderOptions): Result<RingReader, Failure<RingErrorCode>> {
  return attempt(path, () => {
    const binding = nativeBinding()
    return binding === null ? new FallbackReader(path, options) : new NativeReader(binding, path, options)
  })
}
