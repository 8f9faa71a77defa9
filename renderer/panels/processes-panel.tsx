import { useState } from 'react'
import { useStore } from 'zustand'
import type { ProcessRow } from '../../engine/contract/cockpit.ts'
import { Glyph } from '../controls/glyph.tsx'
import { Panel } from '../controls/panel.tsx'
import { PROCESS_TONES, StatusWord } from '../controls/status-word.tsx'
import { isOld } from '../replica/freshness.ts'
import { useNow, usePanelState, useScreen, useView } from '../screen.ts'
import { formatMegabytes } from '../text/count.ts'
import { UNKNOWN } from '../text/decimal.ts'
import { formatAge, formatDuration } from '../text/time.ts'

type Restartable = 'feed' | 'brain' | 'reconciler'
const isRestartable = (name: string): name is Restartable => name === 'feed' || name === 'brain' || name === 'reconciler'
/** A heartbeat older than this is shown as missing, ms. */
const BEAT_LIMIT_MS = 3_000

export function ProcessesPanel() {
  const processes = useView((s) => s.processes) ?? []
  const state = usePanelState((replica) => ({ awaiting: 'the processes', receivedAt: replica.receipt.message }))
  const old = isOld(state)
  return (
    <Panel id="processes" title="Processes" state={state}>
      {processes.length === 0 ? null : (
        <div className="table-scroll" role="group" aria-label="Processes table" tabIndex={0}>
          <table aria-label="Processes">
            <thead>
              <tr>
                <th scope="col">Process</th>
                <th scope="col">State</th>
                <th scope="col" className="end" title="Age of the last heartbeat">
                  Beat
                </th>
                <th scope="col" className="end" title="Resident memory">
                  MB
                </th>
                <th scope="col" className="end" title="Event loop delay, 99th percentile">
                  Loop
                </th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {processes.map((row) => (
                <ProcessLines key={row.name} row={row} old={old} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  )
}

function ProcessLines({ row, old }: { readonly row: ProcessRow; readonly old: boolean }) {
  const { bridge, view, ui } = useScreen()
  const now = useNow()
  const beatAt = useStore(view, (replica) => replica.receipt.beats[row.name])
  const [asked, setAsked] = useState(false)
  const beat = beatAt === undefined ? Number.NaN : Math.max(0, now - beatAt)
  const late = row.state === 'running' && beat > BEAT_LIMIT_MS
  const restart = async (name: Restartable): Promise<void> => {
    setAsked(false)
    const result = await bridge.call('restartProcess', { name })
    if (!result.ok) ui.setState({ problem: { title: `${name} was not restarted`, text: result.error.message } })
  }
  const { name } = row
  const story = [
    row.restarts > 0 ? `${row.restarts}× restarted` : null,
    row.lastExit,
    row.recoveredMs === null ? null : `back in ${formatDuration(row.recoveredMs)}`,
  ].filter((part) => part !== null)
  return (
    <>
      <tr data-process={name} data-process-state={row.state} data-pid={row.pid ?? ''}>
        <th scope="row">
          {name} <span className="pid">{row.pid ?? UNKNOWN}</span>
        </th>
        <td>
          <StatusWord
            tone={old ? 'muted' : late ? 'warn' : PROCESS_TONES[row.state]}
            word={old ? `was ${row.state}` : late ? 'no beat' : row.state}
          />
        </td>
        <td className={late ? 'end status-warn' : 'end'}>{formatAge(beat)}</td>
        <td className="end">{formatMegabytes(row.rssBytes)}</td>
        <td className="end">{row.loopDelayP99Ms > 0 ? formatDuration(row.loopDelayP99Ms) : UNKNOWN}</td>
        <td className="end">
          {!isRestartable(name) ? null : (
            <button
              type="button"
              className="plain"
              title={asked ? 'Press again to restart' : `Restart ${name}`}
              onClick={() => (asked ? void restart(name) : setAsked(true))}
              onBlur={() => setAsked(false)}
            >
              <Glyph symbol={asked ? 'sure?' : '↻'} word={asked ? `Really restart ${name}` : `Restart ${name}`} />
            </button>
          )}
        </td>
      </tr>
      {story.length === 0 ? null : (
        <tr className="story">
          <td colSpan={6} title={story.join(' · ')}>
            {story.join(' · ')}
          </td>
        </tr>
      )}
    </>
  )
}
