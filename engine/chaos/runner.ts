/** Runs scenarios one after another, each in its own folder; a thrown error is FAILED, never a lost run. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Seams } from '../audit/seams.ts'
import type { ChaosReport, ProofProgress, ScenarioResult } from '../contract/proof.ts'
import { toPlainError } from '../contract/result.ts'
import type { Scenario, ScenarioOutcome, Stage } from './scenario.ts'

export interface ChaosOptions {
  readonly scenarios: readonly Scenario[]
  readonly seams: Seams
  readonly seed: number
  readonly build: string
  readonly size: Stage['size']
  readonly signal: AbortSignal
  readonly onProgress: (progress: ProofProgress, last?: ScenarioResult) => void
}

export async function runScenario(
  scenario: Scenario,
  options: Pick<ChaosOptions, 'seams' | 'seed' | 'size' | 'signal'>,
): Promise<ScenarioResult> {
  const directory = await mkdtemp(join(tmpdir(), `aegis-${scenario.id}-`))
  const cleanups: (() => Promise<void> | void)[] = []
  const from = performance.now()
  let outcome: ScenarioOutcome
  try {
    outcome = await scenario.run({ ...options, directory, defer: (cleanup) => cleanups.push(cleanup) })
  } catch (thrown) {
    outcome = { verdict: 'FAILED', reason: `it threw: ${toPlainError(thrown).message}`, figures: {} }
  }
  const durationMs = Math.round(performance.now() - from)
  for (const cleanup of cleanups.toReversed()) {
    try {
      await cleanup()
    } catch (thrown) {
      outcome = { ...outcome, verdict: 'FAILED', reason: `cleaning up threw: ${toPlainError(thrown).message}` }
    }
  }
  await rm(directory, { recursive: true, force: true })
  return { id: scenario.id, title: scenario.title, ...outcome, durationMs }
}

export async function runScenarios(options: ChaosOptions): Promise<ChaosReport> {
  const startedAt = Date.now()
  const from = performance.now()
  const id = `chaos-${startedAt.toString(36)}`
  const results: ScenarioResult[] = []
  const total = options.scenarios.length
  for (const scenario of options.scenarios) {
    if (options.signal.aborted) break
    options.onProgress({ id, done: results.length, total, current: scenario.title }, results.at(-1))
    results.push(await runScenario(scenario, options))
  }
  options.onProgress({ id, done: results.length, total, current: '' }, results.at(-1))
  return { id, startedAt, durationMs: Math.round(performance.now() - from), seed: options.seed, build: options.build, scenarios: results }
}

const cell = (value: unknown): string => String(value).replaceAll('|', '\\|')

export function chaosMarkdown(report: ChaosReport): string {
  const survived = report.scenarios.filter((s) => s.verdict === 'SURVIVED').length
  return [
    `# Chaos ${report.id}`,
    '',
    `${new Date(report.startedAt).toISOString()} · seed ${report.seed} · build ${report.build} · ${(report.durationMs / 1000).toFixed(1)} s`,
    '',
    `**${survived} of ${report.scenarios.length} survived.**`,
    '',
    ...report.scenarios.flatMap((s) => [
      `## ${s.title}: ${s.verdict}`,
      '',
      s.reason,
      '',
      '| figure | value |',
      '|---|---|',
      ...Object.entries(s.figures).map(([name, value]) => `| ${cell(name)} | ${cell(value)} |`),
      '',
    ]),
  ].join('\n')
}

/** Writes `<id>.json` and `<id>.md` into `directory`, which is created. */
export async function writeChaosReport(report: ChaosReport, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, `${report.id}.json`), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(directory, `${report.id}.md`), chaosMarkdown(report))
}
