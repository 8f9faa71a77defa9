/** Keys of style D.5. Single letters only outside text fields and only when they are on (2.1.4); Ctrl+Shift+K always. */
import { useEffect } from 'react'
import { nowMs } from './replica/clock.ts'
import { useScreen } from './screen.ts'

const PANELS: Readonly<Record<string, string>> = { '1': 'candles', '2': 'book', '3': 'reconciliation', '4': 'proof', '5': 'processes' }

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && target.type !== 'radio'))

export function useKeys(): void {
  const screen = useScreen()
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const { ui, kill, preferences } = screen
      if (event.ctrlKey && event.shiftKey && event.code === 'KeyK') {
        event.preventDefault()
        if (!event.repeat) kill.request('halt')
        return
      }
      if (event.key === 'Escape') {
        if (ui.getState().dialog !== null) ui.setState({ dialog: null })
        else if (document.activeElement instanceof HTMLInputElement) document.activeElement.blur()
        return
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || !preferences.getState().singleKeys) return
      const panel = PANELS[event.key]
      if (panel !== undefined) document.getElementById(panel)?.focus()
      else if (event.key === '?') ui.setState({ dialog: 'keys' })
      else if (event.key === 'r' || event.key === 'R') ui.setState({ dialog: 'replay' })
      else if (event.key === '/') document.querySelector<HTMLInputElement>('#book .filter')?.focus()
      else if (event.key === 't' || event.key === 'T') ui.setState((u) => ({ chartTable: !u.chartTable }))
      else if (event.key === 'f' || event.key === 'F') ui.setState((u) => ({ frozenAt: u.frozenAt === null ? nowMs() : null }))
      else return
      event.preventDefault()
    }
    window.addEventListener('keydown', onKeyDown)
    return () => window.removeEventListener('keydown', onKeyDown)
  }, [screen])
}
