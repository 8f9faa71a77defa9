import { useEffect, useRef } from 'react'
import { useStore } from 'zustand'
import { panelState } from './replica/freshness.ts'
import { KEY_WORDS } from './replica/key-right.ts'
import { useNow, useScreen, useSymbol, useUi } from './screen.ts'
import { formatCount } from './text/count.ts'
import { UNKNOWN } from './text/decimal.ts'
import { formatAge, formatDuration, formatTime } from './text/time.ts'

export function StatusBar() {
  const { session } = useScreen()
  const now = useNow()
  const symbol = useSymbol()
  const replica = useStore(session.replica)
  const { state } = replica
  const status = state?.status
  const feed = panelState(
    replica,
    { awaiting: 'ticks', receivedAt: replica.receipt.ticks[symbol] ?? null },
    Math.max(now, replica.receipt.message),
  )
  const bad = feed.kind !== 'live' && feed.kind !== 'empty'
  const weight = status?.usedWeight ?? null
  const rtt = status?.orderRttMs ?? null
  const lag = status?.dbLagMs ?? null
  const deadMan = status?.deadMan ?? null
  const key = status?.key ?? null
  const counters = status?.counters ?? null
  const skew = status?.clockSkewMs ?? null
  return (
    <footer className="status-bar" aria-label="Status">
      <span className={bad ? 'status-warn' : undefined} data-testid="feed-age" data-feed={feed.kind}>
        feed {bad ? '▲' : '✔'} {feed.kind === 'loading' ? 'waiting' : `${feed.kind} ${formatAge(feed.ageMs)}`}
      </span>
      <span title="Last round trip of an order request">order RTT {rtt === null ? UNKNOWN : formatDuration(rtt)}</span>
      <span title="Our clock against the venue's">
        clock skew {skew === null ? UNKNOWN : `${skew >= 0 ? '+' : '\u2212'}${formatDuration(Math.abs(skew))}`}
      </span>
      <span title="Sequence of the engine's messages on this screen">seq {formatCount(replica.seq)}</span>
      <span title="Write lag of the journal">DB lag {lag === null ? UNKNOWN : formatDuration(lag)}</span>
      <span title="Request weight used this minute at the venue">
        weight {weight === null ? UNKNOWN : formatCount(weight)} / {status === undefined ? UNKNOWN : formatCount(status.weightLimit)}
      </span>
      <span
        className={key !== null && key.warnings.length > 0 ? 'status-warn' : undefined}
        data-testid="key"
        data-key={key?.use ?? 'unknown'}
        title={
          key === null ? 'What the key may do is not known yet' : key.warnings.join(' ') || 'The key may trade, and may not move money away'
        }
      >
        key {key === null ? UNKNOWN : KEY_WORDS[key.use]}
      </span>
      <span className="optional" title={deadMan?.text ?? 'Dead-man’s switch'}>
        dead man {deadMan === null ? UNKNOWN : deadMan.armed ? '✔ armed' : '○ off'}
      </span>
      <span className="optional" title="Decision time, ring to order: median and 99th percentile">
        decision{' '}
        {counters === null
          ? UNKNOWN
          : `${formatDuration(counters.decisionP50Us / 1_000)} / ${formatDuration(counters.decisionP99Us / 1_000)}`}
      </span>
      <span>ring {state?.engine.ringBackend ?? UNKNOWN}</span>
      <span className="build">build {state?.engine.build ?? UNKNOWN}</span>
      <UtcClock />
    </footer>
  )
}

/** Ten times a second, straight into the text node: no render. Stops with the freeze key (2.2.2). */
function UtcClock() {
  const text = useRef<HTMLTimeElement>(null)
  const frozen = useUi((u) => u.frozenAt !== null)
  useEffect(() => {
    const show = (): void => {
      if (text.current !== null) text.current.textContent = `${formatTime(Date.now())} UTC`
    }
    show()
    if (frozen) return
    const timer = setInterval(show, 97)
    return () => clearInterval(timer)
  }, [frozen])
  return <time ref={text} className="clock" />
}
