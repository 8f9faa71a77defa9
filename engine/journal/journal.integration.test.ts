/** Real SQLite files: chain, several writers, damage, truncation, read-only, disk full. */
import Database from 'better-sqlite3'
import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { DecimalText } from '../contract/decimal-text.ts'
import { openJournal, type Journal, type JournalOptions } from './journal.ts'
import { closedTrades, dayPnl, equityCurve } from './queries.ts'

const OPTIONS: JournalOptions = { build: '0.0.0-test', session: 'testtest', process: 'brain' }
let folder: string
let path: string
const opened: Journal[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'))
  path = join(folder, 'journal.sqlite')
})
afterEach(() => {
  for (const journal of opened.splice(0)) journal.close()
  rmSync(folder, { recursive: true, force: true })
})

function open(options: Partial<JournalOptions> = {}): Journal {
  const result = openJournal(path, { ...OPTIONS, ...options })
  if (!result.ok) throw new Error(result.error.message)
  opened.push(result.value)
  return result.value
}
const note = (journal: Journal, text: string): number => {
  const result = journal.append('note', { text }, 1_000)
  if (!result.ok) throw new Error(result.error.message)
  return result.value
}

it('appends, verifies, and keeps counting after it is opened again', () => {
  const first = open()
  expect(note(first, 'a')).toBe(1)
  expect(note(first, 'b')).toBe(2)
  first.close()
  const again = open()
  expect(again.loss).toBeNull()
  expect(note(again, 'c')).toBe(3)
  const report = again.verify()
  expect(report).toMatchObject({ ok: true, value: { ok: true, rows: 3, brokenAt: null } })
})

it('chains the rows of several writers in one file', () => {
  const brain = open()
  const reconciler = open({ process: 'reconciler' })
  for (let i = 0; i < 20; i++) note(i % 3 === 0 ? reconciler : brain, `row ${i}`)
  const rows = brain.rows({})
  expect(rows.ok && rows.value.map((row) => row.process).filter((p) => p === 'reconciler').length).toBe(7)
  expect(brain.verify()).toMatchObject({ ok: true, value: { ok: true, rows: 20 } })
})

it('one changed byte in a stored row is found, and named', () => {
  const journal = open()
  for (let i = 0; i < 10; i++) note(journal, `row ${i}`)
  const database = new Database(path)
  database.prepare(`UPDATE journal SET data = '{"text":"row X"}' WHERE seq = 4`).run()
  database.close()
  expect(journal.verify()).toMatchObject({ ok: true, value: { ok: false, rows: 3, brokenAt: 4 } })
  journal.close()
  expect(openJournal(path, OPTIONS)).toMatchObject({ ok: false, error: { code: 'corrupt' } })
})

it('a deleted row in the middle is found', () => {
  const journal = open()
  for (let i = 0; i < 10; i++) note(journal, `row ${i}`)
  const database = new Database(path)
  database.prepare('DELETE FROM journal WHERE seq = 5').run()
  database.close()
  expect(journal.verify()).toMatchObject({ ok: true, value: { ok: false, brokenAt: 6 } })
})

it('a lost tail is said, with its row numbers, and the journal goes on', () => {
  const journal = open()
  for (let i = 0; i < 10; i++) note(journal, `row ${i}`)
  journal.close()
  const database = new Database(path)
  database.prepare('DELETE FROM journal WHERE seq > 7').run()
  database.close()
  const again = open()
  expect(again.loss).toMatchObject({ fromSeq: 8, toSeq: 10 })
  expect(again.rows({ kinds: ['loss'] })).toMatchObject({ ok: true, value: [{ seq: 8, payload: { fromSeq: 8, toSeq: 10 } }] })
  expect(again.verify()).toMatchObject({ ok: true, value: { ok: true, rows: 8 } })
  again.close()
  expect(open().loss).toBeNull()
})

it('a rewritten tail (same row numbers, other content) is damage', () => {
  const journal = open()
  for (let i = 0; i < 5; i++) note(journal, `row ${i}`)
  journal.close()
  const head = readFileSync(`${path}.head`)
  rmSync(path)
  rmSync(`${path}.head`)
  const forged = open()
  for (let i = 0; i < 6; i++) note(forged, `forged ${i}`)
  forged.close()
  writeFileSync(`${path}.head`, head)
  expect(openJournal(path, OPTIONS)).toMatchObject({ ok: false, error: { code: 'corrupt' } })
})

it('a file cut in half is damage, never a shorter journal', () => {
  const journal = open()
  for (let i = 0; i < 400; i++) note(journal, `row ${i} ${'x'.repeat(200)}`)
  journal.close()
  truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096)
  const result = openJournal(path, OPTIONS)
  const verdict = result.ok ? result.value.verify() : result
  if (result.ok) result.value.close()
  expect(verdict.ok && verdict.value.ok).toBe(false)
})

it('something that is no database is refused', () => {
  writeFileSync(path, 'not a database, but long enough to be looked at as a header of one')
  expect(openJournal(path, OPTIONS)).toMatchObject({ ok: false, error: { code: 'corrupt' } })
})

