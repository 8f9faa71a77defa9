import { useEffect, useRef, type PointerEvent, type KeyboardEvent } from 'react'
import { Banner } from './banner.tsx'
import { Dialogs } from './dialogs/dialogs.tsx'
import { BookPanel } from './panels/book-panel.tsx'
import { CandlesPanel } from './panels/candles-panel.tsx'
import { ProcessesPanel } from './panels/processes-panel.tsx'
import { ProofPanel } from './panels/proof-panel.tsx'
import { ReconciliationPanel } from './panels/reconciliation-panel.tsx'
import { useLive, usePreferences, useScreen } from './screen.ts'
import { StatusBar } from './status-bar.tsx'
import { applyTokens, useTheme } from './theme/use-theme.ts'
import { TopBar } from './top-bar.tsx'
import { useKeys } from './use-keys.ts'
import { useWindowTitle } from './use-window-title.ts'

export function App() {
  const theme = useTheme()
  const palette = usePreferences((p) => p.palette)
  const mode = useLive((s) => s.mode.current)
  const side = usePreferences((p) => p.sideWidth)
  const lower = usePreferences((p) => p.lowerHeight)
  useEffect(() => applyTokens(document.documentElement, theme, palette), [theme, palette])
  useKeys()
  useWindowTitle()
  return (
    <div className={`app frame-${mode ?? 'unknown'}`}>
      <TopBar />
      <Banner />
      <div className="stage">
        <div className="work" id="work" style={{ '--side': `${side}px`, '--lower': `${lower}px` } as React.CSSProperties}>
          <main className="left" aria-label="Market and book">
            <CandlesPanel />
            <Divider axis="lower" />
            <BookPanel />
          </main>
          <aside className="right" aria-label="Reconciliation, proof and processes">
            <Divider axis="side" />
            <ReconciliationPanel />
            <ProofPanel />
            <ProcessesPanel />
          </aside>
        </div>
        <Dialogs />
      </div>
      <StatusBar />
    </div>
  )
}

const LIMITS = {
  side: { min: 280, max: 720, key: 'sideWidth', label: 'Width of the right column' },
  lower: { min: 120, max: 560, key: 'lowerHeight', label: 'Height of the book' },
} as const

/** Resizes by pointer or arrow keys; the size is kept. */
function Divider({ axis }: { readonly axis: 'side' | 'lower' }) {
  const { preferences } = useScreen()
  const limits = LIMITS[axis]
  const value = usePreferences((p) => p[limits.key])
  const start = useRef<{ at: number; value: number } | null>(null)
  const set = (next: number): void => preferences.setState({ [limits.key]: Math.round(Math.min(limits.max, Math.max(limits.min, next))) })
  const along = (event: PointerEvent): number => (axis === 'side' ? event.clientX : event.clientY)
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: 16, ArrowUp: 16, ArrowRight: -16, ArrowDown: -16 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    set(value + step)
  }
  return (
    <div
      className={`divider divider-${axis}`}
      role="separator"
      aria-label={limits.label}
      aria-orientation={axis === 'side' ? 'vertical' : 'horizontal'}
      aria-valuenow={value}
      aria-valuemin={limits.min}
      aria-valuemax={limits.max}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId)
        start.current = { at: along(event), value }
      }}
      onPointerMove={(event) => {
        if (start.current !== null) set(start.current.value + start.current.at - along(event))
      }}
      onPointerUp={() => {
        start.current = null
      }}
      onPointerCancel={() => {
        start.current = null
      }}
    />
  )
}
