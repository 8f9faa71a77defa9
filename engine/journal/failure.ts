/** SQLite's failures as codes the brain acts on. Anything but `busy` means: nothing may be sent (INV-03). */
import type { Failure } from '../contract/result.ts'

export type JournalCode = 'corrupt' | 'read-only' | 'disk-full' | 'busy' | 'closed' | 'io' | 'newer'
export type JournalFailure = Failure<JournalCode>

const TEXT: Record<JournalCode, string> = {
  corrupt: 'the journal is damaged',
  'read-only': 'the journal cannot be written: the folder or file is read-only',
  'disk-full': 'the journal cannot be written: the disk is full',
  busy: 'the journal is held by another process',
  closed: 'the journal is closed',
  io: 'the journal cannot be read or written',
  newer: 'the journal was written by a newer version',
}

function codeOf(thrown: unknown): JournalCode {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : ''
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return 'corrupt'
  if (code.startsWith('SQLITE_READONLY') || code === 'SQLITE_PERM' || code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return 'read-only'
  }
  if (code === 'SQLITE_FULL' || code === 'ENOSPC' || code === 'EDQUOT') return 'disk-full'
  if (code.startsWith('SQLITE_BUSY') || code === 'SQLITE_LOCKED') return 'busy'
  const message = thrown instanceof Error ? thrown.message : ''
  if (message.includes('connection is not open')) return 'closed'
  return 'io'
}

export function journalFailure(thrown: unknown, path: string): { ok: false; error: JournalFailure } {
  const code = codeOf(thrown)
  const cause = thrown instanceof Error ? thrown.message : String(thrown)
  return { ok: false, error: { code, message: `${TEXT[code]} (${cause})`, detail: { path } } }
}
