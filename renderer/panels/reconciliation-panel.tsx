import { useState } from 'react'
import type { Mismatch, MismatchAction } from '../../engine/contract/mismatch.ts'
import { HoldButton } from '../controls/hold-button.tsx'
import { Panel } from '../controls/panel.tsx'
import { MISMATCH_TONES, SEVERITY_TONES, StatusWord } from '../controls/status-word.tsx'
import { cannotAct } from '../replica/key-right.ts'
import { engineNow } from '../replica/replica.ts'
import { useLive, useNow, usePanelState, useScreen, useView } from '../screen.ts'
import { plural } from '../text/count.ts'
import { formatDecimal } from '../text/decimal.ts'
import { formatAge, formatDuration, formatTime } from '../text/time.ts'

const RANK = { crit: 0, warn: 1, info: 2 } as const
const ACTION_WORDS: Readonly<Record<MismatchAction, string>> = {
  repair: 'Repair: make our books say what the venue says',
  adopt: 'Adopt: take the venue’s position or order as ours',
  ignore: 'Ignore: keep the difference, with a reason',
  flatten: 'Flatten: close it at the venue',
}

const orderMismatches = (rows: readonly Mismatch[]): readonly Mismatch[] =>
  [...rows].sort(
    (a, b) => Number(a.state !== 'open') - Number(b.state !== 'open') || RANK[a.severity] - RANK[b.severity] || b.lastSeenAt - a.lastSeenAt,
  )

export function ReconciliationPanel() {
  const { bridge, ui } = useScreen()
  const reconciliation = useView((s) => s.reconciliation)
  const [open, setOpen] = useState<string | null>(null)
  const rows = orderMismatches(reconciliation?.mismatches ?? [])
  const last = reconciliation?.last ?? null
  const state = usePanelState((replica) => ({
    awaiting: 'the first reconciliation',
    receivedAt: (replica.state?.reconciliation.last ?? null) === null ? null : (replica.receipt.slices.reconciliation ?? null),
    intervalMs: 35_000,
    limitMs: 95_000,
    staleBecause: 'no reconciliation',
    ...(last !== null && !last.conclusive
      ? {
          error: {
            code: 'inconclusive',
            message: last.error ?? 'A query to the venue failed',
            advice: 'Nothing was concluded; it is tried again.',
          },
        }
      : {}),
  }))
  const run = async (): Promise<void> => {
    const result = await bridge.call('reconcile', null)
    if (!result.ok) ui.setState({ problem: { title: 'Reconciliation did not run', text: result.error.message } })
  }
  return (
    <Panel
      id="reconciliation"
      title="Reconciliation"
      state={state}
      tools={
        <button
          type="button"
          className="tool"
          onClick={() => void run()}
          disabled={reconciliation?.running === true}
          title="Compare our books with the venue now"
        >
          {reconciliation?.running === true ? 'Comparing…' : 'Compare now'}
        </button>
      }
    >
      <div className="list-scroll" role="group" aria-label="Mismatches" tabIndex={0}>
        {rows.length === 0 && last !== null ? (
          <p className="panel-line">
            <StatusWord tone={last.conclusive ? 'ok' : 'warn'} word={last.conclusive ? 'Books agree' : 'Not concluded'} /> with the venue:{' '}
            {plural(last.compared.positions, 'position')}, {plural(last.compared.orders, 'order')}, {plural(last.compared.fills, 'fill')},{' '}
            {plural(last.compared.balances, 'balance')} compared in {formatDuration(last.durationMs)} ({last.reason}).
          </p>
        ) : null}
        <ul className="inbox">
          {rows.map((row) => (
            <MismatchItem key={row.id} row={row} open={open === row.id} onToggle={() => setOpen(open === row.id ? null : row.id)} />
          ))}
        </ul>
      </div>
    </Panel>
  )
}

