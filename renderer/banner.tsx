/** What is wrong, worst first, and the kill switch's three steps. Never frozen, never covered. */
import { useEffect, useState } from 'react'
import { useStore } from 'zustand'
import type { KillLevel, KillState } from '../engine/contract/kill.ts'
import { OUTCOME_TONES, StatusWord } from './controls/status-word.tsx'
import type { Asked } from './replica/kill-desk.ts'
import { notices } from './replica/notices.ts'
import { useLive, useNow, useScreen, useSymbol, useUi } from './screen.ts'
import { formatDuration, formatTime } from './text/time.ts'

/** The venue must confirm within this, ms (style D.5). */
const CONFIRM_LIMIT_MS = 2_000
const SHOWN = 3
const GLYPH = { crit: '✖', warn: '▲', info: '○' } as const
const LEVEL_WORDS: Readonly<Record<KillLevel, string>> = { reduceOnly: 'Reduce only', halt: 'HALT', flatten: 'Flatten' }

export function Banner() {
  const { bridge, session, ui, announcer } = useScreen()
  const now = useNow()
  const symbol = useSymbol()
  const frozenAt = useUi((u) => u.frozenAt)
  const problem = useUi((u) => u.problem)
  const replica = useStore(session.replica)
  const list = notices(replica, symbol, frozenAt, Math.max(now, replica.receipt.message))
  const alerts = list
    .filter((n) => n.id === 'line' || n.id === 'engine' || n.id === 'mismatch' || n.id === 'key')
    .map((n) => n.spoken)
    .join('. ')
  const others = list
    .filter((n) => n.id === 'feed' || n.id === 'process' || n.id === 'resync')
    .map((n) => n.spoken)
    .join('. ')
  useEffect(() => {
    if (alerts !== '') announcer.say('alert', alerts)
  }, [announcer, alerts])
  useEffect(() => announcer.say('status', others === '' ? 'Data is current' : others), [announcer, others])
  return (
    <div className="banners" role="region" aria-label="Warnings">
      <KillStrip />
      {list.slice(0, SHOWN).map((n) => (
        <p key={`${n.id}/${n.spoken}`} className={`banner banner-${n.tone}`} data-notice={n.id} title={n.text}>
          <span aria-hidden="true">{GLYPH[n.tone]} </span>
          {n.text}{' '}
          {n.id === 'line' ? (
            <button type="button" className="link" onClick={() => bridge.reconnect()}>
              Try now
            </button>
          ) : null}
        </p>
      ))}
      {list.length > SHOWN ? <p className="banner banner-info">and {list.length - SHOWN} more</p> : null}
      {problem === null ? null : (
        <p className="banner banner-crit" role="status">
          <span aria-hidden="true">✖ </span>
          {problem.title}: {problem.text}{' '}
          <button type="button" className="link" onClick={() => ui.setState({ problem: null })}>
            Dismiss
          </button>
        </p>
      )}
    </div>
  )
}

