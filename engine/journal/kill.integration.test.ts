/** kill -9 in the middle of appending, one writer and two writers: what was said to be committed is there, and the chain holds. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, it } from 'vitest'
import { openJournal, type Durability } from './journal.ts'

const WRITER = fileURLToPath(new URL('./fixtures/endless-writer.ts', import.meta.url))
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** Resolves with the last committed row the writer reported before it was killed. */
function killedWriter(path: string, name: string, afterRows: number, durability: Durability = 'disk'): Promise<number> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(process.execPath, [WRITER, path, name, durability], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    let lines = 0
    let errors = ''
    child.stderr?.on('data', (data: Buffer) => (errors += String(data)))
    child.stdout?.on('data', (data: Buffer) => {
      text += String(data)
      lines += String(data).split('\n').length - 1
      if (lines >= afterRows) child.kill('SIGKILL')
    })
    child.on('close', (code, signal) => {
      if (signal !== 'SIGKILL') return reject(new Error(`the writer ended by itself (${code}): ${errors}`))
      const whole = text.slice(0, text.lastIndexOf('\n')).split('\n')
      resolve(Number(whole.at(-1)))
    })
  })
}

it.each(['disk', 'process'] as const)('loses nothing that was committed, ten deaths in a row (%s)', async (durability) => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-kill-'))
  folders.push(folder)
  const path = join(folder, 'journal.sqlite')
  for (let death = 0; death < 10; death++) {
    const committed = await killedWriter(path, 'brain', 3 + ((death * 7) % 40), durability)
    const opened = openJournal(path, { build: 'test', session: 'testtest', process: 'host' })
    if (!opened.ok) throw new Error(opened.error.message)
    expect(opened.value.loss).toBeNull()
    const head = opened.value.head()
    expect(head.ok && head.value.seq).toBeGreaterThanOrEqual(committed)
    // Both rows of a batch or none.
    expect(head.ok && head.value.seq % 2).toBe(0)
    expect(opened.value.verify()).toMatchObject({ ok: true, value: { ok: true } })
    opened.value.close()
  }
})

it('two writers killed at once leave one unbroken chain', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'journal-kill-'))
  folders.push(folder)
  const path = join(folder, 'journal.sqlite')
  for (let death = 0; death < 4; death++) {
    const [a, b] = await Promise.all([killedWriter(path, 'brain', 30), killedWriter(path, 'reconciler', 25)])
    const opened = openJournal(path, { build: 'test', session: 'testtest', process: 'host' })
    if (!opened.ok) throw new Error(opened.error.message)
    expect(opened.value.loss).toBeNull()
    const head = opened.value.head()
    expect(head.ok && head.value.seq).toBeGreaterThanOrEqual(Math.max(a, b))
    expect(opened.value.verify()).toMatchObject({ ok: true, value: { ok: true } })
    opened.value.close()
  }
})
