/** The frame every panel shares: title, tools, data age, one line that says what is wrong, body. All of style D.4 is here. */
import type { ReactNode } from 'react'
import { isOld, type PanelState } from '../replica/freshness.ts'
import { plural } from '../text/count.ts'
import { formatAge } from '../text/time.ts'

export interface PanelProps {
  readonly id: string
  readonly title: string
  readonly state: PanelState
  readonly tools?: ReactNode
  readonly tabs?: ReactNode
  readonly children: ReactNode
  /** False for panels whose body shows its own emptiness. */
  readonly emptyLine?: boolean
}

export function Panel({ id, title, state, tools, tabs, children, emptyLine = true }: PanelProps) {
  return (
    <section
      className="panel"
      id={id}
      aria-labelledby={`${id}-title`}
      data-state={state.kind}
      data-old={isOld(state)}
      data-blank={state.kind === 'disconnected' && state.blank}
      tabIndex={-1}
    >
      <header className="panel-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {tabs}
        <div className="panel-tools">{tools}</div>
        <Age state={state} />
      </header>
      <PanelLine state={state} emptyLine={emptyLine} />
      <div className="panel-body">{children}</div>
    </section>
  )
}

/** Data age at the right of the title; its look follows the state. */
function Age({ state }: { readonly state: PanelState }) {
  switch (state.kind) {
    case 'loading':
      return <span className="age">…</span>
    case 'empty':
    case 'live':
      return <span className="age">{formatAge(state.ageMs)}</span>
    case 'late':
      return <span className="age status-warn">late {formatAge(state.ageMs)}</span>
    case 'stale':
      return <span className="age status-warn">▲ stale {formatAge(state.ageMs)}</span>
    case 'disconnected':
      return <span className="age status-crit">✖ {formatAge(state.ageMs)}</span>
    case 'resync':
      return <span className="age status-warn">▲ resync</span>
    case 'error':
      return <span className="age status-crit">✖ error</span>
  }
}

function PanelLine({ state, emptyLine }: { readonly state: PanelState; readonly emptyLine: boolean }) {
  switch (state.kind) {
    case 'live':
    case 'late':
      return null
    case 'loading':
      return state.waitedMs < 300 ? null : (
        <div className="panel-line">
          <p>
            Waiting for {state.awaiting} ({formatAge(state.waitedMs)})
          </p>
          <Skeleton />
        </div>
      )
    case 'empty':
      return emptyLine ? <p className="panel-line">{state.why}</p> : null
    case 'stale':
      return (
        <p className="panel-line panel-line-warn">
          ▲ {state.why} for {formatAge(state.ageMs)} (limit {formatAge(state.limitMs)})
        </p>
      )
    case 'disconnected':
      return <p className="panel-line panel-line-crit">✖ disconnected; {state.blank ? 'figures are struck out' : 'last known figures'}</p>
    case 'resync':
      return (
        <p className="panel-line panel-line-warn">
          ▲ resyncing from seq {state.fromSeq}
          {state.missing > 0 ? `, ${plural(state.missing, 'message')} missing` : ''}
        </p>
      )
    case 'error':
      return (
        <p className="panel-line panel-line-crit">
          ✖ {state.message} <code>{state.code}</code>. {state.advice}
        </p>
      )
  }
}

const Skeleton = () => (
  <div className="skeleton" aria-hidden="true">
    <span />
    <span />
    <span />
  </div>
)
