/** Runs checks one after another, each in its own folder and under a time limit; a thrown error is a failed check, never a lost one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AuditReport, CheckResult, ProofProgress } from '../contract/proof.ts'
import { toPlainError } from '../contract/result.ts'
import { failed, type Check, type Outcome, type Probe } from './check.ts'
import type { Seams } from './seams.ts'

export interface RunOptions {
  readonly checks: readonly Check[]
  readonly seams: Seams
  readonly seed: number
  readonly build: string
  readonly signal: AbortSignal
  readonly onProgress: (progress: ProofProgress, last?: CheckResult) => void
  readonly limitMs?: number
  readonly now?: () => number
}

/** One check: its result, whatever happens inside. */
export async function runCheck(check: Check, options: Omit<RunOptions, 'checks' | 'onProgress'>): Promise<CheckResult> {
  const limitMs = options.limitMs ?? 120_000
  const directory = await mkdtemp(join(tmpdir(), `aegis-${check.id.toLowerCase().replaceAll('.', '-')}-`))
  const cleanups: (() => Promise<void> | void)[] = []
  const limit = new AbortController()
  const probe: Probe = {
    seams: options.seams,
    seed: options.seed,
    signal: AbortSignal.any([options.signal, limit.signal]),
    directory,
    defer: (cleanup) => cleanups.push(cleanup),
  }
  const started = performance.now()
  let outcome: Outcome
  let timer: ReturnType<typeof setTimeout> | undefined
  try {
    const late = new Promise<Outcome>((resolve) => {
      timer = setTimeout(() => {
        limit.abort()
        resolve(failed(`no answer within ${limitMs} ms`, 'the check ends in time'))
      }, limitMs)
    })
    outcome = await Promise.race([check.run(probe), late])
  } catch (thrown) {
    const error = toPlainError(thrown)
    outcome = failed(`it threw: ${error.message}`, 'the check ends without an exception', { error })
  } finally {
    clearTimeout(timer)
  }
  const durationMs = performance.now() - started
  for (const cleanup of cleanups.toReversed()) {
    try {
      await cleanup()
    } catch (thrown) {
      outcome = failed(`cleaning up threw: ${toPlainError(thrown).message}`, outcome.expected, { before: outcome })
    }
  }
  await rm(directory, { recursive: true, force: true })
  return {
    id: check.id,
    suite: check.suite,
    dimension: check.dimension,
    title: check.title,
    ...outcome,
    durationMs: Math.round(durationMs * 10) / 10,
    invariant: check.invariant,
    risk: outcome.status === 'fail' ? check.risk : outcome.status === 'pass' ? 'SAFE' : 'RISKY',
  }
}

export async function runChecks(options: RunOptions): Promise<AuditReport> {
  const now = options.now ?? Date.now
  const startedAt = now()
  const begun = performance.now()
  const id = `audit-${startedAt.toString(36)}`
  const results: CheckResult[] = []
  for (const check of options.checks) {
    if (options.signal.aborted) break
    options.onProgress({ id, done: results.length, total: options.checks.length, current: `${check.id} ${check.title}` }, results.at(-1))
    results.push(await runCheck(check, options))
  }
  options.onProgress({ id, done: results.length, total: options.checks.length, current: '' }, results.at(-1))
  return {
    id,
    startedAt,
    durationMs: Math.round(performance.now() - begun),
    suites: [...new Set(options.checks.map((c) => c.suite))],
    seed: options.seed,
    build: options.build,
    checks: results,
  }
}
