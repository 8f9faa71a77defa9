/** A held button: pointer and keyboard alike, a ring that fills, nothing on early release. See hold.ts for the rules. */
import { useEffect, useRef, useState, type ReactNode } from 'react'
import { usePreferences } from '../screen.ts'
import { stepHold, type HoldConfig, type HoldEvent, type HoldState } from './hold.ts'

const TWICE_MS = 2_000

export interface HoldButtonProps {
  readonly holdMs: number
  readonly onFire: () => void
  readonly className: string
  readonly label: string
  /** Says what it does and how to do it. */
  readonly title: string
  readonly children?: ReactNode
  readonly id?: string
  readonly disabled?: boolean
}

export function HoldButton({ holdMs, onFire, className, label, title, children, id, disabled }: HoldButtonProps) {
  const mode = usePreferences((p) => p.holdMode)
  const state = useRef<HoldState>({ kind: 'idle' })
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const [shown, setShown] = useState<HoldState['kind']>('idle')
  const config: HoldConfig = { mode, holdMs, twiceMs: TWICE_MS }

  const feed = (type: HoldEvent['type'], at: number): void => {
    const step = stepHold(config, state.current, { type, at })
    state.current = step.state
    setShown(step.state.kind)
    if (timer.current !== null && (step.state.kind === 'idle' || step.state.kind === 'spent')) {
      clearTimeout(timer.current)
      timer.current = null
    }
    if (step.fire) onFire()
  }
  const press = (at: number): void => {
    if (disabled === true) return
    feed('press', at)
    if (timer.current !== null) clearTimeout(timer.current)
    const wait = mode === 'hold' ? holdMs : TWICE_MS + 1
    timer.current = setTimeout(() => {
      // One turn later: a release that was already waiting in the event queue counts first.
      timer.current = setTimeout(() => feed('tick', performance.now()), 0)
    }, wait)
  }
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current)
    },
    [],
  )

  return (
    <button
      type="button"
      id={id}
      className={`hold ${className}`}
      data-hold={shown}
      aria-describedby={id === undefined ? undefined : `${id}-how`}
      title={title}
      disabled={disabled}
      style={{ '--hold-ms': `${holdMs}ms` } as React.CSSProperties}
      onPointerDown={(event) => {
        if (event.button !== 0) return
        event.currentTarget.setPointerCapture(event.pointerId)
        press(event.timeStamp)
      }}
      onPointerUp={(event) => feed('release', event.timeStamp)}
      onPointerCancel={(event) => feed('cancel', event.timeStamp)}
      onPointerMove={(event) => {
        if (state.current.kind !== 'holding') return
        const box = event.currentTarget.getBoundingClientRect()
        const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom
        if (!inside) feed('cancel', event.timeStamp)
      }}
      onContextMenu={(event) => event.preventDefault()}
      onKeyDown={(event) => {
        if (event.key !== ' ' && event.key !== 'Enter') return
        event.preventDefault()
        if (!event.repeat) press(event.timeStamp)
      }}
      onKeyUp={(event) => {
        if (event.key === ' ' || event.key === 'Enter') feed('release', event.timeStamp)
      }}
      onBlur={(event) => feed('cancel', event.timeStamp)}
    >
      <svg className="hold-ring" viewBox="0 0 20 20" aria-hidden="true">
        <circle className="hold-track" cx="10" cy="10" r="8" />
        <circle className="hold-fill" cx="10" cy="10" r="8" pathLength="1" />
      </svg>
      <span>{shown === 'armed' ? `${label}: press again` : label}</span>
      {children}
      {id === undefined ? null : (
        <span id={`${id}-how`} className="visually-hidden">
          {mode === 'hold' ? `Hold for ${holdMs / 1000} seconds` : 'Press twice within 2 seconds'}
        </span>
      )}
    </button>
  )
}
