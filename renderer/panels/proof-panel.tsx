import { useState } from 'react'
import type { CheckResult, ProofProgress, ScenarioResult } from '../../engine/contract/proof.ts'
import type { ProofView } from '../../engine/contract/cockpit.ts'
import { Panel } from '../controls/panel.tsx'
import { CHECK_TONES, StatusWord, VERDICT_TONES, type Tone } from '../controls/status-word.tsx'
import { TabPanel, Tabs } from '../controls/tabs.tsx'
import { usePanelState, useScreen, useView } from '../screen.ts'
import { formatDuration, formatMinute } from '../text/time.ts'

type ProofTab = 'audit' | 'chaos' | 'history'

/** One row of either kind, as shown. */
interface Row {
  readonly id: string
  readonly title: string
  readonly tone: Tone
  readonly word: string
  readonly line: string
  readonly facts: readonly (readonly [string, string])[]
}

const checkRow = (r: CheckResult): Row => ({
  id: r.id,
  title: r.title,
  tone: CHECK_TONES[r.status],
  word: r.status,
  line: r.measured,
  facts: [
    ['measured', r.measured],
    ['expected', r.expected],
    ['took', formatDuration(r.durationMs)],
    ['suite', `${r.suite} · ${r.dimension}`],
    ...(r.invariant === undefined ? [] : [['proves', r.invariant] as const]),
    ...(r.risk === undefined ? [] : [['risk', r.risk] as const]),
    ...Object.entries(r.evidence).map(([k, value]) => [k, typeof value === 'string' ? value : JSON.stringify(value)] as const),
  ],
})
const scenarioRow = (r: ScenarioResult): Row => ({
  id: r.id,
  title: r.title,
  tone: VERDICT_TONES[r.verdict],
  word: r.verdict.toLowerCase(),
  line: r.reason,
  facts: [
    ['reason', r.reason],
    ['took', formatDuration(r.durationMs)],
    ...Object.entries(r.figures).map(([k, value]) => [k, String(value)] as const),
  ],
})

/** The catalogue with what is known of each entry; results without an entry follow. */
function listRows(catalog: ProofView<unknown, unknown>['catalog'], results: readonly Row[], running: ProofProgress | null): readonly Row[] {
  const known = new Map(results.map((row) => [row.id, row]))
  const rows = catalog.map((entry): Row => {
    const result = known.get(entry.id)
    known.delete(entry.id)
    if (running !== null && (running.current === entry.id || running.current === entry.title))
      return { id: entry.id, title: entry.title, tone: 'muted', word: 'running', line: '', facts: [] }
    return result ?? { id: entry.id, title: entry.title, tone: 'muted', word: 'not run', line: '', facts: [] }
  })
  return [...rows, ...known.values()]
}

const summary = (rows: readonly Row[]): string => {
  const counts = new Map<string, number>()
  for (const row of rows) counts.set(row.word, (counts.get(row.word) ?? 0) + 1)
  return [...counts].map(([word, n]) => `${n} ${word}`).join(', ')
}

