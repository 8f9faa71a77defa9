/** Results of audits and chaos runs (proof.md). */
import type { Result } from './result.ts'

export type CheckStatus = 'pass' | 'warn' | 'fail' | 'skip'

export interface CheckResult {
  readonly id: string
  readonly suite: string
  readonly dimension: string
  readonly title: string
  readonly status: CheckStatus
  readonly measured: string
  readonly expected: string
  readonly durationMs: number
  readonly evidence: Readonly<Record<string, unknown>>
  readonly invariant?: string
  readonly risk?: 'SAFE' | 'RISKY' | 'CRITICAL'
}

export interface AuditReport {
  readonly id: string
  readonly startedAt: number
  readonly durationMs: number
  readonly suites: readonly string[]
  readonly seed: number
  readonly build: string
  readonly checks: readonly CheckResult[]
}

export type Verdict = 'SURVIVED' | 'DEGRADED' | 'FAILED' | 'SKIPPED'

export interface ScenarioResult {
  readonly id: string
  readonly title: string
  readonly verdict: Verdict
  /** One line why. */
  readonly reason: string
  readonly figures: Readonly<Record<string, number | string | boolean>>
  readonly durationMs: number
}

export interface ChaosReport {
  readonly id: string
  readonly startedAt: number
  readonly durationMs: number
  readonly seed: number
  readonly build: string
  readonly scenarios: readonly ScenarioResult[]
}

export interface ProofProgress {
  readonly id: string
  readonly done: number
  readonly total: number
  readonly current: string
}

/** How the cockpit and the CLI run proofs; implemented by engine/audit and engine/chaos, injected by the hosts. */
export interface ProofRunner<Report> {
  run(
    options: { ids?: readonly string[]; suites?: readonly string[]; seed?: number; reportDir?: string },
    onProgress: (p: ProofProgress, last?: CheckResult | ScenarioResult) => void,
    signal: AbortSignal,
  ): Promise<Result<Report>>
  list(): readonly { readonly id: string; readonly suite: string; readonly title: string }[]
}
