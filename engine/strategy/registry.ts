/** Every strategy there is, by the name used in the settings. Adding one: its file, and one line here. */
import { fail, ok, type Failure, type Result } from '../contract/result.ts'
import type { StrategySettings } from '../contract/settings.ts'
import { createPlaceholder } from './placeholder.ts'
import { createShadowedTeacher, createStudent } from './student.ts'
import type { StrategyFactory } from './strategy.ts'
import { withTrail } from './trail.ts'

const STRATEGIES: ReadonlyMap<string, StrategyFactory> = new Map([
  ['placeholder', createPlaceholder],
  ['teacher', createShadowedTeacher],
  ['student', createStudent],
])

export const strategyNames = (): readonly string[] => [...STRATEGIES.keys()]

/** The factory of the configured strategy. */
export function strategyFactory(settings: StrategySettings): Result<StrategyFactory, Failure<'unknown-strategy'>> {
  const factory = STRATEGIES.get(settings.name)
  if (factory !== undefined) return ok(withTrail(factory))
  return fail('unknown-strategy', `strategy "${settings.name}" is not in this build (there is: ${strategyNames().join(', ')})`)
}
