import { useId, useState, type FormEvent } from 'react'
import { useStore } from 'zustand'
import { RELEASE_PHRASE } from '../../engine/contract/kill.ts'
import { Dialog } from '../controls/dialog.tsx'
import { StatusWord } from '../controls/status-word.tsx'
import { useNow, useScreen, useSymbol } from '../screen.ts'
import { formatDateTime } from '../text/time.ts'
import { resumeChecklist } from './resume-checklist.ts'

export function ResumeDialog({ onClose }: { readonly onClose: () => void }) {
  const { bridge, session, announcer } = useScreen()
  const field = useId()
  const now = useNow()
  const symbol = useSymbol()
  const replica = useStore(session.replica)
  const [phrase, setPhrase] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const latch = replica.state?.kill.latch ?? null
  const items = resumeChecklist(replica, symbol, Math.max(now, replica.receipt.message))
  const blocked = items.some((item) => item.tone === 'crit')
  const ready = phrase.trim().toLowerCase() === RELEASE_PHRASE && !blocked && !busy && latch !== null
  const look = async (): Promise<void> => {
    setBusy(true)
    const result = await bridge.call('reconcile', null)
    setBusy(false)
    setRefusal(result.ok ? null : result.error.message)
  }
  const release = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!ready) return
    setBusy(true)
    const result = await bridge.call('releaseHalt', { phrase: RELEASE_PHRASE })
    setBusy(false)
    if (result.ok && result.value.released) {
      announcer.say('status', 'Trading resumed')
      onClose()
    } else setRefusal(result.ok ? result.value.reason : result.error.message)
  }
  return (
    <Dialog title="Resume trading" onClose={onClose}>
      {latch === null ? (
        <p>Nothing is latched.</p>
      ) : (
        <p>{`${latch.level} by ${latch.by} at ${formatDateTime(latch.at)} UTC: ${latch.reason}`}</p>
      )}
      <ul className="checklist" aria-label="Checklist">
        {items.map((item) => (
          <li key={item.id} data-tone={item.tone}>
            <StatusWord tone={item.tone} word={item.text} />
          </li>
        ))}
      </ul>
      <form onSubmit={(event) => void release(event)}>
        <label htmlFor={field}>
          Type <b>{RELEASE_PHRASE}</b>
        </label>
        <div className="row-tools">
          <input
            id={field}
            type="text"
            value={phrase}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            onChange={(event) => setPhrase(event.target.value)}
          />
          <button type="submit" className="primary" disabled={!ready}>
            {busy ? 'Asking the engine…' : 'Resume'}
          </button>
          <button type="button" disabled={busy} onClick={() => void look()}>
            Compare books again
          </button>
        </div>
      </form>
      <p role="status">{refusal === null ? null : <StatusWord tone="crit" word={`Not resumed: ${refusal}`} />}</p>
    </Dialog>
  )
}
