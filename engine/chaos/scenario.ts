/**
 * The one shape of every chaos scenario. It runs on a twin engine (own ring, journal, simulator, folder: INV-14) or on the real
 * rooms it names, and ends in SURVIVED, DEGRADED or FAILED with figures. Its sabotages must make it FAILED (INV-15).
 */
import type { Verdict } from '../contract/proof.ts'
import { invariant, ok } from '../contract/result.ts'
import type { Seams } from '../audit/seams.ts'
import type { EngineHandle } from '../supervisor/engine-handle.ts'

export interface ScenarioOutcome {
  readonly verdict: Verdict
  readonly reason: string
  readonly figures: Readonly<Record<string, number | string | boolean>>
}

/** FAILED for the first problem, else DEGRADED for all that was weak, else SURVIVED for `reason`. */
export function judged(
  figures: ScenarioOutcome['figures'],
  found: { readonly problems: readonly string[]; readonly weak?: readonly string[]; readonly reason: string },
): ScenarioOutcome {
  const { problems, weak = [], reason } = found
  const [first] = problems
  if (first !== undefined) return { verdict: 'FAILED', reason: first, figures: { ...figures, problems: problems.length } }
  return weak.length > 0 ? { verdict: 'DEGRADED', reason: weak.join('; '), figures } : { verdict: 'SURVIVED', reason, figures }
}

export interface Stage {
  readonly seams: Seams
  readonly seed: number
  readonly signal: AbortSignal
  readonly directory: string
  /** 'quick' keeps the shape and shortens the run (tests); 'full' is what the trader gets. */
  readonly size: 'quick' | 'full'
  defer(cleanup: () => Promise<void> | void): void
}

export interface ScenarioSabotage {
  readonly name: string
  readonly seams: (real: Seams) => Seams
}

export interface Scenario {
  readonly id: string
  readonly title: string
  /** What SURVIVED means, in one sentence. */
  readonly survived: string
  run(stage: Stage): Promise<ScenarioOutcome>
  readonly sabotages: readonly ScenarioSabotage[]
}

/** For sabotages: the real engine with some of its parts replaced by defective ones. */
export function withDefect(real: Seams, defect: (engine: EngineHandle) => Partial<EngineHandle>): Seams {
  return {
    ...real,
    startEngine: (settings, deps) => {
      const started = real.startEngine(settings, deps)
      if (!started.ok) return started
      const engine = started.value
      return ok(Object.assign(Object.create(engine) as typeof engine, defect(engine)))
    },
  }
}

/** Registers a scenario; throws InvariantError when it could never fail. */
export function defineScenario(scenario: Scenario): Scenario {
  invariant(scenario.sabotages.length > 0, `scenario ${scenario.id} has no sabotage, so nothing proves that it can fail`)
  return scenario
}
