/** Replays a recorded session: which one, whether it decides the same again, and the moment in view. It shows the past, and says so. */
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { RecordedSession, ReplayStatus } from '../../engine/contract/replay.ts'
import { Dialog } from '../controls/dialog.tsx'
import { StatusWord } from '../controls/status-word.tsx'
import { useScreen } from '../screen.ts'
import { formatCount, formatMegabytes, plural } from '../text/count.ts'
import { formatDateTime, formatMinute } from '../text/time.ts'
import { MomentList } from './moment-list.tsx'
import { ReplayBooksView } from './replay-books.tsx'
import { ReplayChart } from './replay-chart.tsx'
import { createReplayDesk, type ReplayDesk } from './replay-desk.ts'
import { Scrubber } from './scrubber.tsx'

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

export function ReplayDialog({ onClose }: { readonly onClose: () => void }) {
  const { bridge } = useScreen()
  const [desk] = useState(() => createReplayDesk(bridge, wait))
  useEffect(() => {
    void desk.list()
    return () => desk.close()
  }, [desk])
  const status = useStore(desk.view, (view) => view.status)
  const problem = useStore(desk.view, (view) => view.problem)
  return (
    <Dialog title="Replay" onClose={onClose} whole>
      <div className="replay">
        <div className="replay-head">
          <SessionChoice desk={desk} />
          <div role="status" className="replay-verdict">
            <Verdict status={status} />
            {problem === null ? null : <StatusWord tone="crit" word={problem} />}
          </div>
        </div>
        {status.state === 'ready' ? <Stage desk={desk} /> : <Waiting desk={desk} />}
      </div>
    </Dialog>
  )
}

const Stage = ({ desk }: { readonly desk: ReplayDesk }) => (
  <div className="replay-stage">
    <div className="replay-left">
      <ReplayChart desk={desk} />
      <Scrubber desk={desk} />
      <ReplayBooksView desk={desk} />
    </div>
    <MomentList desk={desk} />
  </div>
)

const nameOf = (one: RecordedSession): string =>
  `${one.session} · until ${formatMinute(one.writtenAt)} UTC · ${formatMegabytes(Math.max(one.bytes, 1_048_576))} MB${one.current ? ' · running now' : ''}${one.problem === null ? '' : ' · cannot be read'}`

function SessionChoice({ desk }: { readonly desk: ReplayDesk }) {
  const sessions = useStore(desk.view, (view) => view.sessions)
  const status = useStore(desk.view, (view) => view.status)
  return (
    <>
      <label htmlFor="replay-session">Session</label>
      <select
        id="replay-session"
        data-autofocus
        value={status.state === 'none' ? '' : status.session}
        onChange={(event) => void desk.open(event.target.value)}
      >
        <option value="" disabled>
          {sessions === null ? 'Looking…' : sessions.length === 0 ? 'nothing is recorded' : `choose one of ${sessions.length}`}
        </option>
        {(sessions ?? []).map((one) => (
          <option key={one.session} value={one.session} disabled={one.problem !== null}>
            {nameOf(one)}
          </option>
        ))}
      </select>
    </>
  )
}

function Verdict({ status }: { readonly status: ReplayStatus }) {
  switch (status.state) {
    case 'none':
      return null
    case 'reading': {
      const share = status.total === 0 ? 0 : status.done / status.total
      return (
        <>
          <progress aria-label="Progress of the replay" value={share} max={1} /> Replaying, {Math.floor(share * 100)} %
        </>
      )
    }
    case 'failed':
      return <StatusWord tone="crit" word={status.problem} />
    case 'ready': {
      const { identical, compared, divergence, unrecorded, cut, leftOut, build } = status.summary
      return (
        <>
          {identical ? (
            <StatusWord tone="ok" word="identical" title="Every decision of the replay equals the journal's, bit by bit" />
          ) : (
            <StatusWord tone="crit" word="different" />
          )}{' '}
          {divergence === null
            ? `${plural(compared, 'decision')} equal to the journal's, build ${build}`
            : `from input ${formatCount(divergence.input)} (journal row ${divergence.seq}, ${formatDateTime(divergence.time)} UTC)`}
          {unrecorded === 0 ? '' : `; ${plural(unrecorded, 'row')} after the recording's end`}
          {cut === '' ? '' : '; its end was cut'}
          {leftOut === 0 ? '' : `; ${formatCount(leftOut)} older decisions left out`}
          {divergence === null ? null : <Difference recorded={divergence.recorded} replayed={divergence.replayed} />}
        </>
      )
    }
  }
}

const Difference = ({ recorded, replayed }: { readonly recorded: string | null; readonly replayed: string | null }) => (
  <dl className="facts facts-stacked">
    <div>
      <dt>live</dt>
      <dd>{recorded ?? 'nothing'}</dd>
    </div>
    <div>
      <dt>replay</dt>
      <dd>{replayed ?? 'nothing'}</dd>
    </div>
  </dl>
)

function Waiting({ desk }: { readonly desk: ReplayDesk }) {
  const sessions = useStore(desk.view, (view) => view.sessions)
  const status = useStore(desk.view, (view) => view.status)
  if (status.state === 'reading' || sessions === null) return <p className="panel-line">Waiting for the recording.</p>
  if (sessions.length === 0)
    return (
      <p className="panel-line">
        Nothing is recorded in this data folder. The engine records every session unless started with --no-record.
      </p>
    )
  return (
    <p className="panel-line">
      Choose a session: the brain runs over it again, and every decision can be looked at with the books of its moment.
    </p>
  )
}
