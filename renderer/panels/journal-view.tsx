import { useState } from 'react'
import type { CockpitReturns } from '../../engine/contract/cockpit.ts'
import { DataTable, type Column } from '../controls/data-table.tsx'
import { StatusWord } from '../controls/status-word.tsx'
import { useScreen } from '../screen.ts'
import { formatCount } from '../text/count.ts'
import { formatDateTime, formatTime } from '../text/time.ts'

type Row = CockpitReturns['journalTail']['rows'][number]
const COLUMNS: readonly Column<Row>[] = [
  { id: 'seq', head: 'Seq', end: true, text: (row) => String(row.seq), width: '72px' },
  { id: 'at', head: 'Time (UTC)', text: (row) => formatDateTime(row.time), width: '172px' },
  { id: 'kind', head: 'Kind', text: (row) => row.kind, width: '150px' },
  { id: 'text', head: 'Entry', text: (row) => row.text, cell: (row) => <span title={row.text}>{row.text}</span> },
]

type Verified = { readonly ok: boolean; readonly text: string; readonly rows: number; readonly at: number }

export function JournalView() {
  const { bridge } = useScreen()
  const [rows, setRows] = useState<readonly Row[] | null>(null)
  const [verified, setVerified] = useState<Verified | null>(null)
  const [busy, setBusy] = useState<'verify' | 'tail' | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const verify = async (): Promise<void> => {
    setBusy('verify')
    const result = await bridge.call('verifyJournal', null)
    setBusy(null)
    setProblem(result.ok ? null : result.error.message)
    if (result.ok) setVerified({ ...result.value, at: Date.now() })
  }
  const tail = async (): Promise<void> => {
    setBusy('tail')
    const result = await bridge.call('journalTail', { limit: 200 })
    setBusy(null)
    setProblem(result.ok ? null : result.error.message)
    if (result.ok) setRows(result.value.rows)
  }
  return (
    <div className="journal">
      <div className="row-tools">
        <button type="button" disabled={busy !== null} onClick={() => void verify()}>
          {busy === 'verify' ? 'Verifying…' : 'Verify hash chain'}
        </button>
        <button type="button" disabled={busy !== null} onClick={() => void tail()}>
          {busy === 'tail' ? 'Reading…' : 'Read newest 200'}
        </button>
        <span role="status">
          {verified === null ? null : (
            <>
              <StatusWord tone={verified.ok ? 'ok' : 'crit'} word={verified.ok ? 'intact' : 'broken'} /> {formatCount(verified.rows)} rows,{' '}
              {verified.text} ({formatTime(verified.at)} UTC)
            </>
          )}
          {problem === null ? null : <StatusWord tone="crit" word={problem} />}
        </span>
      </div>
      {rows === null ? (
        <p className="panel-line">Every intent is written before its request is sent; each row hashes the one before it.</p>
      ) : (
        <DataTable label="Journal" columns={COLUMNS} rows={rows} rowKey={(row) => String(row.seq)} empty="The journal is empty." />
      )}
    </div>
  )
}
