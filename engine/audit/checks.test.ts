/** INV-15: every check passes on the engine as it is, and every one of its sabotages turns it red. */
import { describe, expect, it } from 'vitest'
import { CHECKS } from './checks/index.ts'
import { runCheck } from './runner.ts'
import { realSeams, type Seams } from './seams.ts'

/** A million candles and fifty lives take their time on a busy machine. */
const PATIENCE = { timeout: 180_000 }

const options = (seams: Seams) => ({ seams, seed: 7, build: 'test', signal: new AbortController().signal })

describe.each(CHECKS.filter((check) => check.suite === 'combat').map((check) => [check.id, check] as const))('%s', (_id, check) => {
  it(`passes: ${check.title}`, PATIENCE, async () => {
    const result = await runCheck(check, options(realSeams()))
    expect(result.evidence['problems'] ?? result.measured).toEqual(result.measured)
    expect(result.status).toBe('pass')
  })
  it.each(check.sabotages.map((s) => [s.name, s] as const))('turns red when %s', PATIENCE, async (_name, sabotage) => {
    const result = await runCheck(check, options(sabotage.seams(realSeams())))
    expect(result.status).toBe('fail')
  })
})
