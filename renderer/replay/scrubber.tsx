/** The slider over the moments of a recording, steps by one, and what the moment in view is. */
import { useMemo } from 'react'
import { useStore } from 'zustand'
import { formatCount } from '../text/count.ts'
import { formatDateTime } from '../text/time.ts'
import { Glyph } from '../controls/glyph.tsx'
import { shownMoments, type ReplayDesk } from './replay-desk.ts'

export function Scrubber({ desk }: { readonly desk: ReplayDesk }) {
  const view = useStore(desk.view)
  const { moments, index, decisionsOnly } = view
  const shown = useMemo(() => shownMoments(view), [moments, decisionsOnly])
  const now = moments[index]
  const place = Math.max(
    0,
    shown.findIndex((moment) => moment.index >= index),
  )
  const go = (to: number): void => {
    const moment = shown[to]
    if (moment !== undefined) desk.go(moment.index)
  }
  if (now === undefined) return <p className="panel-line">The recording holds no moment to show.</p>
  return (
    <div className="scrubber">
      <div className="scrubber-row">
        <button type="button" className="tool" onClick={() => go(0)} disabled={place === 0}>
          <Glyph symbol="⇤" word="First moment" />
        </button>
        <button type="button" className="tool" onClick={() => desk.step(-1)} disabled={place === 0}>
          <Glyph symbol="◀" word="Moment before" />
        </button>
        <input
          type="range"
          id="replay-place"
          aria-label="Moment of the recording"
          aria-valuetext={`${place + 1} of ${shown.length}, ${formatDateTime(now.time)} UTC, ${now.kind} ${now.text}`}
          min={0}
          max={Math.max(0, shown.length - 1)}
          value={place}
          onChange={(event) => go(Number(event.target.value))}
        />
        <button type="button" className="tool" onClick={() => desk.step(1)} disabled={place >= shown.length - 1}>
          <Glyph symbol="▶" word="Next moment" />
        </button>
        <button type="button" className="tool" onClick={() => go(shown.length - 1)} disabled={place >= shown.length - 1}>
          <Glyph symbol="⇥" word="Last moment" />
        </button>
        <button
          type="button"
          className="tool"
          aria-pressed={decisionsOnly}
          title="Leave the bars out"
          onClick={() => desk.showDecisionsOnly(!decisionsOnly)}
        >
          Decisions only
        </button>
      </div>
      <p className="scrubber-now" data-testid="replay-now">
        <b>{formatDateTime(now.time)} UTC</b> · {formatCount(place + 1)} of {formatCount(shown.length)} · <b>{now.kind}</b> {now.symbol}{' '}
        {now.text}
      </p>
    </div>
  )
}
