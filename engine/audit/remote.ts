/** The audit runner of the hosts: the same checks in a child process, started the host's own way; stopping it ends the process. */
import type { AuditReport, ProofRunner } from '../contract/proof.ts'
import { fail } from '../contract/result.ts'
import { connect } from '../contract/rpc.ts'
import { cleanEnvironment, type Spawner } from '../supervisor/spawner.ts'
import { auditRunner } from './index.ts'
import type { AuditProcessEvents, AuditProcessMethods } from './process.ts'

const LIMIT_MS = 30 * 60_000

export function remoteAuditRunner(spawner: Spawner, environment: Readonly<Record<string, string | undefined>>): ProofRunner<AuditReport> {
  return {
    list: () => auditRunner.list(),
    async run(options, onProgress, signal) {
      const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
      const child = spawner.spawn('audit', new URL(`./process.${extension}`, import.meta.url), cleanEnvironment(environment))
      const end = (): void => child.kill('SIGKILL')
      signal.addEventListener('abort', end, { once: true })
      try {
        const peer = connect<object, object, AuditProcessMethods, AuditProcessEvents>(child.port, {})
        peer.on('progress', ({ progress, last }) => onProgress(progress, last))
        const answer = await peer.call('run', { ...options }, LIMIT_MS)
        if (signal.aborted) return fail('stopped', 'the audit was stopped')
        return answer.ok ? answer.value : fail('audit-process', `the audit process ended early: ${answer.error.message}`)
      } finally {
        signal.removeEventListener('abort', end)
        end()
      }
    },
  }
}
