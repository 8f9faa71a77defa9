/**
 * Finds and loads the compiled ring. The binary's functions take and return numbers and external handles only; their shape is declared
 * here once and checked on loading, so a foreign or stale binary is refused instead of called.
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A native object that only the addon can look into. */
export type NativeHandle = { readonly __brand: 'RingHandle' }

export interface NativeBinding {
  openProducer(path: string, capacity: number, lossless: boolean, view: ArrayBuffer, meta: ArrayBuffer): NativeHandle
  openReader(
    path: string,
    index: number,
    lossless: boolean,
    from: number,
    keep: number,
    manualAck: boolean,
    name: string,
    view: ArrayBuffer,
    meta: ArrayBuffer,
  ): NativeHandle
  /** The returned function publishes what the handle's meta doubles name (native-ring.ts META) and writes there what was taken. */
  publisher(handle: NativeHandle): () => void
  drain(handle: NativeHandle): number
  drainWait(handle: NativeHandle, spinUs: number, parkUs: number): number
  ack(handle: NativeHandle): void
  watch(handle: NativeHandle, onReady: () => void): void
  arm(handle: NativeHandle): void
  evictDead(handle: NativeHandle): number
  stats(handle: NativeHandle, out: ArrayBuffer): string[]
  close(handle: NativeHandle): void
  /** Test build only. */
  testHooks?(slowNs: number, naive: boolean): void
}

const FUNCTIONS = [
  'openProducer',
  'openReader',
  'publisher',
  'drain',
  'drainWait',
  'ack',
  'watch',
  'arm',
  'evictDead',
  'stats',
  'close',
] as const

function isBinding(value: unknown): value is NativeBinding {
  return (
    typeof value === 'object' &&
    value !== null &&
    FUNCTIONS.every((name) => name in value && typeof Reflect.get(value, name) === 'function')
  )
}

export type BindingKind = 'prebuilds' | 'testing'

/** Where the binary of this platform is looked for; beside this file, in the source tree as in an emitted one. */
export function bindingPath(kind: BindingKind = 'prebuilds'): string {
  return fileURLToPath(new URL(`./native/${kind}/${process.platform}-${process.arch}.node`, import.meta.url))
}

export type LoadedBinding = { readonly binding: NativeBinding; readonly reason: null } | { readonly binding: null; readonly reason: string }

/** Loads the binary; a missing or unloadable one is a reason, never an exception. */
export function loadBinding(kind: BindingKind = 'prebuilds'): LoadedBinding {
  const path = bindingPath(kind)
  if (!existsSync(path)) return { binding: null, reason: `no native ring for ${process.platform}-${process.arch}` }
  try {
    const loaded: unknown = createRequire(import.meta.url)(path)
    if (isBinding(loaded)) return { binding: loaded, reason: null }
    return { binding: null, reason: `${path} is not this ring's addon` }
  } catch (thrown) {
    return { binding: null, reason: `the native ring does not load: ${thrown instanceof Error ? thrown.message : String(thrown)}` }
  }
}
