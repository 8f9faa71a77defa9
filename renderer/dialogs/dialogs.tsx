/** The one open dialog, if any. */
import { ReplayDialog } from '../replay/replay-dialog.tsx'
import { useScreen, useUi } from '../screen.ts'
import { AboutDialog } from './about-dialog.tsx'
import { KeysDialog } from './keys-dialog.tsx'
import { ModeDialog } from './mode-dialog.tsx'
import { ResumeDialog } from './resume-dialog.tsx'
import { SettingsDialog } from './settings-dialog.tsx'

export function Dialogs() {
  const { ui } = useScreen()
  const open = useUi((u) => u.dialog)
  const close = (): void => ui.setState({ dialog: null })
  switch (open) {
    case null:
      return null
    case 'replay':
      return <ReplayDialog onClose={close} />
    case 'mode':
      return <ModeDialog onClose={close} />
    case 'resume':
      return <ResumeDialog onClose={close} />
    case 'keys':
      return <KeysDialog onClose={close} />
    case 'settings':
      return <SettingsDialog onClose={close} />
    case 'about':
      return <AboutDialog onClose={close} />
  }
}
