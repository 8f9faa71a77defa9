/** Opens either end of a ring by backend, also of the crash-test build whose hooks widen or remove the protection. */
import { FallbackProducer } from '../fallback/producer.ts'
import { FallbackReader } from '../fallback/reader.ts'
import { loadBinding, type NativeBinding } from '../native-binding.ts'
import { NativeProducer, NativeReader } from '../native-ring.ts'
import type { ProducerOptions, ReaderOptions, RingBackend, RingProducer, RingReader } from '../ring.ts'

export interface Hooks {
  /** Nanoseconds spent inside every slot while it is written. */
  readonly slowNs: number
  /** Stamp first and never check again: the negative control. */
  readonly naive: boolean
}

function binding(hooks: Hooks | null): NativeBinding {
  const loaded = loadBinding(hooks === null ? 'prebuilds' : 'testing')
  if (loaded.binding === null) throw new Error(loaded.reason)
  if (hooks !== null) loaded.binding.testHooks?.(hooks.slowNs, hooks.naive)
  return loaded.binding
}

export const openProducer = (backend: RingBackend, path: string, options: ProducerOptions, hooks: Hooks | null): RingProducer =>
  backend === 'fallback' ? new FallbackProducer(path, options) : new NativeProducer(binding(hooks), path, options)

export const openReader = (backend: RingBackend, path: string, options: ReaderOptions, hooks: Hooks | null): RingReader =>
  backend === 'fallback' ? new FallbackReader(path, options) : new NativeReader(binding(hooks), path, options)
