/** Pages of the journal give the same rows whatever their size, of one brain only, and end where the next brain begins. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openJournal, type Journal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'
import { WrittenRows } from './written-rows.ts'

it('reads page by page what one brain wrote', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'written-'))
  const opened: Journal[] = []
  const open = (session: string, process: 'brain' | 'host'): Journal => {
    const journal = openJournal(journalPath(dataDir), { build: 'test', session, process })
    if (!journal.ok) throw new Error(journal.error.message)
    opened.push(journal.value)
    return journal.value
  }
  try {
    const [brain, host, other] = [open('mine0000', 'brain'), open('mine0000', 'host'), open('other000', 'brain')]
    const begin = (): void => void brain.append('session', { account: 'a', mode: 'simulated', symbols: [], settings: {} }, 0)
    begin()
    for (let i = 0; i < 25; i++) {
      brain.append('note', { text: `mine ${i}` }, i)
      if (i % 3 === 0) host.append('note', { text: 'the host' }, i)
      if (i % 4 === 0) other.append('note', { text: 'another session' }, i)
    }
    begin()
    brain.append('note', { text: 'of the next brain' }, 99)
    const texts = (size: number): readonly unknown[] => {
      const rows = new WrittenRows(brain, 'mine0000', 2, size)
      const list: unknown[] = []
      for (let row = rows.next(); row !== null; row = rows.next()) list.push(row.payload)
      expect([rows.next(), rows.rest(), rows.failure]).toEqual([null, 0, null])
      return list
    }
    const all = Array.from({ length: 25 }, (_, i) => ({ text: `mine ${i}` }))
    for (const size of [1, 2, 3, 7, 1_000]) expect(texts(size)).toEqual(all)
    const rest = new WrittenRows(brain, 'mine0000', 2, 4)
    rest.next()
    expect(rest.rest()).toBe(24)
  } finally {
    for (const journal of opened) journal.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
})
