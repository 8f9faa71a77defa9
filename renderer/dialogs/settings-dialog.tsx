import type { ReactNode } from 'react'
import { Dialog } from '../controls/dialog.tsx'
import { DEFAULT_PREFERENCES, type Preferences } from '../replica/preferences.ts'
import { usePreferences, useScreen } from '../screen.ts'

interface Choice<Value> {
  readonly value: Value
  readonly label: ReactNode
}

function Choices<Value extends string | boolean>(props: {
  readonly name: string
  readonly legend: string
  readonly value: Value
  readonly choices: readonly Choice<Value>[]
  readonly onChoose: (value: Value) => void
}) {
  return (
    <fieldset>
      <legend>{props.legend}</legend>
      {props.choices.map((choice) => (
        <label key={String(choice.value)}>
          <input type="radio" name={props.name} checked={choice.value === props.value} onChange={() => props.onChoose(choice.value)} />
          {choice.label}
        </label>
      ))}
    </fieldset>
  )
}

export function SettingsDialog({ onClose }: { readonly onClose: () => void }) {
  const { preferences, ui } = useScreen()
  const now = usePreferences((p) => p)
  const set = (change: Partial<Preferences>): void => preferences.setState(change)
  return (
    <Dialog title="Settings" onClose={onClose}>
      <Choices
        name="theme"
        legend="Theme"
        value={now.theme}
        onChoose={(theme) => set({ theme })}
        choices={[
          { value: 'system', label: 'as the system' },
          { value: 'dark', label: 'dark' },
          { value: 'light', label: 'light' },
        ]}
      />
      <Choices
        name="palette"
        legend="Up and down"
        value={now.palette}
        onChoose={(palette) => set({ palette })}
        choices={[
          { value: 'blue-orange', label: 'blue and orange (apart for every kind of colour vision)' },
          { value: 'green-red', label: 'green and red' },
        ]}
      />
      <Choices
        name="hold"
        legend="HALT and Flatten"
        value={now.holdMode}
        onChoose={(holdMode) => set({ holdMode })}
        choices={[
          { value: 'hold', label: 'hold' },
          { value: 'twice', label: 'press twice within 2 s (for those who cannot hold)' },
        ]}
      />
      <Choices
        name="keys"
        legend="Single-letter keys"
        value={now.singleKeys}
        onChoose={(singleKeys) => set({ singleKeys })}
        choices={[
          { value: true, label: 'on' },
          { value: false, label: 'off' },
        ]}
      />
      <div className="row-tools">
        <button
          type="button"
          onClick={() => set({ sideWidth: DEFAULT_PREFERENCES.sideWidth, lowerHeight: DEFAULT_PREFERENCES.lowerHeight })}
        >
          Reset panel sizes
        </button>
        <button type="button" onClick={() => ui.setState({ dialog: 'about' })}>
          About and notices
        </button>
      </div>
    </Dialog>
  )
}