function MismatchItem({ row, open, onToggle }: { readonly row: Mismatch; readonly open: boolean; readonly onToggle: () => void }) {
  const { view } = useScreen()
  const now = useNow()
  const age = engineNow(view.getState(), now) - row.firstSeenAt
  return (
    <li data-state={row.state}>
      <button type="button" className="inbox-row" aria-expanded={open} onClick={onToggle}>
        <StatusWord
          tone={row.state === 'open' ? SEVERITY_TONES[row.severity] : MISMATCH_TONES[row.state]}
          word={row.state === 'open' ? row.severity : row.state}
        />
        <span className="inbox-kind">
          {row.symbol} {row.kind}
        </span>
        <span className="inbox-figure">{formatDecimal(row.atRisk, { decimals: 2 })} USDT</span>
        <span className="inbox-sides">
          ours <b>{row.local}</b> · venue <b>{row.venue}</b>
        </span>
        <span className="inbox-age" title={`first seen ${formatTime(row.firstSeenAt)} UTC, last ${formatTime(row.lastSeenAt)} UTC`}>
          {age >= 0 && age < 30 * 86_400_000 ? formatAge(age) : formatTime(row.firstSeenAt)}
        </span>
      </button>
      {open ? <MismatchDetail row={row} /> : null}
    </li>
  )
}

function MismatchDetail({ row }: { readonly row: Mismatch }) {
  const { bridge } = useScreen()
  const bar = cannotAct(useLive((s) => s.status.key))
  const [reason, setReason] = useState('')
  const [answer, setAnswer] = useState<{ ok: boolean; text: string } | null>(null)
  const act = async (action: MismatchAction): Promise<void> => {
    const result = await bridge.call('resolveMismatch', {
      id: row.id,
      action,
      reason: reason.trim() === '' ? `${action} chosen in the cockpit` : reason.trim(),
    })
    setAnswer(result.ok ? { ok: result.value.done, text: result.value.text } : { ok: false, text: result.error.message })
  }
  const local = row.evidence['local']
  const venue = row.evidence['venue']
  return (
    <div className="detail">
      <p>{row.summary}</p>
      <div className="evidence">
        <Evidence title="Our books" value={local ?? row.local} />
        <Evidence title="Venue" value={venue ?? row.venue} />
      </div>
      {local === undefined && venue === undefined ? <Evidence title="Evidence" value={row.evidence} /> : null}
      {row.proof === undefined ? null : <p>Proof: {row.proof}</p>}
      {row.ignoreReason === undefined ? null : <p>Ignored because: {row.ignoreReason}</p>}
      {row.state !== 'open' ? null : (
        <div className="row-tools">
          <input
            type="text"
            aria-label="Reason"
            placeholder="Reason (needed to ignore)"
            value={reason}
            maxLength={500}
            onChange={(e) => setReason(e.target.value)}
          />
          {row.actions.map((action) =>
            action === 'flatten' ? (
              <HoldButton
                key={action}
                className="danger"
                holdMs={1_200}
                label="flatten (hold)"
                disabled={bar !== null}
                title={bar === null ? ACTION_WORDS[action] : `${bar}: close it at the venue`}
                onFire={() => void act(action)}
              />
            ) : (
              <button
                key={action}
                type="button"
                title={ACTION_WORDS[action]}
                disabled={action === 'ignore' && reason.trim() === ''}
                onClick={() => void act(action)}
              >
                {action}
              </button>
            ),
          )}
        </div>
      )}
      <p role="status">{answer === null ? null : <StatusWord tone={answer.ok ? 'ok' : 'crit'} word={answer.text} />}</p>
    </div>
  )
}

const Evidence = ({ title, value }: { readonly title: string; readonly value: unknown }) => (
  <div>
    <h3>{title}</h3>
    <pre tabIndex={0} role="group" aria-label={`${title} evidence`}>
      {typeof value === 'string' ? value : JSON.stringify(value, null, 1)}
    </pre>
  </div>
)