export function ProofPanel() {
  const { bridge, ui } = useScreen()
  const audit = useView((s) => s.audit)
  const chaos = useView((s) => s.chaos)
  const live = useView((s) => s.mode.current === 'live') ?? false
  const [chosen, setTab] = useState<ProofTab>('audit')
  // Chaos does not exist in live mode (INV-14): no tab, no button; the engine refuses it too.
  const tab = live && chosen === 'chaos' ? 'audit' : chosen
  const state = usePanelState((replica) => ({ awaiting: 'the catalogue of checks', receivedAt: replica.receipt.message }))
  const running = audit?.running ?? chaos?.running ?? null
  const start = async (ids?: readonly string[]): Promise<void> => {
    const arg = ids === undefined ? {} : { ids: [...ids] }
    const result = tab === 'chaos' ? await bridge.call('runChaos', arg) : await bridge.call('runAudit', arg)
    if (!result.ok) ui.setState({ problem: { title: `${tab === 'chaos' ? 'Chaos' : 'Audit'} did not start`, text: result.error.message } })
  }
  const stop = async (): Promise<void> => {
    const result = await bridge.call('stopProof', null)
    if (!result.ok) ui.setState({ problem: { title: 'The run was not stopped', text: result.error.message } })
  }
  const auditRows = listRows(audit?.catalog ?? [], (audit?.items ?? []).map(checkRow), audit?.running ?? null)
  const chaosRows = listRows(chaos?.catalog ?? [], (chaos?.items ?? []).map(scenarioRow), chaos?.running ?? null)
  return (
    <Panel
      id="proof"
      title="Proof"
      state={state}
      tabs={
        <Tabs<ProofTab>
          name="proof"
          label="Proof"
          chosen={tab}
          onChoose={setTab}
          tabs={[
            { id: 'audit', label: 'Audit' },
            ...(live ? [] : [{ id: 'chaos', label: 'Chaos' } as const]),
            { id: 'history', label: 'History' },
          ]}
        />
      }
      tools={
        tab === 'history' ? null : running === null ? (
          <button type="button" className="tool primary" onClick={() => void start()}>
            {tab === 'audit' ? 'Run audit' : 'Run chaos'}
          </button>
        ) : (
          <button type="button" className="tool" onClick={() => void stop()}>
            Stop
          </button>
        )
      }
    >
      <TabPanel name="proof" chosen={tab}>
        {running === null ? null : <Progress running={running} />}
        {tab === 'history' ? (
          <History />
        ) : (
          <ProofList
            rows={tab === 'audit' ? auditRows : chaosRows}
            label={tab === 'audit' ? 'Audit checks' : 'Chaos scenarios'}
            note={tab === 'chaos' ? 'Runs on a twin engine with its own exchange; the live books are not touched.' : undefined}
            busy={running !== null}
            onRun={(id) => void start([id])}
          />
        )}
      </TabPanel>
    </Panel>
  )
}

const Progress = ({ running }: { readonly running: ProofProgress }) => (
  <div className="progress">
    <progress aria-label="Progress of the run" value={running.done} max={Math.max(1, running.total)} />
    <span>
      {running.done} of {running.total} · {running.current}
    </span>
  </div>
)

interface ListProps {
  readonly rows: readonly Row[]
  readonly label: string
  readonly note: string | undefined
  readonly busy: boolean
  readonly onRun: (id: string) => void
}

function ProofList({ rows, label, note, busy, onRun }: ListProps) {
  const [open, setOpen] = useState<string | null>(null)
  return (
    <div className="list-scroll" role="group" aria-label={label} tabIndex={0}>
      <p className="panel-line">
        {rows.length === 0 ? 'This build brings none yet.' : summary(rows)}
        {note === undefined ? null : `. ${note}`}
      </p>
      <ul className="inbox">
        {rows.map((row) => (
          <li key={row.id}>
            <button
              type="button"
              className="proof-row"
              aria-expanded={open === row.id}
              onClick={() => setOpen(open === row.id ? null : row.id)}
              title={row.title}
            >
              <StatusWord tone={row.tone} word={row.word} />
              <span className="proof-title">{row.title}</span>
            </button>
            {open === row.id ? (
              <div className="detail">
                <dl className="facts facts-stacked">
                  <div>
                    <dt>id</dt>
                    <dd>{row.id}</dd>
                  </div>
                  {row.facts.map(([name, value]) => (
                    <div key={name}>
                      <dt>{name}</dt>
                      <dd>{value}</dd>
                    </div>
                  ))}
                </dl>
                <button type="button" disabled={busy} onClick={() => onRun(row.id)}>
                  Run only this
                </button>
              </div>
            ) : null}
          </li>
        ))}
      </ul>
    </div>
  )
}

function History() {
  const audit = useView((s) => s.audit.history) ?? []
  const chaos = useView((s) => s.chaos.history) ?? []
  const rows = [...audit.map((h) => ({ ...h, kind: 'audit' })), ...chaos.map((h) => ({ ...h, kind: 'chaos' }))].sort((a, b) => b.at - a.at)
  return (
    <div className="list-scroll" role="group" aria-label="History of runs" tabIndex={0}>
      {rows.length === 0 ? <p className="panel-line">No runs yet.</p> : null}
      <ul className="inbox">
        {rows.map((row) => (
          <li key={`${row.kind}/${row.id}`} className="history-row">
            <StatusWord tone={row.ok ? 'ok' : 'crit'} word={row.ok ? 'passed' : 'failed'} />
            <span>
              {row.kind}: {row.summary}
            </span>
            <span className="inbox-age">{formatMinute(row.at)} UTC</span>
          </li>
        ))}
      </ul>
    </div>
  )
}
