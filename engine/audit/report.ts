/** One audit as JSON and Markdown: per dimension SAFE / RISKY / CRITICAL, score, recommendation, checklist, versions, seed. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditReport, CheckResult } from '../contract/proof.ts'

export interface DimensionSummary {
  readonly dimension: string
  readonly passed: number
  readonly total: number
  readonly rating: 'SAFE' | 'RISKY' | 'CRITICAL'
}

/** A dimension is as bad as its worst check; a skipped check is never safe. */
export function summarise(checks: readonly CheckResult[]): DimensionSummary[] {
  const names = [...new Set(checks.map((c) => c.dimension))]
  return names.map((dimension) => {
    const own = checks.filter((c) => c.dimension === dimension)
    const critical = own.some((c) => c.status === 'fail' && c.risk === 'CRITICAL')
    const clean = own.every((c) => c.status === 'pass')
    return {
      dimension,
      passed: own.filter((c) => c.status === 'pass').length,
      total: own.length,
      rating: critical ? 'CRITICAL' : clean ? 'SAFE' : 'RISKY',
    }
  })
}

/** Passed checks of all checks, per cent, one decimal. */
export const score = (checks: readonly CheckResult[]): number =>
  checks.length === 0 ? 0 : Math.round((1000 * checks.filter((c) => c.status === 'pass').length) / checks.length) / 10

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
const GLYPH = { pass: '✔ pass', warn: '▲ warn', fail: '✖ fail', skip: '– skip' } as const

export function auditMarkdown(report: AuditReport): string {
  const dimensions = summarise(report.checks)
  const bad = report.checks.filter((c) => c.status !== 'pass')
  return [
    `# Audit ${report.id}`,
    '',
    `${new Date(report.startedAt).toISOString()} · suites ${report.suites.join(', ')} · seed ${report.seed} · build ${report.build} · ${(report.durationMs / 1000).toFixed(1)} s`,
    '',
    `**${score(report.checks)} %** — ${report.checks.filter((c) => c.status === 'pass').length} of ${report.checks.length} checks pass.`,
    '',
    '| dimension | passed | rating |',
    '|---|---|---|',
    ...dimensions.map((d) => `| ${d.dimension} | ${d.passed} / ${d.total} | ${d.rating} |`),
    '',
    '| id | check | result | measured | expected | ms |',
    '|---|---|---|---|---|---|',
    ...report.checks.map(
      (c) => `| ${c.id} | ${cell(c.title)} | ${GLYPH[c.status]} | ${cell(c.measured)} | ${cell(c.expected)} | ${c.durationMs.toFixed(0)} |`,
    ),
    '',
    '## Recommendation',
    '',
    bad.length === 0
      ? 'Everything asked of the engine was shown. The result holds for this build and seed only.'
      : 'Do not trade live before these are resolved:',
    ...bad.map((c) => `- ${c.id} ${c.title}: ${c.measured} (expected: ${c.expected})`),
    '',
    '## Readiness',
    '',
    ...dimensions.map((d) => `- [${d.rating === 'SAFE' ? 'x' : ' '}] ${d.dimension}`),
    '',
  ].join('\n')
}

/** Writes `<id>.json` and `<id>.md` into `directory`, which is created. */
export async function writeAuditReport(report: AuditReport, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, `${report.id}.json`), `${JSON.stringify(report, null, 2)}\n`)
  await writeFile(join(directory, `${report.id}.md`), auditMarkdown(report))
}
