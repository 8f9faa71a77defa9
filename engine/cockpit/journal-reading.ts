/** What the cockpit and the command line read from the journal: fills as CSV, the tail in words, verification. Read-only, opened per call. */
import { existsSync } from 'node:fs'
import type { CockpitReturns } from '../contract/cockpit.ts'
import { fail, ok, type Result } from '../contract/result.ts'
import { openJournal, type Journal } from '../journal/journal.ts'
import { journalPath } from '../journal/location.ts'

/** Opens read-only, hands it to `use`, closes. Code 'no-journal' when nothing was ever written. */
export function withJournal<T>(dataDir: string, use: (journal: Journal) => Result<T>): Result<T> {
  const path = journalPath(dataDir)
  if (!existsSync(path)) return fail('no-journal', `there is no journal in ${dataDir} yet`)
  const opened = openJournal(path, { build: '', session: '', process: 'host', readOnly: true })
  if (!opened.ok) return opened
  try {
    return use(opened.value)
  } finally {
    opened.value.close()
  }
}

const COLUMNS = [
  'time',
  'symbol',
  'side',
  'positionSide',
  'price',
  'quantity',
  'realizedPnl',
  'commission',
  'commissionAsset',
  'maker',
  'tradeId',
  'orderId',
  'clientId',
  'source',
] as const

/** RFC 4180; a text that a spreadsheet would run as a formula is defused. */
const cell = (value: unknown): string => {
  const text = typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value)
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** All fills of the journal, oldest first. */
export const exportFills = (dataDir: string): Result<CockpitReturns['exportFills']> =>
  withJournal(dataDir, (journal) => {
    const lines: string[] = [COLUMNS.join(',')]
    const read = journal.each({ kinds: ['fill'] }, (row) => {
      const fill = row.payload as Record<(typeof COLUMNS)[number], unknown>
      lines.push(COLUMNS.map((column) => cell(column === 'time' ? new Date(Number(fill.time)).toISOString() : fill[column])).join(','))
    })
    return read.ok ? ok({ csv: `${lines.join('\r\n')}\r\n` }) : read
  })

const WORDS_MAX = 400

/** The newest `limit` rows, newest first. */
export const journalTail = (dataDir: string, limit: number): Result<CockpitReturns['journalTail']> =>
  withJournal(dataDir, (journal) => {
    const rows = journal.rows({ limit, newestFirst: true })
    if (!rows.ok) return rows
    return ok({
      rows: rows.value.map(({ seq, time, kind, symbol, ref, process, payload }) => ({
        seq,
        time,
        kind,
        text: [process, symbol, ref, JSON.stringify(payload)]
          .filter((part) => part !== '')
          .join(' ')
          .slice(0, WORDS_MAX),
      })),
    })
  })

export const verifyJournal = (dataDir: string): Result<CockpitReturns['verifyJournal']> =>
  withJournal(dataDir, (journal) => {
    const report = journal.verify()
    if (!report.ok) return report
    const loss = journal.loss
    return ok({
      ok: report.value.ok && loss === null,
      rows: report.value.rows,
      text: loss === null ? report.value.text : `${report.value.text} ${loss.text}`,
    })
  })
