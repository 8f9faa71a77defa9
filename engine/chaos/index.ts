/** Chaos runs as the cockpit and the command line start them. The twins' processes are started the host's own way. */
import { realSeams } from '../audit/seams.ts'
import type { ChaosReport, ProofRunner } from '../contract/proof.ts'
import { fail, ok, toPlainError } from '../contract/result.ts'
import { codeVersion } from '../supervisor/code-version.ts'
import { nodeSpawner } from '../supervisor/node-spawner.ts'
import type { Spawner } from '../supervisor/spawner.ts'
import { runScenarios, writeChaosReport } from './runner.ts'
import { SCENARIOS } from './scenarios/index.ts'

export function createChaosRunner(spawner: () => Spawner): ProofRunner<ChaosReport> {
  return {
    list: () => SCENARIOS.map(({ id, title }) => ({ id, suite: 'chaos', title })),
    /** Failure 'unwritable' when the report cannot be stored. */
    async run(options, onProgress, signal) {
      const scenarios = SCENARIOS.filter((s) => options.ids === undefined || options.ids.includes(s.id))
      const report = await runScenarios({
        scenarios,
        seams: realSeams(spawner),
        seed: options.seed ?? 1,
        build: codeVersion().build,
        size: 'full',
        signal,
        onProgress,
      })
      if (options.reportDir !== undefined) {
        try {
          await writeChaosReport(report, options.reportDir)
        } catch (thrown) {
          return fail('unwritable', `the report cannot be written: ${toPlainError(thrown).message}`)
        }
      }
      return ok(report)
    },
  }
}

/** In a Node process. */
export const chaosRunner: ProofRunner<ChaosReport> = createChaosRunner(() => nodeSpawner())
