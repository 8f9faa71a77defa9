/** Audits as the command line runs them (in this process) and as process.ts runs them for the hosts. */
import type { AuditReport, CheckResult, ProofProgress, ProofRunner } from '../contract/proof.ts'
import { fail, ok, toPlainError, type Result } from '../contract/result.ts'
import { codeVersion } from '../supervisor/code-version.ts'
import { CHECKS } from './checks/index.ts'
import { writeAuditReport } from './report.ts'
import { runChecks } from './runner.ts'
import { realSeams } from './seams.ts'

export interface AuditOptions {
  readonly ids?: readonly string[]
  readonly suites?: readonly string[]
  readonly seed?: number
  readonly reportDir?: string
}

/** Failure 'unwritable' when the report cannot be stored; the audit's own findings are never a failure of the run. */
export async function runAudit(
  options: AuditOptions,
  onProgress: (progress: ProofProgress, last?: CheckResult) => void,
  signal: AbortSignal,
): Promise<Result<AuditReport>> {
  const checks = CHECKS.filter(
    (check) =>
      (options.ids === undefined || options.ids.includes(check.id)) &&
      (options.suites === undefined || options.suites.includes(check.suite)),
  )
  const report = await runChecks({ checks, seams: realSeams(), seed: options.seed ?? 1, build: codeVersion().build, signal, onProgress })
  if (options.reportDir !== undefined) {
    try {
      await writeAuditReport(report, options.reportDir)
    } catch (thrown) {
      return fail('unwritable', `the report cannot be written: ${toPlainError(thrown).message}`)
    }
  }
  return ok(report)
}

export const auditRunner: ProofRunner<AuditReport> = {
  list: () => CHECKS.map(({ id, suite, title }) => ({ id, suite, title })),
  run: runAudit,
}
