/**
 * The one shape of every chaos scenario. It runs on a twin engine (own ring, journal, simulator, folder: INV-14) or on the real
 * rooms it names, and ends in SURVIVED, DEGRADED or FAILED with figures. Its sabotages must make it FAILED (INV-15).
 */
import type { Verdict } from '../contract/proof.ts'
import { invariant } from '../contract/result.ts'
import type { Seams } from '../audit/seams.ts'

export interface ScenarioOutcome {
  readonly verdict: Verdict
  readonly reason: string
  readonly figures: Readonly<Record<string, number | string | boolean>>
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

/** Registers a scenario; throws InvariantError when it could never fail. */
export function defineScenario(scenario: Scenario): Scenario {
  invariant(scenario.sabotages.length > 0, `scenario ${scenario.id} has no sabotage, so nothing proves that it can fail`)
  return scenario
}