it('read-only answers read-only', () => {
  const journal = open()
  note(journal, 'a')
  const reader = open({ readOnly: true, process: 'cli' })
  expect(reader.append('note', { text: 'b' }, 1)).toMatchObject({ ok: false, error: { code: 'read-only' } })
  expect(reader.verify()).toMatchObject({ ok: true, value: { ok: true, rows: 1 } })
})

it('disk full answers disk-full, appends nothing of the batch, and works again after', () => {
  const journal = open({ maxPages: 12 })
  let failure: string | null = null
  let written = 0
  for (let i = 0; i < 200 && failure === null; i++) {
    const result = journal.appendAll([
      { kind: 'note', payload: { text: 'y'.repeat(300) }, time: i },
      { kind: 'note', payload: { text: 'z'.repeat(300) }, time: i },
    ])
    if (result.ok) written = result.value
    else failure = result.error.code
  }
  expect(failure).toBe('disk-full')
  expect(journal.head()).toMatchObject({ ok: true, value: { seq: written } })
  journal.close()
  const roomy = open()
  expect(roomy.loss).toBeNull()
  expect(note(roomy, 'room again')).toBe(written + 1)
})

it('unresolved lists intents without a proved outcome, oldest first', () => {
  const journal = open()
  const intent = (clientId: string, counter: number) =>
    journal.append('intent', { action: 'place', clientId, book: 'regular', role: 'entry', counter, reason: 'test' }, 1, {
      symbol: 'BTCUSDT',
      ref: clientId,
    })
  intent('a-1', 1)
  intent('a-2', 2)
  intent('a-3', 3)
  journal.append('request-outcome', { action: 'place', clientId: 'a-2', outcome: 'acked' }, 2, { ref: 'a-2' })
  journal.append('request-ambiguous', { action: 'place', clientId: 'a-3', code: 'ambiguous', message: 'timeout' }, 2, { ref: 'a-3' })
  const left = journal.unresolved()
  expect(left.ok && left.value.map((row) => row.payload.clientId)).toEqual(['a-1', 'a-3'])
})

it('backs up while another connection writes; the copy verifies', async () => {
  const journal = open()
  for (let i = 0; i < 50; i++) note(journal, `row ${i}`)
  const copy = join(folder, 'copy.sqlite')
  const running = journal.backup(copy)
  note(open({ process: 'host' }), 'meanwhile')
  expect((await running).ok).toBe(true)
  const restored = openJournal(copy, { ...OPTIONS, readOnly: true })
  expect(restored.ok && restored.value.verify()).toMatchObject({ ok: true, value: { ok: true } })
  if (restored.ok) restored.value.close()
})

it('a folder that cannot be made answers a code, never throws', () => {
  writeFileSync(join(folder, 'file'), '')
  expect(openJournal(join(folder, 'file', 'sub', 'journal.sqlite'), OPTIONS).ok).toBe(false)
})

it('answers trades, equity and the profit of a day from its rows', () => {
  const journal = open()
  const day = 19_000 * 86_400_000
  const fill = (tradeId: string, time: number, realized: string, commission: string) =>
    journal.append(
      'fill',
      {
        symbol: 'BTCUSDT',
        tradeId,
        orderId: '1',
        side: 'BUY',
        positionSide: 'BOTH',
        price: '100' as DecimalText,
        quantity: '1' as DecimalText,
        realizedPnl: realized as DecimalText,
        commission: commission as DecimalText,
        commissionAsset: 'USDT',
        maker: false,
        time,
        realized: realized as DecimalText,
        wallet: '0' as DecimalText,
        source: 'stream',
        foreign: false,
      },
      time,
      { symbol: 'BTCUSDT', ref: 'a' },
    )
  fill('1', day - 1, '100', '1')
  fill('2', day, '5', '0.25')
  fill('3', day + 86_399_999, '-1.5', '0.25')
  fill('4', day + 86_400_000, '100', '1')
  const amount = '-0.1' as DecimalText
  journal.append('wallet-change', { reason: 'FUNDING_FEE', symbol: 'BTCUSDT', amount, wallet: amount, id: 'f' }, day + 5)
  journal.append('wallet-change', { reason: 'TRANSFER', symbol: '', amount: '500' as DecimalText, wallet: amount, id: 't' }, day + 6)
  expect(dayPnl(journal, day + 1_000)).toEqual({ ok: true, value: { day, pnl: '2.9', fees: '0.5', fills: 2 } })
  journal.append('position', { symbol: 'BTCUSDT', positionSide: 'BOTH', opened: false, realized: '2.9' as DecimalText }, day + 7, {
    symbol: 'BTCUSDT',
    ref: 'group',
  })
  expect(closedTrades(journal)).toMatchObject({ ok: true, value: [{ group: 'group', net: '2.9', closedAt: day + 7 }] })
  expect(equityCurve(journal)).toEqual({ ok: true, value: [] })
})
