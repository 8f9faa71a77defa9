/** The hosts' audit: the real checks in a real child process, with progress, and stopped from outside. */
import { expect, it } from 'vitest'
import { nodeSpawner } from '../supervisor/node-spawner.ts'
import { remoteAuditRunner } from './remote.ts'

it('runs checks in a process of their own and reports progress and results', async () => {
  const seen: string[] = []
  const result = await remoteAuditRunner(nodeSpawner(), process.env).run(
    { ids: ['C1.1', 'C5.3'], seed: 3 },
    (progress, last) => seen.push(`${progress.done}/${progress.total}${last === undefined ? '' : ` ${last.id}`}`),
    new AbortController().signal,
  )
  expect(result.ok && result.value.checks.map((c) => [c.id, c.status])).toEqual([
    ['C1.1', 'pass'],
    ['C5.3', 'pass'],
  ])
  expect(seen).toEqual(['0/2', '1/2 C1.1', '2/2 C5.3'])
})

it('ends the process when it is stopped', async () => {
  const stop = new AbortController()
  const from = performance.now()
  const result = await remoteAuditRunner(nodeSpawner(), process.env).run(
    { ids: ['C4.1'] },
    () => setTimeout(() => stop.abort(), 300),
    stop.signal,
  )
  expect(result.ok ? 'finished' : result.error.code).toBe('stopped')
  expect(performance.now() - from).toBeLessThan(10_000)
})
