/** The one window: its place, its isolation, its page. Closing it asks first while positions are open. */
import { BrowserWindow, dialog, screen } from 'electron'
import { join } from 'node:path'
import { PAGE_URL } from './channels.ts'
import { WEB_PREFERENCES } from './web-preferences.ts'
import { MINIMUM, readText, restoreWindow, writeWindow } from './window-state.ts'

export interface WindowOptions {
  readonly dataDir: string
  readonly preload: string
  readonly icon: string
  readonly packaged: boolean
  /** Words about what stays open at the venue, or null when flat. */
  openPositions(): string | null
  warn(line: string): void
}

const SAVE_AFTER_MS = 500

export function openWindow(options: WindowOptions): BrowserWindow {
  const file = join(options.dataDir, 'window.json')
  const state = restoreWindow(
    readText(file),
    screen.getAllDisplays().map((display) => display.workArea),
  )
  const { maximized, x, y, width, height } = state
  const window = new BrowserWindow({
    width,
    height,
    ...(x === undefined || y === undefined ? {} : { x, y }),
    minWidth: MINIMUM.width,
    minHeight: MINIMUM.height,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: '#0a0d12',
    icon: options.icon,
    title: 'A.E.G.I.S.',
    webPreferences: { ...WEB_PREFERENCES, preload: options.preload, devTools: !options.packaged },
  })
  if (maximized) window.maximize()
  window.once('ready-to-show', () => window.show())

  let timer: ReturnType<typeof setTimeout> | null = null
  const save = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = setTimeout(() => {
      if (!window.isDestroyed()) writeWindow(file, { ...window.getNormalBounds(), maximized: window.isMaximized() })
    }, SAVE_AFTER_MS)
  }
  window.on('resize', save)
  window.on('move', save)
  window.on('closed', () => {
    if (timer !== null) clearTimeout(timer)
  })
  window.on('close', (event) => {
    const open = options.openPositions()
    if (open === null) return
    const choice = dialog.showMessageBoxSync(window, {
      type: 'warning',
      message: 'Quit A.E.G.I.S. with open positions?',
      detail: `${open} stay open at the venue, with the stops that are there. Nothing watches them after this.`,
      buttons: ['Keep running', 'Quit'],
      defaultId: 0,
      cancelId: 0,
    })
    if (choice === 0) event.preventDefault()
  })
  window.webContents.on('render-process-gone', (_event, details) => {
    options.warn(`the window's process is gone (${details.reason}); loading it again`)
    if (details.reason !== 'clean-exit' && !window.isDestroyed()) window.webContents.reload()
  })
  void window.loadURL(PAGE_URL)
  return window
}
