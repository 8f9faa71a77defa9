/** Tray, menu and the global HALT key: the ways to the kill switch that need no window. Each is optional on some desktop; none is needed. */
import { app, globalShortcut, Menu, nativeImage, Tray, type MenuItemConstructorOptions } from 'electron'

export const HALT_KEY = 'Control+Shift+K'

export interface DeskOptions {
  readonly icon: string
  halt(by: string): void
  show(): void
  quit(): void
  importKeys(): void
  forgetKeys(): void
  /** One line for the tray: mode, symbol, state. */
  status(): string
  warn(line: string): void
}

const STATUS_MS = 2_000

/** Returns what takes it all away again. */
export function setUpDesk(options: DeskOptions): () => void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(applicationMenu(options)))
  if (!globalShortcut.register(HALT_KEY, () => options.halt('global key')))
    options.warn(`${HALT_KEY} is taken by another program; it works only while our window has the focus`)
  const removeTray = addTray(options)
  return () => {
    globalShortcut.unregisterAll()
    removeTray()
  }
}

function applicationMenu(options: DeskOptions): MenuItemConstructorOptions[] {
  return [
    {
      label: 'A.E.G.I.S.',
      submenu: [
        { role: 'about' },
        { type: 'separator' },
        { label: 'Store API keys from a file…', click: options.importKeys },
        { label: 'Forget stored API keys', click: options.forgetKeys },
        { type: 'separator' },
        { label: 'Quit', accelerator: 'CommandOrControl+Q', click: options.quit },
      ],
    },
    { label: 'Edit', submenu: [{ role: 'cut' }, { role: 'copy' }, { role: 'paste' }, { role: 'selectAll' }] },
    {
      label: 'View',
      submenu: [
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { role: 'togglefullscreen' },
        ...(app.isPackaged ? [] : [{ role: 'toggleDevTools' } as const]),
      ],
    },
  ]
}

function addTray(options: DeskOptions): () => void {
  let tray: Tray
  try {
    tray = new Tray(nativeImage.createFromPath(options.icon).resize({ width: 22, height: 22 }))
  } catch (thrown) {
    options.warn(`no tray on this desktop (${thrown instanceof Error ? thrown.message : String(thrown)})`)
    return () => {}
  }
  let shown = ''
  const refresh = (): void => {
    const status = options.status()
    if (status === shown) return
    shown = status
    tray.setToolTip(`A.E.G.I.S. · ${status}`)
    tray.setContextMenu(
      Menu.buildFromTemplate([
        { label: status, enabled: false },
        { label: 'Show', click: options.show },
        { type: 'separator' },
        { label: 'HALT now', click: () => options.halt('tray') },
        { type: 'separator' },
        { label: 'Quit', click: options.quit },
      ]),
    )
  }
  refresh()
  tray.on('click', options.show)
  const timer = setInterval(refresh, STATUS_MS)
  return () => {
    clearInterval(timer)
    tray.destroy()
  }
}
