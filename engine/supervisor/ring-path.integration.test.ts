/** What engines that died leave in memory is cleared by the next start, and only that. */
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { hostProgram } from './fixtures/engine-of-stand-ins.ts'
import { lockDataDir } from './instance-lock.ts'
import { claimRing, clearDeadRings, ringPathFor } from './ring-path.ts'

const made: string[] = []
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'aegis-ring-path-'))
  made.push(path)
  return path
}

/** A ring of an engine on a data folder of its own, in `shared` instead of the system's place. */
function plant(shared: string): { readonly dataDir: string; readonly ring: string } {
  const dataDir = folder()
  const ring = join(shared, ringPathFor(dataDir, {}).split('/').at(-1) ?? '')
  claimRing(ring, dataDir)
  for (const side of ['', '.r0', '.r11', '.lock']) writeFileSync(`${ring}${side}`, 'x')
  return { dataDir, ring }
}
const filesOf = (ring: string): string[] => readdirSync(dirname(ring)).filter((name) => join(dirname(ring), name).startsWith(ring))

it('a dead engine’s ring goes with all its side files, also when its data folder is gone or was never locked', () => {
  const shared = folder()
  const [dead, vanished] = [plant(shared), plant(shared)]
  const lock = lockDataDir(dead.dataDir, 'node')
  if (lock.ok) lock.value.release()
  rmSync(vanished.dataDir, { recursive: true })
  expect(filesOf(dead.ring)).toHaveLength(5)
  expect(clearDeadRings(join(shared, 'aegis-own.ring'))).toBe(2)
  expect(readdirSync(shared)).toEqual([])
})

it('a living engine’s ring stays, and so does our own and whatever is not certainly a dead engine’s', () => {
  const shared = folder()
  const [living, own, foreign, forged] = [plant(shared), plant(shared), plant(shared), plant(shared)]
  const lock = lockDataDir(living.dataDir, 'node')
  expect(lock.ok).toBe(true)
  rmSync(`${foreign.ring}.owner`)
  writeFileSync(`${forged.ring}.owner`, folder())
  writeFileSync(join(shared, 'aegis-bench-12.ring.owner'), living.dataDir)
  mkdirSync(join(shared, 'aegis-0123456789ab.ring.owner'))
  const before = readdirSync(shared)
  expect(clearDeadRings(own.ring)).toBe(0)
  expect(readdirSync(shared)).toEqual(before)
  if (lock.ok) lock.value.release()
  expect(clearDeadRings(own.ring)).toBe(1)
})

it('a host killed with -9 on data nobody uses again leaves nothing once another engine has started', async () => {
  const [first, second] = [folder(), folder()]
  const owner = `${ringPathFor(first, process.env)}.owner`
  const { host: killed } = await hostProgram(first)
  expect(existsSync(owner)).toBe(true)
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  expect(existsSync(owner)).toBe(true)
  const { host: next } = await hostProgram(second)
  expect(existsSync(owner)).toBe(false)
  next.kill('SIGKILL')
  await once(next, 'exit')
  clearDeadRings(owner)
})
