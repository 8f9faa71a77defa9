/** The layering of ARCHITECTURE.md is a lint error, and this test plants each kind of violation to see it red. */
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const oxlint = join(root, 'node_modules/.bin/oxlint')
let planted: string

const lint = (): { path: string; rule: string }[] => {
  let out: string
  try {
    out = execFileSync(oxlint, ['--format', 'json', '.'], { cwd: planted, encoding: 'utf8' })
  } catch (error) {
    // oxlint exits 1 when it finds something; its report is on stdout all the same.
    out = error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' ? error.stdout : '{"diagnostics":[]}'
  }
  const report = JSON.parse(out) as { diagnostics: { filename: string; code: string }[] }
  return report.diagnostics.map((d) => ({ path: d.filename, rule: d.code }))
}

const VIOLATIONS: readonly [file: string, source: string, rule: string][] = [
  ['engine/contract/a.ts', "export { x } from '../money/x.ts'", 'no-restricted-imports'],
  ['engine/money/a.ts', "export { x } from '../journal/x.ts'", 'no-restricted-imports'],
  ['engine/money/b.ts', "export { readFileSync } from 'node:fs'", 'no-restricted-imports'],
  ['engine/brain/a.ts', 'export const t = Date.now()', 'no-restricted-properties'],
  ['engine/risk/a.ts', 'export const r = Math.random()', 'no-restricted-properties'],
  ['engine/orders/a.ts', 'export const t = setTimeout(() => {}, 1)', 'no-restricted-globals'],
  ['engine/ring/a.ts', "export { x } from '../processes/x.ts'", 'no-restricted-imports'],
  ['engine/processes/brain.ts', "export { x } from '../simulator/x.ts'", 'no-restricted-imports'],
  ['engine/supervisor/a.ts', "export { x } from '../audit/x.ts'", 'no-restricted-imports'],
  ['engine/cockpit/a.ts', "export { x } from '../cli/x.ts'", 'no-restricted-imports'],
  ['engine/feed/a.ts', "export { app } from 'electron'", 'no-restricted-imports'],
  ['renderer/a.ts', "export { x } from '../engine/money/x.ts'", 'no-restricted-imports'],
  ['renderer/c.ts', "export { x } from '../engine/market/symbol-gate.ts'", 'no-restricted-imports'],
  ['renderer/b.ts', "export { app } from 'electron'", 'no-restricted-imports'],
]

beforeAll(() => {
  planted = mkdtempSync(join(tmpdir(), 'layers-'))
  copyFileSync(join(root, '.oxlintrc.json'), join(planted, '.oxlintrc.json'))
  for (const [file, source] of VIOLATIONS) {
    mkdirSync(dirname(join(planted, file)), { recursive: true })
    writeFileSync(join(planted, file), `${source}\n`)
  }
  for (const [file, source] of [
    ['engine/journal/fine.ts', "export { x } from '../money/x.ts'"],
    ['engine/processes/simulator.ts', "export { x } from '../simulator/x.ts'"],
    ['renderer/fine.ts', "export { x } from '../engine/contract/x.ts'"],
    ['renderer/folds.ts', "export { x } from '../engine/market/conflation.ts'\nexport { y } from '../engine/market/timeframe.ts'"],
    ['main/fine.ts', "export { app } from 'electron'"],
  ] as const) {
    mkdirSync(dirname(join(planted, file)), { recursive: true })
    writeFileSync(join(planted, file), `${source}\n`)
  }
})
afterAll(() => rmSync(planted, { recursive: true, force: true }))

it('every planted violation is an error and nothing else is', () => {
  const found = lint()
    .filter((d) => d.rule.includes('no-restricted'))
    .map((d) => `${d.path} ${d.rule.replace(/^.*\((.*)\)$/, '$1')}`)
    .toSorted()
  expect(found).toEqual(VIOLATIONS.map(([file, , rule]) => `${file} ${rule}`).toSorted())
})