/** Sent, engine accepted, venue confirmed, with times; unconfirmed after 2 s is critical. */
function KillStrip() {
  const { kill, ui, announcer } = useScreen()
  const asked = useStore(kill.asked)
  const state = useLive((s) => s.kill)
  const [details, setDetails] = useState(false)
  const text = strip(asked, state)
  useEffect(() => {
    if (text !== null) announcer.say('alert', text.spoken)
  }, [announcer, text?.spoken])
  const late = useLate(text?.waitingSince ?? null)
  if (text === null) return null
  const tone = late || text.tone === 'crit' ? 'crit' : text.tone
  const items = state?.items ?? []
  return (
    <div className={`banner banner-${tone} kill-strip`} data-notice="kill" data-kill={text.phase}>
      <p>
        <span aria-hidden="true">{GLYPH[tone]} </span>
        {[text.title, ...text.steps].join(' · ')}
        {late ? ` · NOT CONFIRMED after ${CONFIRM_LIMIT_MS / 1000} s` : ''}
      </p>
      {items.length === 0 ? null : (
        <button type="button" className="link" aria-expanded={details} onClick={() => setDetails(!details)}>
          {items.filter((i) => i.outcome === 'confirmed').length} of {items.length} confirmed
        </button>
      )}
      {(state?.latch ?? null) === null ? null : (
        <button type="button" className="resume" onClick={() => ui.setState({ dialog: 'resume' })}>
          Resume…
        </button>
      )}
      {!details ? null : (
        <ul className="kill-items">
          {items.map((item) => (
            <li key={item.id}>
              <StatusWord tone={OUTCOME_TONES[item.outcome]} word={item.outcome} /> {item.what} {item.symbol} {item.detail}
              {item.ms === undefined ? '' : ` (${formatDuration(item.ms)})`}
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

interface StripText {
  readonly phase: 'queued' | 'sent' | 'accepted' | 'confirmed' | 'refused' | 'latched'
  readonly tone: 'crit' | 'warn' | 'info'
  readonly title: string
  readonly steps: readonly string[]
  readonly spoken: string
  /** Wall time since which the venue's word is awaited. */
  readonly waitingSince: number | null
}

function strip(asked: Asked, state: KillState | null): StripText | null {
  const latch = state?.latch ?? null
  if (asked.kind === 'queued') {
    const title = `${LEVEL_WORDS[asked.level]} is waiting for a line to the engine`
    return {
      phase: 'queued',
      tone: 'crit',
      title,
      steps: [`asked ${formatTime(asked.askedAt)} UTC`, 'sent as soon as there is a line'],
      spoken: title,
      waitingSince: asked.askedAt,
    }
  }
  if (asked.kind === 'refused' && (latch === null || asked.askedAt > latch.at)) {
    const title = `${LEVEL_WORDS[asked.level]} was refused`
    return { phase: 'refused', tone: 'crit', title, steps: [asked.message], spoken: title, waitingSince: null }
  }
  if (latch === null) {
    if (asked.kind !== 'sent') return null
    const title = `${LEVEL_WORDS[asked.level]} sent`
    return {
      phase: 'sent',
      tone: 'warn',
      title,
      steps: [`${formatTime(asked.askedAt)} UTC`, 'waiting for the engine'],
      spoken: title,
      waitingSince: asked.askedAt,
    }
  }
  const sent = state?.sentAt ?? (asked.kind === 'none' ? latch.at : asked.askedAt)
  const accepted = state?.acceptedAt ?? latch.at
  const confirmed = latch.confirmedAt ?? state?.confirmedAt ?? null
  const items = state?.items ?? []
  const done = items.filter((item) => item.outcome === 'confirmed').length
  const doubtful = items.some((item) => item.outcome === 'failed' || item.outcome === 'uncertain')
  const steps = [`sent ${formatTime(sent)} UTC`, `engine accepted +${formatDuration(Math.max(0, accepted - sent))}`]
  if (confirmed === null) {
    steps.push(state?.running === true ? `venue: ${done} of ${items.length} so far` : 'venue has not confirmed')
    return {
      phase: 'accepted',
      tone: doubtful ? 'crit' : 'warn',
      title: `${LEVEL_WORDS[latch.level]} in force`,
      steps,
      spoken: `${LEVEL_WORDS[latch.level]} in force, venue has not confirmed yet`,
      waitingSince: accepted,
    }
  }
  steps.push(`venue confirmed +${formatDuration(Math.max(0, confirmed - sent))}`)
  const positions = state?.stillOpen?.positions ?? []
  if (positions.length > 0) steps.push(`still open: ${positions.map((p) => `${p.quantity} ${p.symbol}`).join(', ')}`)
  steps.push(`by ${latch.by}: ${latch.reason}`)
  return {
    phase: 'confirmed',
    tone: doubtful ? 'crit' : 'warn',
    title: `${LEVEL_WORDS[latch.level]} in force`,
    steps,
    spoken: `${LEVEL_WORDS[latch.level]} confirmed by the venue`,
    waitingSince: null,
  }
}

/** True once `since` (wall time) is more than the limit ago. */
function useLate(since: number | null): boolean {
  useNow()
  return since !== null && Date.now() - since > CONFIRM_LIMIT_MS
}
