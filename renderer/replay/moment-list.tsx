/** The moments around the one in view; only these are in the document. */
import { useEffect, useMemo, useRef } from 'react'
import { useStore } from 'zustand'
import { formatTime } from '../text/time.ts'
import { shownMoments, type ReplayDesk } from './replay-desk.ts'

const AROUND = 60

export function MomentList({ desk }: { readonly desk: ReplayDesk }) {
  const view = useStore(desk.view)
  const { moments, index, decisionsOnly } = view
  const shown = useMemo(() => shownMoments(view), [moments, decisionsOnly])
  const place = shown.findIndex((moment) => moment.index >= index)
  const from = Math.max(0, place - AROUND)
  const current = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    current.current?.scrollIntoView({ block: 'nearest' })
  }, [index])
  return (
    <div className="replay-moments" role="group" aria-label="Moments" tabIndex={0}>
      <ol>
        {shown.slice(from, place + AROUND + 1).map((moment) => (
          <li key={moment.index}>
            <button
              type="button"
              className="replay-moment"
              data-kind={moment.kind}
              aria-current={moment.index === index}
              ref={moment.index === index ? current : null}
              title={moment.text}
              onClick={() => desk.go(moment.index)}
            >
              <span className="replay-time">{formatTime(moment.time)}</span>
              <b>{moment.kind}</b>
              <span className="replay-text">{moment.text}</span>
            </button>
          </li>
        ))}
      </ol>
    </div>
  )
}
