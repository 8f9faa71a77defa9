/**
 * The one shape of every audit check. A check drives the engine's real modules through `probe.seams`; a sabotage replaces one
 * seam by a named defect and must turn the check red (INV-15): a check without a sabotage does not load.
 */
import type { CheckStatus } from '../contract/proof.ts'
import { invariant } from '../contract/result.ts'
import type { Seams } from './seams.ts'

export interface Outcome {
  readonly status: CheckStatus
  /** What was seen, in words and figures: "0 of 23 poisons reached the ring". */
  readonly measured: string
  /** The bound it is held against, in the same words. */
  readonly expected: string
  readonly evidence: Readonly<Record<string, unknown>>
}

export interface Probe {
  readonly seams: Seams
  readonly seed: number
  readonly signal: AbortSignal
  /** A fresh folder of its own, removed afterwards (INV-14: never the user's data). */
  readonly directory: string
  /** Runs after the check, last in first out, also when it failed. */
  defer(cleanup: () => Promise<void> | void): void
}

export interface Sabotage {
  readonly name: string
  readonly seams: (real: Seams) => Seams
}

export interface Check {
  readonly id: string
  readonly suite: string
  readonly dimension: string
  readonly title: string
  /** What a failure would mean for the trader. */
  readonly risk: 'RISKY' | 'CRITICAL'
  readonly invariant: string
  run(probe: Probe): Promise<Outcome>
  readonly sabotages: readonly Sabotage[]
}

/** Registers a check; throws InvariantError when it could never fail. */
export function defineCheck(check: Check): Check {
  invariant(check.sabotages.length > 0, `check ${check.id} has no sabotage, so nothing proves that it can fail`)
  return check
}

export const passed = (measured: string, expected: string, evidence: Outcome['evidence'] = {}): Outcome => ({
  status: 'pass',
  measured,
  expected,
  evidence,
})

export const failed = (measured: string, expected: string, evidence: Outcome['evidence'] = {}): Outcome => ({
  status: 'fail',
  measured,
  expected,
  evidence,
})

/** For a subject that is not built or not present here: never a pass. */
export const skipped = (reason: string, expected: string): Outcome => ({ status: 'skip', measured: reason, expected, evidence: {} })

/** Pass when there are no problems, else fail listing the first twenty. */
export function verdict(problems: readonly string[], measured: string, expected: string, evidence: Outcome['evidence'] = {}): Outcome {
  return problems.length === 0
    ? passed(measured, expected, evidence)
    : failed(problems[0] ?? measured, expected, { ...evidence, problems: problems.slice(0, 20), count: problems.length })
}
