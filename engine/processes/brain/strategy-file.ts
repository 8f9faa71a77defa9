/**
 * A strategy of one's own: one module file whose default export is a StrategyFactory (strategy/WRITING-A-STRATEGY.md). Loaded by whoever
 * runs it; its content is named by hash in the settings, so that no other code than the one that was chosen is ever run.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { fail, ok, toPlainError, type Failure, type Result } from '../../contract/result.ts'
import type { StrategySettings } from '../../contract/settings.ts'
import { checkedStrategy } from '../../strategy/checked.ts'
import { strategyFactory } from '../../strategy/registry.ts'
import type { StrategyFactory } from '../../strategy/strategy.ts'
import { withTrail } from '../../strategy/trail.ts'

const EXTENSIONS = /\.(mts|ts|mjs|js)$/

export type StrategyFileFailure = Failure<'strategy-file' | 'unknown-strategy'>

/** sha256 of the file, hex. */
export function hashStrategyFile(path: string): Result<string, StrategyFileFailure> {
  if (!EXTENSIONS.test(path)) return fail('strategy-file', `strategy ${path}: expected a .ts, .mts, .js or .mjs file`)
  try {
    return ok(createHash('sha256').update(readFileSync(path)).digest('hex'))
  } catch (thrown) {
    return fail('strategy-file', `strategy ${path} cannot be read (${toPlainError(thrown).message})`)
  }
}

const isFactory = (value: unknown): value is StrategyFactory => typeof value === 'function'

async function loadFile(path: string, sha256: string): Promise<Result<StrategyFactory, StrategyFileFailure>> {
  const found = hashStrategyFile(path)
  if (!found.ok) return found
  if (found.value !== sha256) return fail('strategy-file', `strategy ${path} has changed since it was chosen`)
  let loaded: unknown
  try {
    // The hash in the address: a file that was changed and chosen again is not answered from the module cache.
    loaded = await import(`${pathToFileURL(path).href}?sha256=${sha256}`)
  } catch (thrown) {
    return fail('strategy-file', `strategy ${path} cannot be loaded (${toPlainError(thrown).message.split('\n')[0] ?? ''})`)
  }
  const factory = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined
  if (!isFactory(factory))
    return fail('strategy-file', `strategy ${path}: its default export must be a function (symbol, settings) => Strategy`)
  return ok(withTrail(checkedStrategy(factory, path)))
}

/** The factory the settings name: one of this build, or the file's. */
export async function loadStrategy(settings: StrategySettings): Promise<Result<StrategyFactory, StrategyFileFailure>> {
  return settings.file === undefined ? strategyFactory(settings) : loadFile(settings.file.path, settings.file.sha256)
}

/** Also makes one and throws it away: what is wrong with its shape is said before anything starts. */
export async function tryStrategy(settings: StrategySettings, symbol: string): Promise<Result<StrategyFactory, StrategyFileFailure>> {
  const loaded = await loadStrategy(settings)
  if (!loaded.ok || settings.file === undefined) return loaded
  try {
    loaded.value(symbol, settings)
    return loaded
  } catch (thrown) {
    return fail('strategy-file', toPlainError(thrown).message)
  }
}
