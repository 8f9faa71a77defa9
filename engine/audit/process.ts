/** Audits in a process of their own, so that a million candles in a check never hold up the host and its screen. */
import { processPort } from '../contract/ports/process.ts'
import type { AuditReport, CheckResult, ProofProgress } from '../contract/proof.ts'
import type { Result } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { runAudit, type AuditOptions } from './index.ts'

export interface AuditProcessMethods {
  run(arg: AuditOptions): Result<AuditReport>
}
export interface AuditProcessEvents {
  progress: { readonly progress: ProofProgress; readonly last?: CheckResult }
}

const host = connect<{ run(arg: AuditOptions): Promise<Result<AuditReport>> }, AuditProcessEvents, object, object>(processPort(), {
  run: (arg) =>
    runAudit(
      arg,
      (progress, last) => host.emit('progress', last === undefined ? { progress } : { progress, last }),
      new AbortController().signal,
    ),
})
