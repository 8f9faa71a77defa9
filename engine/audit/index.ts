/** Audits as the cockpit and the command line run them. */
import type { AuditReport, ProofRunner } from '../contract/proof.ts'
import { fail, ok, toPlainError } from '../contract/result.ts'
import { codeVersion } from '../supervisor/code-version.ts'
import { CHECKS } from './checks/index.ts'
import { writeAuditReport } from './report.ts'
import { runChecks } from './runner.ts'
import { realSeams } from './seams.ts'

export const auditRunner: ProofRunner<AuditReport> = {
  list: () => CHECKS.map(({ id, suite, title }) => ({ id, suite, title })),
  /** Failure 'unwritable' when the report cannot be stored; the audit's own findings are never a failure of the run. */
  async run(options, onProgress, signal) {
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
  },
}
