/**
 * A native dialog below the top bar: never covers HALT (style D.5), so it is non-modal to the top bar: `show()` with a focus
 * loop of its own and the panels made inert, instead of `showModal()` which would disable the kill switch.
 */
import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Glyph } from './glyph.tsx'

export interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children: ReactNode
  readonly wide?: boolean
  /** As large as the panels it lies over. */
  readonly whole?: boolean
}

export function Dialog({ title, onClose, children, wide = false, whole = false }: DialogProps) {
  const id = useId()
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const before = document.activeElement
    const work = document.getElementById('work')
    work?.setAttribute('inert', '')
    const first = frame.current?.querySelector<HTMLElement>('[data-autofocus]') ?? frame.current
    first?.focus()
    return () => {
      work?.removeAttribute('inert')
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return (
    <div className="dialog-ground" onPointerDown={(event) => event.target === event.currentTarget && onClose()}>
      <div
        className={whole ? 'dialog dialog-whole' : wide ? 'dialog dialog-wide' : 'dialog'}
        role="dialog"
        aria-labelledby={id}
        tabIndex={-1}
        ref={frame}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          onClose()
        }}
      >
        <div className="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="plain" onClick={onClose}>
            <Glyph symbol="✕" word={`Close ${title}`} />
          </button>
        </div>
        {children}
      </div>
    </div>
  )
}
