/** Teacher and student side by side, the test between them, and the leverage it earns: as the brain says it, nothing is decided here. */
import type { LearningRow, ShadowRecordView } from '../../engine/contract/learning.ts'
import { DataTable, type Column } from '../controls/data-table.tsx'
import { Gain } from '../controls/figures.tsx'
import { StatusWord } from '../controls/status-word.tsx'
import { useSymbol, useView } from '../screen.ts'
import { plural } from '../text/count.ts'

interface RecordRow {
  readonly symbol: string
  readonly who: 'Teacher' | 'Student'
  readonly trades: boolean
  readonly leverage: number
  readonly record: ShadowRecordView
}

const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`
const hasAny = (record: ShadowRecordView): boolean => record.judged > 0

export const recordRows = (rows: readonly LearningRow[]): readonly RecordRow[] =>
  rows.flatMap((row) => [
    { symbol: row.symbol, who: 'Teacher', trades: row.trading === 'teacher', leverage: row.base, record: row.shadow.teacher },
    { symbol: row.symbol, who: 'Student', trades: row.trading === 'student', leverage: row.allowed, record: row.shadow.student },
  ])

export const RECORD_COLUMNS: readonly Column<RecordRow>[] = [
  { id: 'symbol', head: 'Symbol', text: (row) => row.symbol },
  { id: 'who', head: 'Record of', text: (row) => row.who },
  { id: 'trades', head: 'Trades', text: (row) => (row.trades ? 'yes' : 'in the shadow') },
  { id: 'leverage', head: 'Leverage', end: true, text: (row) => `${row.leverage}×` },
  { id: 'judged', head: 'Outcomes judged', end: true, text: (row) => String(row.record.judged) },
  { id: 'win', head: 'Win rate', end: true, text: (row) => (hasAny(row.record) ? percent(row.record.winRate) : '—') },
  {
    id: 'mean',
    head: 'Mean R',
    end: true,
    text: (row) => (hasAny(row.record) ? row.record.meanR.toFixed(3) : '—'),
    cell: (row) => (hasAny(row.record) ? <Gain text={row.record.meanR.toFixed(3)} decimals={3} /> : '—'),
  },
  { id: 'total', head: 'Ever', end: true, text: (row) => String(row.record.total) },
]

export function LearningView({ filter }: { readonly filter: string }) {
  const learning = useView((s) => s.learning)
  const symbol = useSymbol()
  if (learning === null) return <p className="panel-line">Waiting for the brain.</p>
  const chosen = learning.rows.find((row) => row.symbol === symbol) ?? learning.rows[0]
  if (chosen === undefined) {
    return (
      <p className="panel-line">
        The strategy “{learning.strategy}” does not learn. Start the engine with --strategy teacher or student, and the student learns in
        the teacher’s shadow; both records appear here.
      </p>
    )
  }
  return (
    <div className="learning">
      <Verdict row={chosen} />
      <DataTable
        label="Records"
        columns={RECORD_COLUMNS}
        rows={recordRows(learning.rows)}
        rowKey={(row) => `${row.symbol}/${row.who}`}
        filter={filter}
        empty="No records yet."
      />
    </div>
  )
}

function Verdict({ row }: { readonly row: LearningRow }) {
  const { shadow } = row
  return (
    <>
      <p className="panel-line">
        <StatusWord tone={shadow.beats ? 'ok' : 'muted'} word={shadow.beats ? 'Student ahead' : 'Nothing earned'} /> <b>{row.symbol}</b>{' '}
        {shadow.why}
      </p>
      <dl className="facts">
        <Fact name="Test" value={`t ${shadow.t.toFixed(2)}, must exceed ${shadow.threshold.toFixed(2)}`} />
        <Fact name="Earned" value={plural(shadow.steps, 'step')} />
        <Fact name="Leverage" value={`${row.allowed}× (all ${row.base}×, most ${row.most}×)`} />
        <Fact name="At the venue" value={row.venue === 0 ? 'not confirmed' : `${row.venue}×`} />
        <Fact name="Learned from" value={`${shadow.learned} (decides after ${shadow.apprenticeship})`} />
      </dl>
    </>
  )
}

const Fact = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <div>
    <dt>{name}</dt>
    <dd>{value}</dd>
  </div>
)
