/** WAI-ARIA tabs: arrow keys move, Home/End jump, the chosen tab is the only stop in the tab order. */
import type { KeyboardEvent } from 'react'

export interface Tab<Id extends string> {
  readonly id: Id
  readonly label: string
  readonly count?: number
}

export interface TabsProps<Id extends string> {
  readonly name: string
  readonly label: string
  readonly tabs: readonly Tab<Id>[]
  readonly chosen: Id
  readonly onChoose: (id: Id) => void
}

export function Tabs<Id extends string>({ name, label, tabs, chosen, onChoose }: TabsProps<Id>) {
  const onKeyDown = (event: KeyboardEvent): void => {
    const at = tabs.findIndex((tab) => tab.id === chosen)
    const step = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key]
    const next = step === undefined ? undefined : tabs[step % tabs.length]
    if (next === undefined) return
    event.preventDefault()
    onChoose(next.id)
    document.getElementById(`${name}-tab-${next.id}`)?.focus()
  }
  return (
    <div className="tabs" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.id}
          type="button"
          role="tab"
          id={`${name}-tab-${tab.id}`}
          aria-selected={tab.id === chosen}
          aria-controls={`${name}-panel`}
          tabIndex={tab.id === chosen ? 0 : -1}
          onClick={() => onChoose(tab.id)}
        >
          {tab.label}
          {tab.count === undefined ? null : <span className="count"> {tab.count}</span>}
        </button>
      ))}
    </div>
  )
}

/** The body of the chosen tab. */
export function TabPanel({
  name,
  chosen,
  children,
}: {
  readonly name: string
  readonly chosen: string
  readonly children: React.ReactNode
}) {
  return (
    <div className="tab-panel" role="tabpanel" id={`${name}-panel`} aria-labelledby={`${name}-tab-${chosen}`}>
      {children}
    </div>
  )
}
