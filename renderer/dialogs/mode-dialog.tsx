import { useState } from 'react'
import type { Mode } from '../../engine/contract/settings.ts'
import { Dialog } from '../controls/dialog.tsx'
import { StatusWord } from '../controls/status-word.tsx'
import { useLive, useScreen } from '../screen.ts'

const MEANS: Readonly<Record<Mode, string>> = {
  simulated: 'Embedded exchange on a seeded or recorded tape. No keys, no network.',
  paper: 'Real public market data, fills by the embedded exchange. No keys.',
  live: 'Real orders with real money.',
}

export function ModeDialog({ onClose }: { readonly onClose: () => void }) {
  const { bridge } = useScreen()
  const mode = useLive((s) => s.mode)
  const [busy, setBusy] = useState<Mode | null>(null)
  const [answer, setAnswer] = useState<{ readonly ok: boolean; readonly text: string } | null>(null)
  const choose = async (wanted: Mode): Promise<void> => {
    setBusy(wanted)
    setAnswer(null)
    const result = await bridge.call('setMode', { mode: wanted })
    setBusy(null)
    if (!result.ok) setAnswer({ ok: false, text: result.error.message })
    else if (result.value.mode === wanted) setAnswer({ ok: true, text: `Mode is ${wanted}` })
    else setAnswer({ ok: false, text: `Stays ${result.value.mode}: ${result.value.reason}` })
  }
  return (
    <Dialog title="Mode" onClose={onClose}>
      <ul className="modes">
        {(mode?.options ?? []).map((option) => {
          const current = option.mode === mode?.current
          return (
            <li key={option.mode} className={`mode-option mode-edge-${option.mode}`}>
              <div>
                <h3>{option.mode}</h3>
                <p>{MEANS[option.mode]}</p>
                {option.lacks.length === 0 ? null : (
                  <ul className="lacks">
                    {option.lacks.map((lack) => (
                      <li key={lack}>
                        <StatusWord tone="warn" word={lack} />
                      </li>
                    ))}
                  </ul>
                )}
              </div>
              <button type="button" disabled={current || option.locked || busy !== null} onClick={() => void choose(option.mode)}>
                {current ? 'current' : option.locked ? 'locked' : busy === option.mode ? 'switching…' : `Switch to ${option.mode}`}
              </button>
            </li>
          )
        })}
      </ul>
      <p className="note">Switching stops the engine’s processes and starts them on the other venue. The kill latch stays as it is.</p>
      <p role="status">{answer === null ? null : <StatusWord tone={answer.ok ? 'ok' : 'crit'} word={answer.text} />}</p>
    </Dialog>
  )
}
